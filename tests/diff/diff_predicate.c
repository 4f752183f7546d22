/*
** Conditions on a table's columns: what is pushed to the server, and what
** looks like it and must not be. Their values are the column's own, ones next
** to these, and odd ones.
*/
#include "diff.h"

/* ---- values ------------------------------------------------------------ */

/* A value that the column has, as a literal. */
static char *copied_value(struct diff *d, int i) {
  const struct table *t = &d->table;
  sqlite3_stmt *stmt;
  char *sql =
      sqlite3_mprintf("SELECT quote(\"%w\") FROM %s LIMIT 1 OFFSET %d",
                      t->columns[i].name, t->copy, rnd(d, t->n_rows + 1));
  char *value = NULL;
  if (sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL)) {
    die(d, "value", sql, sqlite3_errmsg(d->db));
  }
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    value = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
  }
  sqlite3_finalize(stmt);
  sqlite3_free(sql);
  return value ? value : sqlite3_mprintf("NULL");
}

static const char *const odd_values[] = {
    "NULL",
    "0",
    "1",
    "-1",
    "2",
    "5",
    "1.5",
    "0.1",
    "0.3",
    "1e3",
    "1e30",
    "-1e30",
    "9e999",
    "-9e999",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775807.0",
    "9007199254740993",
    "9007199254740992.0",
    "99999999999999999999",
    "''",
    "' '",
    "'a'",
    "'ABC'",
    "'abc'",
    "' abc'",
    "'5'",
    "'05'",
    "'5.0'",
    "' 5'",
    "'1'",
    "'1.5'",
    "'0.10'",
    "x''",
    "x'00'",
    "x'616263'",
    "'0001-01-01'",
    "'9999-12-31'",
    "'2025-01-01'",
    "'2025-01'",
    "'2025-01-01 '",
    "'2025-01-01 00:00:00'",
    "'2025-01-01 00:00:00.000'",
    "'2025-01-01 00:00:00.0000001'",
    "'2025-01-01 00:00:00.005'",
    "'2025-01-01T00:00:00'",
    "'2025-02-30'",
    "'1600-01-01'",
    "'0000-00-00'",
    "'2025-01-01 12'",
    "'2025-01-01zzz'",
    "'12:34'",
    "'12:34:56'",
    "'12:34:56.1234567'",
    "'12:34:56.1'",
    "'23:59:59.99999999'",
    "'9999-12-31 23:59:59.9999999'",
    "'9999-12-31 23:59:59.999'",
    "'99999999999999999999999999999999999999'",
    "'999999999999999999999999999999999999999999'",
    "'0.10000000000000010000000000000000000001'",
    "1000",
    "12345678901234.56",
    "-1e13",
    "10000000000000.01",
    "'12345678901234.56'",
    "CAST('12345678901234.56' AS NUMERIC)",
    "'-99999999999999.9999'",
    "'6f9619ff-8b86-d011-b42d-00c04fc964ff'",
    "'{6F9619FF-8B86-D011-B42D-00C04FC964FF}'",
    "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
    "char(0)",
    "'a'||char(0)",
    "CAST(x'FF' AS TEXT)",
    "'%'",
    "'_'",
    "'it''s'",
    "'a[b'",
    "'STRASSE'",
    "CAST('1' AS INTEGER)",
    "CAST(5 AS TEXT)",
    "CAST('1.5' AS REAL)",
    "CAST('0.3' AS NUMERIC)",
    "+1",
    "-(1)",
    "(SELECT 1)",
    "8800",
    "8800.0",
    "'8800'",
    "true",
    "printf('%d', 12)"};

/* What is next to a value of a class; %s is the value. */
static const char *const near_int[] = {"%s + 0.5", "%s - 0.5", "%s + 1",
                                       "%s - 1",   "%s * 1.0", "%s || ''"};
static const char *const near_real[] = {"%s * 1.0000000000000002",
                                        "%s - 1e-9",
                                        "%s + 0.0001",
                                        "CAST(%s AS REAL)",
                                        "%s || '0'",
                                        "CAST(%s AS INTEGER)",
                                        "%s - 0.5",
                                        "%s || ''"};
