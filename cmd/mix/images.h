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
    AVFrame *stored; /* as the file has it */
    AVFrame *shown;  /* in the colours of the mix, once it is shown */
};

struct images {             /* init with mix_images_init */
    pthread_mutex_t lock;   /* of items: a live script reads pictures while others are shown */
    struct opt_list mapped; /* --image URL=FILE, as given */
    struct image *items;
    size_t n;
    int code;                  /* worst exit status of what was not available */
    struct trtc_mix_note note; /* ... and what was said of it */
};

void mix_images_init(struct images *im);
/* Reads a picture, once. */
int mix_image_load(struct images *im, const char *path, struct trtc_err *err);
/* The pictures that a look from a request or script names by URL become paths of pictures that have been read; one
 * that is not available is named and taken out. */
void mix_images_resolve(struct images *im, struct trtc_mix_look *look);
/* The same for the windows of a list that an option gave. */
void mix_images_resolve_list(struct images *im, struct trtc_layout_list *list);
/* For trtc_mix_opts: the picture in those colours, which are always the same. */
const AVFrame *mix_image(void *images, const char *path, const struct trtc_colour *colour);
void mix_images_fini(struct images *im);

#endif
