/* SPDX-License-Identifier: MIT */
/* One transfer of libcurl at a time, driven by the reader: nothing runs between two calls, so a
 * reader that pauses also holds up the sender. */
#include "net/fetch.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/utc.h"

enum {
    ROOM = 4 * CURL_MAX_WRITE_SIZE,
    POLL_MS = 100, /* how often stop is checked */
    CONNECT_MS = 30000,
    SKIP_MAX = 1 << 18, /* to skip more than this, a new request is quicker */
};

struct fetch {
    CURLM *multi;
    CURL *easy;
    char *url;
    struct curl_slist *aliases;
    const volatile sig_atomic_t *stop;
    bool added, paused, ended; /* state of the transfer: in progress; waiting for room; over, */
    CURLcode result;           /* with this result */
    int64_t at;                /* position of the next byte to be read */
    int64_t size;              /* -1: it can only be read once, from beginning to end */
    size_t from, to;           /* the unread part of room */
    uint8_t room[ROOM];
};

static bool stopped(const struct fetch *f)
{
    return trtc_is_stopped(f->stop);
}

/* ---- the transfer ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct fetch *f = arg;

    n *= size;
    if (n > sizeof f->room - f->to) {
        f->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    memcpy(f->room + f->to, data, n);
    f->to += n;
    return n;
}

/* A copy of url in the form that the library expects: users leave blanks in it, and an '@' in a
 * password. */
static char *escape(const char *url)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *const host = strstr(url, "://") + 3, *last = host + strcspn(host, "/?#");
    char *const out = malloc(3 * strlen(url) + 1), *to = out;

    while (last > host && *last != '@')
        last--;
    for (const char *p = url; out && *p; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c > ' ' && c != 0x7f && (c != '@' || p < host || p >= last)) {
            *to++ = *p;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    if (out)
        *to = '\0';
    return out;
}

static CURLcode set_options(struct fetch *f, const struct trtc_remote *remote)
{
    CURLcode bad = CURLE_OK;

#define SET(option, value) \
    if (!bad)              \
    bad = curl_easy_setopt(f->easy, option, value)
    SET(CURLOPT_URL, f->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, 10L);
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTP200ALIASES, f->aliases);
    SET(CURLOPT_USERAGENT, "trtc-tools/" TRTC_VERSION);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, f);
    if (remote->ca_file) {
        SET(CURLOPT_CAINFO, remote->ca_file);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
#undef SET
    return bad;
}

/* Begins the transfer at f->at. */
static int begin(struct fetch *f)
{
    f->from = f->to = 0;
    f->paused = f->ended = false;
    f->added = !curl_easy_setopt(f->easy, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)f->at) &&
               !curl_multi_add_handle(f->multi, f->easy);
    return f->added ? 0 : -1;
}

static void drop(struct fetch *f)
{
    if (f->added)
        curl_multi_remove_handle(f->multi, f->easy);
    f->added = false;
}

/* Continues the transfer until data has arrived, it is over, or stop is set. */
static void advance(struct fetch *f)
{
    int nb_running, nb_left;

    while (f->from == f->to && f->added && !f->ended && !stopped(f)) {
        f->from = f->to = 0;
        if (f->paused) {
            f->paused = false;
            curl_easy_pause(f->easy, CURLPAUSE_CONT);
        }
        const CURLMcode bad = curl_multi_perform(f->multi, &nb_running);
        const CURLMsg *msg = curl_multi_info_read(f->multi, &nb_left);
        if (bad || msg) {
            f->ended = true;
            f->result = bad ? CURLE_OUT_OF_MEMORY : msg->data.result;
        } else if (f->to == 0) {
            curl_multi_poll(f->multi, NULL, 0, POLL_MS, NULL);
        }
    }
}

/* ---- results ---- */

static int fail_status(const struct fetch *f, struct trtc_err *err)
{
    long status = 0;
    int code = TRTC_EX_TEMPFAIL;

    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 404 || status == 410)
        code = TRTC_EX_NOINPUT;
    else if (status == 401 || status == 403 || status == 407)
        code = TRTC_EX_NOPERM;
    else if (status < 500 && status != 408 && status != 429)
        code = TRTC_EX_DATAERR;
    return trtc_fail(err, code, "the server answers with HTTP status %ld", status);
}

static int code_of(CURLcode result)
{
    switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return TRTC_EX_NOPERM;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_TOO_MANY_REDIRECTS:
        return TRTC_EX_DATAERR;
    default:
        return TRTC_EX_TEMPFAIL;
    }
}

