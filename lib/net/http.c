/* SPDX-License-Identifier: MIT */
/* HTTP through libcurl: one handle, strict limits, and every outcome assigned to one of the classes
 * of transport.h. */
#include "net/http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "net/callback.h"
#include "net/endpoint.h"

enum {
    HEADERS_MAX = 64 << 10, /* size of all header fields of an answer */
    FIRST_ROOM = 4 << 10,   /* most answers are smaller */
    PIECES = 20,            /* pieces of a body that is sent slowly */
};

#define UPLOAD_ROOM (512L << 10) /* buffer size for large bodies */

struct trtc_http {
    struct trtc_http_options options;
    CURL *curl;
    char why[CURL_ERROR_SIZE];
    /* of the present exchange */
    struct trtc_reply *reply;
    size_t room;          /* size of reply->body */
    size_t header_bytes;  /* of the answer so far */
    size_t got_bytes;     /* bytes of the answer received so far, before decompression */
    int64_t slow_from_us; /* start of the current window for measuring the rate; 0: no answer yet */
    size_t slow_bytes;    /* got_bytes at that time */
    curl_off_t moved_us;  /* when bytes were last sent or received, */
    size_t moved_bytes;   /* and their total number */
    const struct trtc_post *post;
    size_t sent_bytes;   /* bytes sent of a body that is sent in pieces */
    bool idle;           /* the exchange was ended because nothing moved */
    bool head_done;      /* the empty line after the last header field has arrived */
    enum trtc_net ended; /* why a callback ended the exchange; TRTC_NET_ANSWER: none did */
};

/* Fills in an outcome without an answer. */
static void fail(struct trtc_reply *reply, enum trtc_net net, int code, const char *what)
{
    reply->net = net;
    trtc_fail(&reply->err, code, "%s", what);
}

static bool grow(struct trtc_http *h, size_t need)
{
    size_t room = h->room ? h->room : FIRST_ROOM;
    char *more;

    if (need <= h->room)
        return true;
    while (room < need)
        room *= 2;
    more = malloc(room);
    if (!more)
        return false;
    if (h->reply->body) {
        memcpy(more, h->reply->body, h->reply->body_bytes);
        OPENSSL_cleanse(h->reply->body, h->reply->body_bytes);
        free(h->reply->body);
    }
    h->reply->body = more;
    h->room = room;
    return true;
}

/* Receives decompressed bytes of the body. A result other than n ends the exchange. */
static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct trtc_http *h = arg;
    struct trtc_reply *reply = h->reply;

    n *= size;
    if (n > h->options.body_max - reply->body_bytes) {
        h->ended = TRTC_NET_TOO_LARGE;
        return 0;
    }
    if (!grow(h, reply->body_bytes + n + 1)) {
        h->ended = TRTC_NET_LOCAL;
        return 0;
    }
    memcpy(reply->body + reply->body_bytes, data, n);
    reply->body_bytes += n;
    return n;
}

/* Counts the bytes of header fields, since the library only limits the length of each, and notes
 * the empty line at their end. If an answer is cut within a field, newer libraries deliver the
 * first half. */
static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct trtc_http *h = arg;

    n *= size;
    h->header_bytes += n;
    h->head_done = (n == 1 && *data == '\n') || (n == 2 && memcmp(data, "\r\n", 2) == 0);
    if (h->header_bytes > HEADERS_MAX) {
        h->ended = TRTC_NET_TOO_LARGE;
        return 0;
    }
    return n;
}

/* Whether nothing has been sent or received for too long. */
static bool is_idle(struct trtc_http *h, size_t nb_bytes, curl_off_t now_us)
{
    if (nb_bytes != h->moved_bytes) {
        h->moved_bytes = nb_bytes;
        h->moved_us = now_us;
    }
    return h->options.idle_ms > 0 && now_us - h->moved_us >= h->options.idle_ms * 1000;
}

/* Called at least once a second. The library's own low-speed limit would include the wait for the
 * answer to begin. */
