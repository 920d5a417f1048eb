/* SPDX-License-Identifier: MIT */
/* An HTTP server for small requests (libmicrohttpd, HTTP/1.1 without TLS) that strangers may
 * talk to. It has no thread and no clock of its own: the program polls its descriptor and runs
 * it. Requests whose end can be read in two ways (several Content-Length, Transfer-Encoding or
 * Host fields, or Content-Length with Transfer-Encoding) are refused and their connection is
 * closed. Connections, memory and the time of a request are bounded; where they run short the
 * oldest request that is not complete goes, so that a client who sends a request at once is
 * always served. */
#ifndef TRTC_SERVE_SERVER_H
#define TRTC_SERVE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_server_limits { /* zero: the default of each */
    int connections;        /* 256 */
    int64_t
        complete_ms; /* from the connection, or the answer before, to the end of the request: 10,000 */
    size_t header_bytes; /* of a request: 16 KiB */
    size_t body_bytes;   /* of a request: 1 MiB */
    size_t bodies_bytes; /* of all that are under way: 16 times that */
};

struct trtc_server;
struct trtc_request;

/* What the program does with requests. All is called from trtc_server_run. */
struct trtc_server_calls {
    /* The header is there, the body is not: 0 takes it, a status (400 ...) refuses it. */
    int (*head)(void *arg, struct trtc_request *r);
    /* The request is complete. It is answered now, or later, by trtc_request_answer, in any case. */
    void (*request)(void *arg, struct trtc_request *r);
    void *arg;
};

/* Listens on ADDR:PORT ("127.0.0.1:8080", "[::1]:8080"; port 0: any that is free). TRTC_EX_USAGE for an address that is
 * none, TRTC_EX_TEMPFAIL where it is in use, TRTC_EX_NOPERM. NULL on failure. */
struct trtc_server *trtc_server_new(const char *listen, const struct trtc_server_limits *limits,
                                    const struct trtc_server_calls *calls, struct trtc_err *err);

/* "127.0.0.1:8080", with the port that was given. */
const char *trtc_server_address(const struct trtc_server *s);

/* To be polled for reading, for no longer than so many ms (-1: without end; now_ms: of any clock that goes forward). */
int trtc_server_fd(const struct trtc_server *s);
int trtc_server_wait_ms(struct trtc_server *s, int64_t now_ms);

/* Takes what has come, answers what can be, ends what has taken too long. */
void trtc_server_run(struct trtc_server *s, int64_t now_ms);

/* Takes no more connections from here on. */
void trtc_server_close(struct trtc_server *s);

/* All requests must have been answered. */
void trtc_server_free(struct trtc_server **s);

/* ---- a request ---- */

/* What was asked; all texts are valid until it is answered. A header field by its name (upper or lower case) and a
 * parameter of the query: the first of that name, NULL where there is none. How many header fields have that name.
 * The body has *n bytes, and a NUL behind them; NULL where it is empty. */
const char *trtc_request_method(const struct trtc_request *r);
const char *trtc_request_header(const struct trtc_request *r, const char *name); /* or NULL */
const char *trtc_request_query(const struct trtc_request *r, const char *name);  /* or NULL */
int trtc_request_count(const struct trtc_request *r,
                       const char *name); /* header fields of that name */
const char *trtc_request_body(const struct trtc_request *r, size_t *n); /* NUL-terminated */

/* Answers with JSON, a constant text; status over 399 closes the connection. The request is gone with it. */
void trtc_request_answer(struct trtc_request *r, int status, const char *json);

#endif
