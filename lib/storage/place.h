/* SPDX-License-Identifier: MIT */
/* Where files are put: a directory, a bucket, VOD, or another program. */
#ifndef TRTC_STORAGE_PLACE_H
#define TRTC_STORAGE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

enum trtc_place_kind {
    TRTC_PLACE_DIR,  /* a directory */
    TRTC_PLACE_COS,  /* a bucket of Tencent COS */
    TRTC_PLACE_S3,   /* a bucket of AWS S3, or of a compatible store */
    TRTC_PLACE_VOD,  /* Tencent VOD, which determines the bucket */
    TRTC_PLACE_EXEC, /* a program that handles one file after another */
};

/* What VOD shall do with a file (ApplyUpload). All zeros: nothing special. */
struct trtc_place_vod {
    char *procedure;       /* template of the task flow after the upload; NULL: none */
    char *storage_region;  /* NULL: chosen by VOD */
    char *source_context;  /* returned in the callback for the upload; or NULL */
    char *session_context; /* returned in the callback for the task flow; or NULL */
    int64_t expire_s;      /* lifetime of the file after its upload; 0: unlimited */
    int64_t class_id;      /* 0: "other" */
    int64_t sub_app_id;    /* 0: the main application */
};

/* All zeros: no place. It owns its texts, which are heap memory. It contains no secret. */
struct trtc_place {
    enum trtc_place_kind kind;
    char *bucket;    /* COS ("BUCKET-APPID"), S3 */
    char *region;    /* COS, S3; VOD: of the API */
    char *endpoint;  /* [SCHEME://]HOST[:PORT] instead of the store's own host, as for
                        trtc_endpoint_parse; NULL: the store's own. VOD: of the API; if it is on
                        loopback, the bucket is expected there too */
    bool path_style; /* the bucket is in the path of the URL and not in the name of the host. Not
                        needed for an S3 endpoint that is an IP address, nor for a bucket with
                        dots on S3's own host. COS with an endpoint but without this: the
                        endpoint is the bucket's own host */
    char *prefix;    /* in front of keys; NULL: none. Whoever makes the keys adds it */
    char *dir;       /* DIR */
    char **command;  /* EXEC: argv, ending with NULL */
    struct trtc_place_vod vod;
};

/* Frees the contents and empties place. */
void trtc_place_fini(struct trtc_place *place);

#endif
