/* SPDX-License-Identifier: MIT */
/* Compares the files on disk with those expected and reported. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/files_priv.h"
#include "base/beneath.h"
#include "base/text.h"
#include "playlist/dir_index.h"
#include "playlist/plain_name.h"
#include "playlist/playlist_load.h"

#define PART_MAX  256
#define SHOWN_MAX 160

struct check {
    struct trtc_dir_index index; /* of the task's directory */
    bool *listed;                /* for each entry of the directory: a playlist lists it */
    char *dirs;                  /* for names: "PREFIX/TASK/" */
    struct trtc_name own;        /* SdkAppId and room of the task; no room: unknown */
    char *own_text;              /* the text that own points into */
    struct trtc_listing *out;
    size_t nb_given; /* the first items, which were expected or reported */
    struct trtc_err *err;
};

/* ---- the directory ---- */

/* Opens a directory one level down, without following links. Takes ownership of fd. */
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

/* Opens dirs ("a/b/TASK/") below root. -1: failure. */
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

/* Opens the task's directory. dir is this directory or one above it: tries the longest path down
 * first. */
static int open_task(struct check *c, const char *dir, const char *task)
{
    int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 && errno == ENOTDIR)
        return trtc_fail(c->err, TRTC_EX_NOINPUT,
                         "'%s' is a file: give the directory that it is in", dir);
    if (root < 0)
        return trtc_fail_errno(c->err, TRTC_EX_NOINPUT, errno, "'%s'", dir);
    const char *way = is_named(dir, task) ? "" : c->dirs;
    c->index.fd = descend(root, way);
    while (c->index.fd < 0 && *way) {
        way += strcspn(way, "/");
        way += *way == '/';
        c->index.fd = descend(root, way);
    }
    int saved = errno;
    close(root);
    return c->index.fd < 0 ? trtc_fail_errno(c->err, TRTC_EX_NOINPUT, saved, "'%s'", dir) : 0;
}

static bool has_ext(const char *name, const char *ext)
{
    const size_t n = strlen(name);
    return n > strlen(ext) && trtc_ends_with(name, n, ext);
}

static int list_entries(struct check *c)
{
    struct trtc_err why;
    if (trtc_dir_read(&c->index, &why) < 0)
        return trtc_fail(c->err, why.code, "the task's directory: %s", why.msg);
    c->listed = calloc(c->index.n + 1, sizeof *c->listed);
    return c->listed ? 0 : trtc_fail_nomem(c->err);
}

/* Whether entry i has the same plain name as the one before. */
static bool is_copy(const struct check *c, size_t i)
{
    const struct trtc_dir_entry *e = &c->index.entries[i];
    return i > 0 && strcmp(e->plain, e[-1].plain) == 0;
}

/* ---- names ---- */

static bool parse(const char *file, struct trtc_name *out)
{
    return trtc_name_parse(file, strlen(file), TRTC_ROOM_AUTO, out, NULL, NULL) == 0;
}

/* Takes directories, SdkAppId and room from the first item that has a valid name. */
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

/* Whether a name belongs to another application or room. */
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

/* Finds a file among those expected or reported. */
static struct trtc_listed *find_given(const struct check *c, const char *file)
{
    struct trtc_listed *item = trtc_listing_find(c->out, file);
    return item && (size_t)(item - c->out->items) < c->nb_given ? item : NULL;
}

/* The item of an existing file; created if nothing has named it. */
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

/* Parses the name of an existing file and gets its item. 1: done, and *name is all zeros if it is
 * not a recording's; 0: the file belongs to another application or room; -1: failure. */
static int item_of(struct check *c, const char *file, struct trtc_name *name,
                   struct trtc_listed **item)
{
    const bool named = parse(file, name);
    if (named && is_foreign(c, name))
        return 0;
    if (!named)
        *name = (struct trtc_name){ 0 };
    *item = there(c, file, named ? name : NULL);
    return *item ? 1 : -1;
}

/* ---- segments ---- */

