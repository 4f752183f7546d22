/* INFORMATION_SCHEMA and the sys views that clients ask for. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "rowset.h"

static const char tables_spec[] =
    "TABLE_CATALOG nvarchar(128), TABLE_SCHEMA nvarchar(128), "
    "TABLE_NAME sysname, TABLE_TYPE varchar(10)";
static void tables(struct rowset *r) {
  struct engine *en = r->en;
  unsigned n;
  struct table **all = catalog_all(en, &n);
  for (unsigned i = 0; i < n; i++) {
    rowset_row(r, "tttt", en->s->db, all[i]->schema, all[i]->name,
               all[i]->is_view ? "VIEW" : "BASE TABLE");
  }
}

static const char columns_spec[] =
    "TABLE_CATALOG nvarchar(128), TABLE_SCHEMA nvarchar(128), "
    "TABLE_NAME nvarchar(128) not null, COLUMN_NAME nvarchar(128), "
    "ORDINAL_POSITION int, COLUMN_DEFAULT nvarchar(4000), "
    "IS_NULLABLE varchar(3), DATA_TYPE nvarchar(128), "
    "CHARACTER_MAXIMUM_LENGTH int, CHARACTER_OCTET_LENGTH int, "
    "NUMERIC_PRECISION tinyint, NUMERIC_PRECISION_RADIX smallint, "
    "NUMERIC_SCALE int, DATETIME_PRECISION smallint, "
    "CHARACTER_SET_NAME nvarchar(128), COLLATION_NAME nvarchar(128)";
static void put_column(struct rowset *r, const struct table *t, unsigned k) {
  const struct source_column *c = &t->cols[k];
  unsigned id = c->type.id;
  bool chars = type_is_string(id);
  bool sized = chars || (type_is_binary(id) && id != T_ROWVERSION);
  bool number = type_is_number(id) && id != T_BIT;
  bool approx = id == T_FLOAT || id == T_REAL;
  int octets = type_is_lob(id) ? INT32_MAX : type_max_length(&c->type);
  int length = type_is_unicode(id) && octets > 0 ? octets / 2 : octets;
  const char *charset = type_is_unicode(id)        ? "UNICODE"
                        : c->type.coll & COLL_UTF8 ? "utf-8"
                                                   : "iso_1";
  rowset_row(r, "ttttintt", r->en->s->db, t->schema, t->name, c->name, k + 1,
             c->type.notnull ? "NO" : "YES", type_name(&c->type));
  rowset_row(r, "oooooott", sized, length, sized, octets, number,
             type_precision(&c->type), number, approx ? 2 : 10,
             number && !approx, type_scale(&c->type), type_is_date(id),
             type_scale(&c->type), chars ? charset : NULL,
             chars && id != T_XML ? collation_name(c->type.coll) : NULL);
}

static void columns(struct rowset *r) {
  unsigned n;
  struct table **all = catalog_all(r->en, &n);
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k < all[i]->n; k++) put_column(r, all[i], k);
}

static const char databases_spec[] =
    "name sysname, database_id int not null, state tinyint, "
    "state_desc nvarchar(60), compatibility_level tinyint not null, "
    "collation_name sysname, is_read_only bit, "
    "snapshot_isolation_state tinyint, "
    "snapshot_isolation_state_desc nvarchar(60), "
    "is_read_committed_snapshot_on bit";
static void databases(struct rowset *r) {
  struct engine *en = r->en;
  static const char *const system[] = {"master", "tempdb", "model", "msdb"};
  for (unsigned i = 0; i < 5; i++) {
    rowset_row(r, "tiititiiti", i < 4 ? system[i] : en->s->srv->database, i + 1,
               0, "ONLINE", 150, collation_name(en->s->srv->coll), 0,
               i < 4 ? i == 0 || i == 3 : en->s->srv->snapshot,
               (i < 4 ? i == 0 || i == 3 : en->s->srv->snapshot) ? "ON" : "OFF",
               i == 4 && en->s->srv->rcsi);
  }
}

/* sys.dm_exec_sessions, this one only: what SET changed can be read here. */
static const char sessions_spec[] =
    "session_id smallint not null, host_name nvarchar(128), "
    "program_name nvarchar(128), login_name nvarchar(128) not null, "
    "status nvarchar(30) not null, text_size int not null, "
    "language nvarchar(128), date_format nvarchar(3), "
    "date_first smallint not null, quoted_identifier bit not null, "
    "arithabort bit not null, ansi_null_dflt_on bit not null, "
    "ansi_warnings bit not null, ansi_padding bit not null, "
    "ansi_nulls bit not null, concat_null_yields_null bit not null, "
    "transaction_isolation_level smallint not null, "
    "lock_timeout int not null, deadlock_priority int not null, "
    "is_user_process bit not null";
