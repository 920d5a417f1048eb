/* SPDX-License-Identifier: MIT */
/* The address of the service. This parser is stricter than that of any library: everything that it
 * does not know is refused. */
#include "net/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { HOST_MAX = 253, PORT_MAX = 65535 };

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Whether host is "127.x.y.z" in its full form. Other notations count as names, for https only. */
static bool is_loopback4(const char *host)
{
    unsigned a, b, c, d;
    char again[32];

    if (strspn(host, DIGITS ".") != strlen(host) ||
        sscanf(host, "%3u.%3u.%3u.%3u", &a, &b, &c, &d) != 4)
        return false;
    snprintf(again, sizeof(again), "%u.%u.%u.%u", a, b, c, d);
    return a == 127 && b < 256 && c < 256 && d < 256 && !strcmp(again, host);
}

static bool has_dots(const char *s, size_t n)
{
    const char *dots = strstr(s, "..");

    return dots && dots < s + n;
}

/* The length of the host at s: a name, an IPv4 address, or an IPv6 address in brackets. 0: there is
 * none. */
static size_t host_span(const char *s)
{
    size_t n;

    if (*s == '[') {
        n = 1 + strspn(s + 1, DIGITS "abcdefABCDEF:.");
        return n > 2 && s[n] == ']' ? n + 1 : 0;
    }
    n = strspn(s, DIGITS LETTERS "-.");
    return n <= HOST_MAX && *s != '.' && *s != '-' && !has_dots(s, n) ? n : 0;
}

/* Reads ":PORT"; 0: there is none; -1: invalid. */
static int port_of(const char **s)
{
    size_t n;
    long port;

    if (**s != ':')
        return 0;
    n = strspn(*s + 1, DIGITS);
    if (n == 0 || n > 5)
        return -1;
    port = strtol(*s + 1, NULL, 10);
    *s += n + 1;
    return port >= 1 && port <= PORT_MAX ? (int)port : -1;
}

static int refuse(const char *text, const char *why, struct trtc_err *err)
{
    char shown[128];

    /* this may be "user:password@host", so nothing of it is shown */
    if (strchr(text, '@'))
        return trtc_fail(err, TRTC_EX_USAGE, "the endpoint holds '@': give only the host");
    trtc_text_show(text, strlen(text), shown, sizeof(shown));
    return trtc_fail(err, TRTC_EX_USAGE, "endpoint '%s': %s", shown, why);
}

int trtc_endpoint_parse(const char *text, struct trtc_endpoint *out, struct trtc_err *err)
{
    const char *s = text;
    char host[HOST_MAX + 1];
    bool plain = !strncasecmp(s, "http://", 7);
    size_t n;
    int port;

    if (plain || !strncasecmp(s, "https://", 8))
        s += plain ? 7 : 8;
    if (strstr(s, "://"))
        return refuse(text, "the scheme has to be https", err);
    n = host_span(s);
    if (n == 0 || n > HOST_MAX)
        return refuse(text, "not [https://]HOST[:PORT]", err);
    for (size_t i = 0; i < n; i++)
        host[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 32) : s[i];
    host[n] = '\0';
    s += n;
    port = port_of(&s);
    s += *s == '/';
    if (port < 0 || *s)
        return refuse(
            text, port < 0 ? "the port is not within 1...65535" : "not [https://]HOST[:PORT]", err);
    out->loopback = is_loopback4(host) || !strcmp(host, "localhost") || !strcmp(host, "[::1]");
    if (plain && !out->loopback)
        return refuse(text, "plain http is for loopback addresses only", err);
    if (port == 0 || port == (plain ? 80 : 443))
        snprintf(out->host, sizeof(out->host), "%s", host);
    else
        snprintf(out->host, sizeof(out->host), "%s:%d", host, port);
    snprintf(out->url, sizeof(out->url), "%s://%s/", plain ? "http" : "https", out->host);
    return 0;
}