static int on_progress(void *arg, curl_off_t total, curl_off_t got, curl_off_t up_total,
                       curl_off_t up)
{
    struct trtc_http *h = arg;
    curl_off_t now_us = 0;

    (void)total;
    (void)up_total;
    if (trtc_is_stopped(h->options.stop)) {
        h->ended = TRTC_NET_STOPPED;
        return 1;
    }
    h->got_bytes = h->header_bytes + (size_t)got;
    curl_easy_getinfo(h->curl, CURLINFO_TOTAL_TIME_T, &now_us);
    if (is_idle(h, h->got_bytes + (size_t)up, now_us)) {
        h->ended = TRTC_NET_LOST;
        h->idle = true;
        return 1;
    }
    if (h->got_bytes == 0)
        return 0;
    if (h->slow_from_us == 0) {
        h->slow_from_us = now_us > 0 ? now_us : 1;
        h->slow_bytes = h->got_bytes;
    } else if (now_us - h->slow_from_us >= h->options.slow_ms * 1000) {
        int64_t least_bytes = h->options.slow_ms * TRTC_HTTP_SLOW_BPS / 1000;

        if ((int64_t)(h->got_bytes - h->slow_bytes) < least_bytes) {
            h->ended = TRTC_NET_LOST;
            return 1;
        }
        h->slow_from_us = now_us;
        h->slow_bytes = h->got_bytes;
    }
    return 0;
}

/* Provides the next piece of a body that must be sent slowly or cut off. */
static size_t on_send(char *out, size_t size, size_t n, void *arg)
{
    struct trtc_http *h = arg;
    const struct trtc_post *p = h->post;
    const int64_t pause_ms = p->slow_ms / PIECES;
    const size_t end = p->cut ? p->body_bytes / 2 : p->body_bytes;
    size_t piece = pause_ms ? p->body_bytes / PIECES + 1 : end;

    if (h->sent_bytes >= end)
        return p->cut ? CURL_READFUNC_ABORT : 0;
    if (piece > n * size)
        piece = n * size;
    if (piece > end - h->sent_bytes)
        piece = end - h->sent_bytes;
    nanosleep(&(struct timespec){ pause_ms / 1000, (long)(pause_ms % 1000) * 1000000 }, NULL);
    memcpy(out, (const char *)p->body + h->sent_bytes, piece);
    h->sent_bytes += piece;
    return piece;
}

/* Sets the options that are the same for every exchange. Connections are not among them: they are
 * kept. */
static CURLcode set_common(struct trtc_http *h)
{
    CURL *c = h->curl;
    CURLcode bad = CURLE_OK;

#define SET(option, value) \
    if (!bad)              \
    bad = curl_easy_setopt(c, option, value)
    SET(CURLOPT_ERRORBUFFER, h->why);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* a proxy receives none of our headers */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, h->options.store ? (char *)NULL : "gzip");
    SET(CURLOPT_PATH_AS_IS, (long)h->options.store);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, h->options.store ? UPLOAD_ROOM : 64L << 10);
    SET(CURLOPT_TIMEOUT_MS, (long)h->options.total_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)h->options.connect_ms);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, h);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, h);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, h);
    if (h->options.agent)
        SET(CURLOPT_USERAGENT, h->options.agent);
    if (h->options.ca_file) {
        SET(CURLOPT_CAINFO, h->options.ca_file);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
#undef SET
    return bad;
}

struct trtc_http *trtc_http_new(const struct trtc_http_options *options, struct trtc_err *err)
{
    struct trtc_http *h = calloc(1, sizeof(*h));

    if (!h) {
        trtc_fail_nomem(err);
        return NULL;
    }
    h->options = *options;
    if (h->options.total_ms <= 0)
        h->options.total_ms = TRTC_HTTP_TOTAL_MS;
    if (h->options.connect_ms <= 0)
        h->options.connect_ms = TRTC_HTTP_CONNECT_MS;
    if (h->options.connect_ms > h->options.total_ms)
        h->options.connect_ms = h->options.total_ms;
    if (h->options.slow_ms <= 0)
        h->options.slow_ms = TRTC_HTTP_SLOW_MS;
    if (h->options.body_max == 0)
        h->options.body_max = TRTC_HTTP_BODY_MAX;
    if (!curl_global_init(CURL_GLOBAL_DEFAULT))
        h->curl = curl_easy_init();
    if (!h->curl) {
        trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot set up the HTTP library");
        trtc_http_free(&h);
    }
    return h;
}

void trtc_http_free(struct trtc_http **http)
{
    if (!*http)
        return;
    curl_easy_cleanup((*http)->curl);
    free(*http);
    *http = NULL;
}

