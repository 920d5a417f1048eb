/* SPDX-License-Identifier: MIT */
/* An HTTP server for small requests, and for streams in and out (libmicrohttpd, HTTP/1.1 without
 * TLS), that strangers may talk to. It has no thread and no clock of its own: the program polls its descriptor and runs
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

/* What becomes of a stream after a piece of it. */
enum trtc_piece {
    TRTC_PIECE_ON,   /* more of it is read */
    TRTC_PIECE_WAIT, /* no more of it is read until trtc_request_wake */
    TRTC_PIECE_STOP, /* its connection ends */
};

/* What trtc_server_calls.more says instead of a number of bytes. */
enum {
    TRTC_MORE_LATER = 0, /* nothing yet: trtc_request_wake asks again */
    TRTC_MORE_END = -1,
    TRTC_MORE_BREAK =
        -2, /* the connection ends, so that its reader knows that something is missing */
};

/* What the program does with requests. All is called from trtc_server_run. */
struct trtc_server_calls {
    /* The header is there, the body is not: 0 takes it, a status (400 ...) refuses it. */
    int (*head)(void *arg, struct trtc_request *r);
    /* The request is complete. It is answered now, or later, by trtc_request_answer, in any case. */
    void (*request)(void *arg, struct trtc_request *r);
    /* A piece of a body for which head has called trtc_request_stream. */
    enum trtc_piece (*piece)(void *arg, struct trtc_request *r, const char *data, size_t n);
    /* The next bytes of an answer that trtc_request_send began, n at most. */
    int64_t (*more)(void *arg, struct trtc_request *r, char *out, size_t n);
    /* A request is over that has something of the program's (trtc_request_set). whole: it came to its end. */
    void (*gone)(void *arg, struct trtc_request *r, bool whole);
    /* The JSON that goes with a status over 399, constant; NULL, or returning NULL: the server's own. */
    const char *(*words)(int status);
    const char *allow; /* the methods that there are; NULL: POST */
    void *arg;
};

/* Listens on ADDR:PORT ("127.0.0.1:8080", "[::1]:8080"; port 0: any that is free), or on a descriptor that listens already
 * ("fd:3"), which it takes. TRTC_EX_USAGE for an address that is
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

/* Without the query, decoded; what must not be in a name (%00, %2F) is a control character in it. */
const char *trtc_request_path(const struct trtc_request *r);
const char *trtc_request_header(const struct trtc_request *r, const char *name); /* or NULL */
const char *trtc_request_query(const struct trtc_request *r, const char *name);  /* or NULL */
int trtc_request_count(const struct trtc_request *r,
                       const char *name); /* header fields of that name */
const char *trtc_request_body(const struct trtc_request *r, size_t *n); /* NUL-terminated */

/* "127.0.0.1:50312": who sends it, for messages. In out, which it returns. */
enum { TRTC_PEER_SIZE = 80 };
const char *trtc_request_peer(const struct trtc_request *r, char out[TRTC_PEER_SIZE]);

/* Answers with JSON, a constant text; status over 399 closes the connection. The request is gone with it. */
void trtc_request_answer(struct trtc_request *r, int status, const char *json);

/* The same with a text on the heap, which it takes; NULL: 503. */
void trtc_request_answer_text(struct trtc_request *r, int status, char *json);

/* Puts a header field into the answer, before it is given; both are constant, or as long-lived as the request. Six at
 * most; what is more is left out. */
void trtc_request_field(struct trtc_request *r, const char *name, const char *value);

/* ---- streams ---- */

/* What the program keeps of a request, until calls.gone. NULL at first. */
void trtc_request_set(struct trtc_request *r, void *ours);
void *trtc_request_ours(const struct trtc_request *r);

/* In calls.head: the body goes to calls.piece, and no limit is set to its length. At its end calls.request is called, with
 * no body. */
void trtc_request_stream(struct trtc_request *r);

/* From here on the request may take as long as it likes: it is the program that ends it. */
void trtc_request_settle(struct trtc_request *r);

/* Answers 200 with what calls.more gives until it ends. type: constant. */
void trtc_request_send(struct trtc_request *r, const char *type);

/* Answers with a file, or the part of it that Range wants (206, 416). Takes fd; its size is that of now. type: constant. */
void trtc_request_send_file(struct trtc_request *r, int fd, const char *type);

/* Goes on with what waits. */
void trtc_request_wake(struct trtc_request *r);

/* Answers in the middle of the body (0: says nothing), and ends the connection; calls.gone comes later. */
void trtc_request_break(struct trtc_request *r, int status);

#endif
