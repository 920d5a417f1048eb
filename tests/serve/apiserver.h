/* SPDX-License-Identifier: MIT */
/* A server on loopback that answers from a script: decent HTTP or HTTPS (libmicrohttpd), or raw
 * bytes for what no decent server would send. */
#ifndef TRTC_TESTS_APISERVER_H
#define TRTC_TESTS_APISERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "net/header.h"

/* One answer. */
struct api_answer {
    int status;
    const char *body;  /* NULL: none */
    size_t body_bytes; /* 0: strlen(body) */
    const char *
        fields[4]; /* "Name: value"; with "Accept-Ranges: bytes" a request may have the rest of body
                              from a place on */
    int delay_ms;
};

/* A certificate and its key, as PEM texts; one that signs itself, so that it is its own CA. */
struct api_cert {
    char cert[2048], key[1024];
};

/* For a name ("IP:127.0.0.1", "DNS:example.org"), valid from and until so many seconds from now. */
void apicert_make(struct api_cert *c, const char *name, long from_s, long until_s);

/* Writes the certificate to path. */
void apicert_save(const struct api_cert *c, const char *path);

/* One connection of a raw server: what it does, in this order. */
struct api_raw {
    size_t read_bytes; /* of the request, before anything is sent; 0: all of it */
    bool deaf;         /* reads nothing at all */
    const void *bytes; /* what is sent; NULL: nothing */
    size_t nb_bytes;   /* 0: strlen(bytes) */
    size_t step_bytes; /* sends so many at a time, NULL or 0: all at once */
    int step_ms;       /* with this pause */
    bool endless;      /* sends them again and again */
    int hold_ms;       /* leaves it open so long */
    bool reset;        /* ends it with RST instead of FIN */
};

struct apiserver;

/* Starts a server whose n-th request gets the n-th answer, the last one from then on; with cert it
 * speaks HTTPS. The script must last as long as the server. */
struct apiserver *apiserver_start(const struct api_answer *script, size_t nb,
                                  const struct api_cert *cert);

/* The same for connections. */
struct apiserver *apiserver_start_raw(const struct api_raw *script, size_t nb);

/* "http://127.0.0.1:PORT/" (https with a certificate). */
const char *apiserver_url(const struct apiserver *s);

/* So many requests (raw: connections) and connections came so far. */
int apiserver_nb_requests(struct apiserver *s);
int apiserver_nb_connections(struct apiserver *s);

/* The n-th request (from 0), as received by a decent server, valid as long as it. */
struct api_request {
    char method[16], url[256];
    struct trtc_headers headers;
    char *body; /* NUL-terminated after body_bytes */
    size_t body_bytes;
};
const struct api_request *apiserver_request(struct apiserver *s, int n);

/* Ends it, its pauses and its connections. */
void apiserver_stop(struct apiserver **s);

/* A port on loopback where nobody listens. */
int apiserver_dead_port(void);

#endif