/* Overwrites and frees the library's copies of the header lines, since one may contain a token. */
static void free_lines(struct curl_slist *lines)
{
    for (struct curl_slist *l = lines; l; l = l->next)
        OPENSSL_cleanse(l->data, strlen(l->data));
    curl_slist_free_all(lines);
}

/* Makes "Name: value" lines, and "Expect:" so that this field is not sent. NULL: out of memory. */
static struct curl_slist *lines_of(const struct trtc_headers *headers)
{
    struct curl_slist *lines = curl_slist_append(NULL, "Expect:");

    for (size_t i = 0; lines && i < headers->nb; i++) {
        const struct trtc_header *f = &headers->list[i];
        size_t size = strlen(f->name) + strlen(f->value) + 3;
        char *line = malloc(size);
        struct curl_slist *more = NULL;

        if (line) {
            /* after a lone ":" the library would not send the field at all */
            snprintf(line, size, *f->value ? "%s: %s" : "%s;%s", f->name, f->value);
            more = curl_slist_append(lines, line);
            OPENSSL_cleanse(line, size);
        }
        free(line);
        if (!more)
            free_lines(lines);
        lines = more;
    }
    return lines;
}

static bool has_body(const struct trtc_post *post)
{
    return !post->method || !strcmp(post->method, "POST") || !strcmp(post->method, "PUT");
}

/* Provides the next piece of a body that is generated while it is sent. */
static size_t on_next(char *out, size_t size, size_t n, void *arg)
{
    struct trtc_http *h = arg;
    const size_t left = h->post->body_bytes - h->sent_bytes;
    const size_t most = n * size < left ? n * size : left;
    const size_t got = most ? h->post->next(h->post->next_arg, out, most) : 0;

    h->sent_bytes += got;
    return most && !got ? CURL_READFUNC_ABORT : got;
}

static CURLcode set_method(struct trtc_http *h, const struct trtc_post *post)
{
    CURLcode bad = CURLE_OK;

#define SET(option, value) \
    if (!bad)              \
    bad = curl_easy_setopt(h->curl, option, value)
    if (!has_body(post)) {
        SET(CURLOPT_HTTPGET, 1L);
        SET(CURLOPT_NOBODY, (long)!strcmp(post->method, "HEAD"));
        SET(CURLOPT_CUSTOMREQUEST, post->method);
        return bad;
    }
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_CUSTOMREQUEST, post->method);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body_bytes);
    if (post->next) {
        SET(CURLOPT_READFUNCTION, on_next);
        SET(CURLOPT_READDATA, h);
    } else if (post->slow_ms || post->cut) {
        SET(CURLOPT_READFUNCTION, on_send);
        SET(CURLOPT_READDATA, h);
    } else {
        SET(CURLOPT_POSTFIELDS, post->body_bytes ? post->body : "");
    }
#undef SET
    return bad;
}

static CURLcode set_request(struct trtc_http *h, const struct trtc_post *post, bool loopback,
                            struct curl_slist *lines)
{
    CURLcode bad = set_common(h);

#define SET(option, value) \
    if (!bad)              \
    bad = curl_easy_setopt(h->curl, option, value)
    SET(CURLOPT_URL, post->url);
    SET(CURLOPT_PROTOCOLS_STR, loopback || h->options.anywhere ? "http,https" : "https");
    /* "": no proxy, even if the environment has one; NULL: that of the environment */
    SET(CURLOPT_PROXY, loopback ? "" : (char *)NULL);
    SET(CURLOPT_HTTPHEADER, lines);
    SET(CURLOPT_FRESH_CONNECT, (long)post->fresh);
#undef SET
    return bad ? bad : set_method(h, post);
}

/* Whether the request was sent completely, as far as we know. */
static bool was_sent(CURL *curl, const struct trtc_post *post)
{
    long head_bytes = 0;
    curl_off_t body_bytes = 0;

    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &head_bytes);
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &body_bytes);
    return head_bytes > 0 && body_bytes >= (curl_off_t)post->body_bytes;
}

/* CURLE_SSL_CONNECT_ERROR means a refused handshake as well as a broken connection; only its text
 * differs. An unknown text counts as refused, which means no retry. */
static bool handshake_broke(const char *why)
{
    static const char *const texts[] = { "SSL_ERROR_SYSCALL", "Connection reset", "Broken pipe",
                                         "unexpected eof" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strstr(why, texts[i]))
            return true;
    return false;
}