static void sessions(struct rowset *r) {
  struct engine *en = r->en;
  static const char *const orders[] = {"mdy", "dmy", "ymd",
                                       "ydm", "myd", "dym"};
  static const unsigned bits[] = {
      OPT_QUOTED,       OPT_ARITHABORT, OPT_NULL_DFLT_ON, OPT_ANSI_WARNINGS,
      OPT_ANSI_PADDING, OPT_ANSI_NULLS, OPT_CONCAT_NULL};
  const struct session *s = en->s;
  rowset_row(r, "ittttitti", s->net.spid, s->login.host, s->login.app,
             s->login.user, "running", s->wire.textsize, s->fmt.language->name,
             orders[s->fmt.order], 7);
  for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
    rowset_row(r, "i", (s->options & bits[i]) != 0);
  rowset_row(r, "iiii", s->isolation, s->lock_timeout, s->deadlock_priority, 1);
}

/* Which of sys.objects, and its columns. */
enum { OBJECTS_ALL, OBJECTS_TABLES, OBJECTS_VIEWS };
#define OBJECT_COLUMNS                                                         \
  "name sysname, object_id int not null, principal_id int, "                   \
  "schema_id int not null, parent_object_id int not null, type char(2), "      \
  "type_desc nvarchar(60), is_ms_shipped bit not null"

static void put_object(struct rowset *r, const char *schema, const char *name,
                       int id, const char *type, const char *type_desc) {
  rowset_row(r, "tiniitti", name, id, catalog_schema_id(r->en, schema), 0, type,
             type_desc, 0);
}

static void objects(struct rowset *r, int which) {
  struct engine *en = r->en;
  unsigned n;
  struct table **all = catalog_all(en, &n);
  unsigned n_synonyms;
  struct synonym *synonyms = catalog_synonyms(en, &n_synonyms);
  for (unsigned i = 0; i < n; i++) {
    if (which != OBJECTS_ALL &&
        which != (all[i]->is_view ? OBJECTS_VIEWS : OBJECTS_TABLES))
      continue;
    put_object(r, all[i]->schema, all[i]->name, all[i]->id,
               all[i]->is_view ? "V " : "U ",
               all[i]->is_view ? "VIEW" : "USER_TABLE");
  }
  for (unsigned i = 0; i < n_synonyms && which == OBJECTS_ALL; i++)
    put_object(r, synonyms[i].schema, synonyms[i].name, synonyms[i].id, "SN",
               "SYNONYM");
}

static void all_objects(struct rowset *r) {
  objects(r, OBJECTS_ALL);
}

static void user_tables(struct rowset *r) {
  objects(r, OBJECTS_TABLES);
}

static void user_views(struct rowset *r) {
  objects(r, OBJECTS_VIEWS);
}

#define SYNONYM_COLUMNS OBJECT_COLUMNS ", base_object_name nvarchar(1035)"
static void synonyms(struct rowset *r) {
  struct engine *en = r->en;
  unsigned n;
  struct synonym *all = catalog_synonyms(en, &n);
  for (unsigned i = 0; i < n; i++) {
    put_object(r, all[i].schema, all[i].name, all[i].id, "SN", "SYNONYM");
    rowset_row(r, "t", all[i].base);
  }
}

