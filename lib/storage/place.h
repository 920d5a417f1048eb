/* SPDX-License-Identifier: MIT */
/* Where files are put: a directory, a bucket, VOD, or another program. */
#ifndef TRTC_STORAGE_PLACE_H
#define TRTC_STORAGE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

enum trtc_place_kind {
    TRTC_PLACE_DIR,  /* a directory */
    TRTC_PLACE_COS,  /* a bucket of Tencent COS */
    TRTC_PLACE_S3,   /* a bucket of AWS S3, or of what speaks its language */
    TRTC_PLACE_VOD,  /* Tencent VOD, which says where its bucket is */
    TRTC_PLACE_EXEC, /* a program that takes one file after the other */
};

/* What VOD is asked to do with a file (ApplyUpload). Zero: nothing particular. */
struct trtc_place_vod {
    char *procedure;       /* template of the task flow that runs after the upload; NULL: none */
    char *storage_region;  /* NULL: VOD's choice */
    char *source_context;  /* echoed in the callback of the upload; NULL */
    char *session_context; /* echoed in the callback of the task flow; NULL */
    int64_t expire_s;      /* the file's life from its upload on; 0: for ever */
    int64_t class_id;      /* 0: "other" */
    int64_t sub_app_id;    /* 0: the main application */
};

/* Zero is no place; texts are on the heap and its own. No secret stands in it. */
struct trtc_place {
    enum trtc_place_kind kind;
    char *bucket;    /* COS ("BUCKET-APPID"), S3 */
    char *region;    /* COS, S3; VOD: of the API */
    char *endpoint;  /* [SCHEME://]HOST[:PORT] in place of the store's own host, as
                        trtc_endpoint_parse takes it; NULL: the store's own. VOD: of the API; where
                        it  is on loopback, the bucket that VOD names is looked for there too */
    bool path_style; /* the bucket stands in the path of the URL and not in the name of the host.
                        An S3 endpoint that is an address has no other way, and needs no mark; nor
                        has a bucket with dots at S3's own host. COS with an endpoint and without
                        the mark: the endpoint is the bucket's own host */
    char *prefix;    /* stands before keys; NULL: none. Whoever makes the keys puts it there */
    char *dir;       /* DIR */
    char **command;  /* EXEC: argv, NULL at its end */
    struct trtc_place_vod vod;
};

/* Frees what is in it and empties it. */
void trtc_place_fini(struct trtc_place *place);

#endif
