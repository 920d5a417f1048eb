/* SPDX-License-Identifier: MIT */
/* Fetches pictures from addresses in requests. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "net/picture.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { URL_MAX = 2048, LOOK = 8 };

struct picture {
    const struct trtc_picture_rules *rules;
    int fd;
    size_t n;
    unsigned char look[LOOK]; /* its first bytes */
    bool refused;             /* an address is not public */
    bool large;
    int errnum; /* of write */
};

/* ---- addresses ---- */

struct net4 {
    uint8_t at[4];
    int bits;
};

struct net6 {
    uint8_t at[16];
    int bits;
};

/* IANA's registries of special-purpose addresses, with groups and what is reserved. */
static const struct net4 special4[] = {
    { { 0 }, 8 },
    { { 10 }, 8 },
    { { 100, 64 }, 10 },
    { { 127 }, 8 },
    { { 169, 254 }, 16 },
    { { 172, 16 }, 12 },
    { { 192, 0, 0 }, 24 },
    { { 192, 0, 2 }, 24 },
    { { 192, 31, 196 }, 24 },
    { { 192, 52, 193 }, 24 },
    { { 192, 88, 99 }, 24 },
    { { 192, 168 }, 16 },
    { { 192, 175, 48 }, 24 },
    { { 198, 18 }, 15 },
    { { 198, 51, 100 }, 24 },
    { { 203, 0, 113 }, 24 },
    { { 224 }, 3 },
};

/* Networks within 2000::/3 that are not public; outside of it, none is public. */
static const struct net6 special6[] = {
    { { 0x20, 0x01, 0x00 }, 23 },       /* Teredo, benchmarks, ORCHID */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
    { { 0x20, 0x02 }, 16 },             /* 6to4 */
    { { 0x26, 0x20, 0x00, 0x4f, 0x80 }, 48 },
    { { 0x3f, 0xff, 0x00 }, 20 },
};

static bool is_in(const uint8_t *a, const uint8_t *net, int bits)
{
    const int whole = bits / 8, rest = bits % 8;
    return memcmp(a, net, (size_t)whole) == 0 &&
           (!rest || (a[whole] ^ net[whole]) >> (8 - rest) == 0);
}

static bool is_public4(const uint8_t a[4])
{
    for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++)
        if (is_in(a, special4[i].at, special4[i].bits))
            return false;
    return true;
}

static bool is_public6(const uint8_t a[16])
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    static const uint8_t translated[12] = { 0x00, 0x64, 0xff, 0x9b }; /* NAT64, RFC 6052 */
    static const uint8_t global[1] = { 0x20 };
    if (is_in(a, mapped, 96) || is_in(a, translated, 96))
        return is_public4(a + 12);
    for (size_t i = 0; i < sizeof special6 / sizeof *special6; i++)
        if (is_in(a, special6[i].at, special6[i].bits))
            return false;
    return is_in(a, global, 3);
}

static bool is_same(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
                      &((const struct sockaddr_in *)(const void *)b)->sin_addr, 4) == 0;
    return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr, 16) == 0;
}

/* Whether a is an address of this machine: a public one may reach servers that a firewall protects
 * from others. */
static bool is_own(const struct sockaddr *a)
{
    struct ifaddrs *all = NULL;
    bool own = false;
    if (getifaddrs(&all) < 0)
        return true;
    for (const struct ifaddrs *i = all; i && !own; i = i->ifa_next)
        own = i->ifa_addr &&
              (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6) &&
              is_same(a, i->ifa_addr);
    freeifaddrs(all);
    return own;
}

bool trtc_address_is_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return is_public4(
            (const uint8_t *)&((const struct sockaddr_in *)(const void *)a)->sin_addr);
    return a->sa_family == AF_INET6 &&
           is_public6(((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr);
}

/* ---- URLs ---- */

/* Whether the n bytes of a path have one of the endings of pictures. */
static bool is_picture_name(const char *path, size_t n)
{
    static const char *const endings[] = { ".jpg", ".jpeg", ".png" };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t k = strlen(endings[i]);
        if (n > k && strncasecmp(path + n - k, endings[i], k) == 0)
            return true;
    }
    return false;
}

int trtc_picture_url(const char *url, struct trtc_err *err)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~:/?#[]@!&()*+,%=";
    const char *host = strncasecmp(url, "https://", 8) == 0  ? url + 8
                       : strncasecmp(url, "http://", 7) == 0 ? url + 7
                                                             : NULL;
    if (!host || strlen(url) > URL_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "not an http or https address");
    if (url[strspn(url, chars)])
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "a character that is not allowed in the address of a picture");
    const char *path = host + strcspn(host, "/?#");
    if (path == host || memchr(host, '@', (size_t)(path - host)))
        return trtc_fail(err, TRTC_EX_DATAERR, "no host, or a user name before it");
    if (!is_picture_name(path, strcspn(path, "?#")))
        return trtc_fail(err, TRTC_EX_DATAERR, "its path ends with none of .jpg, .jpeg, .png");
    return 0;
}

