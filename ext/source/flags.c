/*
** Reads options that are true or false.
*/
#include "source/flags.h"

#include "base/sql.h"

#include <stddef.h>

enum err_code flags_read(const struct flag *flags, int n_flags, sqlite3 *db,
                         const char *json, struct err *e) {
  sqlite3_str *valid;
  char *list, *wrong;
  if (e->code || !json) return e->code;
  if (!sql_integer(db, e, "SELECT json_valid(%Q)", json)) {
    return err_set(e, ERR_CONFIG, "the options are not JSON: %s", json);
  }
  if (!sql_integer(db, e, "SELECT json_type(%Q) = 'object'", json)) {
    return err_set(e, ERR_CONFIG,
                   "the options must be a JSON object such as {\"%s\":true}",
                   flags[0].name);
  }
  valid = sqlite3_str_new(NULL);
  for (int i = 0; i < n_flags; i++) {
    sqlite3_str_appendf(valid, "%s%s", i ? ", " : "", flags[i].name);
    *flags[i].value = (int)sql_integer(
        db, e, "SELECT min(atom) FROM json_each(%Q) WHERE key = %Q", json,
        flags[i].name);
  }
  list = sqlite3_str_finish(valid);
  if (!list) return err_nomem(e);
  wrong = sql_text(
      db, e,
      "SELECT key FROM json_each(%Q) WHERE instr(', %q,', ', ' || "
      "key || ',') = 0 OR key LIKE '%%,%%' OR type NOT IN ('true', 'false')",
      json, list);
  if (wrong) {
    err_set(e, ERR_CONFIG, "there is no option \"%s\" that is true or false",
            wrong);
    err_hint(e, "valid are: %s", list);
  }
  sqlite3_free(wrong);
  sqlite3_free(list);
  return e->code;
}
