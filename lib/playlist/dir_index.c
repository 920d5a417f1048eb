/* SPDX-License-Identifier: MIT */
/* The files of a directory by their plain names. The directory is only read when a playlist names a
 * file that does not exist under that name; for most playlists that never happens. */
#include "playlist/dir_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/beneath.h"
#include "playlist/name.h"
#include "playlist/plain_name.h"

enum { DIRS_MAX = 32 }; /* tools make no more directories of an address */

/* Of the files with one plain name, the file that has it unchanged comes first. */
static int by_plain(const void *a, const void *b)
{
    const struct trtc_dir_entry *x = a, *y = b;
    int order = strcmp(x->plain, y->plain);
    if (order == 0)
        order = (y->plain == y->name) - (x->plain == x->name);
    return order ? order : strcmp(x->name, y->name);
}

/* ---- names that a tool has mangled ---- */

static bool is_users(const char *plain)
{
    struct trtc_name name;
    return trtc_name_parse(plain, strlen(plain), TRTC_ROOM_AUTO, &name, NULL, NULL) == 0 &&
           name.user.p;
}

static int fold(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c == '+' ? '_' : (unsigned char)c;
}

static int compare_folded(const char *x, const char *y)
{
    while (*x && fold(*x) == fold(*y)) {
        x++;
        y++;
    }
    return fold(*x) - fold(*y);
}

static int by_folded(const void *a, const void *b)
{
    const struct trtc_dir_entry *const *x = a, *const *y = b;
    return compare_folded((*x)->plain, (*y)->plain);
}

static int key_folded(const void *key, const void *item)
{
    const struct trtc_dir_entry *const *e = item;
    return compare_folded(key, (*e)->plain);
}

/* Sorts the entries whose names are not those of a user's file: only these may be mangled, so that
 * nobody gets the file of another user whose id differs in case only. */
static int sort_mangled(struct trtc_dir_index *d)
{
    d->mangled = malloc((d->n + 1) * sizeof *d->mangled);
    if (!d->mangled)
        return -1;
    for (size_t i = 0; i < d->n; i++)
        if (!is_users(d->entries[i].plain))
            d->mangled[d->nb_mangled++] = &d->entries[i];
    if (d->nb_mangled)
        qsort(d->mangled, d->nb_mangled, sizeof *d->mangled, by_folded);
    return 0;
}

/* The only entry that may be the file of a user with this plain name; NULL: none, or several. */
static const struct trtc_dir_entry *find_mangled(const struct trtc_dir_index *d, const char *plain)
{
    struct trtc_dir_entry **hit = bsearch(plain, d->mangled, d->nb_mangled, sizeof *d->mangled,
                                          key_folded),
                          **end = d->mangled + d->nb_mangled;
    if (!hit || (hit > d->mangled && by_folded(hit - 1, hit) == 0) ||
        (hit + 1 < end && by_folded(hit, hit + 1) == 0))
        return NULL;
    return *hit;
}

/* ---- reading the directory ---- */

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
    if (ret == 0 && d->any_case && sort_mangled(d) < 0)
        ret = trtc_fail_nomem(err);
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

/* ---- finding a file ---- */

/* Tries a path. -1: it leads to nothing, or (err->code) a shortage of the machine. */
static int try_path(struct trtc_dir_index *d, const char *path, struct trtc_dir_found *out,
                    struct trtc_err *err)
{
    if (trtc_stat_beneath(d->fd, path, &out->bytes, err) < 0) {
        err->code = trtc_is_shortage(err) ? err->code : 0;
        return -1;
    }
    if (trtc_names_add(&d->spelt, path) < 0)
        return trtc_fail_nomem(err);
    out->name = d->spelt.v[d->spelt.n - 1];
    return 0;
}

/* Tries the path through directories that uri is when it is decoded. -1 as above. */
static int find_decoded(struct trtc_dir_index *d, const char *uri, struct trtc_dir_found *out,
                        struct trtc_err *err)
{
    char path[TRTC_PLAIN_PATH_MAX];
    err->code = 0;
    return trtc_plain_path(uri, false, path) ? try_path(d, path, out, err) : -1;
}

static int nb_slashes(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += *s == '/';
    return n;
}

/* Tries the ends of that path, the longest first, with uri's query and without: a download tool may
 * have made directories of an address, or a directory may have been moved. -1 as above. */
