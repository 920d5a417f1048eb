/* SPDX-License-Identifier: MIT */
/* An object store on loopback that does to files what stores have done: it speaks the languages of
 * COS and S3 and the two actions of VOD, checks every signature with code of its own, keeps what it
 * is given, and fails and lies on demand. */
#ifndef TRTC_TESTS_OBJECTSTORE_H
#define TRTC_TESTS_OBJECTSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OBJECTSTORE_BUCKET "bucket-1250000000"
#define OBJECTSTORE_REGION "ap-test"

/* What it does with a request instead of what it should. */
enum store_fault {
    STORE_RIGHT,       /* nothing else */
    STORE_BUSY,        /* 503 SlowDown, not acted on */
    STORE_BEHIND,      /* acts, then 500 InternalError */
    STORE_DROP,        /* closes the connection, not acted on */
    STORE_LOSE,        /* acts, and closes the connection */
    STORE_CUT,         /* acts, and sends a part of the answer */
    STORE_REFUSE,      /* 403 AccessDenied */
    STORE_DIGEST,      /* 400 BadDigest: it came damaged */
    STORE_LIE,         /* acts, and answers checksums of something else */
    STORE_FLIP,        /* stores it with a bit flipped, and says so by its checksums */
    STORE_FLIP_LIE,    /* the same, and answers the checksums of what was sent */
    STORE_SHORT,       /* stores it without its end, and says so */
    STORE_SHORT_LIE,   /* the same, and answers the checksums of what was sent */
    STORE_FORGET,      /* answers that all is well, and stores nothing */
    STORE_LOSE_PART,   /* completes without one of the parts */
    STORE_SWAP,        /* completes with two parts in each other's place */
    STORE_ERROR_IN_OK, /* completing: 200, and an error in it; not acted on */
    STORE_GONE,        /* forgets the upload: 404 NoSuchUpload */
    STORE_SILENT,      /* acts, and answers no checksum and no ETag that is one */
    STORE_SKEWED,      /* 403 RequestTimeTooSkewed */
    STORE_FAULTS,
};

struct objectstore_options {
    const char *id, *key, *token; /* of the client; token: NULL for none */
    bool unchecked;               /* takes any signature, and none */
    bool digests_only;            /* keeps checksums and sizes, no bytes */
    bool plain;                   /* S3: answers 501 to checksums in header fields */
    uint32_t seed;                /* of the faults, */
    int per_mille;                /* which so many requests of 1000 meet */
    uint32_t but;                 /* 1 << enum store_fault: never these */
    const char *script;           /* path of a file of "OPERATION N FAULT" lines; NULL */
    FILE *log;                    /* a line of JSON for each request; NULL */
    int64_t clock_s;              /* how wrong its clock is */
    int expire_after; /* the keys of the first ApplyUpload are good for so many requests; 0: for all, */
    bool expire_unsaid; /* and then the store answers AccessDenied, not ExpiredToken */
};

struct objectstore;

/* NULL: it cannot start. The options have to last as long as it. */
struct objectstore *objectstore_start(const struct objectstore_options *options);
void objectstore_stop(struct objectstore **s);

/* "http://127.0.0.1:PORT". */
const char *objectstore_url(const struct objectstore *s);

/* Whether the object is exactly these n bytes; bytes NULL (digests_only): their size and CRC-64. */
bool objectstore_has(struct objectstore *s, const char *key, const void *bytes, size_t n);
bool objectstore_has_crc(struct objectstore *s, const char *key, uint64_t crc64, int64_t n);

/* How many objects, unfinished uploads, parts put, requests and faults there have been. */
struct objectstore_counts {
    int objects, uploads, parts, requests, streamed, refused, faults[STORE_FAULTS];
};
struct objectstore_counts objectstore_counts(struct objectstore *s);

/* Whether a request of that operation can meet it. */
bool objectstore_suits(enum store_fault fault, const char *operation);

/* All at once, and for good: STORE_RIGHT ends it. */
void objectstore_always(struct objectstore *s, enum store_fault fault);

/* The next n requests of that operation ("put", "part", "begin", "complete", "abort", "list",
 * "head", "get", "apply", "commit", "any") meet it; after as many as skip. */
void objectstore_next(struct objectstore *s, const char *operation, enum store_fault fault, int n,
                      int skip);

#endif
