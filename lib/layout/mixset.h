/* SPDX-License-Identifier: MIT */
/* How a mix looks and sounds: settings from options or from a CreateCloudRecording request
 * (MixTranscodeParams, MixLayoutParams, SubscribeStreamUserIds), and the lines of a script that
 * change them over time. */
#ifndef TRTC_LAYOUT_MIXSET_H
#define TRTC_LAYOUT_MIXSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "layout/layout.h"
#include "layout/subscribe.h"

#define TRTC_MARKS_MAX           25
#define TRTC_MARK_TEXT_MAX_BYTES 4096
#define TRTC_MARK_SIZE_MAX_PX    1920 /* font */

enum trtc_mark_kind { TRTC_MARK_IMAGE, TRTC_MARK_TEXT, TRTC_MARK_CLOCK };

struct trtc_mark { /* a watermark */
    enum trtc_mark_kind kind;
    struct trtc_rect rect; /* w or h 0: its own size; unused for a clock */
    char *text;            /* image: file or URL; text: the text; clock: NULL */
    int size_px;           /* of the font; 0: 14 */
    uint32_t colour;       /* 0xRRGGBB */
    uint32_t background;   /* 0xRRGGBB, if has_background */
    bool has_background;
    int pos;      /* clock: the API's Pos, 0 ... 6 */
    int zone_min; /* clock: minutes east of UTC */
};

/* The look of the canvas; a script's "layout" replaces it as a whole. */
struct trtc_mix_look {
    enum trtc_layout_mode mode;
    char *anchor; /* or NULL */
    bool anchor_aux;
    bool right; /* MaxResolutionUserAlign 1 */
    enum trtc_render render;
    struct trtc_layout_list list;
    uint32_t background;    /* 0xRRGGBB */
    char *background_image; /* file or URL, or NULL */
    enum trtc_render background_render;
    char *placeholder;     /* picture for windows without video, or NULL */
    bool show_reserved;    /* PlaceHolderMode 1: show placeholders for reserved users who send
                              nothing */
    bool no_audio_windows; /* PureAudioDisableLayout: users who send only sound get no window */
    struct trtc_mark marks[TRTC_MARKS_MAX];
    size_t nb_marks;
};

enum trtc_fill { TRTC_FILL_HOLD, TRTC_FILL_BLACK }; /* FillType 0 and 1 */

struct trtc_mix_settings {
    int width_px, height_px, fps;
    int video_bps;
    int gop_s;
    int rate_hz, channels, audio_bps;
    bool audio, video; /* StreamType */
    bool main, aux;    /* MediaId */
    enum trtc_fill fill;
    struct trtc_mix_look look;
    struct trtc_subscription sub;
};

/* Sets the defaults: 640x360, 15 fps, 550 kbit/s, GOP 10 s; 48 kHz, 2 channels, 64 kbit/s; grid,
 * crop, black. */
void trtc_mix_settings_init(struct trtc_mix_settings *s);
void trtc_mix_settings_fini(struct trtc_mix_settings *s);
void trtc_mix_look_init(struct trtc_mix_look *l); /* the defaults of the look */
void trtc_mix_look_fini(struct trtc_mix_look *l);

struct cJSON;

struct trtc_mix_reader { /* receives what the functions below report */
    /* Called for each known member that a mix cannot honour; never NULL. */
    void (*cannot)(void *opaque, const char *what);
    void *opaque;
    struct trtc_err *err; /* of the call, or NULL */
};

/* Takes over what a CreateCloudRecording request (API version 2019-07-22) asks for. Absent members
 * mean the API's defaults, 360x640 among them. *s must be initialised; it is replaced on success
 * and unchanged on failure. cannot (never NULL) is called once for each unknown member and for each
 * one that a mix cannot honour; it receives a whole sentence without a full stop that begins with
 * the member's path. Members that do not concern a mix (storage, signatures, task life) are
 * ignored. TRTC_EX_DATAERR with the path: a member is wrong, or the request is for single streams
 * (RecordMode 1). 0, or -1. */
int trtc_mix_request_read(const struct cJSON *request, struct trtc_mix_settings *s,
                          const struct trtc_mix_reader *r);

/* Reads a MixLayoutParams object for the canvas of s. *look must be initialised; it is replaced on
 * success and unchanged on failure. */
int trtc_mix_look_read(const struct cJSON *params, const char *path,
                       const struct trtc_mix_settings *s, struct trtc_mix_look *look,
                       const struct trtc_mix_reader *r);

/* Times of a script below one year are relative to the start of the mix. */
#define TRTC_MIX_RELATIVE_MS INT64_C(31536000000)

/* One line of a script: {"at_ms":…, "layout":{MixLayoutParams}} and/or {"at_ms":…,
 * "subscribe":{…}}; or, without a time and alone, {"input":"USER[:aux]=SOURCE"},
 * {"user":"USER[:aux]","input":"SOURCE"}, {"end":"USER[:aux]"} or {"end":true}. *out is only
 * written on success; free it with trtc_mix_change_fini. TRTC_EX_DATAERR: other members, or wrong
 * ones. */
struct trtc_mix_change {
    int64_t at_ms; /* milliseconds since 1970 or since the start of the mix; absent: TRTC_NOTIME
                      (live: at once) */
    bool has_look, has_sub;
    struct trtc_mix_look look;
    struct trtc_subscription sub;
    char *input;   /* an operand that joins, or NULL; if user is set, the source only */
    char *user;    /* "USER[:aux]", or NULL: it is in input */
    char *end;     /* the user whose stream ends, or NULL */
    bool ends_all; /* the mix ends */
};
int trtc_mix_change_read(const char *line, size_t n, const struct trtc_mix_settings *s,
                         struct trtc_mix_change *out, const struct trtc_mix_reader *r);
void trtc_mix_change_fini(struct trtc_mix_change *c);

/* Reads "#RRGGBB" or "0xRRGGBB"; what: name of the option. TRTC_EX_USAGE. 0, or -1. */
int trtc_colour_parse(const char *what, const char *s, uint32_t *out, struct trtc_err *err);

/* Reads the argument of a watermark option and adds the mark to look. The argument is read from the
 * right, since file names and texts may contain commas:
 *
 *   --watermark FILE,X,Y[,W,H]
 *   --text TEXT,X,Y[,W,H][,SIZEpx][,COLOUR[,BACK]]    colours begin with # or 0x, a size ends in px
 *   --clock POS[,ZONE][,SIZEpx][,COLOUR]              POS: 0...6, top-left, top-right, bottom-left,
 *       bottom-right, top, bottom, center; ZONE: UTC, +08:00, 8, -5; default: the API's 8
 *
 * Four numbers are X,Y,W,H. After a FILE or TEXT that itself ends in numbers all four are needed (W
 * and H 0: its own size). TRTC_EX_USAGE: invalid, or more than 25 marks; trtc_mix_settings_check
 * checks that marks are inside the canvas. 0, or -1. */
int trtc_mark_parse(enum trtc_mark_kind kind, const char *arg, struct trtc_mix_look *look,
                    struct trtc_err *err);

/* Checks the ranges of settings from any source: the size is even and within the API's 1920 x 1920
 * and 1920*1080 pixels, and windows of the list and marks are inside the canvas. TRTC_EX_DATAERR.
 * 0, or -1. */
int trtc_mix_settings_check(const struct trtc_mix_settings *s, struct trtc_err *err);

#endif
