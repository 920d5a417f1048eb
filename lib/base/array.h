/* SPDX-License-Identifier: MIT */
/* Growing arrays. All grow by one law: room for eight items at first, then twice as many each
 * time. */
#ifndef TRTC_BASE_ARRAY_H
#define TRTC_BASE_ARRAY_H

#include <stddef.h>

#define TRTC_ARRAY_LEAST 8 /* room of the smallest array, in items */

/* Makes room for need items of item_bytes each. array: the address of a pointer to heap memory (or
 * to NULL), which changes if the items move; *cap: the room in items, 0 at first. 0, or -1: out of
 * memory, and the array is unchanged. */
int trtc_array_reserve(void *array, size_t *cap, size_t need, size_t item_bytes);

/* Makes room for one more item in an array of n items that does not store its room, which is eight
 * or else the next power of two. Only for arrays that always grow in this way. Otherwise like
 * trtc_array_reserve. */
int trtc_array_room(void *array, size_t n, size_t item_bytes);

#endif
