/* What SET changes. The lower bits of session.options are those of @@OPTIONS
** ("Configure the user options server configuration option"). */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "engine.h"

void settings_reset(struct session *s); /* as after a login */
bool settings_language(struct session *s, const char *name, struct sqlerr *e);
bool set_option(struct engine *en, const struct stmt *st);
#endif
