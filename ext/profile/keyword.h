/*
** The keys of a profile: one table drives parsing, the environment's names,
** the checks of single values, and the hint that lists the keys.
*/
#ifndef ORDERSYNC_PROFILE_KEYWORD_H
#define ORDERSYNC_PROFILE_KEYWORD_H
#include "profile/profile.h"

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

/* Checks a value and puts it into p. The error's text speaks of the value
** only: the caller knows where it came from. */
void keyword_set(struct profile *p, enum profile_key key, const char *value,
                 struct err *e);

/* Frees what keyword_set() allocated. */
void keyword_free(struct profile *p);

/* "ORDERSYNC_<KEY>" into name, and its value: NULL when unset or empty. */
#define KEYWORD_VARIABLE 64
void keyword_variable(enum profile_key key, char name[KEYWORD_VARIABLE]);
const char *keyword_environment(enum profile_key key);

/* What FreeTDS's conf parser would misread in a value, or NULL. */
const char *keyword_conf_hazard(const char *text);

/* A copy of a password that can be sent; where it is from, for the error. */
char *keyword_password(const char *value, const char *where, struct err *e);

#endif
