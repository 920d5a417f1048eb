/* SPDX-License-Identifier: MIT */
/* Shared by the readers of a mix's settings: members of JSON objects, and messages about settings
 * that a mix cannot honour. */
#ifndef TRTC_LAYOUT_MIXSET_PRIV_H
#define TRTC_LAYOUT_MIXSET_PRIV_H

#include "layout/mixset.h"

#define TRTC_MIX_PATH_MAX    160
#define TRTC_MIX_COORD_MAX   2560 /* the API's limit for watermarks */
#define TRTC_MIX_SIDE_MAX_PX 1920
#define TRTC_MIX_MAX_PX      (1920 * 1080)

__attribute__((format(printf, 2, 3))) void trtc_mix_cannot(const struct trtc_mix_reader *r,
                                                           const char *fmt, ...);

/* Reports every member that is not in known through cannot. */
void trtc_mix_unknown(const struct trtc_mix_reader *r, const struct cJSON *object, const char *path,
                      const char *const *known);

/* Read a member. If it is absent, must makes that an error; otherwise *out is unchanged. The caller
 * owns a text; an empty one counts as absent. 0, or -1. */
struct trtc_mix_at {
    const struct cJSON *object;
    const char *path; /* of the object */
};
struct trtc_mix_number {
    const char *key;
    bool must;
    int min, max;
};
int trtc_mix_int(const struct trtc_mix_reader *r, struct trtc_mix_at at, struct trtc_mix_number n,
                 int *out);
int trtc_mix_text(const struct trtc_mix_reader *r, struct trtc_mix_at at, const char *key,
                  bool must, char **out);

/* Checks that windows and marks are inside a canvas; path is the path of the look ("" if it comes
 * from options). 0, or -1. */
int trtc_mix_look_check(const struct trtc_mix_look *look, int width_px, int height_px,
                        const char *path, struct trtc_err *err);

/* The next mark with the defaults of its kind; NULL: there are 25 already. The caller adds it by
 * raising nb_marks. */
struct trtc_mark *trtc_mix_next_mark(struct trtc_mix_look *look, enum trtc_mark_kind kind);

#endif