static bool has_key(const struct table *t) {
  for (unsigned k = 0; k < t->n; k++)
    if (t->cols[k].key) return true;
  return false;
}

/* The primary keys, no other indexes; as a clustered one each. */
static const char indexes_spec[] =
    "object_id int not null, name sysname, index_id int not null, "
    "type tinyint not null, type_desc nvarchar(60), is_unique bit, "
    "is_primary_key bit, is_unique_constraint bit";
static void indexes(struct rowset *r) {
  struct engine *en = r->en;
  unsigned n;
  struct table **all = catalog_all(en, &n);
  for (unsigned i = 0; i < n; i++) {
    if (!has_key(all[i])) continue;
    rowset_row(r, "itiitiii", all[i]->id,
               arena_format(en->a, "PK_%s", all[i]->name), 1, 1, "CLUSTERED", 1,
               1, 0);
  }
}

static const char index_columns_spec[] =
    "object_id int not null, index_id int not null, "
    "index_column_id int not null, column_id int not null, "
    "key_ordinal tinyint not null, is_descending_key bit, "
    "is_included_column bit";
static void index_columns(struct rowset *r) {
  struct engine *en = r->en;
  unsigned n;
  struct table **all = catalog_all(en, &n);
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k < all[i]->n; k++)
      if (all[i]->cols[k].key)
        rowset_row(r, "iiiiiii", all[i]->id, 1, all[i]->cols[k].key, k + 1,
                   all[i]->cols[k].key, 0, 0);
}

/* Of a type that has a name of its own. */
static int user_type_id(const struct type *t) {
  for (int i = 0; i < TYPE_CLR_COUNT && t->udt; i++)
    if (strcasecmp(t->udt, type_clr_names[i]) == 0) return TYPE_CLR_FIRST + i;
  if (t->udt && strcmp(t->udt, "sysname") == 0) return 256;
  return type_system_id(t);
}

static const char schemas_spec[] = "name sysname, schema_id int not null, "
                                   "principal_id int";
static void schemas(struct rowset *r) {
  unsigned n;
  const char **all = catalog_schemas(r->en, &n);
  for (unsigned i = 0; i < n; i++)
    rowset_row(r, "tii", all[i], catalog_schema_id(r->en, all[i]), 1);
}

static const char sys_columns_spec[] =
    "object_id int not null, name sysname, column_id int not null, "
    "system_type_id tinyint not null, user_type_id int not null, "
    "max_length smallint not null, precision tinyint not null, "
    "scale tinyint not null, collation_name sysname, "
    "is_nullable bit, is_identity bit not null, "
    "is_computed bit not null, is_sparse bit, is_column_set bit";
static void sys_columns(struct rowset *r) {
  struct engine *en = r->en;
  unsigned n;
  struct table **all = catalog_all(en, &n);
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k < all[i]->n; k++) {
      const struct type *t = &all[i]->cols[k].type;
      rowset_row(r, "itiiiiiitiiiii", all[i]->id, all[i]->cols[k].name, k + 1,
                 type_system_id(t), user_type_id(t), type_max_length(t),
                 type_precision(t), type_scale(t),
                 type_is_string(t->id) && t->id != T_XML
                     ? collation_name(t->coll)
                     : NULL,
                 !t->notnull, 0, 0, t->beside == BESIDE_SPARSE,
                 t->beside == BESIDE_COLUMN_SET);
    }
}

static const char types_spec[] =
    "name sysname, system_type_id tinyint not null, "
    "user_type_id int not null, max_length smallint not null, "
    "precision tinyint not null, scale tinyint not null, "
    "is_user_defined bit not null, is_assembly_type bit not null";
