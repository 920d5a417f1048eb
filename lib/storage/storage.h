/* SPDX-License-Identifier: MIT */
/* Files into object storage (COS, S3, VOD), each proven to be there before it is called stored.
 *
 *   storage = trtc_storage_open(&options, &err);
 *   trtc_storage_put(storage, &file, &proof, &err);    as often as there are files
 *   trtc_storage_close(&storage);
 *
 * A file of at most one part goes in one request, a larger one in parts. What the store answers is
 * checked against what was sent: COS by the CRC-64 of every part and of the whole; S3 by SHA-256
 * where the store answers it, else by MD5; both then by the size that a HEAD finds. What does not
 * agree is sent again. A file that is changed while it is put is put again from its start. */
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
#define TRTC_STORAGE_PARTS_MAX  10000 /* of an object: parts of larger ones are larger */
#define TRTC_STORAGE_IDLE_MS    30000 /* nothing goes out and nothing comes in: broken */
#define TRTC_STORAGE_ASK_MS     4000  /* a store that fails is asked so often whether it is back */
#define TRTC_STORAGE_KEY_MAX    1024  /* bytes of a key */

/* What all storages of one place share. Zero is a good start. */
struct trtc_storage_shared {
    atomic_bool reached; /* it has answered once. Until then a refused connection is final, since the
                            address may be wrong; afterwards it is a store that fails, and tried again */
    atomic_llong nb_good;  /* requests that went well: who waits for the store waits no longer */
    atomic_llong asked_ms; /* when one of those who wait asked last whether it is back */
};

/* The zero value of a member is its default, where it has one. All that is pointed to has to last
 * as long as the storage. */
struct trtc_storage_options {
    const struct trtc_place *place;      /* COS, S3 or VOD */
    const struct trtc_credentials *keys; /* with a token where they are temporary */
    struct trtc_outside outside;         /* clocks, chance, waiting, notices (net/call.h) */
    int retries;                         /* attempts of a request after the first; 0: as many as
                                             the budget has room for, and one of all storages asks
                                             every TRTC_STORAGE_ASK_MS; -1: none */
    int64_t budget_ms;                   /* for all attempts of one request; 0: 5 minutes */
    int64_t connect_ms;                  /* 0: TRTC_HTTP_CONNECT_MS */
    int64_t idle_ms;                     /* 0: TRTC_STORAGE_IDLE_MS */
    size_t part_bytes;                   /* 0: TRTC_STORAGE_PART_BYTES */
    const char *agent;                   /* User-Agent; NULL: none */
    const char *ca_file;                 /* trusts these certificates (PEM), not the system's */
    const volatile sig_atomic_t *stop;   /* ends what goes on within about a second; NULL: none */
    struct trtc_storage_shared *shared;  /* NULL: nobody else puts there */
};

/* A part that the store has: proven, and worth a line in a journal. */
struct trtc_storage_part {
    int number;     /* from 1 */
    int64_t offset; /* in the file */
    int64_t bytes;
    uint64_t crc64; /* storage/crc64.h */
    char etag[72];  /* as the store gave it, without quotation marks */
};

/* An upload that was begun and not completed. It is only a proposal: a part is skipped if the file
 * still has these bytes there, by their CRC-64, and the store still lists the part. */
struct trtc_storage_resume {
    const char *upload; /* the store's id of it */
    const struct trtc_storage_part *parts;
    size_t nb_parts;
};

struct trtc_storage_file {
    int fd;           /* of a regular file; read with pread, its own position does not matter */
    const char *path; /* for messages */
    const char *key;  /* the object's whole name, prefix included: UTF-8 of 1...TRTC_STORAGE_KEY_MAX
                         bytes, stored as it is. VOD: names and types the media by its last part */
    const char *mime; /* Content-Type; NULL: application/octet-stream */
    struct trtc_storage_resume resume; /* zero: none. VOD knows none */

    /* For a journal: both may be NULL; nonzero ends the put (TRTC_EX_IOERR). begun: an upload in
     * parts begins, and what was told of an earlier one of this key no longer holds. part: the
     * store has one more. Where begun is NULL, a put that fails takes its parts back from the
     * store; else they stay there. */
    int (*begun)(void *arg, const char *upload);
    int (*part)(void *arg, const struct trtc_storage_part *part);
    void *arg;
};

/* What is known of an object that is there. Zero is none. */
struct trtc_storage_proof {
    int64_t bytes;
    uint64_t crc64;
    char etag[72]; /* without quotation marks; "": the store has none */
    char *url;     /* of the object; VOD: MediaUrl */
    char *file_id; /* VOD; else NULL */
};

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_storage_proof_fini(struct trtc_storage_proof *proof);

struct trtc_storage; /* one for each thread */

/* Looks at the place and keys; sends nothing. NULL on failure: TRTC_EX_USAGE for an endpoint,
 * bucket or region that is none, TRTC_EX_CONFIG for keys that cannot be some. */
struct trtc_storage *trtc_storage_open(const struct trtc_storage_options *options,
                                       struct trtc_err *err);

/* Wipes all that is secret, closes the connections. NULL is fine. */
void trtc_storage_close(struct trtc_storage **storage);

/* Puts one file; *proof is the caller's (trtc_storage_proof_fini), none on failure. Failures name
 * path, and quote nothing of a secret: TRTC_EX_NOPERM where the store refuses it,
 * TRTC_EX_UNAVAILABLE where there is no such bucket or it does not take this request,
 * TRTC_EX_TEMPFAIL for the network, a store that fails, a proof that does not come, a file that
 * keeps changing, and TRTC_EX_IOERR where it cannot be read. */
int trtc_storage_put(struct trtc_storage *storage, const struct trtc_storage_file *file,
                     struct trtc_storage_proof *proof, struct trtc_err *err);

#endif
