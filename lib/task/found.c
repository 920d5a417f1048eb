/* SPDX-License-Identifier: MIT */
/* Reads the names of files in a task's directory. */
#include "task/found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/beneath.h"
#include "base/text.h"
#include "playlist/name.h"
#include "playlist/playlist.h"

#define PART ".part" /* the end of the name of a file that is being written */
#define LOCK ".lock"
#define LIST ".m3u8"

/* Decodes the user id; false: it is too long. */
static bool decode(struct trtc_span user, char *out)
{
    unsigned char *text = malloc(TRTC_B64_DECODED_MAX(user.n));
    size_t n = 0, bad;
    const bool ok = text && trtc_b64_decode(user.p, user.n, text, &n, &bad) == 0 &&
                    n <= TRTC_FOUND_USER_MAX && !memchr(text, '\0', n);
    if (ok) {
        memcpy(out, text, n);
        out[n] = '\0';
    }
    free(text);
    return ok;
}

bool trtc_found_read(const char *name, struct trtc_found *out)
{
    struct trtc_name parts;
    size_t n = strlen(name);
    *out = (struct trtc_found){ 0 };
    if (n > strlen(PART) && name[0] == '.' && trtc_ends_with(name, n, PART)) {
        out->left = true;
        name++;
        n -= strlen(PART) + 1;
        n -= trtc_ends_with(name, n, LOCK) ? strlen(LOCK) : 0;
    }
    if (trtc_name_parse(name, n, TRTC_ROOM_AUTO, &parts, NULL, NULL) < 0 ||
        parts.ext == TRTC_EXT_MP4)
        return false;
    out->playlist = parts.ext == TRTC_EXT_M3U8;
    out->mixed = !parts.user.p;
    out->aux = parts.media == TRTC_MEDIA_AUX;
    return out->mixed || decode(parts.user, out->user);
}

static const char *track_of(const struct trtc_name *parts)
{
    return parts->type == TRTC_AUDIO   ? "audio"
           : parts->type == TRTC_VIDEO ? "video"
                                       : "audio_video";
}

void trtc_found_line(const char *name, const struct trtc_names *names, struct trtc_hls_line *out)
{
    struct trtc_name parts, segment;
    const size_t stem = strlen(name) - strlen(LIST);
    *out = (struct trtc_hls_line){ .playlist = true, .track = "audio_video" };
    if (trtc_name_parse(name, strlen(name), TRTC_ROOM_AUTO, &parts, NULL, NULL) == 0)
        out->track = track_of(&parts);
    for (size_t i = 0; i < names->n; i++) {
        const char *other = names->v[i];
        if (strncmp(other, name, stem) == 0 && other[stem] == '_' &&
            trtc_name_parse(other, strlen(other), TRTC_ROOM_AUTO, &segment, NULL, NULL) == 0 &&
            segment.ext == TRTC_EXT_TS && (!out->start_ms || segment.utc_ms < out->start_ms))
            out->start_ms = segment.utc_ms;
    }
}

int64_t trtc_found_end_us(int dir, const char *path)
{
    struct trtc_playlist list = { 0 };
    char *text;
    int64_t end_us = TRTC_NOTIME;
    const int64_t n = trtc_read_beneath(dir, path, TRTC_PLAYLIST_BYTES_MAX, &text, NULL);
    if (n >= 0 && trtc_playlist_parse(text, (size_t)n, &list, NULL) == 0 && list.nb_segs) {
        const struct trtc_playlist_seg *last = &list.segs[list.nb_segs - 1];
        if (last->attr_start_ms != TRTC_NOTIME && last->duration_us != TRTC_NOTIME)
            end_us = last->attr_start_ms * 1000 + last->duration_us;
    }
    trtc_playlist_fini(&list);
    return end_us;
}
