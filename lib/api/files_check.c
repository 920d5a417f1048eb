/* SPDX-License-Identifier: MIT */
/* A task's files on disk, beside what was expected and reported. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "playlist/plain_name.h"
#include "playlist/playlist_load.h"
#include "base/text.h"
#include "api/files_priv.h"

#define PART_MAX  256
#define SHOWN_MAX 160

/* A file of the directory. */
struct entry {
    char *name;  /* as it is */
    char *plain; /* as the service has called it; may be name */
    bool listed; /* by a playlist */
    bool copy;   /* of the entry before, which has the same plain name */
};

struct check {
    int fd;
    char *dirs;            /* for names: "PREFIX/TASK/" */
    struct entry *entries; /* sorted by plain name; recordings' files alone */
    size_t n;
    struct trtc_name own; /* application and room of the task; no room: not known */
    char *own_text;       /* what own points into */
    struct trtc_listing *out;
    size_t nb_given; /* items that were expected or reported: the first of them */
    struct trtc_err *err;
};

/* ---- the directory ---- */

/* One directory further down, which no link leads to; takes fd over. */
static int enter(int fd, const char *part, size_t n)
{
    char name[PART_MAX];
    int next = -1;
    bool dots = n <= 2 && memcmp(part, "..", n) == 0;
    if (n > 0 && n < sizeof name && !dots) {
        memcpy(name, part, n);
        name[n] = '\0';
        next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    close(fd);
    return next;
}

/* dirs ("a/b/TASK/") below root, or -1. */
static int descend(int root, const char *dirs)
{
    int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && *dirs) {
        size_t n = strcspn(dirs, "/");
        fd = enter(fd, dirs, n);
        dirs += n + (dirs[n] == '/');
    }
    return fd;
}

static bool is_named(const char *dir, const char *task)
{
    size_t n = strlen(dir), k = strlen(task);
    while (n && dir[n - 1] == '/')
        n--;
    return k && n >= k && memcmp(dir + n - k, task, k) == 0 && (n == k || dir[n - k - 1] == '/');
}

/* dir is the task's directory, or one above it: the longest way down that is there. */
static int open_task(struct check *c, const char *dir, const char *task)
{
    int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return trtc_fail_errno(c->err, TRTC_EX_NOINPUT, errno, "'%s'", dir);
    const char *way = is_named(dir, task) ? "" : c->dirs;
    c->fd = descend(root, way);
    while (c->fd < 0 && *way) {
        way += strcspn(way, "/");
        way += *way == '/';
        c->fd = descend(root, way);
    }
    int saved = errno;
    close(root);
    return c->fd < 0 ? trtc_fail_errno(c->err, TRTC_EX_NOINPUT, saved, "'%s'", dir) : 0;
}

static bool has_ext(const char *name, const char *ext)
{
    size_t n = strlen(name), k = strlen(ext);
    return n > k && strcmp(name + n - k, ext) == 0;
}

static int by_plain(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->plain, y->plain);
    if (order || !x->name || !y->name)
        return order;
    order = (y->plain == y->name) - (x->plain == x->name); /* what is called so in truth is first */
    return order ? order : strcmp(x->name, y->name);
}

/* 0, -1: no memory. */
static int add_entry(struct check *c, size_t *room, const char *name, const char *plain)
{
    if (c->n == *room) {
        *room = *room ? 2 * *room : 64;
        struct entry *more = realloc(c->entries, *room * sizeof *more);
        if (!more)
            return -1;
        c->entries = more;
    }
    struct entry *e = &c->entries[c->n++]; /* freed with the others, whatever it lacks */
    *e = (struct entry){ .name = strdup(name) };
    e->plain = e->name && strcmp(name, plain) != 0 ? strdup(plain) : e->name;
    return e->plain ? 0 : -1;
}

