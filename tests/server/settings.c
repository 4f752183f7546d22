/* SET options: those that change answers are kept, the others accepted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

bool set_option(struct engine *en, const struct stmt *st);

static bool accepted(const char *name) {
  static const char *const names[] = {"ANSI_DEFAULTS",
                                      "ANSI_NULLS",
                                      "ANSI_NULL_DFLT_ON",
                                      "ANSI_NULL_DFLT_OFF",
                                      "ANSI_PADDING",
                                      "ANSI_WARNINGS",
                                      "ARITHABORT",
                                      "ARITHIGNORE",
                                      "CONCAT_NULL_YIELDS_NULL",
                                      "CURSOR_CLOSE_ON_COMMIT",
                                      "DATEFIRST",
                                      "DEADLOCK_PRIORITY",
                                      "FORCEPLAN",
                                      "IDENTITY_INSERT",
                                      "NUMERIC_ROUNDABORT",
                                      "PARSEONLY",
                                      "QUERY_GOVERNOR_COST_LIMIT",
                                      "REMOTE_PROC_TRANSACTIONS",
                                      "SHOWPLAN_ALL",
                                      "SHOWPLAN_TEXT",
                                      "SHOWPLAN_XML",
                                      "STATISTICS",
                                      "TRANSACTION ISOLATION LEVEL",
                                      "XACT_ABORT",
                                      "CONTEXT_INFO",
                                      "NO_BROWSETABLE"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(names[i], name) == 0) return true;
  return false;
}

/* The option's number; @variables are allowed where numbers are. */
static bool number(struct engine *en, const struct stmt *st, int64_t *out) {
  char *end;
  if (st->text[0] == '@') {
    const struct variable *v = engine_var(en, st->text);
    if (v && type_is_integer(v->value.id) && !v->value.null) {
      *out = v->value.u.i;
      return true;
    }
  }
  *out = strtoll(st->text, &end, 10);
  if (*st->text && *end == 0) return true;
  return sqlerr_set(en->e, 1067, 15, 1,
                    "The SET SHOWPLAN statements must be the only statements "
                    "in the batch.");
}

bool set_option(struct engine *en, const struct stmt *st) {
  struct session *s = en->s;
  const char *name = st->name;
  int64_t v;
  if (strcasecmp(name, "NOCOUNT") == 0) {
    s->nocount = st->on;
  } else if (strcasecmp(name, "FMTONLY") == 0) {
    s->fmtonly = st->on;
  } else if (strcasecmp(name, "NOEXEC") == 0) {
    s->noexec = st->on;
  } else if (strcasecmp(name, "IMPLICIT_TRANSACTIONS") == 0) {
    s->implicit_tran = st->on;
  } else if (strcasecmp(name, "QUOTED_IDENTIFIER") == 0) {
    s->quoted_identifier = st->on;
  } else if (strcasecmp(name, "ROWCOUNT") == 0) {
    if (!number(en, st, &s->rowcount)) return false;
  } else if (strcasecmp(name, "TEXTSIZE") == 0) {
    if (!number(en, st, &v)) return false;
    s->wire.textsize = v < 0 ? 0x7fffffff : v == 0 ? 4096 : (uint32_t)v;
  } else if (strcasecmp(name, "LOCK_TIMEOUT") == 0) {
    if (!number(en, st, &v)) return false;
    s->lock_timeout = (int)v;
  } else if (strcasecmp(name, "DATEFORMAT") == 0) {
    if (strcasecmp(st->text, "mdy") == 0)
      s->fmt.order = ORDER_MDY;
    else if (strcasecmp(st->text, "dmy") == 0)
      s->fmt.order = ORDER_DMY;
    else if (strcasecmp(st->text, "ymd") == 0)
      s->fmt.order = ORDER_YMD;
    else
      return sqlerr_set(en->e, 2741, 16, 1,
                        "SET DATEFORMAT date order '%s' is invalid.", st->text);
  } else if (strcasecmp(name, "LANGUAGE") == 0) {
    struct sqlerr e = {0};
    bool us = strcasecmp(st->text, "us_english") == 0 ||
              strcasecmp(st->text, "english") == 0;
    if (!us && strcasecmp(st->text, "british") != 0 &&
        strcasecmp(st->text, "deutsch") != 0 &&
        strcasecmp(st->text, "german") != 0)
      return sqlerr_set(en->e, 2740, 16, 1,
                        "SET LANGUAGE failed because '%s' is not an official "
                        "language name or a language alias on this SQL "
                        "Server.",
                        st->text);
    s->fmt.order = us ? ORDER_MDY : ORDER_DMY;
    token_env(session_out(s), ENV_LANGUAGE, st->text, s->language);
    snprintf(s->language, sizeof s->language, "%s", st->text);
    sqlerr_set(&e, 5703, 0, 1, "Changed language setting to %s.", st->text);
    token_message(session_out(s), &s->wire, &e, en->proc);
  } else if (!accepted(name)) {
    return sqlerr_set(en->e, 195, 15, 5, "'%s' is not a recognized SET option.",
                      name);
  }
  return true;
}