/* Reports a transfer that failed. */
static int fail(const struct fetch *f, struct trtc_err *err)
{
    curl_off_t nb_bytes = 0;

    if (f->result == CURLE_OUT_OF_MEMORY)
        return trtc_fail_nomem(err);
    if (f->result == CURLE_HTTP_RETURNED_ERROR)
        return fail_status(f, err);
    curl_easy_getinfo(f->easy, CURLINFO_SIZE_DOWNLOAD_T, &nb_bytes);
    if (nb_bytes > 0)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "ended early, after %" PRId64 " bytes: %s", f->at,
                         curl_easy_strerror(f->result));
    return trtc_fail(err, code_of(f->result), "%s", curl_easy_strerror(f->result));
}

/* The length, if the server states it and can send ranges. */
static int64_t find_size(const struct fetch *f)
{
    struct curl_header *ranges;
    curl_off_t size = -1;

    if (curl_easy_header(f->easy, "Accept-Ranges", 0, CURLH_HEADER, -1, &ranges) ||
        strcasecmp(ranges->value, "bytes") != 0)
        return -1;
    curl_easy_getinfo(f->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    return size;
}

/* ---- interface ---- */

static bool takes(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static int64_t came_ms(const void *self)
{
    const struct fetch *f = self;
    const struct trtc_range range = { 0, INT64_C(253402300799999) }; /* the year 9999 */
    struct curl_header *came;
    int64_t ms;

    if (curl_easy_header(f->easy, "Trtc-First-Byte-Ms", 0, CURLH_HEADER, -1, &came) ||
        trtc_num_int("the header", came->value, range, &ms, NULL) < 0)
        return TRTC_NOTIME;
    return ms;
}

static void close_it(void *self)
{
    struct fetch *f = self;

    drop(f);
    curl_easy_cleanup(f->easy);
    curl_multi_cleanup(f->multi);
    free(f->url);
    curl_slist_free_all(f->aliases);
    free(f);
}

/* Starts libcurl, and with it OpenSSL: 3.6 waits for itself for ever if it has no memory then. */
static bool start(const struct trtc_remote *remote)
{
    if (remote->need_memory)
        remote->need_memory(true);
    const bool started = !curl_global_init(CURL_GLOBAL_DEFAULT);
    if (remote->need_memory)
        remote->need_memory(false);
    return started;
}

static int set_up(struct fetch *f, const struct trtc_remote *remote, const char *url,
                  struct trtc_err *err)
{
    if (start(remote)) {
        f->easy = curl_easy_init();
        f->multi = curl_multi_init();
        f->url = escape(url);
        f->aliases = curl_slist_append(NULL, "ICY 200 OK"); /* used by radio stations instead of
                                                               HTTP */
    }
    if (!f->easy || !f->multi || !f->url || !f->aliases)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot set up the HTTP library");
    if (set_options(f, remote) || begin(f) < 0)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot set up the request");
    advance(f);
    if (f->from == f->to && f->ended && f->result)
        return fail(f, err);
    f->size = find_size(f);
    return 0;
}

static void *open_it(const struct trtc_remote *remote, const char *url,
                     const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    struct fetch *f = calloc(1, sizeof *f);

    if (!f) {
        trtc_fail_nomem(err);
        return NULL;
    }
    f->stop = stop;
    if (set_up(f, remote, url, err) == 0)
        return f;
    close_it(f);
    return NULL;
}

static ssize_t read_it(void *self, uint8_t *p, size_t n, struct trtc_err *err)
{
    struct fetch *f = self;

    if (!f->added && f->at != f->size && begin(f) < 0)
        return trtc_fail_nomem(err);
    advance(f);
    if (f->from == f->to)
        return f->ended && f->result && !stopped(f) ? fail(f, err) : 0;
    if (n > f->to - f->from)
        n = f->to - f->from;
    memcpy(p, f->room + f->from, n);
    f->from += n;
    f->at += (int64_t)n;
    return (ssize_t)n;
}

static int64_t size_of(const void *self)
{
    return ((const struct fetch *)self)->size;
}

static void seek(void *self, int64_t to)
{
    struct fetch *f = self;
    uint8_t skipped[4096];

    while (f->added && to > f->at && to - f->at <= SKIP_MAX) {
        const int64_t left = to - f->at;
        if (read_it(f, skipped, left < (int64_t)sizeof skipped ? (size_t)left : sizeof skipped,
                    NULL) <= 0)
            break;
    }
    if (to == f->at)
        return;
    drop(f);
    f->from = f->to = 0;
    f->ended = false;
    f->at = to;
}

struct trtc_remote trtc_fetch_remote(const char *ca_file, void (*need_memory)(bool on))
{
    return (struct trtc_remote){
        .takes = takes,
        .open = open_it,
        .read = read_it,
        .size = size_of,
        .seek = seek,
        .came_ms = came_ms,
        .close = close_it,
        .need_memory = need_memory,
        .ca_file = ca_file,
    };
}
