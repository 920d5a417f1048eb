/* SPDX-License-Identifier: MIT */
/* An HTTP server for small requests, and for streams in and out (libmicrohttpd, HTTP/1.1 without
 * TLS), that may be exposed to strangers. It has no thread and no clock of its own: the program
 * polls its descriptor and runs it. Requests whose end is ambiguous (several Content-Length,
 * Transfer-Encoding or Host fields, or Content-Length with Transfer-Encoding) are refused and their
 * connection is closed. Connections, memory and the time of a request are limited; when they run
 * short the oldest incomplete request is dropped, so that a client who sends a request at once is
 * always served. */
#ifndef TRTC_SERVE_SERVER_H
#define TRTC_SERVE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_server_limits { /* all zeros: the defaults */
    int connections;        /* 256 */
    int64_t complete_ms;    /* from the connection, or from the previous answer, to the end of the
                        request: 10,000 */
    size_t header_bytes;    /* of a request: 16 KiB */
    size_t body_bytes;      /* of a request: 1 MiB */
    size_t bodies_bytes;    /* of all requests in progress: 16 times that */
};

struct trtc_server;
struct trtc_request;

/* How a stream continues after a piece of it. */
enum trtc_piece {
    TRTC_PIECE_ON,   /* read more */
    TRTC_PIECE_WAIT, /* read no more until trtc_request_wake */
    TRTC_PIECE_STOP, /* end the connection */
};

/* Special results of trtc_server_calls.more. */
enum {
    TRTC_MORE_LATER = 0, /* nothing yet: ask again after trtc_request_wake */
    TRTC_MORE_END = -1,
    TRTC_MORE_BREAK =
        -2, /* end the connection so that the reader notices that something is missing */
};

/* What the program does with requests. All functions are called from trtc_server_run. */
struct trtc_server_calls {
    /* The header is complete, but not the body: 0 accepts it, a status (400 ...) refuses it. */
    int (*head)(void *arg, struct trtc_request *r);
    /* The request is complete. The program must answer it with trtc_request_answer, now or
     * later. */
    void (*request)(void *arg, struct trtc_request *r);
    /* A piece of a body for which head called trtc_request_stream. */
    enum trtc_piece (*piece)(void *arg, struct trtc_request *r, const char *data, size_t n);
    /* The next bytes, at most n, of an answer that trtc_request_send began. */
    int64_t (*more)(void *arg, struct trtc_request *r, char *out, size_t n);
    /* A request with data of the program (trtc_request_set) is over. whole: it was completed. */
    void (*gone)(void *arg, struct trtc_request *r, bool whole);
    /* The JSON (static) for a status above 399. NULL, or a NULL result: the server's own. */
    const char *(*words)(int status);
    const char *allow; /* the supported methods; NULL: POST */
    void *arg;
};

/* Listens on ADDR:PORT ("127.0.0.1:8080", "[::1]:8080"; port 0: any free one), or on a descriptor
 * that already listens ("fd:3"), of which it takes ownership. NULL on failure: TRTC_EX_USAGE (an
 * invalid address), TRTC_EX_TEMPFAIL (the port is in use, or out of memory), TRTC_EX_NOPERM,
 * TRTC_EX_UNAVAILABLE (not an address of this machine). */
struct trtc_server *trtc_server_new(const char *listen, const struct trtc_server_limits *limits,
                                    const struct trtc_server_calls *calls, struct trtc_err *err);

/* The address with the actual port: "127.0.0.1:8080". */
const char *trtc_server_address(const struct trtc_server *s);

/* The descriptor to be polled for reading; and for how many milliseconds at most (-1: no limit).
 * now_ms is from any monotonic clock. */
int trtc_server_fd(const struct trtc_server *s);
int trtc_server_wait_ms(struct trtc_server *s, int64_t now_ms);

/* Reads what has arrived, sends what it can, ends what has taken too long. */
void trtc_server_run(struct trtc_server *s, int64_t now_ms);

/* Accepts no more connections from now on. */
void trtc_server_close(struct trtc_server *s);

/* Frees *s and clears the pointer. All requests must have been answered. */
void trtc_server_free(struct trtc_server **s);

/* ---- a request ---- */

/* The parts of a request, valid until it is answered. A header field by its name (in any case) or a
 * query parameter: the first one with that name, or NULL. trtc_request_count: how many header
 * fields have that name. The body has *n bytes and a NUL after them; NULL: it is empty. */
const char *trtc_request_method(const struct trtc_request *r);

/* The decoded path without the query. Characters that must not be in a name (%00, %2F) are replaced
 * by a control character. */
const char *trtc_request_path(const struct trtc_request *r);
const char *trtc_request_header(const struct trtc_request *r, const char *name); /* or NULL */
const char *trtc_request_query(const struct trtc_request *r, const char *name);  /* or NULL */
int trtc_request_count(const struct trtc_request *r,
                       const char *name); /* how many header fields have that name */
const char *trtc_request_body(const struct trtc_request *r, size_t *n); /* NUL-terminated */

/* The sender's address for messages, such as "127.0.0.1:50312". Written to out, which is
 * returned. */
enum { TRTC_PEER_SIZE = 80 };
const char *trtc_request_peer(const struct trtc_request *r, char out[TRTC_PEER_SIZE]);

/* Answers with JSON, a static text; a status above 399 closes the connection. The request is
 * invalid afterwards. */
void trtc_request_answer(struct trtc_request *r, int status, const char *json);

/* The same with a text on the heap, of which it takes ownership; NULL: 503. */
void trtc_request_answer_text(struct trtc_request *r, int status, char *json);

/* Adds a header field to the answer to be given. Both texts are static, or live as long as the
 * request. At most six; more are ignored. */
void trtc_request_field(struct trtc_request *r, const char *name, const char *value);

/* ---- streams ---- */

/* Data of the program for a request, kept until calls.gone. Initially NULL. */
void trtc_request_set(struct trtc_request *r, void *ours);
void *trtc_request_ours(const struct trtc_request *r);

/* In calls.head: the body goes to calls.piece, with no limit to its length. At its end
 * calls.request is called without a body. */
void trtc_request_stream(struct trtc_request *r);

/* From now on the request has no time limit: the program ends it. */
void trtc_request_settle(struct trtc_request *r);

/* Answers 200 with what calls.more provides until it ends. type: static. */
void trtc_request_send(struct trtc_request *r, const char *type);

/* Answers with a file, or with the part of it that Range requests (206, 416). The size is the
 * present one. Takes ownership of fd. type: static. */
void trtc_request_send_file(struct trtc_request *r, int fd, const char *type);

/* Continues a stream that waits. */
void trtc_request_wake(struct trtc_request *r);

/* Answers in the middle of the body (0: no answer) and ends the connection; calls.gone is called
 * later. */
void trtc_request_break(struct trtc_request *r, int status);

#endif
