/* SPDX-License-Identifier: MIT */
/* Streams and files over HTTP and HTTPS, by libcurl, which knows of every way to send a body whether it came
 * to its end: by its length, by its last chunk, or, where the connection's end is the body's, by how that
 * ended. */
#ifndef TRTC_NET_FETCH_H
#define TRTC_NET_FETCH_H

#include "base/remote.h"

/* Redirections are followed, to HTTP and HTTPS only; the environment's proxy is heeded. Failures to open:
 * TRTC_EX_NOINPUT (404, 410), NOPERM (401, 403, 407; a certificate that is not trusted), DATAERR (other 4xx, or
 * no HTTP), TEMPFAIL (all else). ca_file: see base/remote.h; borrowed. */
struct trtc_remote trtc_fetch_remote(const char *ca_file);

#endif
