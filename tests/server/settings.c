/* SET options: those that change answers are kept, the others accepted. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "SET statements" of the T-SQL reference. */
static const struct {
  const char *name;
  unsigned bits; /* 0: without a meaning here */
} switches[] = {
    {"ANSI_DEFAULTS", OPT_ANSI | OPT_CURSOR_CLOSE | OPT_IMPLICIT_TRAN},
    {"ANSI_NULLS", OPT_ANSI_NULLS},
    {"ANSI_NULL_DFLT_ON", OPT_NULL_DFLT_ON},
    {"ANSI_NULL_DFLT_OFF", OPT_NULL_DFLT_OFF},
    {"ANSI_PADDING", OPT_ANSI_PADDING},
    {"ANSI_WARNINGS", OPT_ANSI_WARNINGS},
    {"ARITHABORT", OPT_ARITHABORT},
    {"ARITHIGNORE", OPT_ARITHIGNORE},
    {"CONCAT_NULL_YIELDS_NULL", OPT_CONCAT_NULL},
    {"CURSOR_CLOSE_ON_COMMIT", OPT_CURSOR_CLOSE},
    {"FMTONLY", OPT_FMTONLY},
    {"FORCEPLAN", 0},
    {"IDENTITY_INSERT", 0},
    {"IMPLICIT_TRANSACTIONS", OPT_IMPLICIT_TRAN},
    {"NOCOUNT", OPT_NOCOUNT},
    {"NOEXEC", OPT_NOEXEC},
    {"NO_BROWSETABLE", 0},
    {"NUMERIC_ROUNDABORT", OPT_ROUNDABORT},
    {"PARSEONLY", 0},
    {"QUOTED_IDENTIFIER", OPT_QUOTED},
    {"REMOTE_PROC_TRANSACTIONS", 0},
    {"SHOWPLAN_ALL", 0},
    {"SHOWPLAN_TEXT", 0},
    {"SHOWPLAN_XML", 0},
    {"STATISTICS", 0},
    {"XACT_ABORT", OPT_XACT_ABORT},
};

/* Of a DB-Library login all are off, TEXTSIZE is 4096; fODBC in LOGIN7 sets
** ANSI_DEFAULTS but for two, [MS-TDS] 2.2.6.4. */
void settings_reset(struct session *s) {
  struct sqlerr ignored = {0};
  s->options = s->login.odbc ? OPT_ANSI | OPT_CONCAT_NULL : 0;
  s->rowcount = 0;
  s->fmt.no_style3 = s->srv->release->major < 13;
  s->lock_timeout = -1;
  s->isolation = ISO_READ_COMMITTED;
  s->deadlock_priority = 0;
  s->wire.textsize = s->login.odbc ? 0x7fffffff : 4096;
  if (!s->login.language || !*s->login.language ||
      !settings_language(s, s->login.language, &ignored))
    (void)settings_language(s, s->srv->language, &ignored);
}

bool settings_language(struct session *s, const char *name, struct sqlerr *e) {
  const struct language *l = date_language(name);
  if (!l)
    return sqlerr_set(e, 2740, 16, 1,
                      "SET LANGUAGE failed because '%s' is not an official "
                      "language name or a language alias on this SQL Server.",
                      name);
  s->fmt.language = l;
  s->fmt.order = l->order;
  return true;
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
  return sqlerr_set(en->e, 102, 15, 1, "Incorrect syntax near '%s'.", st->text);
}

static bool set_language(struct engine *en, const char *name) {
  struct session *s = en->s;
  const char *before = s->fmt.language->name;
  struct sqlerr told = {0};
  if (!settings_language(s, name, en->e)) return false;
  token_env(session_out(s), ENV_LANGUAGE, s->fmt.language->name, before);
  sqlerr_set(&told, 5703, 0, 1, "Changed language setting to %s.",
             s->fmt.language->name);
  token_message(session_out(s), &s->wire, &told, en->proc);
  return true;
}

static bool set_dateformat(struct engine *en, const char *text) {
  static const char *const orders[] = {"mdy", "dmy", "ymd",
                                       "ydm", "myd", "dym"};
  for (unsigned i = 0; i < 6; i++)
    if (strcasecmp(orders[i], text) == 0) {
      en->s->fmt.order = (enum date_order)i;
      return true;
    }
  return sqlerr_set(en->e, 2741, 16, 1,
                    "SET DATEFORMAT date order '%s' is invalid.", text);
}

static bool set_isolation(struct engine *en, const char *text) {
  static const char *const levels[] = {"READ UNCOMMITTED", "READ COMMITTED",
                                       "REPEATABLE READ", "SERIALIZABLE",
                                       "SNAPSHOT"};
  for (int i = 0; i < 5; i++)
    if (strcasecmp(levels[i], text) == 0) {
      en->s->isolation = ISO_READ_UNCOMMITTED + i;
      return true;
    }
  return sqlerr_set(en->e, 102, 15, 1, "Incorrect syntax near '%s'.", text);
}

static bool set_priority(struct engine *en, const char *text) {
  static const char *const names[] = {"LOW", "NORMAL", "HIGH"};
  int64_t v = strtoll(text, NULL, 10);
  for (int i = 0; i < 3; i++)
    if (strcasecmp(names[i], text) == 0) v = 5 * (i - 1);
  en->s->deadlock_priority = (int)v;
  return true;
}

bool set_option(struct engine *en, const struct stmt *st) {
  struct session *s = en->s;
  const char *name = st->name;
  int64_t v = 0;
  if (strcasecmp(name, "LANGUAGE") == 0) return set_language(en, st->text);
  if (strcasecmp(name, "DATEFORMAT") == 0) return set_dateformat(en, st->text);
  if (strcasecmp(name, "TRANSACTION ISOLATION LEVEL") == 0)
    return set_isolation(en, st->text);
  if (strcasecmp(name, "DEADLOCK_PRIORITY") == 0)
    return set_priority(en, st->text);
  if (strcasecmp(name, "ROWCOUNT") == 0) return number(en, st, &s->rowcount);
  if (strcasecmp(name, "CONTEXT_INFO") == 0) return true;
  if (strcasecmp(name, "DATEFIRST") == 0 ||
      strcasecmp(name, "QUERY_GOVERNOR_COST_LIMIT") == 0)
    return number(en, st, &v);
  if (strcasecmp(name, "TEXTSIZE") == 0) {
    if (!number(en, st, &v)) return false;
    s->wire.textsize = v < 0 ? 0x7fffffff : v == 0 ? 4096 : (uint32_t)v;
    return true;
  }
  if (strcasecmp(name, "LOCK_TIMEOUT") == 0) {
    if (!number(en, st, &v)) return false;
    s->lock_timeout = (int)v;
    return true;
  }
  for (unsigned i = 0; i < sizeof switches / sizeof *switches; i++)
    if (strcasecmp(switches[i].name, name) == 0) {
      s->options &= ~switches[i].bits;
      if (st->on) s->options |= switches[i].bits;
      return true;
    }
  return sqlerr_set(en->e, 195, 15, 5, "'%s' is not a recognized SET option.",
                    name);
}
