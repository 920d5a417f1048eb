/* SPDX-License-Identifier: MIT */
/* A list of what is missing or wrong in the input. */
#include "recording/loss.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int trtc_losses_add(struct trtc_losses *l, const struct trtc_loss *what)
{
    if (trtc_array_reserve(&l->items, &l->cap, l->n + 1, sizeof *l->items) < 0)
        return -1;
    char *path = strdup(what->path), *detail = what->detail ? strdup(what->detail) : NULL;
    if (!path || (what->detail && !detail)) {
        free(path);
        free(detail);
        return -1;
    }
    struct trtc_loss *loss = &l->items[l->n++];
    *loss = *what;
    loss->path = path;
    loss->detail = detail;
    return 0;
}

int trtc_losses_addf(struct trtc_losses *l, const struct trtc_loss *what, const char *fmt, ...)
{
    char detail[256];
    struct trtc_loss loss = *what;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    loss.detail = detail;
    return trtc_losses_add(l, &loss);
}

void trtc_losses_fini(struct trtc_losses *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free((char *)l->items[i].path);
        free((char *)l->items[i].detail);
    }
    free(l->items);
    *l = (struct trtc_losses){ 0 };
}
