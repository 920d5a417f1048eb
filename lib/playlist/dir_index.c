/* SPDX-License-Identifier: MIT */
/* The files of a directory by their plain names. The directory is read when the first line of a
 * playlist does not name a file as it stands, which for most is never. */
#include "playlist/dir_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "playlist/plain_name.h"

struct trtc_dir_entry {
    char *plain, *name; /* plain may be name */
};

/* What is called so in truth stands first. */
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
    if ((d->n & (d->n - 1)) == 0) { /* room doubles at every power of two */
        struct trtc_dir_entry *grown = realloc(d->entries, (d->n ? 2 * d->n : 1) * sizeof *grown);
        if (!grown)
            return -1;
        d->entries = grown;
    }
    struct trtc_dir_entry e = { .name = strdup(name) };
    e.plain = e.name && strcmp(plain, name) != 0 ? strdup(plain) : e.name;
    if (!e.plain) {
        free(e.name);
        return -1;
    }
    d->entries[d->n++] = e;
    return 0;
}

static int read_entries(struct trtc_dir_index *d, struct trtc_err *err)
{
    const struct dirent *e;
    int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        trtc_fail_errno(err, TRTC_EX_IOERR, errno, "its directory cannot be read");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (errno = 0; ret == 0 && (e = readdir(dir)); errno = 0)
        if (add(d, e->d_name) < 0)
            ret = trtc_fail_nomem(err);
    if (ret == 0 && errno)
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "its directory cannot be read");
    closedir(dir);
    if (d->n)
        qsort(d->entries, d->n, sizeof *d->entries, by_plain);
    d->read = ret == 0;
    if (ret < 0)
        trtc_dir_index_fini(d);
    return ret;
}

static size_t first_of(const struct trtc_dir_index *d, const char *plain)
{
    size_t lo = 0, hi = d->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(d->entries[mid].plain, plain) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Of the entries of a plain name. -1: there is none that can be used, or (err->code) a shortage. */
static int choose(struct trtc_dir_index *d, const char *plain, int64_t want_bytes,
                  const char **name, int64_t *size_bytes, struct trtc_err *err)
{
    int ret = -1;
    err->code = 0;
    for (size_t i = first_of(d, plain); i < d->n && strcmp(d->entries[i].plain, plain) == 0; i++) {
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
        *name = d->entries[i].name;
        *size_bytes = bytes;
        ret = 0;
        if (bytes == want_bytes)
            break;
    }
    return ret;
}

int trtc_dir_find(struct trtc_dir_index *d, const char *uri, int64_t want_bytes, const char **name,
                  int64_t *size_bytes, struct trtc_err *err)
{
    char plain[TRTC_PLAIN_MAX];
    struct trtc_err why;
    *name = uri;
    if (trtc_stat_beneath(d->fd, uri, size_bytes, err) == 0)
        return 0;
    if (trtc_is_shortage(err) || !trtc_plain_name(uri, strlen(uri), plain))
        return -1;
    if (!d->read && read_entries(d, &why) < 0) {
        *err = why;
        return -1;
    }
    if (choose(d, plain, want_bytes, name, size_bytes, &why) == 0)
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
