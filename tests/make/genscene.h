/* SPDX-License-Identifier: MIT */
/* The demo's pictures: a person in a room, or a shared screen, with a name and a clock. The middle of each
 * picture has all that matters, so that a window of another shape cuts nothing of it off. */
#ifndef TRTC_TESTS_GENSCENE_H
#define TRTC_TESTS_GENSCENE_H

#include <stdbool.h>
#include <stdint.h>

/* Three planes of one picture (4:2:0). */
struct gen_canvas {
    uint8_t *planes[3];
    int strides[3];
    int w_px, h_px;
};

struct gen_scene {
    int person;             /* which of the people and rooms it is */
    bool screen;            /* a shared screen instead */
    struct gen_canvas back; /* what does not move */
};

/* Returns 0, or -1 where memory runs out; free it with gen_scene_fini in either case. */
int gen_scene_init(struct gen_scene *s, int w_px, int h_px, int person, bool screen);
void gen_scene_fini(struct gen_scene *s);

/* Draws the picture of seconds at_s; text (NULL: none) stands at the top. white: the flash. */
void gen_scene_draw(const struct gen_scene *s, double at_s, const char *text, bool white,
                    const struct gen_canvas *out);

#endif