static int find_end(struct trtc_dir_index *d, const char *uri, struct trtc_dir_found *out,
                    struct trtc_err *err)
{
    char path[TRTC_PLAIN_PATH_MAX];
    err->code = 0;
    for (int as_is = 0; as_is < 2; as_is++) {
        if ((as_is && !strpbrk(uri, "%?#")) || !trtc_plain_path(uri, as_is, path))
            continue;
        const char *p = path;
        for (int n = nb_slashes(path); n > DIRS_MAX; n--)
            p = strchr(p, '/') + 1;
        for (; strchr(p, '/'); p = strchr(p, '/') + 1) {
            if (try_path(d, p, out, err) == 0)
                return 0;
            if (err->code)
                return -1;
        }
    }
    return -1;
}

/* How well the size of a file fits: 2 is best, and an empty file is worst. */
static int fit(int64_t bytes, int64_t want_bytes)
{
    return bytes == want_bytes ? 2 : bytes > 0;
}

/* Chooses among the entries with a plain name. -1: none is usable, or (err->code) a shortage. */
static int choose(struct trtc_dir_index *d, const char *plain, int64_t want_bytes,
                  struct trtc_dir_found *out, struct trtc_err *err)
{
    int best = -1;
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
        if (fit(bytes, want_bytes) <= best)
            continue;
        best = fit(bytes, want_bytes);
        *out = (struct trtc_dir_found){ d->entries[i].name, bytes };
    }
    return best < 0 ? -1 : 0;
}

/* Takes the entry whose name was mangled. -1 as above. */
static int take_mangled(struct trtc_dir_index *d, const char *plain, struct trtc_dir_found *out,
                        struct trtc_err *err)
{
    const struct trtc_dir_entry *e = d->any_case && is_users(plain) ? find_mangled(d, plain) : NULL;
    err->code = 0;
    if (!e)
        return -1;
    if (trtc_stat_beneath(d->fd, e->name, &out->bytes, err) == 0) {
        out->name = e->name;
        return 0;
    }
    err->code = trtc_is_shortage(err) ? err->code : 0;
    return -1;
}

/* Searches the directory for the plain name of uri. -1 as above. */
static int search(struct trtc_dir_index *d, const char *uri, int64_t want_bytes,
                  struct trtc_dir_found *out, struct trtc_err *err)
{
    char plain[TRTC_PLAIN_MAX];
    err->code = 0;
    if (!trtc_plain_name(uri, strlen(uri), plain) || trtc_dir_read(d, err) < 0)
        return -1;
    if (choose(d, plain, want_bytes, out, err) == 0)
        return 0;
    return err->code ? -1 : take_mangled(d, plain, out, err);
}

/* Replaces the file that uri names, which is empty or of another size than expected, if there is one
 * of the expected size: a download that was broken off and repeated leaves both. */
static int find_better(struct trtc_dir_index *d, const char *uri, int64_t want_bytes,
                       struct trtc_dir_found *out, struct trtc_err *err)
{
    struct trtc_dir_found other;
    if (search(d, uri, want_bytes, &other, err) < 0)
        return err->code ? -1 : 0;
    if (fit(other.bytes, want_bytes) > fit(out->bytes, want_bytes))
        *out = other;
    return 0;
}

int trtc_dir_find(struct trtc_dir_index *d, const char *uri, int64_t want_bytes,
                  struct trtc_dir_found *out, struct trtc_err *err)
{
    struct trtc_err why;
    *out = (struct trtc_dir_found){ .name = uri };
    if (trtc_stat_beneath(d->fd, uri, &out->bytes, err) == 0)
        return out->bytes == 0 || (want_bytes >= 0 && out->bytes != want_bytes)
                   ? find_better(d, uri, want_bytes, out, err)
                   : 0;
    if (trtc_is_shortage(err) || find_decoded(d, uri, out, &why) == 0)
        return trtc_is_shortage(err) ? -1 : 0;
    if (!why.code && search(d, uri, want_bytes, out, &why) == 0)
        return 0;
    if (!why.code && find_end(d, uri, out, &why) == 0)
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
    free(d->mangled);
    trtc_names_fini(&d->spelt);
    *d = (struct trtc_dir_index){ .fd = d->fd, .any_case = d->any_case };
}