static void types(struct rowset *r) {
  for (unsigned id = T_BIT; id < T_COUNT; id++) {
    struct type t = type_of(id);
    if (id == T_UDT) continue;
    rowset_row(r, "tiiiiiii", type_name(&t), type_system_id(&t),
               type_system_id(&t), type_max_length(&t), type_precision(&t),
               type_scale(&t), 0, 0);
  }
  rowset_row(r, "tiiiiiii", "numeric", 108, 108, 17, 38, 38, 0, 0);
  rowset_row(r, "tiiiiiii", "sysname", 231, 256, 256, 0, 0, 0, 0);
  for (int i = 0; i < TYPE_CLR_COUNT; i++)
    rowset_row(r, "tiiiiiii", type_clr_names[i], 240, TYPE_CLR_FIRST + i,
               i ? -1 : 892, 0, 0, 0, 1);
}

static const char connections_spec[] =
    "session_id int, net_transport nvarchar(40) not null, "
    "protocol_type nvarchar(40), encrypt_option nvarchar(40) not "
    "null, auth_scheme nvarchar(40) not null, net_packet_size int";
static void connections(struct rowset *r) {
  struct engine *en = r->en;
  rowset_row(r, "itttti", en->s->net.spid, "TCP", "TSQL",
             en->s->net.tls ? "TRUE" : "FALSE", "SQL", en->s->net.packet_size);
}

/* ---- by name ---- */

static const struct sysview {
  const char *schema, *name, *spec;
  void (*fill)(struct rowset *r);
  bool is_volatile; /* of this session, or of this moment */
} views[] = {
    {"INFORMATION_SCHEMA", "TABLES", tables_spec, tables, false},
    {"INFORMATION_SCHEMA", "VIEWS", tables_spec, tables, false},
    {"INFORMATION_SCHEMA", "COLUMNS", columns_spec, columns, false},
    {"sys", "databases", databases_spec, databases, false},
    {NULL, "sysdatabases", databases_spec, databases, false},
    {"sys", "objects", OBJECT_COLUMNS, all_objects, false},
    {"sys", "all_objects", OBJECT_COLUMNS, all_objects, false},
    {"sys", "views", OBJECT_COLUMNS, user_views, false},
    {"sys", "tables", OBJECT_COLUMNS, user_tables, false},
    {"sys", "schemas", schemas_spec, schemas, false},
    {"sys", "columns", sys_columns_spec, sys_columns, false},
    {"sys", "all_columns", sys_columns_spec, sys_columns, false},
    {"sys", "synonyms", SYNONYM_COLUMNS, synonyms, false},
    {"sys", "indexes", indexes_spec, indexes, false},
    {"sys", "index_columns", index_columns_spec, index_columns, false},
    {"sys", "types", types_spec, types, false},
    {"sys", "dm_exec_connections", connections_spec, connections, true},
    {"sys", "dm_exec_sessions", sessions_spec, sessions, true},
};
static_assert(sizeof views / sizeof *views <= SYSVIEWS_MAX, "room for each");

/* Filled once a statement, when it is opened first. */
static const struct rows *rows_of(struct engine *en, unsigned view) {
  struct rows *kept = catalog_view(en, view);
  struct rowset r;
  if (kept->values) return kept;
  rowset_init(&r, en, views[view].spec);
  views[view].fill(&r);
  kept->values = r.rows;
  kept->count = r.count;
  return kept;
}

struct source *sysview_bind(struct engine *en, const struct object_name *name) {
  const char *schema = name->part[1];
  struct rowset r;
  if (name->part[2] && !session_is_database(en->s, name->part[2])) return NULL;
  for (unsigned i = 0; i < sizeof views / sizeof *views; i++) {
    const struct sysview *v = &views[i];
    if (strcasecmp(v->name, name->part[0]) != 0 ||
        (v->schema && (!schema || strcasecmp(v->schema, schema) != 0)))
      continue;
    if (v->is_volatile) en->s->volatile_answer = true;
    rowset_init(&r, en, v->spec);
    return source_later(en, r.cols, r.n, i, rows_of);
  }
  return NULL;
}
