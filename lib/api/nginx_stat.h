/* SPDX-License-Identifier: MIT */
/* Who is present according to the statistics page of nginx's RTMP module (/stat, XML). An
 * application is a room, a stream is its user; "USER.aux" is the substream. Pure functions. */
#ifndef TRTC_API_NGINX_STAT_H
#define TRTC_API_NGINX_STAT_H

#include <stddef.h>
#include <stdint.h>

#include "api/attendance.h"
#include "base/err.h"

/* Adds the published streams to *out, each with a Source by template (see api/source_url; {user} is
 * the stream's name). The page states only roughly how long a stream has existed, so a stream in
 * before that began at about the same time is taken as the same one. now_ms: milliseconds since
 * 1970. TRTC_EX_DATAERR: not such a page. 0, or -1. */
int trtc_nginx_stat(const char *xml, const char *template, int64_t now_ms,
                    const struct trtc_attendance *before, struct trtc_attendance *out,
                    struct trtc_err *err);

#endif
