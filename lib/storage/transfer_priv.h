/* SPDX-License-Identifier: MIT */
/* Shared by the files that put one object: the transfer, reading from the file, requests to the
 * store. */
#ifndef TRTC_STORAGE_TRANSFER_PRIV_H
#define TRTC_STORAGE_TRANSFER_PRIV_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "storage/storage_priv.h"

enum { TRTC_TRANSFER_ID_MAX = 1024 /* length of an upload's id */ };

/* A part, and what represents it when the parts become one object. */
struct trtc_transfer_part {
    struct trtc_storage_part info;
    unsigned char sha256[32];
    char sha256_b64[48]; /* "": the store has not returned it */
    bool there;          /* resumed: the store has it with the content of the file */
};

struct trtc_transfer {
    struct trtc_storage *s;
    const struct trtc_storage_file *file;
    struct stat before;               /* before the put */
    size_t room_bytes;                /* bytes held in memory at a time */
    size_t part_bytes;                /* if this is larger, parts are read while they are sent */
    struct trtc_transfer_part *parts; /* NULL: one request */
    size_t nb_parts;
    char upload[TRTC_TRANSFER_ID_MAX];
    struct trtc_digest sent; /* of the whole: crc64 and bytes, or everything if it is one request */
    char etag[72];           /* from the answer that confirmed the object; "": none */
    bool agreed;             /* that answer agreed with what was sent */
};

/* Reads n bytes at offset into the storage's buffer. If there are fewer, the file has become
 * shorter: *again. 0, or -1. */
int trtc_transfer_read(struct trtc_transfer *t, int64_t offset, size_t n, bool *again,
                       struct trtc_err *err);

/* Computes the CRC-64 of a part of the file, holding no more in memory than one part of the usual
 * size. 0, or -1. */
int trtc_transfer_crc(struct trtc_transfer *t, const struct trtc_storage_part *of, bool *again,
                      uint64_t *crc, struct trtc_err *err);

/* A request about the object; the caller may add parameters and header fields. */
struct trtc_store_request trtc_transfer_request(const struct trtc_transfer *t, const char *method);
void trtc_transfer_ask(struct trtc_store_request *q, const char *name, const char *value);
void trtc_transfer_say(struct trtc_store_request *q, const char *name, const char *value);
void trtc_transfer_say_mime(const struct trtc_transfer *t, struct trtc_store_request *q);

/* Sends a request. If a store rejects checksums in header fields as unsupported, it is asked again
 * without them. 0, or -1. */
int trtc_transfer_send(struct trtc_transfer *t, struct trtc_store_request *q,
                       struct trtc_store_answer *answer, struct trtc_err *err);

/* The body of an answer; and one of its header fields, or NULL. */
struct trtc_bytes trtc_transfer_text(const struct trtc_reply *r);
const char *trtc_transfer_kept(const struct trtc_store_answer *answer, const char *name);

/* Whether the store does not know the upload, or some of its parts. */
bool trtc_transfer_is_gone(const struct trtc_store_answer *answer);

/* An ETag without quotation marks; "" if it could not be sent back. */
void trtc_transfer_take_etag(const char *text, char out[72]);

/* Puts everything in parts and completes the upload. resume: parts of file->resume that still exist
 * are not sent again. 0, or -1. */
int trtc_transfer_put_parts(struct trtc_transfer *t, bool resume, bool *again,
                            struct trtc_err *err);

/* Removes the parts from the store, with a single attempt. */
void trtc_transfer_abandon(struct trtc_transfer *t);

/* HEAD: compares the size and what the store returns about the bytes; if it returns nothing, they
 * are read back. *again: it is not what was sent. 0, or -1. */
int trtc_transfer_prove(struct trtc_transfer *t, bool *again, struct trtc_err *err);

#endif