/* The index of the entry that a line of a playlist means; index.n: there is none. */
static size_t find_entry(const struct check *c, const struct trtc_playlist_seg *seg)
{
    char plain[TRTC_PLAIN_MAX];
    return trtc_plain_name(seg->uri, seg->uri_len, plain) ? trtc_dir_first(&c->index, plain)
                                                          : c->index.n;
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

/* playlist: index of its item; -1: it belongs to another recording, and its files are only marked
 * as listed. */
static int check_segment(struct check *c, const struct trtc_playlist_seg *seg, int64_t playlist)
{
    struct trtc_err why = { 0 };
    const size_t at = find_entry(c, seg);
    const struct trtc_dir_entry *entry = at < c->index.n ? &c->index.entries[at] : NULL;
    const bool before = entry && c->listed[at];
    if (entry)
        c->listed[at] = true;
    if (playlist < 0 || before)
        return 0;
    struct trtc_listed *item = trtc_listing_add(c->out, c->dirs, entry ? entry->plain : seg->uri);
    if (!item)
        return trtc_fail_nomem(c->err);
    const struct trtc_listed *of = &c->out->items[playlist]; /* adding an item moves the others */
    item->track = of->track;
    item->found = TRTC_FILE_LISTED;
    item->attr_bytes = seg->attr_bytes;
    if (of->user && !(item->user = strdup(of->user)))
        return trtc_fail_nomem(c->err);
    int found = -1;
    struct trtc_dir_found file = { 0 };
    if (strlen(seg->uri) == seg->uri_len)
        found = trtc_dir_find(&c->index, seg->uri, seg->attr_bytes, &file, &why);
    if (found == 0)
        item->bytes = file.bytes;
    if (found < 0 && trtc_is_shortage(&why))
        return trtc_fail(c->err, why.code, "%s: %s", seg->uri, why.msg);
    if (found == 0)
        item->found |= TRTC_FILE_THERE;
    const char *fault = segment_fault(item, found, why.code);
    return fault ? set_fault(c, item, fault) : 0;
}

/* ---- playlists and MP4s ---- */

/* Returns what is wrong with a playlist that cannot be read. */
static const char *list_fault(const struct trtc_playlist *p, int64_t n, const struct trtc_err *why)
{
    if (p->master)
        return "a master playlist";
    return n == 0                                     ? "empty"
           : strncmp(why->msg, "compressed", 10) == 0 ? why->msg
                                                      : "not a playlist";
}

/* 1: *p was read; 0: a fault was noted; -1: failure. *p must be freed in each case. */
static int read_playlist(struct check *c, const char *file, struct trtc_listed *item,
                         struct trtc_playlist *p)
{
    struct trtc_err why = { 0 };
    int64_t n = -1;
    const int ret = trtc_playlist_load(c->index.fd, file, p, &n, &why);
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

static int check_playlist(struct check *c, const struct trtc_dir_entry *e)
{
    const char *file = e->plain;
    struct trtc_playlist p = { 0 };
    struct trtc_name name;
    struct trtc_listed *item = NULL;
    if (item_of(c, file, &name, &item) < 0)
        return -1;
    int ret = read_playlist(c, e->name, item, &p);
    int64_t number = item ? item - c->out->items : -1;
    const bool damaged = p.nb_bad_lines || p.cut || p.nb_nameless;
    if (ret == 1 && item && (damaged || p.nb_skipped) &&
        set_fault(c, item, damaged ? "damaged" : "skips segments") < 0)
        ret = -1;
    if (ret == 1 && item && !item->user && p.user_id && *p.user_id &&
        !(item->user = strdup(p.user_id)))
        ret = trtc_fail_nomem(c->err);
    for (size_t i = 0; i < p.nb_segs && ret > 0; i++)
        ret = check_segment(c, &p.segs[i], number) < 0 ? -1 : 1;
    trtc_playlist_fini(&p);
    return ret < 0 ? -1 : 0;
}

/* If an MP4 was cut, "X_1.mp4" exists where "X.mp4" was expected. */
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

static int check_mp4(struct check *c, const struct trtc_dir_entry *e)
{
    struct trtc_err why = { 0 };
    struct trtc_name name;
    struct trtc_listed *item = NULL;
    const int ours = item_of(c, e->plain, &name, &item);
    if (ours <= 0)
        return ours;
    if (trtc_stat_beneath(c->index.fd, e->name, &item->bytes, &why) < 0)
        return trtc_is_shortage(&why) ? trtc_fail(c->err, why.code, "%s: %s", e->name, why.msg)
                                      : set_fault(c, item, why.msg);
    item->found |= TRTC_FILE_THERE;
    if (name.index)
        excuse_whole(c, name);
    return item->bytes ? 0 : set_fault(c, item, "empty");
}

/* ---- other files ---- */

static int add_extra(struct check *c, size_t i)
{
    const struct trtc_dir_entry *e = &c->index.entries[i];
    struct trtc_name name;
    struct trtc_listed *item = NULL;
    const int ours = item_of(c, is_copy(c, i) ? e->name : e->plain, &name, &item);
    if (ours <= 0)
        return ours;
    if (trtc_stat_beneath(c->index.fd, e->name, &item->bytes, NULL) == 0)
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

static int check_entry(struct check *c, const struct trtc_dir_entry *e)
{
    return has_ext(e->plain, ".m3u8")  ? check_playlist(c, e)
           : has_ext(e->plain, ".mp4") ? check_mp4(c, e)
                                       : 0;
}

/* Whether a file belongs to a recording but nothing names it. */
static bool is_extra(const struct check *c, size_t i)
{
    const char *plain = c->index.entries[i].plain;
    if (has_ext(plain, ".ts"))
        return is_copy(c, i) || !c->listed[i];
    return is_copy(c, i) && (has_ext(plain, ".m3u8") || has_ext(plain, ".mp4"));
}

static int check_entries(struct check *c)
{
    for (size_t i = 0; i < c->index.n; i++)
        if (!is_copy(c, i) && check_entry(c, &c->index.entries[i]) < 0)
            return -1;
    for (size_t i = 0; i < c->index.n; i++) /* all playlists have been read now */
        if (is_extra(c, i) && add_extra(c, i) < 0)
            return -1;
    return find_missing(c);
}

int trtc_files_check(const char *dir, const char *task, struct trtc_listing *out,
                     struct trtc_err *err)
{
    struct check c = { .index.fd = -1, .out = out, .nb_given = out->n, .err = err };
    int ret = -1;
    if (learn(&c, task) == 0 && open_task(&c, dir, task) == 0 && list_entries(&c) == 0)
        ret = check_entries(&c);
    trtc_dir_index_fini(&c.index);
    free(c.listed);
    free(c.dirs);
    free(c.own_text);
    if (c.index.fd >= 0)
        close(c.index.fd);
    return ret;
}
