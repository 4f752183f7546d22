/*
** Connection profiles: where the server is and who we are. Never in the
** database.
**
**   [default]                           ; ~/.config/ordersync.ini
**   server = sql.example.com
**   database = Sales
**   user = orders_reader
**   password_file = /run/credentials/ordersync.service/password
**
** One table of keywords drives parsing, the ORDERSYNC_* environment, the
** validation and the hint that lists the valid keys.
*/
#ifndef ORDERSYNC_PROFILE_H
#define ORDERSYNC_PROFILE_H
#include "profile/keyword.h"

/*
** Loads the profile `name` ("default" or NULL: the default one) from the
** first of $ORDERSYNC_CONFIG, $XDG_CONFIG_HOME/ordersync.ini,
** ~/.config/ordersync.ini, /etc/ordersync.ini that exists (a set
** $ORDERSYNC_CONFIG that does not exist is an error), then lets ORDERSYNC_*
** override the default profile. Validates everything; no network.
** ERR_PROFILE names file, line, section and key.
*/
enum err_code profile_load(struct profile *p, const char *name, struct err *e);

/* Whether the profile, loaded anew, says the same: where the server is, who we
** are, how we ask. The password is not in it. One that cannot be loaded now,
** because somebody is writing the file perhaps, says nothing else. */
int profile_is_current(const struct profile *p);

/* Wipes and frees; accepts a cleared one. */
void profile_clear(struct profile *p);

/*
** Finds the password now: the environment (default profile), the profile's
** file, or the first line of password_file. *password is NULL when there is
** none; free it with profile_password_free(), which wipes it. The profile keeps
** no copy.
*/
enum err_code profile_password(const struct profile *p, char **password,
                               struct err *e);
void profile_password_free(char *password);

/*
** Masks the password in an error that came after the login, when nobody keeps
** it any more: finds it anew, and wipes it again. A server may echo anything.
** No-op when e is not set or there is no password.
*/
void profile_mask(const struct profile *p, struct err *e);

/* Says of a timeout which key (KEY_LOGIN_TIMEOUT or KEY_QUERY_TIMEOUT) allowed
** how much, once; no-op for other errors. */
void profile_hint_timeout(const struct profile *p, enum profile_key key,
                          struct err *e);

#endif
