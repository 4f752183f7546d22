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
#include "base/err.h"

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
  char *ca_file; /* NULL: the system's certificates */
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

/*
** Loads the profile `name` ("default" or NULL: the default one) from the
** first of $ORDERSYNC_CONFIG, $XDG_CONFIG_HOME/ordersync.ini,
** ~/.config/ordersync.ini, /etc/ordersync.ini that exists (a set
** $ORDERSYNC_CONFIG that does not exist is an error), then lets ORDERSYNC_*
** override the default profile. Validates everything; no network.
** ERR_PROFILE names file, line, section and key.
*/
enum err_code profile_load(struct profile *p, const char *name, struct err *e);

/* Wipes and frees; accepts a cleared one. */
void profile_clear(struct profile *p);

/*
** Finds the password now: the environment (default profile), the profile's
** file, or password_file (one trailing newline removed). *password is NULL
** when there is none; free it with profile_password_free(), which wipes it.
** The profile keeps no copy.
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

/* The same for a text; profile is a struct profile (struct runlog's mask). */
void profile_mask_text(const void *profile, char *text);

#endif
