/* SPDX-License-Identifier: MIT */
/* Recognises containers by their first bytes. */
#include "serve/container.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { SYNC = 0x47, PACKET = 188 };

/* Whether a Content-Type is this one, ignoring parameters. */
static bool is_type(const char *type, const char *name)
{
    const size_t n = strlen(name);
    return type && strncasecmp(type, name, n) == 0 && strchr("; \t", type[n]);
}

static enum trtc_container by_type(const char *type)
{
    static const struct {
        const char *name;
        enum trtc_container is;
    } types[] = {
        { "video/mp2t", TRTC_CONTAINER_TS_ODD },
        { "video/webm", TRTC_CONTAINER_MATROSKA },
        { "audio/webm", TRTC_CONTAINER_MATROSKA },
        { "video/x-matroska", TRTC_CONTAINER_MATROSKA },
        { "audio/x-matroska", TRTC_CONTAINER_MATROSKA },
        { "video/x-flv", TRTC_CONTAINER_FLV },
        { "video/mp4", TRTC_CONTAINER_MP4 },
        { "audio/mp4", TRTC_CONTAINER_MP4 },
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (is_type(type, types[i].name))
            return types[i].is;
    return TRTC_CONTAINER_NONE;
}

/* Packets of 192 bytes begin with four extra bytes; those of 204 end with 16. */
static bool is_odd(const unsigned char *b, size_t n)
{
    return (n > 196 && b[4] == SYNC && b[196] == SYNC) ||
           (n > 204 && b[0] == SYNC && b[204] == SYNC);
}

static bool is_mp4(const unsigned char *b)
{
    return memcmp(b + 4, "ftyp", 4) == 0 || memcmp(b + 4, "styp", 4) == 0 ||
           memcmp(b + 4, "moof", 4) == 0 || memcmp(b + 4, "moov", 4) == 0;
}

enum trtc_container trtc_container_of(const void *bytes, size_t n, const char *type)
{
    const unsigned char *b = bytes;
    if (n >= 4 && memcmp(b, "\x1a\x45\xdf\xa3", 4) == 0)
        return TRTC_CONTAINER_MATROSKA;
    if (n >= 4 && memcmp(b, "FLV\1", 4) == 0)
        return TRTC_CONTAINER_FLV;
    if (n >= 8 && is_mp4(b))
        return TRTC_CONTAINER_MP4;
    if (n > PACKET && b[0] == SYNC && b[PACKET] == SYNC)
        return TRTC_CONTAINER_TS;
    if (n < TRTC_CONTAINER_LOOK)
        return TRTC_CONTAINER_UNKNOWN;
    return is_odd(b, n) ? TRTC_CONTAINER_TS_ODD : by_type(type);
}

const char *trtc_container_format(enum trtc_container c)
{
    switch (c) {
    case TRTC_CONTAINER_TS_ODD:
        return "mpegts";
    case TRTC_CONTAINER_MATROSKA:
        return "matroska";
    case TRTC_CONTAINER_FLV:
        return "flv";
    case TRTC_CONTAINER_MP4:
        return "mp4";
    default:
        return NULL;
    }
}