/* Whether a proxy was reached but opened no tunnel, which newer libraries report as a failed
 * connection. */
static bool proxy_refused(CURL *curl)
{
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &status);
    return status != 0;
}

static enum trtc_net class_of(const struct trtc_http *h, CURLcode code,
                              const struct trtc_post *post)
{
    if (h->ended != TRTC_NET_ANSWER)
        return h->ended;
    switch (code) {
    case CURLE_OK: /* also if the connection ends within the header fields */
        return h->head_done ? TRTC_NET_ANSWER : TRTC_NET_LOST;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
        return proxy_refused(h->curl) ? TRTC_NET_UNSENT : TRTC_NET_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
        return handshake_broke(h->why) ? TRTC_NET_UNSENT : TRTC_NET_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        return TRTC_NET_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: the address itself was checked before */
        return TRTC_NET_MALFORMED;
    case CURLE_FILESIZE_EXCEEDED:
        return TRTC_NET_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY: /* libcurl 7.88 also returns this for a header field over 100 KB, */
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE: /* and 8.6 returns this */
#endif
        return was_sent(h->curl, post) ? TRTC_NET_TOO_LARGE : TRTC_NET_LOCAL;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return was_sent(h->curl, post) ? TRTC_NET_LOST : TRTC_NET_UNSENT;
    default:
        return was_sent(h->curl, post) ? TRTC_NET_LOST : TRTC_NET_LOCAL;
    }
}

/* Describes an outcome without an answer. */
static void explain(const struct trtc_http *h, CURLcode code, enum trtc_net net, const char *host,
                    struct trtc_reply *reply)
{
    static const struct {
        int code;
        const char *what;
    } texts[] = {
        [TRTC_NET_CONNECT] = { TRTC_EX_TEMPFAIL, "no connection" },
        [TRTC_NET_UNSENT] = { TRTC_EX_TEMPFAIL, "the request could not be sent" },
        [TRTC_NET_LOST] = { TRTC_EX_TEMPFAIL, "no complete answer" },
        [TRTC_NET_TLS] = { TRTC_EX_NOPERM, "TLS refused" },
        [TRTC_NET_TOO_LARGE] = { TRTC_EX_UNAVAILABLE, "the answer is too large" },
        [TRTC_NET_MALFORMED] = { TRTC_EX_UNAVAILABLE, "the answer is not HTTP" },
        [TRTC_NET_STOPPED] = { TRTC_EX_TEMPFAIL, "interrupted" },
        [TRTC_NET_LOCAL] = { TRTC_EX_TEMPFAIL, "cannot send" },
    };
    char why[CURL_ERROR_SIZE];

    reply->net = net;
    /* the library's text may quote the server */
    trtc_text_show(h->why, strlen(h->why), why, sizeof(why));
    if (h->idle)
        snprintf(why, sizeof(why), "nothing moved for %" PRId64 " s", h->options.idle_ms / 1000);
    else if (h->ended == TRTC_NET_LOST)
        snprintf(why, sizeof(why), "slower than %d bytes a second", TRTC_HTTP_SLOW_BPS);
    else if (h->ended == TRTC_NET_TOO_LARGE)
        snprintf(why, sizeof(why), "over %zu bytes, or %d of header fields", h->options.body_max,
                 HEADERS_MAX);
    else if (h->ended != TRTC_NET_ANSWER)
        snprintf(why, sizeof(why), "%s", h->ended == TRTC_NET_LOCAL ? "out of memory" : "");
    else if (!*why)
        snprintf(why, sizeof(why), "%s", code ? curl_easy_strerror(code) : "cut short");
    trtc_fail(&reply->err, texts[net].code, "%s: %s%s%s", host, texts[net].what, *why ? ": " : "",
              why);
}

static void take_answer(struct trtc_http *h, struct trtc_reply *reply)
{
    struct curl_header *date;
    const char *type = NULL;
    curl_off_t after_s = 0;
    long status = 0;

    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &type);
    if (type)
        snprintf(reply->content_type, sizeof(reply->content_type), "%s", type);
    if (!curl_easy_header(h->curl, "Date", 0, CURLH_HEADER, -1, &date))
        reply->date_s = curl_getdate(date->value, NULL);
    if (!curl_easy_header(h->curl, "Retry-After", 0, CURLH_HEADER, -1, &date) &&
        !curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after_s))
        reply->retry_after_s = after_s;
}

