/* SPDX-License-Identifier: MIT */
/* Whether a request may have been made by a browser on behalf of someone else's page. A name server
 * can map any name to the address of this server (DNS rebinding), so a Host is only trusted if it
 * does not depend on a name server. Pure functions. */
#ifndef TRTC_SERVE_ORIGIN_H
#define TRTC_SERVE_ORIGIN_H

#include <stdbool.h>

/* Whether Host names this server: a numeric address, localhost, or the host of base
 * ("https://live.example"; NULL: none), each with any port. True for host NULL, since browsers
 * always send a Host. */
bool trtc_origin_host_is_ours(const char *host, const char *base);

/* Whether an Origin is a page on this machine: http or https, 127.0.0.0/8, [::1] or localhost, any
 * port. */
bool trtc_origin_is_local(const char *origin);

/* Whether "127.0.0.1:50312" or "[::1]:50312", as written by trtc_request_peer, is on this
 * machine. */
bool trtc_origin_peer_is_local(const char *peer);

/* Whether a browser states (Sec-Fetch-Site, Sec-Fetch-Mode) that a page of another site makes the
 * request, other than to open a page. Each may be NULL. */
bool trtc_origin_is_foreign(const char *site, const char *mode);

#endif
