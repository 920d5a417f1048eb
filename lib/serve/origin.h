/* SPDX-License-Identifier: MIT */
/* Whether a request may have been made by a browser for a page of somebody else. A name service may give any name the
 * address of this server (rebinding), so a Host is believed only where no name service has a say. Pure. */
#ifndef TRTC_SERVE_ORIGIN_H
#define TRTC_SERVE_ORIGIN_H

#include <stdbool.h>

/* Whether Host names this server: an address in digits, localhost, or the host of base ("https://live.example"; NULL:
 * there is none), each with any port. host NULL is none at all, which browsers never send: true. */
bool trtc_origin_host_is_ours(const char *host, const char *base);

/* Whether an Origin is a page of this machine: http or https, 127.0.0.0/8, [::1] or localhost, any port. */
bool trtc_origin_is_local(const char *origin);

/* Whether "127.0.0.1:50312" or "[::1]:50312", as trtc_request_peer writes it, is on this machine. */
bool trtc_origin_peer_is_local(const char *peer);

/* Whether a browser says (Sec-Fetch-Site, Sec-Fetch-Mode) that a page of another site asks, and not for a page to be
 * opened. Each may be NULL. */
bool trtc_origin_is_foreign(const char *site, const char *mode);

#endif
