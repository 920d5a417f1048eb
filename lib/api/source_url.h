/* SPDX-License-Identifier: MIT */
/* The address of a stream, of a template that says where all of them are. */
#ifndef TRTC_API_SOURCE_URL_H
#define TRTC_API_SOURCE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "api/room_event.h"

/* Fills a template: {room}, {user} and {media} (main or aux) become what the event has, with %XX for what is neither letter
 * nor digit nor '-', '_', '.', '~'. False where it does not fit. */
bool trtc_source_url(const char *template, const struct trtc_room_event *e, char *out, size_t size);

#endif
