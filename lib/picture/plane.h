/* SPDX-License-Identifier: MIT */
/* Scales one plane of 8-bit samples: bilinear down to half the size, and by the mean of the area
 * below that, since text in a shared screen would alias. Each line of the result is first combined
 * from lines of the picture and then scaled along its length. Every kernel exists in plain C and
 * may also exist for a specific CPU; both produce the same bytes. */
#ifndef TRTC_PICTURE_PLANE_H
#define TRTC_PICTURE_PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRTC_PLANE_ONE 256 /* sum of the weights of a sample */

/* One direction of scaling. Sample i of the result is the sum over t of weight[i * nb_taps + t]
 * times sample start[i] + t. */
struct trtc_axis {
    int src, dst; /* numbers of samples; 0: not set */
    int nb_taps;  /* taps per sample of the result; start + nb_taps <= src */
    int *start;
    uint16_t *weight;
    /* The same for kernels that produce 16 samples at a time from two halves of 16 bytes each: see
     * plane.c. */
    int nb_vectors, nb_steps;
    int *offset;
    uint8_t *program;
};

struct trtc_kernels {
    /* dst[x] = sum of weight[t] * rows[t][x]; each weight is below TRTC_PLANE_ONE. dst is not one
     * of the rows. */
    void (*mix)(uint8_t *dst, const uint8_t *const *rows, const uint16_t *weight, int nb_taps,
                int width);
    /* Scales a line of at least 16 readable bytes along a. */
    void (*along)(uint8_t *dst, const uint8_t *line, const struct trtc_axis *a);
    /* Half the size, the most common case: the means of the squares of two lines of 2 * width
     * samples. */
    void (*halve)(uint8_t *dst, const uint8_t *a, const uint8_t *b, int width);
};

/* The fastest kernels for this CPU, or those in plain C. Static. */
const struct trtc_kernels *trtc_kernels(bool plain);

/* NULL: neither the CPU nor the build has them. */
const struct trtc_kernels *trtc_kernels_avx2(void);

struct trtc_plane {
    struct trtc_axis x, y;
    uint8_t *line;
    const uint8_t **rows;
};

/* Prepares for these sizes, which must be positive. Does nothing if they are the same as before.
 * Start with a plane of all zeros. 0, or -1: out of memory. */
int trtc_plane_set(struct trtc_plane *p, int src_w, int src_h, int dst_w, int dst_h);
void trtc_plane_fini(struct trtc_plane *p);

/* a plane; strides in bytes, also negative */
struct trtc_lines { /* of a plane */
    const uint8_t *p;
    ptrdiff_t stride;
};
void trtc_plane_scale(const struct trtc_plane *p, const struct trtc_kernels *k,
                      struct trtc_lines src, uint8_t *dst, ptrdiff_t dst_stride);

#endif
