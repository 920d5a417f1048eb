/* SPDX-License-Identifier: MIT */
/* Makes the address of a stream from a template for all streams. */
#ifndef TRTC_API_SOURCE_URL_H
#define TRTC_API_SOURCE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "api/room_event.h"

/* Fills in a template: {room}, {user} and {media} (main or aux) are replaced by those of the event,
 * with %XX for everything except letters, digits, '-', '_', '.' and '~'. False: the result does not
 * fit into size bytes. */
bool trtc_source_url(const char *template, const struct trtc_room_event *e, char *out, size_t size);

#endif