static int list_entries(struct check *c)
{
    size_t room = 0;
    int ret = 0;
    const struct dirent *e;
    int copy = openat(c->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    if (!d) {
        int saved = errno;
        if (copy >= 0)
            close(copy);
        return trtc_fail_errno(c->err, TRTC_EX_NOINPUT, saved, "the task's directory");
    }
    for (errno = 0; ret == 0 && (e = readdir(d)); errno = 0) {
        char plain[TRTC_PLAIN_MAX];
        if (trtc_plain_name(e->d_name, strlen(e->d_name), plain) &&
            (has_ext(plain, ".m3u8") || has_ext(plain, ".ts") || has_ext(plain, ".mp4")) &&
            add_entry(c, &room, e->d_name, plain) < 0)
            ret = trtc_fail_nomem(c->err);
    }
    if (ret == 0 && errno)
        ret = trtc_fail_errno(c->err, TRTC_EX_IOERR, errno, "the task's directory");
    closedir(d);
    if (ret == 0 && c->n)
        qsort(c->entries, c->n, sizeof *c->entries, by_plain);
    for (size_t i = 1; i < c->n && ret == 0; i++)
        c->entries[i].copy = strcmp(c->entries[i].plain, c->entries[i - 1].plain) == 0;
    return ret;
}

/* ---- names ---- */

static bool parse(const char *file, struct trtc_name *out)
{
    return trtc_name_parse(file, strlen(file), TRTC_ROOM_AUTO, out, NULL, NULL) == 0;
}

/* Directories, application and room: those of the first name that is one. */
static int learn(struct check *c, const char *task)
{
    const char *first = c->out->n ? c->out->items[0].name : NULL;
    size_t n = first ? (size_t)(trtc_file_part(first) - first) : strlen(task);
    c->dirs = malloc(n + 2);
    c->own_text = first ? strdup(trtc_file_part(first)) : NULL;
    if (!c->dirs || (first && !c->own_text))
        return trtc_fail_nomem(c->err);
    memcpy(c->dirs, first ? first : task, n);
    if (n && c->dirs[n - 1] != '/')
        c->dirs[n++] = '/';
    c->dirs[n] = '\0';
    if (c->own_text && !parse(c->own_text, &c->own))
        c->own = (struct trtc_name){ 0 };
    return 0;
}

/* Of another application or room. */
static bool is_foreign(const struct check *c, const struct trtc_name *name)
{
    const struct trtc_span *a = &c->own.room, *b = &name->room;
    return a->p &&
           (c->own.sdkappid != name->sdkappid || a->n != b->n || memcmp(a->p, b->p, a->n) != 0);
}

static int set_fault(struct check *c, struct trtc_listed *item, const char *fault)
{
    char shown[SHOWN_MAX];
    if (item->fault)
        return 0;
    item->fault = strdup(trtc_text_show(fault, strlen(fault), shown, sizeof shown));
    return item->fault ? 0 : trtc_fail_nomem(c->err);
}

/* Among those that were expected or reported. */
static struct trtc_listed *find_given(const struct check *c, const char *file)
{
    struct trtc_listed *item = trtc_listing_find(c->out, file);
    return item && (size_t)(item - c->out->items) < c->nb_given ? item : NULL;
}

/* The item of a file that is there, made where nobody has named it. */
static struct trtc_listed *there(struct check *c, const char *file, const struct trtc_name *name)
{
    struct trtc_listed *item = find_given(c, file);
    if (!item)
        item = trtc_listing_add(c->out, c->dirs, file);
    if (!item || (name && trtc_listed_describe(item, name) < 0)) {
        trtc_fail_nomem(c->err);
        return NULL;
    }
    return item;
}

/* ---- segments ---- */

/* What a line of a playlist means, or NULL. */
static struct entry *find_entry(const struct check *c, const struct trtc_playlist_seg *seg)
{
    char plain[TRTC_PLAIN_MAX];
    if (!trtc_plain_name(seg->uri, seg->uri_len, plain) || c->n == 0)
        return NULL;
    struct entry key = { .plain = plain };
    struct entry *e = bsearch(&key, c->entries, c->n, sizeof key, by_plain);
    while (e && e->copy)
        e--;
    return e;
}

static const char *segment_fault(const struct trtc_listed *item, int found, int code)
{
    if (found < 0)
        return code == TRTC_EX_NOPERM    ? "leads out of its directory"
               : code == TRTC_EX_DATAERR ? "not a regular file"
                                         : "missing";
    if (item->attr_bytes >= 0 && item->bytes != item->attr_bytes)
        return "size";
    return item->bytes == 0 ? "empty" : NULL;
}

/* playlist: the number of its item, -1: another recording's, whose files are only ticked off. */
static int check_segment(struct check *c, const struct trtc_playlist_seg *seg, int64_t playlist)
{
    struct trtc_err why = { 0 };
    struct entry *entry = find_entry(c, seg);
    bool before = entry && entry->listed;
    if (entry)
        entry->listed = true;
    if (playlist < 0 || before)
        return 0;
    struct trtc_listed *item = trtc_listing_add(c->out, c->dirs, entry ? entry->plain : seg->uri);
    if (!item)
        return trtc_fail_nomem(c->err);
    const struct trtc_listed *of = &c->out->items[playlist]; /* adding moves them */
    item->track = of->track;
    item->found = TRTC_FILE_LISTED;
    item->attr_bytes = seg->attr_bytes;
    if (of->user && !(item->user = strdup(of->user)))
        return trtc_fail_nomem(c->err);
    int found = -1;
    if (strlen(seg->uri) == seg->uri_len)
        found = trtc_stat_beneath(c->fd, entry ? entry->name : seg->uri, &item->bytes, &why);
    if (found < 0 && trtc_is_shortage(&why))
        return trtc_fail(c->err, why.code, "%s: %s", seg->uri, why.msg);
    if (found == 0)
        item->found |= TRTC_FILE_THERE;
    const char *fault = segment_fault(item, found, why.code);
    return fault ? set_fault(c, item, fault) : 0;
}

/* ---- playlists and MP4s ---- */

/* What a playlist is that cannot be read as one. */
static const char *list_fault(const struct trtc_playlist *p, int64_t n, const struct trtc_err *why)
{
    if (p->master)
        return "a master playlist";
    return n == 0                                     ? "empty"
           : strncmp(why->msg, "compressed", 10) == 0 ? why->msg
                                                      : "not a playlist";
}

/* 1 and *p, 0 and a fault, -1; *p is to be freed in each case. */
static int read_playlist(struct check *c, const char *file, struct trtc_listed *item,
                         struct trtc_playlist *p)
{
    struct trtc_err why = { 0 };
    int64_t n = -1;
    const int ret = trtc_playlist_load(c->fd, file, p, &n, &why);
    if (ret < 0 && trtc_is_shortage(&why))
        return trtc_fail(c->err, why.code, "%s: %s", file, why.msg);
    if (item && n >= 0) {
        item->bytes = n;
        item->found |= TRTC_FILE_THERE;
    }
    if (ret == 0)
        return 1;
    return item ? set_fault(c, item, n < 0 ? why.msg : list_fault(p, n, &why)) : 0;
}

static int check_playlist(struct check *c, const struct entry *e)
{
    const char *file = e->plain;
    struct trtc_playlist p = { 0 };
    struct trtc_name name;
    struct trtc_listed *item = NULL;
    bool named = parse(file, &name), foreign = named && is_foreign(c, &name);
    if (!foreign && !(item = there(c, file, named ? &name : NULL)))
        return -1;
    int ret = read_playlist(c, e->name, item, &p);
    int64_t number = item ? item - c->out->items : -1;
    if (ret == 1 && item && p.nb_bad_lines && set_fault(c, item, "damaged") < 0)
        ret = -1;
    if (ret == 1 && item && !item->user && p.user_id && *p.user_id &&
        !(item->user = strdup(p.user_id)))
        ret = trtc_fail_nomem(c->err);
    for (size_t i = 0; i < p.nb_segs && ret > 0; i++)
        ret = check_segment(c, &p.segs[i], number) < 0 ? -1 : 1;
    trtc_playlist_fini(&p);
    return ret < 0 ? -1 : 0;
}

/* Was it cut, "X_1.mp4" stands where "X.mp4" was expected. */
static void excuse_whole(struct check *c, struct trtc_name name)
{
    char file[PART_MAX + 128];
    name.prefix = name.task = (struct trtc_span){ 0 };
    name.index = 0;
    struct trtc_listed *whole =
        trtc_name_format(&name, file, sizeof file, NULL, NULL) == 0 ? find_given(c, file) : NULL;
    if (whole)
        whole->maybe = true;
}

static int check_mp4(struct check *c, const struct entry *e)
{
    const char *file = e->plain;
    struct trtc_err why = { 0 };
    struct trtc_name name;
    bool named = parse(file, &name);
    if (named && is_foreign(c, &name))
        return 0;
    struct trtc_listed *item = there(c, file, named ? &name : NULL);
    if (!item)
        return -1;
    if (trtc_stat_beneath(c->fd, e->name, &item->bytes, &why) < 0)
        return trtc_is_shortage(&why) ? trtc_fail(c->err, why.code, "%s: %s", e->name, why.msg)
                                      : set_fault(c, item, why.msg);
    item->found |= TRTC_FILE_THERE;
    if (named && name.index)
        excuse_whole(c, name);
    return item->bytes ? 0 : set_fault(c, item, "empty");
}

/* ---- what is left ---- */

static int add_extra(struct check *c, const struct entry *e)
{
    const char *file = e->copy ? e->name : e->plain;
    struct trtc_name name;
    bool named = parse(file, &name);
    if (named && is_foreign(c, &name))
        return 0;
    struct trtc_listed *item = there(c, file, named ? &name : NULL);
    if (!item)
        return -1;
    if (trtc_stat_beneath(c->fd, e->name, &item->bytes, NULL) == 0)
        item->found |= TRTC_FILE_THERE;
    return set_fault(c, item, "extra");
}

static int find_missing(struct check *c)
{
    for (size_t i = 0; i < c->out->n; i++) {
        struct trtc_listed *item = &c->out->items[i];
        bool wanted = (item->found & TRTC_FILE_REPORTED) ||
                      ((item->found & TRTC_FILE_EXPECTED) && !item->maybe);
        if (wanted && !(item->found & TRTC_FILE_THERE) && set_fault(c, item, "missing") < 0)
            return -1;
    }
    return 0;
}

static int check_entries(struct check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct entry *e = &c->entries[i];
        if (!e->copy && ((has_ext(e->plain, ".m3u8") && check_playlist(c, e) < 0) ||
                         (has_ext(e->plain, ".mp4") && check_mp4(c, e) < 0)))
            return -1;
    }
    for (size_t i = 0; i < c->n; i++) { /* now that all playlists are read */
        const struct entry *e = &c->entries[i];
        if ((e->copy || (has_ext(e->plain, ".ts") && !e->listed)) && add_extra(c, e) < 0)
            return -1;
    }
    return find_missing(c);
}

int trtc_files_check(const char *dir, const char *task, struct trtc_listing *out,
                     struct trtc_err *err)
{
    struct check c = { .fd = -1, .out = out, .nb_given = out->n, .err = err };
    int ret = -1;
    if (learn(&c, task) == 0 && open_task(&c, dir, task) == 0 && list_entries(&c) == 0)
        ret = check_entries(&c);
    for (size_t i = 0; i < c.n; i++) {
        if (c.entries[i].plain != c.entries[i].name)
            free(c.entries[i].plain);
        free(c.entries[i].name);
    }
    free(c.entries);
    free(c.dirs);
    free(c.own_text);
    if (c.fd >= 0)
        close(c.fd);
    return ret;
}