static const char *const near_date[] = {"%s || ' '",
                                        "%s || 'x'",
                                        "substr(%s, 1, 10)",
                                        "substr(%s, 1, 19)",
                                        "%s || '0'",
                                        "substr(%s, 1, 10) || ' '",
                                        "substr(%s, 1, 22)",
                                        "substr(%s, 12)",
                                        "substr(%s, 1, 10) || ' 00:00:00'",
                                        "substr(%s, 1, 7)",
                                        "replace(%s,'-','')"};
static const char *const near_text[] = {
    "trim(%s, char(9, 10, 13, 32, 160, 8232, 8195, 12288, 133))",
    "trim(%s)",
    "upper(%s)",
    "lower(%s)",
    "%s || ' '",
    "' ' || %s",
    "substr(%s, 1, 2)",
    "%s + 0",
    "CAST(%s AS BLOB)"};

static const char *near_of(struct diff *d, const struct column *c) {
  switch (c->type->is) {
  case C_INT:
    return PICK(d, near_int);
  case C_DEC:
  case C_FLT:
    return PICK(d, near_real);
  case C_DATE:
    return PICK(d, near_date);
  default:
    return PICK(d, near_text);
  }
}

/* A literal or an expression without columns. */
static char *value_for(struct diff *d, int i) {
  sqlite3_str *out;
  char *value;
  if (chance(d, 20)) return sqlite3_mprintf("%s", PICK(d, odd_values));
  value = copied_value(d, i);
  if (chance(d, 45)) return value;
  out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, "(");
  for (const char *at = near_of(d, &d->table.columns[i]); *at; at++) {
    if (at[0] == '%' && at[1] == 's') {
      sqlite3_str_appendall(out, value);
      at++;
    } else {
      sqlite3_str_appendchar(out, 1, *at);
    }
  }
  sqlite3_str_appendall(out, ")");
  sqlite3_free(value);
  return sqlite3_str_finish(out);
}

static void append_value(struct diff *d, sqlite3_str *out, int i) {
  struct query *q = &d->query;
  char *value = value_for(d, i);
  if (q->use_params && q->n_params < PARAMS_MOST && chance(d, 60)) {
    q->params[q->n_params++] = value;
    sqlite3_str_appendf(out, "?%d", q->n_params);
    return;
  }
  sqlite3_str_appendall(out, value);
  sqlite3_free(value);
}

static void append_list(struct diff *d, sqlite3_str *out, int i) {
  int n = chance(d, 5) ? 150 : chance(d, 20) ? 11 + rnd(d, 20) : rnd(d, 7);
  sqlite3_str_appendall(out, "(");
  for (int k = 0; k < n; k++) {
    if (k) sqlite3_str_appendall(out, ", ");
    append_value(d, out, i);
  }
  sqlite3_str_appendall(out, ")");
}

/* ---- conditions -------------------------------------------------------- */

static const char *const ops[] = {
    "=", "=", "=", "=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT"};

/* Each appends one condition on column i of the table that is called a. */
typedef void condition_fn(struct diff *d, sqlite3_str *out, const char *a,
                          int i);

static void append_operation(struct diff *d, sqlite3_str *out, const char *a,
                             int i) {
  schema_append_name(d, out, a, i);
  sqlite3_str_appendf(out, " %s ", PICK(d, ops));
  append_value(d, out, i);
}

static void append_reversed(struct diff *d, sqlite3_str *out, const char *a,
                            int i) {
  append_value(d, out, i);
  sqlite3_str_appendf(out, " %s ", PICK(d, ops));
  schema_append_name(d, out, a, i);
}

/* What goes to the server. */
static void append_pushed(struct diff *d, sqlite3_str *out, const char *a,
                          int i) {
  static const char *const pushed[] = {"=", "<", "<=", ">", ">="};
  schema_append_name(d, out, a, i);
  sqlite3_str_appendf(out, " %s ", PICK(d, pushed));
  append_value(d, out, i);
}

static void append_null_test(struct diff *d, sqlite3_str *out, const char *a,
                             int i) {
  schema_append_name(d, out, a, i);
  sqlite3_str_appendall(out, chance(d, 50) ? " IS NULL" : " IS NOT NULL");
}

static void append_in(struct diff *d, sqlite3_str *out, const char *a, int i) {
  schema_append_name(d, out, a, i);
  sqlite3_str_appendall(out, chance(d, 80) ? " IN " : " NOT IN ");
  append_list(d, out, i);
}

