/* SPDX-License-Identifier: MIT */
/* Where trtc-put puts files, and with which keys, by its options, files and environment. */
#ifndef TRTC_CMD_PUT_PLACE_H
#define TRTC_CMD_PUT_PLACE_H

#include "base/err.h"
#include "net/secret.h"
#include "options.h"
#include "storage/place.h"

struct put_place {
    struct trtc_place place;
    struct trtc_credentials keys;
    char *prefix; /* of all keys; NULL: none */
};

/* Reads everything that the options name, and removes the keys from the environment. The caller
 * frees *out with put_place_fini in any case. 0, or -1. */
int put_place_read(const struct put_opts *o, struct put_place *out, struct trtc_err *err);

void put_place_fini(struct put_place *p);

#endif
