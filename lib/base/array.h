/* SPDX-License-Identifier: MIT */
/* Arrays that grow. All follow one law: room for eight items at first, then twice as many each
 * time. */
#ifndef TRTC_BASE_ARRAY_H
#define TRTC_BASE_ARRAY_H

#include <stddef.h>

#define TRTC_ARRAY_LEAST 8 /* items that the smallest array has room for */

/* Makes room for need items of item_bytes each. array: the address of a pointer to them (heap,
 * or NULL), which changes when they move; *cap: the room, in items, 0 at first. Returns 0, or -1
 * when memory runs out; the array is then as it was. */
int trtc_array_reserve(void *array, size_t *cap, size_t need, size_t item_bytes);

/* Makes room for one item behind the n that an array has, which keeps no capacity: it has room for
 * eight, or for the next power of two. For arrays that grow in this way alone. Else as above. */
int trtc_array_room(void *array, size_t n, size_t item_bytes);

#endif
