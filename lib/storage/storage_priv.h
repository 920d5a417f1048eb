/* SPDX-License-Identifier: MIT */
/* What the files of one storage share: its state, its requests, what differs between stores. */
#ifndef TRTC_STORAGE_STORAGE_PRIV_H
#define TRTC_STORAGE_STORAGE_PRIV_H

#include <stdbool.h>

#include "net/endpoint.h"
#include "net/http.h"
#include "net/redact.h"
#include "net/transport.h"
#include "storage/sign.h"
#include "storage/storage.h"

#define TRTC_STORAGE_VOD "vod.tencentcloudapi.com"

enum { TRTC_QUERY_MAX = 4 };

/* What was sent, as the store should answer it. */
struct trtc_digest {
    uint64_t crc64;
    int64_t bytes;
    unsigned char sha256[32]; /* S3 */
    char sha256_hex[TRTC_SIGN_HEX];
    char sha256_b64[48];
    char md5_hex[33]; /* S3, of an outflow */
};

struct trtc_outflow;

enum trtc_agree {
    TRTC_AGREE_YES,
    TRTC_AGREE_NO,
    TRTC_AGREE_SILENT, /* the store answers nothing that could be compared */
};

/* A request about one object. */
struct trtc_store_request {
    const char *method;
    const char *key;
    struct trtc_query query[TRTC_QUERY_MAX];
    size_t nb_query;
    struct trtc_header fields[4]; /* more header fields, to be signed */
    size_t nb_fields;
    struct trtc_bytes body;
    const struct trtc_digest *digest; /* of a body that is (a part of) the object: the answer has to
                                         agree with it. NULL: another body, or none */
    struct trtc_outflow *outflow;     /* in place of body and digest; NULL */
};

/* What came of it. Zero is none; trtc_store_answer_fini. */
struct trtc_store_answer {
    struct trtc_reply reply;
    enum trtc_agree agree; /* with the request's digest */
    char code[64];         /* of the store's error; "": none */
};

void trtc_store_answer_fini(struct trtc_store_answer *answer);

/* Signs, sends and repeats it as the rules have it (net/retry). 0: an answer that it went well. On
 * failure, too, *answer is what came last; the caller's in any case. */
int trtc_store_send(struct trtc_storage *s, const struct trtc_store_request *request,
                    struct trtc_store_answer *answer, struct trtc_err *err);

/* What is of one kind of store. */
struct trtc_dialect {
    const char *name;
    const char *token_field;
    const char *const *keep; /* header fields of answers that are looked at */

    /* Adds what is signed besides, for a request at time_s. */
    int (*add_fields)(const struct trtc_storage *s, const struct trtc_store_request *request,
                      int64_t time_s, struct trtc_headers *out, struct trtc_err *err);
    char *(*sign)(const struct trtc_signable *in, struct trtc_err *err);

    /* Whether an answer to a body agrees with what was sent. */
    enum trtc_agree (*agrees)(const struct trtc_reply *reply, const struct trtc_digest *sent,
                              struct trtc_bytes body);
    bool sha256; /* bodies are hashed with it */
};

extern const struct trtc_dialect trtc_dialect_cos, trtc_dialect_s3;

struct trtc_storage {
    struct trtc_storage_options o;
    const struct trtc_dialect *dialect; /* NULL: VOD */
    struct trtc_endpoint endpoint;
    char *base; /* of paths, before the key: "/" or "/BUCKET/" */
    struct trtc_http *http;
    struct trtc_transport wire;
    struct trtc_redact *redact;
    struct trtc_storage_shared own_shared;
    struct trtc_storage_shared *shared;
    int64_t offset_s;    /* of our clock, learnt from answers */
    bool plain;          /* the store knows nothing of checksums in header fields */
    bool stopped;        /* the caller has had enough */
    bool expired;        /* it was refused, and it may be that the keys were no longer good */
    const char *subject; /* the file that is put, for messages */
    uint8_t *room;       /* for a part */
    size_t room_bytes;
};

/* The storage's room holds n bytes. */
int trtc_store_room(struct trtc_storage *s, size_t n, struct trtc_err *err);

/* What is not answered but broken is final only where the store was never reached. */
struct trtc_transport trtc_store_wire(struct trtc_storage *s);

/* A line for people that begins with the file. */
void trtc_store_notice(const struct trtc_storage *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits; -1 with TRTC_EX_TEMPFAIL if the user has interrupted. */
int trtc_store_wait(struct trtc_storage *s, int64_t ms, struct trtc_err *err);

/* The digest of n bytes, as far as this store needs it. */
int trtc_store_digest(const struct trtc_storage *s, struct trtc_bytes body, struct trtc_digest *out,
                      struct trtc_err *err);

/* "https://HOST/BUCKET/KEY?QUERY", encoded; the caller's. NULL: out of memory. */
char *trtc_store_url(const struct trtc_storage *s, const struct trtc_store_request *request);

/* One file into a bucket, once. resume: file->resume may be looked at. AGAIN: it changed meanwhile,
 * or what is there is not what was sent; err says which. */
enum trtc_once { TRTC_ONCE_PROVEN, TRTC_ONCE_AGAIN, TRTC_ONCE_FAILED };

enum trtc_once trtc_store_object(struct trtc_storage *s, const struct trtc_storage_file *file,
                                 bool resume, struct trtc_storage_proof *proof,
                                 struct trtc_err *err);

/* trtc_storage_put without the checks, and with messages that do not name the file. */
int trtc_store_put(struct trtc_storage *s, const struct trtc_storage_file *file,
                   struct trtc_storage_proof *proof, struct trtc_err *err);

/* No message of this storage may hold these. */
int trtc_store_hide(struct trtc_storage *s, const struct trtc_credentials *keys,
                    struct trtc_err *err);

/* One file into VOD. */
int trtc_store_vod(struct trtc_storage *s, const struct trtc_storage_file *file,
                   struct trtc_storage_proof *proof, struct trtc_err *err);

#endif
