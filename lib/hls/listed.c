/* SPDX-License-Identifier: MIT */
/* Finds out what playlists list already. */
#include "hls/listed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "playlist/name.h"
#include "playlist/playlist_load.h"

/* Returns when a segment begins, according to FILE-ATTR, or else to its name. */
static int64_t start_of(const struct trtc_playlist_seg *g)
{
    struct trtc_name name;

    if (g->attr_start_ms != TRTC_NOTIME)
        return g->attr_start_ms;
    if (trtc_name_parse(g->uri, strlen(g->uri), TRTC_ROOM_AUTO, &name, NULL, NULL) < 0)
        return TRTC_NOTIME;
    return name.utc_ms;
}

static void take_list(const struct trtc_playlist *list, struct trtc_listed *out)
{
    const struct trtc_playlist_seg *last = list->nb_segs ? &list->segs[list->nb_segs - 1] : NULL;

    out->ended = list->ended;
    for (size_t i = 0; i < list->nb_segs; i++)
        out->dur_us += list->segs[i].duration_us > 0 ? list->segs[i].duration_us : 0;
    if (last) {
        snprintf(out->last, sizeof out->last, "%s", last->uri);
        out->last_ms = start_of(last);
        out->start_ms =
            list->start_rec_ms != TRTC_NOTIME ? list->start_rec_ms : start_of(list->segs);
    }
    if (out->last_ms != TRTC_NOTIME)
        out->end_us = out->last_ms * 1000 + (last->duration_us > 0 ? last->duration_us : 0);
}

int trtc_listed_read(const char *path, struct trtc_listed *out, struct trtc_err *err)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct trtc_playlist list = { 0 };
    struct stat st;
    int ret = 0;

    *out = (struct trtc_listed){ .last_ms = TRTC_NOTIME, .end_us = TRTC_NOTIME };
    if (!dir)
        ret = trtc_fail_nomem(err);
    else if (fd >= 0 && lstat(path, &st) == 0) {
        out->any = true;
        ret = trtc_playlist_load(fd, slash ? slash + 1 : path, &list, NULL, err);
    } else if (errno != ENOENT) { /* the directory or the playlist may be missing */
        ret = trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", path);
    }
    if (ret == 0)
        take_list(&list, out);
    trtc_playlist_fini(&list);
    if (fd >= 0)
        close(fd);
    free(dir);
    return ret;
}
