/* SPDX-License-Identifier: MIT */
/* Recording file names (specification, "Naming of recording files"; forms of real recordings besides:
 * an MP4 without an index and a numbered playlist). */
#ifndef TRTC_PLAYLIST_NAME_H
#define TRTC_PLAYLIST_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utc.h"
#include "playlist/kind.h"

enum trtc_ext { TRTC_EXT_M3U8, TRTC_EXT_TS, TRTC_EXT_MP4 };
enum trtc_media { TRTC_MEDIA_NONE, TRTC_MEDIA_MAIN, TRTC_MEDIA_AUX };
enum trtc_room_type { TRTC_ROOM_AUTO, TRTC_ROOM_INT, TRTC_ROOM_STRING };

#define TRTC_NAME_SDKAPPID_MAX INT64_C(4294967295)
#define TRTC_NAME_ROOM_MAX     INT64_C(4294967295)
#define TRTC_NAME_INDEX_MAX    INT64_C(9007199254740991) /* 2^53 - 1, what JSON carries exactly */
#define TRTC_NAME_HA_MAX       3

/* A stretch of text that someone else owns. p is NULL if the part is absent. */
struct trtc_span {
    const char *p;
    size_t n;
};

/* The parts of a name, as they stand in it (nothing decoded): all spans point into the name. */
struct trtc_name {
    struct trtc_span prefix; /* "a/b" of "a/b/TASK/file", or absent */
    struct trtc_span task;   /* the last directory, or absent */
    struct trtc_span file;   /* the file name itself, without directories */
    int ha;                  /* 0, or 1-3: recovered file */
    int64_t sdkappid;        /* 0 to 4294967295 */
    struct trtc_span room;   /* Base64 form or digits, not empty */
    struct trtc_span user;   /* Base64 form (may be empty: the empty id); p is NULL in mixed mode */
    enum trtc_media media;   /* NONE in mixed mode */
    enum trtc_kind type;     /* NONE in mixed mode and in MP4 names */
    int64_t utc_ms;          /* .ts: start; else TRTC_NOTIME */
    struct trtc_span utc;    /* its 17 digits, or absent; not looked at by trtc_name_format */
    int64_t index;           /* >= 1, or 0 where absent */
    enum trtc_ext ext;
};

/* Parses s (n bytes, not NUL-terminated). Returns 0, or -1 with TRTC_EX_DATAERR and a message that names the
 * column (from 1) where the name stops making sense; *column (may be NULL) receives it.
 * room_type decides how the room is checked: INT: digits 1..4294967295; STRING: canonical Base64;
 * AUTO: either. The user must be canonical Base64. Allocates nothing. */
int trtc_name_parse(const char *s, size_t n, enum trtc_room_type room_type, struct trtc_name *out,
                    size_t *column, struct trtc_err *err);

/* What AUTO means: INT for digits that fit 1..4294967295 (no leading zero), else STRING. */
enum trtc_room_type trtc_name_room_type(struct trtc_span room);

/* The words of a name: "m3u8", "main", "audio" and so on; "" for NONE. */
const char *trtc_name_ext(enum trtc_ext ext);
const char *trtc_name_media(enum trtc_media media);
const char *trtc_name_type(enum trtc_kind type);

/* The form in which a room, given as n bytes of text, stands in a name. out holds
 * TRTC_B64_ENCODED_MAX(n) bytes; *room points into it, or to text where that is a number. AUTO
 * as above. Returns 0, or -1 with TRTC_EX_DATAERR if an INT is not a room number. */
int trtc_name_room(const char *text, size_t n, enum trtc_room_type room_type, char *out,
                   struct trtc_span *room, struct trtc_err *err);

/* Whether the parts make a name: one of the forms, every part in its range and in its alphabet. file and utc are
 * not looked at. Returns 0, or -1 with TRTC_EX_DATAERR and a message that names the part. */
int trtc_name_check(const struct trtc_name *name, struct trtc_err *err);

/* Writes the name (directories included) with a NUL, after trtc_name_check. Returns 0 and *len (may be NULL), or
 * -1; a buffer that is too small is TRTC_EX_SOFTWARE. What it writes, trtc_name_parse reads back part for part. */
int trtc_name_format(const struct trtc_name *name, char *out, size_t size, size_t *len,
                     struct trtc_err *err);

/* Bytes that are enough for trtc_name_format. */
size_t trtc_name_size(const struct trtc_name *name);

#endif