static void append_in_select(struct diff *d, sqlite3_str *out, const char *a,
                             int i) {
  schema_append_name(d, out, a, i);
  sqlite3_str_appendf(out, " IN (SELECT %s FROM l)",
                      chance(d, 50)   ? "k"
                      : chance(d, 50) ? "t"
                                      : "i");
}

static void append_between(struct diff *d, sqlite3_str *out, const char *a,
                           int i) {
  schema_append_name(d, out, a, i);
  sqlite3_str_appendall(out, " BETWEEN ");
  append_value(d, out, i);
  sqlite3_str_appendall(out, " AND ");
  append_value(d, out, i);
}

static void append_pattern(struct diff *d, sqlite3_str *out, const char *a,
                           int i) {
  schema_append_name(d, out, a, i);
  sqlite3_str_appendf(out, " %s '%s'", chance(d, 50) ? "LIKE" : "GLOB",
                      chance(d, 30)   ? "a%"
                      : chance(d, 30) ? "2025-01*"
                      : chance(d, 30) ? "abc*"
                                      : "%5%");
}

static void append_row_values(struct diff *d, sqlite3_str *out, const char *a,
                              int i) {
  int j = schema_any_column(d);
  sqlite3_str_appendall(out, "(");
  schema_append_name(d, out, a, i);
  sqlite3_str_appendall(out, ", ");
  schema_append_name(d, out, a, j);
  sqlite3_str_appendf(out, ") %s (", PICK(d, ops));
  append_value(d, out, i);
  sqlite3_str_appendall(out, ", ");
  append_value(d, out, j);
  sqlite3_str_appendall(out, ")");
}

static void append_two_columns(struct diff *d, sqlite3_str *out, const char *a,
                               int i) {
  schema_append_name(d, out, a, i);
  sqlite3_str_appendf(out, " %s ", PICK(d, ops));
  schema_append_name(d, out, a, schema_any_column(d));
}

static void append_collated(struct diff *d, sqlite3_str *out, const char *a,
                            int i) {
  static const char *const collations[] = {"NOCASE", "RTRIM", "BINARY"};
  schema_append_name(d, out, a, i);
  sqlite3_str_appendf(out, " %s ", chance(d, 50) ? "=" : PICK(d, ops));
  if (chance(d, 60)) {
    char *value = copied_value(d, i);
    sqlite3_str_appendf(out, "%s(%s)", chance(d, 50) ? "upper" : "lower",
                        value);
    sqlite3_free(value);
  } else {
    append_value(d, out, i);
  }
  sqlite3_str_appendf(out, " COLLATE %s", PICK(d, collations));
}

/* What cannot be pushed. */
static void append_expression(struct diff *d, sqlite3_str *out, const char *a,
                              int i) {
  int is_plus = chance(d, 50);
  sqlite3_str_appendall(out, is_plus ? "+" : "length(");
  schema_append_name(d, out, a, i);
  if (is_plus) {
    sqlite3_str_appendall(out, " = ");
    append_value(d, out, i);
  } else {
    sqlite3_str_appendf(out, ") > %d", rnd(d, 6));
  }
}

/* As often as it stands here. */
static condition_fn *const conditions[] = {
    append_null_test,   append_in,        append_in,        append_in_select,
    append_between,     append_between,   append_pattern,   append_row_values,
    append_two_columns, append_reversed,  append_collated,  append_expression,
    append_operation,   append_operation, append_operation, append_operation};

static void append_comparison(struct diff *d, sqlite3_str *out, const char *a) {
  int i = schema_any_column(d);
  condition_fn *append = chance(d, 30) ? append_pushed : PICK(d, conditions);
  append(d, out, a, i);
}

void predicate_append(struct diff *d, sqlite3_str *out, const char *a,
                      int depth) {
  int n;
  if (depth == 0 || chance(d, 50)) {
    append_comparison(d, out, a);
    return;
  }
  if (chance(d, 12)) {
    sqlite3_str_appendall(out, "NOT (");
    predicate_append(d, out, a, depth - 1);
    sqlite3_str_appendall(out, ")");
    return;
  }
  n = 2 + rnd(d, 2);
  const char *word = chance(d, 55) ? " AND " : " OR ";
  for (int k = 0; k < n; k++) {
    if (k) sqlite3_str_appendall(out, word);
    sqlite3_str_appendall(out, "(");
    predicate_append(d, out, a, depth - 1);
    sqlite3_str_appendall(out, ")");
  }
}
