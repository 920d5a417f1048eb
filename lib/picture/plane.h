/* SPDX-License-Identifier: MIT */
/* Scales one plane of 8 bit samples: bilinear down to half the size, the mean of the area
 * below that (text in a shared screen would alias). First each line of the result out of the
 * lines of the picture, then along it. Every kernel exists in plain C, and may exist for a
 * CPU besides: the bytes are the same. */
#ifndef TRTC_PICTURE_PLANE_H
#define TRTC_PICTURE_PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRTC_PLANE_ONE 256 /* sum of the weights of a sample */

/* One direction of a scaling: sample i of the result is the sum of weight[i * nb_taps + t] *
 * sample start[i] + t. */
struct trtc_axis {
    int src, dst; /* samples; 0: not set */
    int nb_taps;  /* of each sample of the result; start + nb_taps <= src */
    int *start;
    uint16_t *weight;
    /* The same for kernels that make 16 samples a time out of two halves of 16 bytes each:
     * see plane.c. */
    int nb_vectors, nb_steps;
    int *offset;
    uint8_t *program;
};

struct trtc_kernels {
    /* dst[x] = sum of weight[t] * rows[t][x]; each weight below TRTC_PLANE_ONE. dst is none
     * of the rows. */
    void (*mix)(uint8_t *dst, const uint8_t *const *rows, const uint16_t *weight, int nb_taps,
                int width);
    /* Scales a line of at least 16 readable bytes along a. */
    void (*along)(uint8_t *dst, const uint8_t *line, const struct trtc_axis *a);
    /* Half the size, the most usual one: means of squares of two lines of 2 * width samples. */
    void (*halve)(uint8_t *dst, const uint8_t *a, const uint8_t *b, int width);
};

/* The fastest of this CPU, or those in plain C. */
const struct trtc_kernels *trtc_kernels(bool plain);

/* NULL where the CPU (or the build) has none. */
const struct trtc_kernels *trtc_kernels_avx2(void);

struct trtc_plane {
    struct trtc_axis x, y;
    uint8_t *line;
    const uint8_t **rows;
};

/* Prepares for these sizes (all positive); does nothing if they are those of the last time. -1:
 * no memory. A plane starts zeroed. */
int trtc_plane_set(struct trtc_plane *p, int src_w, int src_h, int dst_w, int dst_h);
void trtc_plane_fini(struct trtc_plane *p);

/* Reads and writes inside the two rectangles only; strides in bytes, of any sign. */
struct trtc_lines { /* of a plane */
    const uint8_t *p;
    ptrdiff_t stride;
};
void trtc_plane_scale(const struct trtc_plane *p, const struct trtc_kernels *k,
                      struct trtc_lines src, uint8_t *dst, ptrdiff_t dst_stride);

#endif
