/* SPDX-License-Identifier: MIT */
/* Who is there by the statistics page of nginx's RTMP module (/stat, XML): an application is a room, a stream its user's;
 * "USER.aux" is the substream. Pure. */
#ifndef TRTC_API_NGINX_STAT_H
#define TRTC_API_NGINX_STAT_H

#include <stddef.h>
#include <stdint.h>

#include "api/attendance.h"
#include "base/err.h"

/* Adds what is published to *out, each with its Source by template (see api/source_url; {user} is the stream's name). The page
 * says how long a stream has been there, and not exactly: what stands in before since about the same time is the same
 * stream. TRTC_EX_DATAERR where it is no such page. */
int trtc_nginx_stat(const char *xml, const char *template, int64_t now_ms,
                    const struct trtc_attendance *before, struct trtc_attendance *out,
                    struct trtc_err *err);

#endif
