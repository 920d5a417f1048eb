/* SPDX-License-Identifier: MIT */
/* The files of a directory by their plain names. The directory is only read when a playlist names a
 * file that does not exist under that name; for most playlists that never happens. */
#include "playlist/dir_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/beneath.h"
#include "base/listing.h"
#include "playlist/plain_name.h"

/* Of the files with one plain name, the file that has it unchanged comes first. */
static int by_plain(const void *a, const void *b)
{
    const struct trtc_dir_entry *x = a, *y = b;
    int order = strcmp(x->plain, y->plain);
    if (order == 0)
        order = (y->plain == y->name) - (x->plain == x->name);
    return order ? order : strcmp(x->name, y->name);
}

static int add(struct trtc_dir_index *d, const char *name)
{
    char plain[TRTC_PLAIN_MAX];
    if (!trtc_plain_name(name, strlen(name), plain))
        return 0;
    if (trtc_array_room(&d->entries, d->n, sizeof *d->entries) < 0)
        return -1;
    struct trtc_dir_entry e = { .name = strdup(name) };
    e.plain = e.name && strcmp(plain, name) != 0 ? strdup(plain) : e.name;
    if (!e.plain) {
        free(e.name);
        return -1;
    }
    d->entries[d->n++] = e;
    return 0;
}

int trtc_dir_read(struct trtc_dir_index *d, struct trtc_err *err)
{
    if (d->read)
        return 0;
    struct trtc_names names = { 0 };
    int ret = trtc_list_dir(d->fd, "its directory cannot be read", &names, err);
    for (size_t i = 0; i < names.n && ret == 0; i++)
        if (add(d, names.v[i]) < 0)
            ret = trtc_fail_nomem(err);
    trtc_names_fini(&names);
    if (ret < 0 && !trtc_is_shortage(err))
        err->code = TRTC_EX_IOERR; /* the cause is not a missing file */
    if (d->n)
        qsort(d->entries, d->n, sizeof *d->entries, by_plain);
    d->read = ret == 0;
    if (ret < 0)
        trtc_dir_index_fini(d);
    return ret;
}

size_t trtc_dir_first(const struct trtc_dir_index *d, const char *plain)
{
    size_t lo = 0, hi = d->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(d->entries[mid].plain, plain) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->n && strcmp(d->entries[lo].plain, plain) == 0 ? lo : d->n;
}

/* Chooses among the entries with a plain name. -1: none is usable, or (err->code) a shortage. */
static int choose(struct trtc_dir_index *d, const char *plain, int64_t want_bytes,
                  struct trtc_dir_found *out, struct trtc_err *err)
{
    int ret = -1;
    err->code = 0;
    for (size_t i = trtc_dir_first(d, plain); i < d->n && strcmp(d->entries[i].plain, plain) == 0;
         i++) {
        struct trtc_err why;
        int64_t bytes;
        if (trtc_stat_beneath(d->fd, d->entries[i].name, &bytes, &why) < 0) {
            if (!trtc_is_shortage(&why))
                continue;
            *err = why;
            return -1;
        }
        if (ret == 0 && bytes != want_bytes)
            continue;
        *out = (struct trtc_dir_found){ d->entries[i].name, bytes };
        ret = 0;
        if (bytes == want_bytes)
            break;
    }
    return ret;
}

int trtc_dir_find(struct trtc_dir_index *d, const char *uri, int64_t want_bytes,
                  struct trtc_dir_found *out, struct trtc_err *err)
{
    char plain[TRTC_PLAIN_MAX];
    struct trtc_err why;
    *out = (struct trtc_dir_found){ .name = uri };
    if (trtc_stat_beneath(d->fd, uri, &out->bytes, err) == 0)
        return 0;
    if (trtc_is_shortage(err) || !trtc_plain_name(uri, strlen(uri), plain))
        return -1;
    if (trtc_dir_read(d, &why) < 0) {
        *err = why;
        return -1;
    }
    if (choose(d, plain, want_bytes, out, &why) == 0)
        return 0;
    if (why.code)
        *err = why;
    return -1;
}

void trtc_dir_index_fini(struct trtc_dir_index *d)
{
    for (size_t i = 0; i < d->n; i++) {
        if (d->entries[i].plain != d->entries[i].name)
            free(d->entries[i].plain);
        free(d->entries[i].name);
    }
    free(d->entries);
    *d = (struct trtc_dir_index){ .fd = d->fd };
}
