/* SPDX-License-Identifier: MIT */
/* Recording file names (specification, "Naming of recording files"). Two forms of real recordings
 * are supported too: an MP4 without an index, and a numbered playlist. */
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
#define TRTC_NAME_INDEX_MAX    INT64_C(9007199254740991) /* 2^53 - 1, exact in JSON */
#define TRTC_NAME_HA_MAX       3

/* A piece of text owned by someone else. p is NULL if it is absent. */
struct trtc_span {
    const char *p;
    size_t n;
};

/* The parts of a name, undecoded: all spans point into the name. */
struct trtc_name {
    struct trtc_span prefix; /* "a/b" of "a/b/TASK/file", or absent */
    struct trtc_span task;   /* the last directory, or absent */
    struct trtc_span file;   /* the file name without directories */
    int ha;                  /* 1-3: recovered file; 0: not */
    int64_t sdkappid;        /* 0 to 4294967295 */
    struct trtc_span room;   /* in Base64 or as digits; not empty */
    struct trtc_span user;   /* in Base64 (empty: the empty id); p is NULL in mixed mode */
    enum trtc_media media;   /* NONE in mixed mode */
    enum trtc_kind type;     /* NONE in mixed mode and for an MP4 */
    int64_t utc_ms;          /* .ts: start in milliseconds since 1970; else TRTC_NOTIME */
    struct trtc_span utc;    /* its 17 digits, or absent; trtc_name_format ignores it */
    int64_t index;           /* from 1; 0: absent */
    enum trtc_ext ext;
};

/* Parses s (n bytes, not NUL-terminated). room_type decides how the room is checked: INT: digits
 * 1..4294967295; STRING: canonical Base64; AUTO: either. The user must be canonical Base64.
 * Allocates nothing. 0, or -1 with TRTC_EX_DATAERR and a message with the column (from 1) of the
 * error, which is also written to *column (may be NULL). */
int trtc_name_parse(const char *s, size_t n, enum trtc_room_type room_type, struct trtc_name *out,
                    size_t *column, struct trtc_err *err);

/* How AUTO treats a room: INT if its digits are in 1..4294967295 without a leading zero, else
 * STRING. */
enum trtc_room_type trtc_name_room_type(struct trtc_span room);

/* The words in a name: "m3u8", "main", "audio" and so on; "" for NONE. Static. */
const char *trtc_name_ext(enum trtc_ext ext);
const char *trtc_name_media(enum trtc_media media);
const char *trtc_name_type(enum trtc_kind type);

/* Converts a room (n bytes of text) to its form in names. out has TRTC_B64_ENCODED_MAX(n) bytes;
 * *room points into out, or to text if the room is a number. AUTO as in trtc_name_room_type. 0, or
 * -1 with TRTC_EX_DATAERR: INT, but not a room number. */
int trtc_name_room(const char *text, size_t n, enum trtc_room_type room_type, char *out,
                   struct trtc_span *room, struct trtc_err *err);

/* Checks that the parts form a name: an existing form, and every part in its range and alphabet.
 * file and utc are ignored. 0, or -1 with TRTC_EX_DATAERR and a message that names the part. */
int trtc_name_check(const struct trtc_name *name, struct trtc_err *err);

/* Writes the name with its directories and a NUL, after trtc_name_check. *len (may be NULL)
 * receives its length. trtc_name_parse reads back the same parts. 0, or -1; TRTC_EX_SOFTWARE: the
 * buffer is too small. */
int trtc_name_format(const struct trtc_name *name, char *out, size_t size, size_t *len,
                     struct trtc_err *err);

/* A sufficient buffer size in bytes for trtc_name_format. */
size_t trtc_name_size(const struct trtc_name *name);

#endif
