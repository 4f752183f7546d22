/* A connection's state, and the server's configuration behind it. */
#ifndef SESSION_H
#define SESSION_H

#include <sqlite3.h>

#include "net.h"
#include "token.h"

enum encrypt_mode { /* [MS-TDS] 2.2.6.5: what the server is set to */
                    ENCRYPT_OFF, /* TLS when the client asks, else for the login
                                  */
                    ENCRYPT_ON,  /* TLS for everything, or no connection */
                    ENCRYPT_NOT_SUP, /* no TLS at all */
                    ENCRYPT_STRICT   /* TDS 8: TLS before anything else */
};

enum { /* session.options: the bits of @@OPTIONS, and three more */
       OPT_IMPLICIT_TRAN = 2,
       OPT_CURSOR_CLOSE = 4,
       OPT_ANSI_WARNINGS = 8,
       OPT_ANSI_PADDING = 16,
       OPT_ANSI_NULLS = 32,
       OPT_ARITHABORT = 64,
       OPT_ARITHIGNORE = 128,
       OPT_QUOTED = 256,
       OPT_NOCOUNT = 512,
       OPT_NULL_DFLT_ON = 1024,
       OPT_NULL_DFLT_OFF = 2048,
       OPT_CONCAT_NULL = 4096,
       OPT_ROUNDABORT = 8192,
       OPT_XACT_ABORT = 16384,
       OPT_FMTONLY = 1 << 16,
       OPT_NOEXEC = 1 << 17,
       OPT_ANSI = OPT_ANSI_WARNINGS | OPT_ANSI_PADDING | OPT_ANSI_NULLS |
                  OPT_QUOTED | OPT_NULL_DFLT_ON
};
enum { /* sys.dm_exec_sessions.transaction_isolation_level */
       ISO_READ_UNCOMMITTED = 1,
       ISO_READ_COMMITTED,
       ISO_REPEATABLE_READ,
       ISO_SERIALIZABLE,
       ISO_SNAPSHOT
};

struct release { /* which SQL Server this is */
  int major, build;
  const char *year, *version;
};

struct server { /* set up by main(), then read only */
  const char *db_path, *database, *user, *password, *language;
  const char *keytab;   /* whose keys accept integrated logins, or NULL */
  const char *deny[32]; /* tables that the user may not read */
  unsigned denied;
  const struct release *release;
  enum encrypt_mode encrypt;
  bool snapshot, rcsi; /* ALLOW_SNAPSHOT_ISOLATION, READ_COMMITTED_SNAPSHOT */
  uint16_t coll;
  SSL_CTX *tls;
};

struct login {
  char *host, *user, *password, *app, *server, *language, *database; /* owned */
  uint32_t packet_size;
  bool read_only, integrated, utf8_asked, features;
  bool trusted; /* integrated, and its ticket is good */
  bool encrypted;
  bool odbc; /* fODBC: ANSI settings from the start */
};

struct prepared {
  int handle;   /* 0: free */
  char *sql;    /* owned */
  char *params; /* owned: the declaration list, or NULL */
};

struct session {
  const struct server *srv; /* borrowed */
  struct net net;
  struct fault_set after; /* once this response is sent */
  struct wire wire;
  struct login login;
  sqlite3 *sq; /* owned; opened after the login */
  int id;
  char db[130];
  /* SET options that change answers */
  unsigned options;
  int64_t rowcount;
  struct session_format fmt;
  int isolation, lock_timeout, deadlock_priority;
  /* transactions */
  int trancount;
  uint64_t tran_id;
  /* sp_prepare */
  struct prepared *prepared; /* owned */
  unsigned prepared_count;
  int last_handle;
  int last_error;    /* @@ERROR */
  int64_t last_rows; /* @@ROWCOUNT */
  /* the response under way */
  struct buf out; /* tokens not sent yet */
  size_t carried; /* of them, those captured already */
  struct {        /* a DONE waits: is there more after it? */
    bool have;
    unsigned token, status, command;
    uint64_t rows;
  } pending;
  int64_t rows_sent;
  int first_error;
  char plan[160];          /* of the last SELECT from a table, or "" */
  bool volatile_answer;    /* not to be replayed for the same text */
  struct capture *capture; /* borrowed: cache.c records here, or NULL */
};

/* login.c: PRELOGIN and LOGIN7. False: the connection ends. */
bool login_run(struct session *s);
/* sspi.c: what the client's token proves becomes the login's user. The token is
** used up. */
bool sspi_login(struct session *s, struct buf *token);
/* session.c: everything after the login. */
void session_run(struct session *s);
void session_clear(struct session *s);
void session_faults(struct session *s, enum fault_when when, const char *text);
/* The buffer for the next token; a DONE that waited gets its MORE bit. */
struct buf *session_out(struct session *s);
void session_done(struct session *s, unsigned token, unsigned status,
                  unsigned command, uint64_t rows);
/* Sends what is ready, between rows. False: cancelled or gone. */
bool session_flush(struct session *s);
bool session_cancelled(struct session *s);
void session_begin_tran(struct session *s);
void session_end_tran(struct session *s, bool commit);
void session_error(struct session *s, const struct sqlerr *e, const char *proc);
bool session_is_database(const struct session *s, const char *name);
#endif
