/* SPDX-License-Identifier: MIT */
/* The names of the files that a merge makes: like the service's MP4 files, or like those of the
 * vendor's script (USER_TIME_av.mp4). */
#include "recording/output_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trtc_span span(const char *s)
{
    return (struct trtc_span){ s, s ? strlen(s) : 0 };
}

/* The length of a path's directory, slash included. */
static size_t dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

static const char *ending(const struct trtc_output *o)
{
    return o->form == TRTC_FORM_AAC                  ? ".aac"
           : o->form == TRTC_FORM_MP4 && o->do_video ? "_av.mp4"
                                                     : ".m4a";
}

static int put_service_name(const struct trtc_output *o, int index, char *out, size_t size)
{
    const struct trtc_recording *r = o->rec;
    const bool aux = o->media && strcmp(o->media, "aux") == 0;
    const struct trtc_name name = { .sdkappid = r->sdkappid,
                                    .room = span(r->room),
                                    .user = span(r->user),
                                    .media = !r->user ? TRTC_MEDIA_NONE
                                             : aux    ? TRTC_MEDIA_AUX
                                                      : TRTC_MEDIA_MAIN,
                                    .utc_ms = TRTC_NOTIME,
                                    .index = index,
                                    .ext = TRTC_EXT_MP4 };
    size_t n;
    if (trtc_name_format(&name, out, size, &n, NULL) < 0)
        return -1;
    if (o->form != TRTC_FORM_MP4) /* the MP4's name with another suffix of the same length */
        memcpy(out + n - 4, ending(o), 4);
    return 0;
}

static void put_script_name(const struct trtc_output *o, int64_t start_ms, char *out, size_t size)
{
    const struct trtc_recording *r = o->rec;
    char stamp[TRTC_UTC_LEN + 1];
    trtc_utc_format17(start_ms, stamp);
    if (r->user)
        snprintf(out, size, "%s_%s%s", r->user, stamp, ending(o));
    else
        snprintf(out, size, "%" PRId64 "_%s_%s%s", r->sdkappid, r->room, stamp, ending(o));
}

char *trtc_output_part_path(const struct trtc_output *o, enum trtc_naming names, int64_t start_ms,
                            int index)
{
    const struct trtc_recording *r = o->rec;
    const size_t dir = dir_of(o->path);
    const size_t size = strlen(r->room) + (r->user ? strlen(r->user) : 0) + 128;
    char *path;
    if (names == TRTC_NAMES_SCRIPT && start_ms == TRTC_NOTIME)
        return strdup(o->path);
    path = malloc(dir + size);
    if (!path)
        return NULL;
    memcpy(path, o->path, dir);
    if (names == TRTC_NAMES_SCRIPT)
        put_script_name(o, start_ms, path + dir, size);
    else if (put_service_name(o, index, path + dir, size) < 0) {
        free(path);
        return NULL;
    }
    return path;
}

size_t trtc_output_stem(const struct trtc_output *o)
{
    const size_t n = strlen(o->path) - dir_of(o->path), rest = TRTC_UTC_LEN + strlen(ending(o));
    return n > rest ? n - rest : 0;
}

bool trtc_output_part_read(const struct trtc_output *o, const char *file, int64_t *start_ms)
{
    const char *own = o->path + dir_of(o->path);
    const size_t stem = trtc_output_stem(o), n = strlen(file);
    return n == strlen(own) && strncmp(file, own, stem) == 0 &&
           strcmp(file + n - strlen(ending(o)), ending(o)) == 0 &&
           trtc_utc_parse17(file + stem, start_ms) == 0;
}

char *trtc_output_partial_path(const char *path)
{
    const char *dot = strrchr(path, '.');
    const size_t n = strlen(path) + sizeof ".partial";
    char *out = malloc(n);
    if (out)
        snprintf(out, n, "%.*s.partial%s", (int)(dot - path), path, dot);
    return out;
}
