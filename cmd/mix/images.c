/* SPDX-License-Identifier: MIT */
/* trtc-mix: the pictures that a mix shows: watermarks, backgrounds, placeholders. Nothing is
 * fetched from a network. */
#include "images.h"

#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "base/array.h"
#include "picture/overlay.h"

void mix_images_init(struct images *im)
{
    *im = (struct images){ 0 };
    pthread_mutex_init(&im->lock, NULL);
}

/* Called with the lock held. */
static struct image *find(const struct images *im, const char *path)
{
    for (size_t i = 0; i < im->n; i++)
        if (strcmp(im->items[i].path, path) == 0)
            return &im->items[i];
    return NULL;
}

static bool has(struct images *im, const char *path)
{
    pthread_mutex_lock(&im->lock);
    const bool found = find(im, path);
    pthread_mutex_unlock(&im->lock);
    return found;
}

const AVFrame *mix_image(void *images, const char *path, const struct trtc_colour *colour)
{
    struct images *im = images;
    struct trtc_err why;
    pthread_mutex_lock(&im->lock);
    struct image *x = find(im, path);
    if (x && !x->shown)
        x->shown = trtc_image_in(x->stored, colour, &why);
    const AVFrame *shown = x ? x->shown : NULL;
    pthread_mutex_unlock(&im->lock);
    return shown;
}

uint64_t mix_image_sum(void *images, const char *path)
{
    struct images *im = images;
    pthread_mutex_lock(&im->lock);
    const struct image *x = find(im, path);
    const uint64_t sum = x ? x->sum : 0;
    pthread_mutex_unlock(&im->lock);
    return sum;
}

int mix_image_load(struct images *im, const char *path, struct trtc_err *err)
{
    if (has(im, path))
        return 0;
    struct image read = { 0 };
    read.stored = trtc_image_load(path, &read.sum, err);
    if (!read.stored)
        return -1;
    read.path = strdup(path);
    pthread_mutex_lock(&im->lock);
    const bool room = read.path && trtc_array_room(&im->items, im->n, sizeof *im->items) == 0;
    if (room)
        im->items[im->n++] = read;
    pthread_mutex_unlock(&im->lock);
    if (room)
        return 0;
    free(read.path);
    av_frame_free(&read.stored);
    return trtc_fail_nomem(err);
}

/* Returns the file that --image gives for url, or NULL. */
static const char *file_of(const struct images *im, const char *url)
{
    const size_t n = strlen(url);
    for (size_t i = 0; i < im->mapped.n; i++)
        if (strncmp(im->mapped.items[i], url, n) == 0 && im->mapped.items[i][n] == '=')
            return im->mapped.items[i] + n + 1;
    if (strncmp(url, "file:", 5) != 0)
        return NULL;
    url += 5;
    return strncmp(url, "//", 2) == 0 ? url + 2 : url;
}

/* Reads the picture and sets *name to its path, or to NULL. */
static void resolve(struct images *im, const char *what, char **name)
{
    struct trtc_err err;
    const char *file = *name ? file_of(im, *name) : NULL;
    char *path = NULL;
    if (!*name)
        return;
    if (!file)
        trtc_fail(&err, TRTC_EX_LOSS, "%s: %s: not available; give it with --image URL=FILE", what,
                  *name);
    else if (mix_image_load(im, file, &err) == 0)
        path = strdup(file);
    if (!path) {
        cli_report(&err);
        im->code = trtc_worse(im->code, trtc_is_shortage(&err) ? err.code : TRTC_EX_LOSS);
        if (trtc_mix_note_add(&im->note, err.msg) < 0)
            im->code = TRTC_EX_TEMPFAIL;
    }
    free(*name);
    *name = path;
}

void mix_images_resolve_list(struct images *im, struct trtc_layout_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        char **name = &list->items[i].placeholder;
        if (*name && !has(im, *name)) /* those of a request were read already */
            resolve(im, "placeholder", name);
    }
}

void mix_images_resolve(struct images *im, struct trtc_mix_look *look)
{
    size_t n = 0;
    resolve(im, "background", &look->background_image);
    resolve(im, "placeholder", &look->placeholder);
    mix_images_resolve_list(im, &look->list);
    for (size_t i = 0; i < look->nb_marks; i++) {
        struct trtc_mark *m = &look->marks[i];
        if (m->kind == TRTC_MARK_IMAGE)
            resolve(im, "watermark", &m->text);
        if (m->kind != TRTC_MARK_IMAGE || m->text)
            look->marks[n++] = *m;
    }
    look->nb_marks = n;
}

void mix_images_fini(struct images *im)
{
    for (size_t i = 0; i < im->n; i++) {
        free(im->items[i].path);
        av_frame_free(&im->items[i].stored);
        av_frame_free(&im->items[i].shown);
    }
    free(im->items);
    trtc_mix_note_fini(&im->note);
    opt_list_free(&im->mapped);
    pthread_mutex_destroy(&im->lock);
}
