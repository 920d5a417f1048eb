/* SPDX-License-Identifier: MIT */
/* What the readers of a mix's settings share: members of JSON objects, and the messages about
 * settings that a mix cannot follow. */
#ifndef TRTC_LAYOUT_MIXSET_PRIV_H
#define TRTC_LAYOUT_MIXSET_PRIV_H

#include "layout/mixset.h"

#define TRTC_MIX_PATH_MAX    160
#define TRTC_MIX_COORD_MAX   2560 /* the API's, for watermarks */
#define TRTC_MIX_SIDE_MAX_PX 1920
#define TRTC_MIX_MAX_PX      (1920 * 1080)

__attribute__((format(printf, 2, 3))) void trtc_mix_cannot(const struct trtc_mix_reader *r,
                                                           const char *fmt, ...);

/* Hands every member that is not in known to cannot. */
void trtc_mix_unknown(const struct trtc_mix_reader *r, const struct cJSON *object, const char *path,
                      const char *const *known);

/* Members that must be there (must), or leave *out as it is. 0 or -1. The text is the caller's; an
 * empty one counts as absent. */
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

/* Windows and marks inside a canvas; path is the look's place ("" where it comes from options). */
int trtc_mix_look_check(const struct trtc_mix_look *look, int width_px, int height_px,
                        const char *path, struct trtc_err *err);

/* The next mark, with the defaults of its kind, or NULL: there are 25. It counts once nb_marks is
 * raised. */
struct trtc_mark *trtc_mix_next_mark(struct trtc_mix_look *look, enum trtc_mark_kind kind);

#endif
