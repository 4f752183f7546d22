/*
** A profile's fields and their keys: one table drives parsing, the
** environment's names, the checks of single values, and the hint that lists the
** keys.
*/
#ifndef ORDERSYNC_PROFILE_KEYWORD_H
#define ORDERSYNC_PROFILE_KEYWORD_H
#include "base/err.h"

/* LOGIN7's limit in UTF-16 units ([MS-TDS] 2.2.6.4) and DB-Library's in
** bytes. */
#define PROFILE_NAME_CAP 128

/* Seconds at most. */
#define PROFILE_LOGIN_TIMEOUT_MOST 600
#define PROFILE_QUERY_TIMEOUT_MOST 86400

enum profile_auth { AUTH_SQL = 0, AUTH_NTLM, AUTH_KERBEROS };
enum profile_encrypt { ENCRYPT_VERIFY = 0, ENCRYPT_REQUIRE, ENCRYPT_OFF };

struct profile {
  char *name;            /* owned, as are all the strings here */
  char *path;            /* the file it came from; NULL: environment only */
  char *server;          /* host name or address, without port or instance */
  char *instance;        /* NULL when there is none */
  int port;              /* 0: not given (1433, or the instance's) */
  char *freetds_section; /* instead of server */
  char *database;        /* NULL: the login's default */
  char *user;
  char *password_file; /* NULL: none */
  enum profile_auth auth;
  enum profile_encrypt encrypt;
  char *ca_file;       /* NULL: the system's certificates */
  const char *warning; /* static; NULL: none. A setting that has no effect */
  char *tds_version;
  int login_timeout; /* seconds */
  int query_timeout; /* seconds; the deadline of a whole refresh */
  int packet_size;   /* bytes; 0: chosen by use */
  char *app_name;
  int read_only_intent;
  char *isolation;  /* "READ COMMITTED", ...: ready for SET */
  int lock_timeout; /* milliseconds; -1: wait */
  int allow_in_schema;
};

enum profile_key {
  KEY_NONE = -1,
  KEY_SERVER,
  KEY_PORT,
  KEY_SECTION,
  KEY_DATABASE,
  KEY_USER,
  KEY_PASSWORD, /* never in a struct profile */
  KEY_PASSWORD_FILE,
  KEY_AUTH,
  KEY_ENCRYPT,
  KEY_CA_FILE,
  KEY_TDS_VERSION,
  KEY_LOGIN_TIMEOUT,
  KEY_QUERY_TIMEOUT,
  KEY_PACKET_SIZE,
  KEY_APP_NAME,
  KEY_READ_ONLY_INTENT,
  KEY_ISOLATION,
  KEY_LOCK_TIMEOUT,
  KEY_ALLOW_IN_SCHEMA,
  KEY_COUNT
};

/* Case matters not; KEY_NONE when there is no such key. */
enum profile_key keyword_find(const char *name);
const char *keyword_name(enum profile_key key);

/* "Valid keys: ..." */
void keyword_hint(struct err *e);

/* Checks a value, which is not empty, and puts it into p; a password it leaves
** alone. The error's text speaks of the value only: the caller knows where it
** came from. */
void keyword_set(struct profile *p, enum profile_key key, const char *value,
                 struct err *e);

/* What holds where nobody says anything. */
void keyword_defaults(struct profile *p, struct err *e);

/* Sets all that the environment says; ORDERSYNC_<KEY>'s value, NULL when unset
** or empty. */
void keyword_override(struct profile *p, struct err *e);
const char *keyword_environment(enum profile_key key);

/* Whether all fields that have a key are the same. */
int keyword_same(const struct profile *p, const struct profile *o);

/* Frees what keyword_set() allocated. */
void keyword_free(struct profile *p);

/* What the parser of FreeTDS's configuration would misread in this value, to be
** put behind "the value": "has two blanks in a row". NULL: nothing. */
const char *keyword_conf_hazard(const char *text);

#endif
