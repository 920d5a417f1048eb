/* SPDX-License-Identifier: MIT */
/* Which files an uploader has been given, and which it has confirmed. */
#include "task/upload.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { DOUBLINGS = 6, TRIES_AT_END = 4 };

void trtc_upload_fini(struct trtc_upload *u)
{
    for (size_t i = 0; i < u->n; i++)
        free(u->items[i].path);
    free(u->items);
    trtc_names_fini(&u->told);
    *u = (struct trtc_upload){ 0 };
}

static enum trtc_upload_kind kind_of(const char *type)
{
    return strcmp(type, "segment") == 0    ? TRTC_UPLOAD_SEGMENT
           : strcmp(type, "playlist") == 0 ? TRTC_UPLOAD_PLAYLIST
                                           : TRTC_UPLOAD_MADE;
}

static void drop(struct trtc_upload *u, size_t i)
{
    free(u->items[i].path);
    u->n--;
    memmove(u->items + i, u->items + i + 1, (u->n - i) * sizeof *u->items);
}

int trtc_upload_add(struct trtc_upload *u, const char *path, const char *type, struct trtc_err *err)
{
    struct trtc_upload_file f = { .path = strdup(path), .kind = kind_of(type) };
    if (!f.path || trtc_array_reserve(&u->items, &u->cap, u->n + 1, sizeof *u->items) < 0) {
        free(f.path);
        return trtc_fail_nomem(err);
    }
    for (size_t i = 0; i < u->n; i++)
        if (!u->items[i].given && strcmp(u->items[i].path, path) == 0) {
            drop(u, i);
            break;
        }
    u->items[u->n++] = f;
    return 0;
}

const char *trtc_upload_next(struct trtc_upload *u)
{
    for (size_t i = 0; i < u->n; i++)
        if (!u->items[i].given) {
            u->items[i].given = true;
            return u->items[i].path;
        }
    return NULL;
}

bool trtc_upload_all_given(const struct trtc_upload *u)
{
    for (size_t i = 0; i < u->n; i++)
        if (!u->items[i].given)
            return false;
    return true;
}

void trtc_upload_again(struct trtc_upload *u)
{
    for (size_t i = 0; i < u->n; i++)
        u->items[i].given = false;
}

static bool is_told(const struct trtc_upload *u, const char *path)
{
    for (size_t i = 0; i < u->told.n; i++)
        if (strcmp(u->told.v[i], path) == 0)
            return true;
    return false;
}

bool trtc_upload_proven(struct trtc_upload *u, const char *path)
{
    for (size_t i = 0; i < u->n; i++) {
        if (!u->items[i].given || strcmp(u->items[i].path, path) != 0)
            continue;
        const bool first = u->items[i].kind == TRTC_UPLOAD_PLAYLIST && !is_told(u, path);
        drop(u, i);
        return first && trtc_names_add(&u->told, path) == 0;
    }
    return false;
}

size_t trtc_upload_waiting(const struct trtc_upload *u, bool made)
{
    size_t n = 0;
    for (size_t i = 0; i < u->n; i++)
        n += (u->items[i].kind == TRTC_UPLOAD_MADE) == made;
    return n;
}

int64_t trtc_upload_pause_us(const struct trtc_upload *u, bool ends)
{
    if (ends && u->failures >= TRIES_AT_END)
        return -1;
    return (INT64_C(1000000) / 2) << (u->failures < DOUBLINGS ? u->failures : DOUBLINGS);
}
