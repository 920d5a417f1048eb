/* SPDX-License-Identifier: MIT */
/* Whether a request may have been made by a browser on behalf of someone else's page. */
#include "serve/origin.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOST_SIZE = 256, PORT_DIGITS = 5 };

/* Writes the host in "HOST:PORT" or "[HOST]:PORT" to out, without port and brackets. False: there
 * is none. */
static bool host_of(const char *text, char out[HOST_SIZE])
{
    const bool brackets = *text == '[';
    const char *from = text + brackets;
    const size_t n = strcspn(from, brackets ? "]" : ":");
    const char *rest = from + n + brackets;
    if (n == 0 || n >= HOST_SIZE || (brackets && from[n] != ']') ||
        (*rest && (*rest != ':' || strlen(rest + 1) > PORT_DIGITS ||
                   rest[1 + strspn(rest + 1, "0123456789")])))
        return false;
    memcpy(out, from, n);
    out[n] = '\0';
    return true;
}

static bool is_address(const char *host)
{
    struct in6_addr six;
    struct in_addr four;
    return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1;
}

static bool is_loopback(const char *host)
{
    struct in6_addr six;
    struct in_addr four;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six) != 0;
    return strcasecmp(host, "localhost") == 0;
}

/* The part after http:// or https://; NULL: it begins with neither. */
static const char *behind_scheme(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0    ? url + 7
           : strncasecmp(url, "https://", 8) == 0 ? url + 8
                                                  : NULL;
}

static bool is_host_of(const char *host, const char *base)
{
    char authority[HOST_SIZE], name[HOST_SIZE];
    const char *at = base ? behind_scheme(base) : NULL;
    if (!at)
        return false;
    snprintf(authority, sizeof authority, "%.*s", (int)strcspn(at, "/?#"), at);
    return host_of(authority, name) && strcasecmp(host, name) == 0;
}

bool trtc_origin_host_is_ours(const char *host, const char *base)
{
    char name[HOST_SIZE];
    const char *at = host ? behind_scheme(host) : NULL; /* some clients put their endpoint there */
    if (!host)
        return true;
    return host_of(at ? at : host, name) &&
           (is_address(name) || strcasecmp(name, "localhost") == 0 || is_host_of(name, base));
}

bool trtc_origin_is_local(const char *origin)
{
    char name[HOST_SIZE];
    const char *at = behind_scheme(origin);
    return at && host_of(at, name) && is_loopback(name);
}

bool trtc_origin_peer_is_local(const char *peer)
{
    char name[HOST_SIZE];
    if (!host_of(peer, name))
        return false;
    return is_loopback(strncasecmp(name, "::ffff:", 7) == 0 ? name + 7 : name);
}

bool trtc_origin_is_foreign(const char *site, const char *mode)
{
    return site && strcasecmp(site, "cross-site") == 0 &&
           !(mode && strcasecmp(mode, "navigate") == 0);
}
