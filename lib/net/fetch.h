/* SPDX-License-Identifier: MIT */
/* Streams and files over HTTP and HTTPS, by libcurl, which knows whether a body came to its end,
 * however it is sent: by its length, by its last chunk, or, if the connection's end is the
 * body's, by how the connection ended. */
#ifndef TRTC_NET_FETCH_H
#define TRTC_NET_FETCH_H

#include "base/remote.h"

/* Redirections are followed, to HTTP and HTTPS only; the environment's proxy is used. Failures
 * to open: TRTC_EX_NOINPUT (404, 410), NOPERM (401, 403, 407; a certificate that is not
 * trusted), DATAERR (other 4xx, or no HTTP), TEMPFAIL (all else). ca_file: see base/remote.h;
 * borrowed. */
struct trtc_remote trtc_fetch_remote(const char *ca_file);

#endif
