/* SPDX-License-Identifier: MIT */
/* What the files that put one object share: the transfer, what is read of the file, what is asked
 * of the store. */
#ifndef TRTC_STORAGE_TRANSFER_PRIV_H
#define TRTC_STORAGE_TRANSFER_PRIV_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "storage/storage_priv.h"

enum { TRTC_TRANSFER_ID_MAX = 1024 /* characters of an upload's id */ };

/* A part, and what stands for it when the parts become one. */
struct trtc_transfer_part {
    struct trtc_storage_part said;
    unsigned char sha256[32];
    char sha256_b64[48]; /* "": the store has not answered it */
    bool there;          /* resumed: the store has it, and it is what the file has */
};

struct trtc_transfer {
    struct trtc_storage *s;
    const struct trtc_storage_file *file;
    struct stat before;               /* the put */
    size_t room_bytes;                /* so many are in memory at a time */
    size_t part_bytes;                /* where that is more, parts are read while they are sent */
    struct trtc_transfer_part *parts; /* NULL: in one request */
    size_t nb_parts;
    char upload[TRTC_TRANSFER_ID_MAX];
    struct trtc_digest sent; /* the whole: crc64 and bytes; in one request all of it */
    char etag[72];           /* as answered by what stored it; "": none */
    bool agreed;             /* that answer agreed with what was sent */
};

/* Reads n bytes at offset into the storage's room. Fewer: *again, the file has become shorter. */
int trtc_transfer_read(struct trtc_transfer *t, int64_t offset, size_t n, bool *again,
                       struct trtc_err *err);

/* The CRC-64 of a stretch of the file, of which no more is in memory than one part of the usual
 * size. */
int trtc_transfer_crc(struct trtc_transfer *t, const struct trtc_storage_part *of, bool *again,
                      uint64_t *crc, struct trtc_err *err);

/* A request about the object, which gets parameters and header fields. */
struct trtc_store_request trtc_transfer_request(const struct trtc_transfer *t, const char *method);
void trtc_transfer_ask(struct trtc_store_request *q, const char *name, const char *value);
void trtc_transfer_say(struct trtc_store_request *q, const char *name, const char *value);
void trtc_transfer_say_mime(const struct trtc_transfer *t, struct trtc_store_request *q);

/* Sends it. A store that knows nothing of checksums in header fields, and says so, is asked without
 * them. */
int trtc_transfer_send(struct trtc_transfer *t, struct trtc_store_request *q,
                       struct trtc_store_answer *answer, struct trtc_err *err);

/* The body of an answer; a header field of it, or NULL. */
struct trtc_bytes trtc_transfer_text(const struct trtc_reply *r);
const char *trtc_transfer_kept(const struct trtc_store_answer *answer, const char *name);

/* The store knows nothing of the upload, or of some of its parts. */
bool trtc_transfer_is_gone(const struct trtc_store_answer *answer);

/* An ETag without quotation marks; "" for what is none that could be sent back. */
void trtc_transfer_take_etag(const char *text, char out[72]);

/* Puts all in parts, which is completed; resume: those of file->resume that are still there are not
 * sent again. */
int trtc_transfer_put_parts(struct trtc_transfer *t, bool resume, bool *again,
                            struct trtc_err *err);

/* Takes parts back from the store, once and without waiting. */
void trtc_transfer_abandon(struct trtc_transfer *t);

/* HEAD: the size, and what the store says of the bytes; where it says nothing they are read back.
 * *again: it is not what was sent. */
int trtc_transfer_prove(struct trtc_transfer *t, bool *again, struct trtc_err *err);

#endif