/* Takes over the requested header fields. */
static void keep_fields(struct trtc_http *h, const struct trtc_post *post, struct trtc_reply *reply)
{
    for (const char *const *name = post->keep; name && *name; name++) {
        struct curl_header *field;

        if (!curl_easy_header(h->curl, *name, 0, CURLH_HEADER, -1, &field))
            trtc_headers_add(&reply->kept, *name, field->value, NULL);
    }
}

static void perform(struct trtc_http *h, const struct trtc_post *post,
                    const struct trtc_endpoint *endpoint, struct curl_slist *lines,
                    struct trtc_reply *reply)
{
    CURLcode code;
    enum trtc_net net;

    h->reply = reply;
    h->room = h->header_bytes = h->got_bytes = h->slow_bytes = 0;
    h->moved_bytes = 0;
    h->slow_from_us = h->moved_us = 0;
    h->idle = false;
    h->post = post;
    h->sent_bytes = 0;
    h->ended = TRTC_NET_ANSWER;
    h->head_done = false;
    h->why[0] = '\0';
    curl_easy_reset(h->curl); /* resets the options but keeps the connections */
    code = set_request(h, post, endpoint->loopback, lines);
    if (code) {
        fail(reply, TRTC_NET_LOCAL, TRTC_EX_SOFTWARE, curl_easy_strerror(code));
        return;
    }
    code = curl_easy_perform(h->curl);
    net = class_of(h, code, post);
    take_answer(h, reply);
    if (net == TRTC_NET_ANSWER && !grow(h, 1))
        net = h->ended = TRTC_NET_LOCAL;
    if (net == TRTC_NET_ANSWER) {
        keep_fields(h, post, reply);
        reply->body[reply->body_bytes] = '\0';
        return;
    }
    explain(h, code, net, endpoint->host, reply);
    if (reply->body)
        OPENSSL_cleanse(reply->body, reply->body_bytes);
    free(reply->body);
    reply->body = NULL;
    reply->body_bytes = 0;
}

/* Parses a URL that may have a path. */
static int any_endpoint(const char *url, struct trtc_endpoint *out, struct trtc_err *err)
{
    char host[sizeof(out->url)];
    const char *s = strstr(url, "://");

    if (trtc_callback_url(url, err))
        return -1;
    s += 3;
    snprintf(host, sizeof(host), "https://%.*s", (int)strcspn(s, "/?#"), s);
    return trtc_endpoint_parse(host, out, err);
}

/* The same, but with plain http for loopback addresses only. */
static int store_endpoint(const char *url, struct trtc_endpoint *out, struct trtc_err *err)
{
    const char *host = strstr(url, "://");
    const int n = host ? (int)(host - url + 3 + (long)strcspn(host + 3, "/?#")) : 0;
    char start[sizeof(out->url)];

    if (n <= 0 || n >= (int)sizeof(start))
        return trtc_fail(err, TRTC_EX_USAGE, "the address is not https://HOST/");
    snprintf(start, sizeof(start), "%.*s", n, url);
    return trtc_endpoint_parse(start, out, err);
}

static int endpoint_of(const struct trtc_http *h, const char *url, struct trtc_endpoint *out,
                       struct trtc_err *err)
{
    if (h->options.store)
        return store_endpoint(url, out, err);
    return h->options.anywhere ? any_endpoint(url, out, err) : trtc_endpoint_parse(url, out, err);
}

static void post_it(void *arg, const struct trtc_post *post, struct trtc_reply *reply)
{
    struct trtc_http *h = arg;
    struct trtc_endpoint endpoint;
    struct curl_slist *lines;

    trtc_reply_fini(reply);
    if (endpoint_of(h, post->url, &endpoint, &reply->err)) {
        reply->net = TRTC_NET_LOCAL;
        return;
    }
    lines = lines_of(post->headers);
    if (lines)
        perform(h, post, &endpoint, lines, reply);
    else
        fail(reply, TRTC_NET_LOCAL, TRTC_EX_TEMPFAIL, "out of memory");
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
    free_lines(lines);
}

struct trtc_transport trtc_http_transport(struct trtc_http *http)
{
    return (struct trtc_transport){ .post = post_it, .arg = http };
}
