/* sys.dm_exec_describe_first_result_set and sp_describe_first_result_set:
** the columns a batch would return, or why it would not. */
#include <string.h>
#include <strings.h>

#include "rowset.h"

static const char columns_of_function[] =
    "is_hidden bit not null, column_ordinal int not null, name sysname, "
    "is_nullable bit not null, system_type_id int not null, "
    "system_type_name nvarchar(256), max_length smallint not null, "
    "precision tinyint not null, scale tinyint not null, "
    "collation_name sysname, user_type_id int, user_type_database sysname, "
    "user_type_schema sysname, user_type_name sysname, "
    "assembly_qualified_type_name nvarchar(4000), xml_collection_id int, "
    "xml_collection_database sysname, xml_collection_schema sysname, "
    "xml_collection_name sysname, is_xml_document bit not null, "
    "is_case_sensitive bit not null, is_fixed_length_clr_type bit not null, "
    "source_server sysname, source_database sysname, source_schema sysname, "
    "source_table sysname, source_column sysname, "
    "is_identity_column bit, is_part_of_unique_key bit, is_updateable bit, "
    "is_computed_column bit, is_sparse_column_set bit, "
    "ordinal_in_order_by_list smallint, order_by_list_length smallint, "
    "order_by_is_descending smallint";
static const char more_of_function[] =
    ", error_number int, error_severity int, error_state int, "
    "error_message nvarchar(4096), error_type int, "
    "error_type_desc nvarchar(60)";
static const char more_of_procedure[] =
    ", tds_type_id int not null, tds_length int not null, "
    "tds_collation_id int, tds_collation_sort_id tinyint";

/* The first statement that returns rows, bound but never run. */
static struct query *first_result(struct engine *inner, const char *sql,
                                  const char *params) {
  struct parse_env env = {inner->a, inner->e, true, inner->s->srv->coll};
  struct assign *list = NULL;
  unsigned count = 0;
  struct stmt *st;
  if (params && *params && !parse_declarations(params, &env, &list, &count))
    return NULL;
  inner->vars = arena_alloc(inner->a, (count + 32) * sizeof *inner->vars);
  for (unsigned i = 0; i < count; i++) {
    struct variable *v = &inner->vars[inner->var_count++];
    v->name = list[i].name;
    v->type = list[i].type;
    v->value = value_null(v->type.id);
  }
  for (st = parse_batch(sql, &env); st; st = st->next) {
    if (st->kind == S_DECLARE)
      for (unsigned i = 0; i < st->list_count && i < 32; i++) {
        struct variable *v = &inner->vars[inner->var_count++];
        v->name = st->list[i].name;
        v->type = st->list[i].type;
        v->value = value_null(v->type.id);
      }
    if (st->kind == S_SELECT && !st->select->items[0].assign)
      return query_bind(inner, st->select, NULL);
  }
  return NULL;
}

/* [MS-TDS] type tokens, as sp_describe_first_result_set reports them. */
static int tds_type(const struct type *t) {
  struct wire w = {TDS_74, true, "", UINT32_MAX, 0};
  struct type as = *t;
  struct buf b = {0};
  int token;
  as.notnull = false;
  wire_type_info(&b, &as, &w);
  token = b.p[0];
  buf_clear(&b);
  return token;
}

static void put_column(struct rowset *r, const struct column *c, unsigned i,
                       bool browse, bool procedure) {
  const struct type *t = &c->type;
  bool text = type_is_string(t->id) && t->id != T_XML;
  struct arena *a = r->en->a;
  bool udt = t->id == T_UDT;
  rowset_row(r, "iitiitiiit", 0, i + 1, *c->name ? c->name : NULL, !t->notnull,
             type_system_id(t), udt ? NULL : type_text(t, a),
             type_max_length(t), type_precision(t), type_scale(t),
             text ? collation_name(t->coll) : NULL);
  rowset_row(r, "otttnnnnn", udt, TYPE_CLR_FIRST, udt ? r->en->s->db : NULL,
             udt ? "sys" : NULL, udt ? type_name(t) : NULL);
  rowset_row(r, "iiinnnttiniiinnn", 0, text && (t->coll & (COLL_CS | COLL_BIN)),
             0, browse ? c->table : NULL,
             browse && c->from_table ? c->name : NULL, 0, c->from_table, 0, 0);
  if (procedure)
    rowset_row(r, "iinn", tds_type(t),
               type_max_length(t) < 0 ? 65535 : type_max_length(t));
  else
    rowset_row(r, "nnnnnn");
}

/* One row, whose error columns are filled. error_type: 1 MISC, 2 SYNTAX. */
static void put_error(struct rowset *r, const struct sqlerr *e) {
  bool is_syntax = e->severity == 15;
  rowset_row(r, "iiniiniiinnnnnnnnnniiinnnnnnnnnnnnn", 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0);
  rowset_row(r, "iiitit", e->number, e->severity, e->state, e->text,
             is_syntax ? 2 : 1, is_syntax ? "SYNTAX" : "MISC");
}

struct source *describe_source(struct engine *en, const char *sql,
                               const char *params, bool browse,
                               bool for_procedure) {
  struct engine inner = {.s = en->s, .a = en->a};
  struct sqlerr e = {0};
  struct rowset r;
  struct query *q;
  char *spec =
      arena_format(en->a, "%s%s", columns_of_function,
                   for_procedure ? more_of_procedure : more_of_function);
  inner.e = &e;
  rowset_init(&r, en, spec);
  q = sql ? first_result(&inner, sql, params) : NULL;
  if (q && inner.error_count == 0 && e.number == 0) {
    unsigned n;
    const struct column *c = query_columns(q, &n);
    for (unsigned i = 0; i < n; i++)
      put_column(&r, &c[i], i, browse, for_procedure);
  } else {
    if (e.number == 0 && inner.error_count) e = inner.errors[0];
    if (e.number && for_procedure) {
      /* the procedure raises it, after 11529 or alone */
      *en->e = e;
      return NULL;
    }
    if (e.number) put_error(&r, &e);
  }
  return rowset_done(&r);
}