/* ---- the transfer ---- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct picture *p = arg;
    const struct trtc_picture_rules *rules = p->rules;
    (void)purpose;
    if (!rules->internal && !(rules->may ? rules->may(&a->addr)
                                         : trtc_address_is_public(&a->addr) && !is_own(&a->addr))) {
        p->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_body(char *data, size_t size, size_t nb, void *arg)
{
    struct picture *p = arg;
    const size_t n = size * nb;
    if (n > TRTC_PICTURE_BYTES - p->n) {
        p->large = true;
        return 0;
    }
    for (size_t i = 0; i < n && p->n + i < LOOK; i++)
        p->look[p->n + i] = (unsigned char)data[i];
    for (size_t done = 0; done < n;) {
        const ssize_t k = write(p->fd, data + done, n - done);
        if (k < 0 && errno != EINTR) {
            p->errnum = errno;
            return 0;
        }
        done += k > 0 ? (size_t)k : 0;
    }
    p->n += n;
    return n;
}

static int on_progress(void *arg, curl_off_t all, curl_off_t got, curl_off_t to_send,
                       curl_off_t sent)
{
    const struct picture *p = arg;
    (void)all, (void)got, (void)to_send, (void)sent;
    return trtc_is_stopped(p->rules->stop);
}

static CURLcode set_options(CURL *c, struct picture *p, const char *url)
{
    const char *protocols = p->rules->http ? "http,https" : "https";
    CURLcode bad = CURLE_OK;
#define SET(option, value) \
    if (!bad)              \
    bad = curl_easy_setopt(c, option, value)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, protocols);
    SET(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long)TRTC_PICTURE_REDIRECTS);
    SET(CURLOPT_PROXY, ""); /* a proxy would resolve the names */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)TRTC_PICTURE_MS);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)TRTC_PICTURE_BYTES);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, p);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, p);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, p);
    SET(CURLOPT_USERAGENT, "trtc-tools/" TRTC_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L); /* do not wait for a name server that does not answer */
#endif
    if (p->rules->ca_file) {
        SET(CURLOPT_CAINFO, p->rules->ca_file);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
#undef SET
    return bad;
}

static int fail_status(CURL *c, struct trtc_err *err)
{
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    return trtc_fail(err, status >= 500 ? TRTC_EX_TEMPFAIL : TRTC_EX_NOINPUT, "HTTP status %ld",
                     status);
}

static int fail(CURL *c, const struct picture *p, CURLcode bad, struct trtc_err *err)
{
    if (p->refused)
        return trtc_fail(err, TRTC_EX_NOPERM, "its host has no public address");
    if (p->large || bad == CURLE_FILESIZE_EXCEEDED)
        return trtc_fail(err, TRTC_EX_DATAERR, "more than %d MiB", TRTC_PICTURE_BYTES >> 20);
    if (p->errnum)
        return trtc_fail_errno(err, TRTC_EX_IOERR, p->errnum, "cannot be written");
    if (bad == CURLE_HTTP_RETURNED_ERROR)
        return fail_status(c, err);
    const int code = bad == CURLE_UNSUPPORTED_PROTOCOL || bad == CURLE_URL_MALFORMAT ||
                             bad == CURLE_TOO_MANY_REDIRECTS || bad == CURLE_WEIRD_SERVER_REPLY
                         ? TRTC_EX_DATAERR
                     : bad == CURLE_PEER_FAILED_VERIFICATION ? TRTC_EX_NOPERM
                                                             : TRTC_EX_TEMPFAIL;
    return trtc_fail(err, code, "%s", curl_easy_strerror(bad));
}

static bool is_picture(const struct picture *p)
{
    static const unsigned char jpeg[] = { 0xff, 0xd8, 0xff };
    static const unsigned char png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    return p->n >= LOOK &&
           (memcmp(p->look, jpeg, sizeof jpeg) == 0 || memcmp(p->look, png, sizeof png) == 0);
}

int trtc_picture_fetch(const char *url, const struct trtc_picture_rules *rules, int fd,
                       struct trtc_err *err)
{
    struct picture p = { .rules = rules, .fd = fd };
    if (trtc_picture_url(url, err) < 0)
        return -1;
    CURL *c = curl_easy_init();
    if (!c)
        return trtc_fail_nomem(err);
    CURLcode bad = set_options(c, &p, url);
    if (!bad)
        bad = curl_easy_perform(c);
    int ret = bad ? fail(c, &p, bad, err) : 0;
    if (!ret && !is_picture(&p))
        ret = trtc_fail(err, TRTC_EX_DATAERR, "neither a JPEG nor a PNG picture");
    curl_easy_cleanup(c);
    return ret;
}
