/* SPDX-License-Identifier: MIT */
/* The account of what is missing or wrong in the input. */
#include "recording/loss.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int trtc_losses_add(struct trtc_losses *l, const char *path, const char *kind, int source,
                    int64_t start_us, int64_t lost_us, int64_t lost_bytes, const char *fmt, ...)
{
    char detail[256] = "";
    if (fmt) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(detail, sizeof detail, fmt, ap);
        va_end(ap);
    }
    if (trtc_array_reserve(&l->items, &l->cap, l->n + 1, sizeof *l->items) < 0)
        return -1;
    struct trtc_loss loss = { .path = strdup(path),
                              .kind = kind,
                              .detail = fmt ? strdup(detail) : NULL,
                              .start_us = start_us,
                              .lost_us = lost_us,
                              .lost_bytes = lost_bytes,
                              .source = source };
    if (!loss.path || (fmt && !loss.detail)) {
        free(loss.path);
        free(loss.detail);
        return -1;
    }
    l->items[l->n++] = loss;
    return 0;
}

void trtc_losses_fini(struct trtc_losses *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->items[i].path);
        free(l->items[i].detail);
    }
    free(l->items);
    *l = (struct trtc_losses){ 0 };
}
