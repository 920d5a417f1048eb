/* SPDX-License-Identifier: MIT */
/* Arrays that grow. */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int trtc_array_reserve(void *array, size_t *cap, size_t need, size_t item_bytes)
{
    size_t room = *cap < TRTC_ARRAY_LEAST ? TRTC_ARRAY_LEAST : *cap;
    void *items;
    if (need <= *cap)
        return 0;
    if (need > SIZE_MAX / 2 / item_bytes)
        return -1;
    while (room < need)
        room *= 2;
    memcpy(&items, array, sizeof items);
    void *more = realloc(items, room * item_bytes);
    if (!more)
        return -1;
    memcpy(array, &more, sizeof more);
    *cap = room;
    return 0;
}

int trtc_array_room(void *array, size_t n, size_t item_bytes)
{
    size_t none = 0;
    if (n != 0 && (n < TRTC_ARRAY_LEAST || (n & (n - 1)) != 0))
        return 0;
    return trtc_array_reserve(array, &none, n + 1, item_bytes);
}
