/* SPDX-License-Identifier: MIT */
/* The files of a recording: lists them in the journal, as trtc-hls prints them or as they are found
 * in the directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "base/file.h"
#include "finish.h"
#include "playlist/name.h"
#include "task/event.h"

enum { PATH_SIZE = TRTC_TASK_PATH_MAX + 8 };

/* ---- files that trtc-hls prints ---- */

/* Lists a complete file, and reports a new playlist (307). */
static void note(struct task *t, const char *user, const struct trtc_hls_line *l)
{
    struct trtc_err err;
    const int is_new = trtc_index_note(&t->index, user, l, &err);
    if (is_new < 0) {
        cli_report(&err);
        t->rescues = true;
    }
    t->stale = true;
    if (!t->r.hls)
        return;
    if (is_new > 0)
        task_event(t, TRTC_EVENT_FILE_SLICE, trtc_index_payload(&t->index.items[t->index.n - 1]));
    task_file(t, l->path, l->playlist ? "playlist" : "segment");
}

bool task_recorded(struct task *t, const char *user, const char *line, size_t n, int *ha)
{
    struct trtc_hls_line l;
    struct trtc_name name;
    struct trtc_err err;
    const int ret = trtc_hls_line_read(line, n, &l, &err);
    if (ret < 0) {
        cli_error("trtc-hls: %s: the file is looked for at the end", err.msg);
        t->rescues = true;
    }
    if (ret <= 0)
        return false;
    const char *file = trtc_file_name(l.path);
    /* a completed file has the recovery number of the run that was killed */
    if (ha && trtc_name_parse(file, strlen(file), TRTC_ROOM_AUTO, &name, NULL, NULL) == 0 &&
        name.ha > *ha)
        *ha = name.ha;
    note(t, user, &l);
    return true;
}

/* ---- files that are found ---- */

int files_list(const struct task *t, struct trtc_names *out)
{
    struct trtc_err err;
    const int fd = openat(t->dir, TRTC_TASK_FILES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd < 0 ? trtc_fail_errno(&err, TRTC_EX_IOERR, errno, TRTC_TASK_FILES)
                     : trtc_list_dir(fd, TRTC_TASK_FILES, out, &err);
    if (fd >= 0)
        close(fd);
    if (ret < 0)
        cli_report(&err);
    else
        trtc_names_sort(out);
    return ret;
}

/* Whether somebody holds the file, as trtc-hls does while it writes. */
static bool is_held(const struct task *t, const char *name)
{
    char path[sizeof TRTC_TASK_FILES + NAME_MAX + 1];
    snprintf(path, sizeof path, TRTC_TASK_FILES "/%s", name);
    const int fd = openat(t->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const bool held = fd >= 0 && trtc_flock(fd) < 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return held;
}

bool files_in_use(const struct task *t)
{
    struct trtc_names names = { 0 };
    struct trtc_found f;
    bool held = false;
    if (files_list(t, &names) == 0)
        for (size_t i = 0; i < names.n && !held; i++)
            held = trtc_found_read(names.v[i], &f) && f.left && is_held(t, names.v[i]);
    trtc_names_fini(&names);
    return held;
}

/* The names in the directory; taken: for each, whether the journal lists it. */
struct wanting {
    const struct trtc_names *names;
    bool *taken;
};

static int compare(const void *key, const void *item)
{
    return strcmp(key, *(char *const *)item);
}

static int take_line(void *arg, const cJSON *line)
{
    const struct wanting *w = arg;
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "File"));
    char **at = path && w->names->n ? bsearch(trtc_file_name(path), w->names->v, w->names->n,
                                              sizeof *w->names->v, compare)
                                    : NULL;
    if (at)
        w->taken[at - w->names->v] = true;
    return 0;
}

static void note_one(struct task *t, const struct wanting *w, size_t i, bool playlists)
{
    struct trtc_found f;
    struct trtc_hls_line l = { 0 };
    const char *name = w->names->v[i];
    if (!trtc_found_read(name, &f) || f.left || f.playlist != playlists)
        return;
    if (f.playlist)
        trtc_found_line(name, w->names, &l);
    snprintf(l.path, sizeof l.path, TRTC_TASK_FILES "/%.255s", name);
    if (f.playlist || !w->taken[i])
        note(t, f.user, &l);
}

/* Returns the flags of struct wanting, which the caller frees. NULL after a message. */
static bool *taken(struct task *t, const struct trtc_names *names)
{
    struct trtc_err err;
    struct wanting w = { names, calloc(names->n + 1, sizeof *w.taken) };
    if (w.taken ? log_read(&t->log, take_line, &w, &err) == 0 : trtc_fail_nomem(&err) == 0)
        return w.taken;
    cli_report(&err);
    free(w.taken);
    return NULL;
}

int files_note(struct task *t)
{
    struct trtc_names names = { 0 };
    struct wanting w = { .names = &names };
    if (files_list(t, &names) == 0)
        w.taken = taken(t, &names);
    for (int playlists = 0; w.taken && playlists < 2; playlists++) /* segments first */
        for (size_t i = 0; i < names.n; i++)
            note_one(t, &w, i, playlists);
    const int ret = w.taken ? 0 : -1;
    free(w.taken);
    trtc_names_fini(&names);
    return ret;
}

void task_rescue_said(struct task *t, const char *user, const char *line)
{
    if (!strstr(line, ": /dev/null")) /* its input, which is empty on purpose */
        task_loss(t, *user ? user : NULL, line);
}

/* ---- the directory of substreams ---- */

int files_part(const struct task *t, struct trtc_err *err)
{
    struct trtc_names names = { 0 };
    struct trtc_found f;
    char from[PATH_SIZE], to[PATH_SIZE + 16];
    int ret = 0;
    files_join(t);
    if (mkdirat(t->dir, FILES_PARTED, 0700) < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, FILES_PARTED);
    if (files_list(t, &names) < 0)
        return trtc_fail(err, TRTC_EX_IOERR, "files cannot be read");
    for (size_t i = 0; ret == 0 && i < names.n; i++) {
        if (!trtc_found_read(names.v[i], &f) || f.left || !f.aux)
            continue;
        snprintf(from, sizeof from, TRTC_TASK_FILES "/%s", names.v[i]);
        snprintf(to, sizeof to, FILES_PARTED "/%s", names.v[i]);
        if (linkat(t->dir, from, t->dir, to, 0) < 0)
            ret = trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", to);
    }
    trtc_names_fini(&names);
    return ret;
}

void files_join(const struct task *t)
{
    struct trtc_names names = { 0 };
    const int fd = openat(t->dir, FILES_PARTED, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (trtc_list_dir(fd, FILES_PARTED, &names, NULL) == 0)
        for (size_t i = 0; i < names.n; i++)
            unlinkat(fd, names.v[i], 0);
    close(fd);
    unlinkat(t->dir, FILES_PARTED, AT_REMOVEDIR);
    trtc_names_fini(&names);
}
