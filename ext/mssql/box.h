/*
** The box that FreeTDS lives in: what it asks of the system comes here
** (box.syms has the list), and here it is known which connection is being
** served, until when, and what it may do.
**
**   struct box b;
**   box_init(&b, login_timeout);
**   if (box_run(&b, open_it, arg) == BOX_BROKEN) ...   -- it gave up within
**
** FreeTDS then has no environment, no configuration but b.conf, no terminal,
** and cannot end the process.
*/
#ifndef ORDERSYNC_BOX_H
#define ORDERSYNC_BOX_H
#include "mssql/net.h"
#include "mssql/stream.h"

#include <setjmp.h>

struct notes; /* error.h */

/* Bytes that are read along with what FreeTDS asks for: the next packet's
** header, for which it would ask by itself. */
#define BOX_AHEAD STREAM_HEADER

enum box_stage { BOX_NAME, BOX_BROWSER, BOX_CONNECT, BOX_LOGIN, BOX_TICKET };

/* What tls.c saw. */
struct box_tls {
  void *session; /* GnuTLS's, borrowed; NULL: none, or not up yet */
  int begun;
  int chain_trusted, name_matches;
  char facts[256];  /* protocol, cipher, certificate */
  char fault[256];  /* the reason of a refusal; "": none */
  const char *hint; /* what to do about it; NULL; static */
};

/* What kerberos.c saw. */
struct box_kerberos {
  char name[320];   /* the server's, that a ticket was asked for */
  char fault[400];  /* why there is none; "": none was needed, or it came */
  const char *hint; /* what to do about it; static */
  int is_missing;   /* the library is, and fault is the loader's */
  int answered;     /* by the server: fault is about that */
  int passes;       /* a later try may do */
};

struct box {
  struct net_wait wait;
  int (*hook)(void *arg); /* who is asked by it; NULL: nobody */
  void *hook_arg;         /* borrowed */
  struct notes *notes;    /* borrowed: who hears FreeTDS's messages */
  /* what the login asks for */
  const char *conf; /* borrowed; NULL: the user's own freetds.conf */
  char host[256];   /* whom the certificate has to name */
  int must_encrypt, must_verify;
  struct addrinfo *found; /* owned; where conf's server is, and its port */
  int port;
  /* what was seen */
  enum box_stage stage;
  int fd; /* FreeTDS's socket; -1 once it closed it */
  int conf_was_read;
  int asked_for_name;   /* how often FreeTDS looked a name up */
  int gai;              /* getaddrinfo()'s failure */
  int oserr;            /* connect()'s */
  char route_host[256]; /* the server sends us there; "": no */
  int route_port;
  sqlite3_int64 n_received;
  int would_be_plain;       /* it was about to send in clear what must not be */
  unsigned char first[128]; /* the first message that came: prelogin's answer */
  size_t n_first;
  struct stream in, out;
  struct box_tls tls;
  struct box_kerberos kerberos;
  /* within */
  unsigned char ahead[BOX_AHEAD]; /* came, and FreeTDS has yet to ask */
  size_t ahead_at, n_ahead;
  int flowing;   /* the last read got all it asked for */
  int in_record; /* what passes the socket is TLS's own */
  int n_vain;    /* reads behind the end, in a row */
  int broken;    /* FreeTDS wanted to exit: never entered again */
  int no_memory; /* because of that */
  jmp_buf way_out;
};

/* With so many seconds from now on. */
void box_init(struct box *b, int seconds);
void box_clear(struct box *b); /* accepts a cleared one */

/* Prepares FreeTDS, once a process; 0 when memory ran out. */
int box_ready(void);

/* Calls fn(arg), which may enter FreeTDS, and returns its answer. BOX_BROKEN:
** FreeTDS did not come back as it should, and what it was given is lost. */
#define BOX_BROKEN (-1000)
int box_run(struct box *b, int (*fn)(void *), void *arg);

/* Asks the hook of the box that is the argument. It is the host's code, which
** may call us: not from within this box. */
int box_ask(void *box);

/* The box of the call that is under way on this thread; NULL: none. */
struct box *box_current(void);

/* Plain bytes that arrived, for tls.c. 0: they are no TDS. */
int box_took(struct box *b, const void *bytes, size_t n);

#endif
