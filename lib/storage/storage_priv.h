/* SPDX-License-Identifier: MIT */
/* Shared by the files of storage: its state, its requests, what differs between stores. */
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

/* Digests of what was sent, to be compared with the store's answer. */
struct trtc_digest {
    uint64_t crc64;
    int64_t bytes;
    unsigned char sha256[32]; /* S3 */
    char sha256_hex[TRTC_SIGN_HEX];
    char sha256_b64[48];
    char md5_hex[33]; /* S3, for an outflow */
};

struct trtc_outflow;

enum trtc_agree {
    TRTC_AGREE_YES,
    TRTC_AGREE_NO,
    TRTC_AGREE_SILENT, /* the store returns nothing that can be compared */
};

/* A request about one object. */
struct trtc_store_request {
    const char *method;
    const char *key;
    struct trtc_query query[TRTC_QUERY_MAX];
    size_t nb_query;
    struct trtc_header fields[4]; /* additional header fields, to be signed */
    size_t nb_fields;
    struct trtc_bytes body;
    const struct trtc_digest *digest; /* of a body that is an object or a part of one: the answer
                                         must agree with it. NULL: another body, or none */
    struct trtc_outflow *outflow;     /* used instead of body and digest; or NULL */
};

/* The result of a request. All zeros: none. Free with trtc_store_answer_fini. */
struct trtc_store_answer {
    struct trtc_reply reply;
    enum trtc_agree agree; /* comparison with the request's digest */
    char code[64];         /* of the store's error; "": none */
};

void trtc_store_answer_fini(struct trtc_store_answer *answer);

/* Signs a request, sends it and repeats it by the rules of net/retry. 0: the store answered with
 * success. On failure too *answer is the last answer. The caller frees it in any case. */
int trtc_store_send(struct trtc_storage *s, const struct trtc_store_request *request,
                    struct trtc_store_answer *answer, struct trtc_err *err);

/* What is specific to one kind of store. */
struct trtc_dialect {
    const char *name;
    const char *token_field;
    const char *const *keep; /* header fields of answers to be kept */

    /* Adds the other fields to be signed for a request at time_s. 0, or -1. */
    int (*add_fields)(const struct trtc_storage *s, const struct trtc_store_request *request,
                      int64_t time_s, struct trtc_headers *out, struct trtc_err *err);
    char *(*sign)(const struct trtc_signable *in, struct trtc_err *err);

    /* Whether the answer to a body agrees with what was sent. */
    enum trtc_agree (*agrees)(const struct trtc_reply *reply, const struct trtc_digest *sent,
                              struct trtc_bytes body);
    bool sha256; /* bodies are hashed with SHA-256 */
};

extern const struct trtc_dialect trtc_dialect_cos, trtc_dialect_s3;

struct trtc_storage {
    struct trtc_storage_options o;
    const struct trtc_dialect *dialect; /* NULL: VOD */
    struct trtc_endpoint endpoint;
    char *base; /* beginning of all paths: "/" or "/BUCKET/" */
    struct trtc_http *http;
    struct trtc_transport wire;
    struct trtc_redact *redact;
    struct trtc_storage_shared own_shared;
    struct trtc_storage_shared *shared;
    int64_t offset_s;    /* correction of our clock, learned from answers */
    bool plain;          /* the store does not support checksums in header fields */
    bool stopped;        /* the user has interrupted */
    bool expired;        /* a request was refused, perhaps because the keys are no longer valid */
    const char *subject; /* the file being put, for messages */
    uint8_t *room;       /* buffer for a part */
    size_t room_bytes;
};

/* Makes the storage's buffer at least n bytes long. 0, or -1. */
int trtc_store_room(struct trtc_storage *s, size_t n, struct trtc_err *err);

/* The transport, which treats a broken connection as final only if the store was never reached. */
struct trtc_transport trtc_store_wire(struct trtc_storage *s);

/* Reports a line to the user that begins with the file. */
void trtc_store_notice(const struct trtc_storage *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits. 0, or -1 with TRTC_EX_TEMPFAIL: the user has interrupted. */
int trtc_store_wait(struct trtc_storage *s, int64_t ms, struct trtc_err *err);

/* Computes those digests of n bytes that this store needs. 0, or -1. */
int trtc_store_digest(const struct trtc_storage *s, struct trtc_bytes body, struct trtc_digest *out,
                      struct trtc_err *err);

/* "https://HOST/BUCKET/KEY?QUERY", encoded; the caller frees it. NULL: out of memory. */
char *trtc_store_url(const struct trtc_storage *s, const struct trtc_store_request *request);

/* The result of putting a file once. resume: file->resume may be used. AGAIN: the file changed
 * meanwhile, or the store has something else than was sent; err says which. */
enum trtc_once { TRTC_ONCE_PROVEN, TRTC_ONCE_AGAIN, TRTC_ONCE_FAILED };

enum trtc_once trtc_store_object(struct trtc_storage *s, const struct trtc_storage_file *file,
                                 bool resume, struct trtc_storage_proof *proof,
                                 struct trtc_err *err);

/* Like trtc_storage_put, without the checks, and with messages that do not name the file. */
int trtc_store_put(struct trtc_storage *s, const struct trtc_storage_file *file,
                   struct trtc_storage_proof *proof, struct trtc_err *err);

/* Excludes these keys from all messages of this storage. 0, or -1. */
int trtc_store_hide(struct trtc_storage *s, const struct trtc_credentials *keys,
                    struct trtc_err *err);

/* Puts one file into VOD. 0, or -1. */
int trtc_store_vod(struct trtc_storage *s, const struct trtc_storage_file *file,
                   struct trtc_storage_proof *proof, struct trtc_err *err);

#endif
