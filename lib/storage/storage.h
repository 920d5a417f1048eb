/* SPDX-License-Identifier: MIT */
/* Puts files into object storage (COS, S3, VOD). A file only counts as stored when it is proven to
 * be there.
 *
 *   storage = trtc_storage_open(&options, &err);
 *   trtc_storage_put(storage, &file, &proof, &err);    for each file
 *   trtc_storage_close(&storage);
 *
 * A file of at most one part is sent in one request, a larger one in parts. The store's answers are
 * compared with what was sent: for COS by the CRC-64 of every part and of the whole; for S3 by
 * SHA-256 if the store returns it, otherwise by MD5; for both also by the size that a HEAD request
 * returns. If they differ the file is sent again. A file that changes meanwhile is also sent again
 * from its start. */
#ifndef TRTC_STORAGE_STORAGE_H
#define TRTC_STORAGE_STORAGE_H

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/call.h"
#include "net/secret.h"
#include "storage/place.h"

#define TRTC_STORAGE_PART_BYTES (8 << 20)
#define TRTC_STORAGE_PARTS_MAX  10000 /* per object: a larger object has larger parts */
#define TRTC_STORAGE_IDLE_MS    30000 /* a connection on which nothing moves for so long is broken */
#define TRTC_STORAGE_ASK_MS     4000  /* how often a failing store is asked whether it is back */
#define TRTC_STORAGE_KEY_MAX    1024  /* length of a key in bytes */

/* What all storages of one place share. Start with all zeros. */
struct trtc_storage_shared {
    atomic_bool reached;  /* the store has answered once. Before that a refused connection is final,
                              since the address may be wrong; afterwards it is a failure of the store
                              and is retried */
    atomic_llong nb_good; /* successful requests: once one succeeds, all waits end */
    atomic_llong asked_ms; /* when a waiting storage last tested whether the store has recovered */
};

/* A member that is zero has its default, if there is one. Everything that is pointed to must remain
 * valid as long as the storage. */
struct trtc_storage_options {
    const struct trtc_place *place;      /* COS, S3 or VOD */
    const struct trtc_credentials *keys; /* with a token if they are temporary */
    struct trtc_outside outside;         /* clocks, randomness, waiting, notices (net/call.h) */
    int retries;                         /* attempts of a request after the first; 0: limited by
                                             the budget only, and one of all storages asks every
                                             TRTC_STORAGE_ASK_MS; -1: none */
    int64_t budget_ms;                   /* for all attempts of one request; 0: 5 minutes */
    int64_t connect_ms;                  /* 0: TRTC_HTTP_CONNECT_MS */
    int64_t idle_ms;                     /* 0: TRTC_STORAGE_IDLE_MS */
    size_t part_bytes;                   /* 0: TRTC_STORAGE_PART_BYTES */
    const char *agent;                   /* User-Agent; NULL: none */
    const char *ca_file;                 /* trusts these certificates (PEM) instead of the
                                             system's; or NULL */
    const volatile sig_atomic_t *stop;   /* ends the transfer within about a second when it
                                             becomes nonzero; or NULL */
    struct trtc_storage_shared *shared;  /* NULL: this is the only storage of the place */
};

/* A part that the store is proven to have; worth a line in a journal. */
struct trtc_storage_part {
    int number;     /* from 1 */
    int64_t offset; /* in the file */
    int64_t bytes;
    uint64_t crc64; /* storage/crc64.h */
    char etag[72];  /* as received from the store, without quotation marks */
};

/* An upload that was begun but not completed. It is only a proposal: a part is skipped if the file
 * still has the same bytes there, by their CRC-64, and the store still lists the part. */
struct trtc_storage_resume {
    const char *upload; /* the store's id for it */
    const struct trtc_storage_part *parts;
    size_t nb_parts;
};

struct trtc_storage_file {
    int fd;           /* a regular file; read with pread, so its file position does not matter */
    const char *path; /* for messages */
    const char *key;  /* the object's whole name with its prefix: UTF-8 of
                         1...TRTC_STORAGE_KEY_MAX bytes, stored unchanged. VOD: its last part
                         becomes the name and type of the media */
    const char *mime; /* Content-Type; NULL: application/octet-stream */
    struct trtc_storage_resume resume; /* all zeros: none; not supported by VOD */

    /* Events for a journal; both may be NULL, and a nonzero result ends the put (TRTC_EX_IOERR).
     * begun: an upload in parts begins, and what was recorded of an earlier upload of this key is
     * void. part: the store has another part. If begun is NULL, a put that fails removes its parts
     * from the store; otherwise they stay there. */
    int (*begun)(void *arg, const char *upload);
    int (*part)(void *arg, const struct trtc_storage_part *part);
    void *arg;
};

/* What is known of an object in the store. All zeros: nothing. */
struct trtc_storage_proof {
    int64_t bytes;
    uint64_t crc64;
    char etag[72]; /* without quotation marks; "": the store does not provide one */
    char *url;     /* of the object; VOD: MediaUrl */
    char *file_id; /* VOD; else NULL */
};

/* Frees the contents and empties proof. A second call does nothing. */
void trtc_storage_proof_fini(struct trtc_storage_proof *proof);

struct trtc_storage; /* for one thread at a time */

/* Checks the place and the keys; sends nothing. NULL on failure: TRTC_EX_USAGE (an invalid
 * endpoint, bucket or region), TRTC_EX_CONFIG (the keys cannot be valid). */
struct trtc_storage *trtc_storage_open(const struct trtc_storage_options *options,
                                       struct trtc_err *err);

/* Overwrites all secrets, closes the connections, frees *storage and clears the pointer; NULL is
 * allowed. */
void trtc_storage_close(struct trtc_storage **storage);

/* Puts one file. Free *proof with trtc_storage_proof_fini; it is all zeros on failure. Messages
 * name path and never quote secrets. TRTC_EX_NOPERM: the store refuses it; TRTC_EX_UNAVAILABLE:
 * there is no such bucket, or the store does not support the request; TRTC_EX_TEMPFAIL: network
 * failures, a failing store, a missing proof, a file that keeps changing; TRTC_EX_IOERR: the file
 * cannot be read; TRTC_EX_DATAERR: it is not a regular file, or its key is empty, too long or not
 * UTF-8. 0, or -1. */
int trtc_storage_put(struct trtc_storage *storage, const struct trtc_storage_file *file,
                     struct trtc_storage_proof *proof, struct trtc_err *err);

#endif
