/* SPDX-License-Identifier: MIT */
/* trtc-mix: the pictures that a mix shows: watermarks, backgrounds, placeholders. */
#ifndef TRTC_CMD_MIX_IMAGES_H
#define TRTC_CMD_MIX_IMAGES_H

#include <pthread.h>
#include <stddef.h>

#include <libavutil/frame.h>

#include "../opt.h"
#include "base/err.h"
#include "layout/mixset.h"
#include "mix/part.h"

struct trtc_colour;

struct image {
    char *path;
    AVFrame *stored; /* in the colours of the file */
    AVFrame *shown;  /* in the colours of the mix; NULL: it was not shown yet */
    uint64_t sum;    /* a hash of its file */
};

struct images {             /* init with mix_images_init */
    pthread_mutex_t lock;   /* guards items: a live script adds pictures while others are shown */
    struct opt_list mapped; /* --image URL=FILE, as given */
    struct image *items;
    size_t n;
    int code;                  /* the worst exit status of pictures that were not available */
    struct trtc_mix_note note; /* the messages about these */
};

void mix_images_init(struct images *im);
/* Reads a picture, unless it was read before. Returns 0, or -1. */
int mix_image_load(struct images *im, const char *path, struct trtc_err *err);
/* Reads the pictures of a look from a request or script, and replaces their URLs by the paths of
 * files (--image). A picture that is not available is reported, and removed from the look. */
void mix_images_resolve(struct images *im, struct trtc_mix_look *look);
/* The same for the placeholders in a list of windows. */
void mix_images_resolve_list(struct images *im, struct trtc_layout_list *list);
/* For trtc_mix_opts: returns a picture that was read, in the colours of the mix, which must be the
 * same in every call; owned by images. NULL: it was not read, or cannot be converted. */
const AVFrame *mix_image(void *images, const char *path, const struct trtc_colour *colour);
/* For trtc_mix_opts: returns a hash of the file of a picture that was read; 0: it was not read. */
uint64_t mix_image_sum(void *images, const char *path);
void mix_images_fini(struct images *im);

#endif
