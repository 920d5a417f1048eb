/* SPDX-License-Identifier: MIT */
/* Reads streams and files over HTTP and HTTPS through libcurl. libcurl knows whether a body is
 * complete, however it is sent: by its length, by its last chunk, or by how the connection was
 * closed if that ends the body. */
#ifndef TRTC_NET_FETCH_H
#define TRTC_NET_FETCH_H

#include "base/remote.h"

/* The implementation of base/remote.h. Redirections are followed to HTTP and HTTPS only; the proxy
 * of the environment is used. Failures to open: TRTC_EX_NOINPUT (404, 410), NOPERM (401, 403, 407;
 * an untrusted certificate), DATAERR (other 4xx, or not HTTP), TEMPFAIL (everything else). ca_file and
 * need_memory: see base/remote.h; ca_file is borrowed. */
struct trtc_remote trtc_fetch_remote(const char *ca_file, void (*need_memory)(bool on));

#endif
