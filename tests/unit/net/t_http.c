/* SPDX-License-Identifier: MIT */
/* HTTP against servers on loopback, decent and not: what is sent, and how each way to fail is
 * classed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <zlib.h>

#include "net/http.h"
#include "serve/apiserver.h"

/* One server, one client, one exchange after the other. */
struct bench {
    struct apiserver *server;
    struct trtc_http *http;
    struct trtc_transport transport;
    struct trtc_reply reply;
    struct trtc_headers headers;
};

/* far above what a busy machine needs */
static const struct trtc_http_options limits = { .total_ms = 40000, .connect_ms = 20000 };

static struct bench bench(struct apiserver *server, const struct trtc_http_options *options)
{
    struct bench b = { .server = server };
    b.http = trtc_http_new(options, NULL);
    assert_non_null(b.http);
    b.transport = trtc_http_transport(b.http);
    assert_int_equal(trtc_headers_add(&b.headers, "Content-Type", "application/json", NULL), 0);
    return b;
}

static void drop(struct bench *b)
{
    trtc_reply_fini(&b->reply);
    trtc_headers_fini(&b->headers);
    trtc_http_free(&b->http);
    apiserver_stop(&b->server);
}

/* Posts to url (NULL: the server's) and checks the class. */
static void post(struct bench *b, const char *url, const char *body, size_t n, bool fresh,
                 enum trtc_net want)
{
    const struct trtc_post p = { .url = url ? url : apiserver_url(b->server),
                                 .headers = &b->headers,
                                 .body = body,
                                 .body_bytes = n,
                                 .fresh = fresh };
    trtc_reply_fini(&b->reply);
    b->transport.post(b->transport.arg, &p, &b->reply);
    if (b->reply.net != want)
        fail_msg("class %d instead of %d: status %d, %s", b->reply.net, want, b->reply.status,
                 b->reply.err.msg);
    if (want == TRTC_NET_ANSWER) {
        assert_non_null(b->reply.body);
        assert_int_equal(b->reply.body[b->reply.body_bytes], 0);
    } else {
        assert_null(b->reply.body);
        assert_true(*b->reply.err.msg && b->reply.err.code);
    }
}

static void send2(struct bench *b, enum trtc_net want)
{
    post(b, NULL, "{}", 2, false, want);
}

/* One exchange with a raw server. */
static void raw(const struct api_raw *script, enum trtc_net want, const char *says)
{
    struct bench b = bench(apiserver_start_raw(script, 1), &limits);
    send2(&b, want);
    if (says && !strstr(b.reply.err.msg, says))
        fail_msg("%s", b.reply.err.msg);
    drop(&b);
}

static void round_trip(void **state)
{
    static const struct api_answer script[] = {
        { 200,
          "{\"Response\":{}}",
          0,
          { "Content-Type: application/json", "Date: Thu, 01 Jan 2026 00:00:00 GMT", NULL, NULL },
          0 },
        { 503, NULL, 0, { "Retry-After: 7", NULL, NULL, NULL }, 0 },
    };
    static char large[3 << 19];
    static const char body[] = "{\"a\":\"\0\xff\"}";
    struct bench b = bench(apiserver_start(script, 2, NULL),
                           &(struct trtc_http_options){ .agent = "trtc-rec/1" });
    (void)state;
    trtc_headers_add(&b.headers, "Host", "elsewhere.example:99", NULL);
    trtc_headers_add(&b.headers, "X-TC-Token", "t", NULL);
    post(&b, NULL, body, sizeof body - 1, false, TRTC_NET_ANSWER);
    assert_int_equal(b.reply.status, 200);
    assert_string_equal(b.reply.body, "{\"Response\":{}}");
    assert_int_equal(b.reply.body_bytes, 15);
    assert_string_equal(b.reply.content_type, "application/json");
    assert_int_equal(b.reply.date_s, 1767225600);
    assert_int_equal(b.reply.retry_after_s, -1);

    const struct api_request *q = apiserver_request(b.server, 0);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->url, "/");
    assert_int_equal(q->body_bytes, sizeof body - 1);
    assert_memory_equal(q->body, body, sizeof body - 1);
    assert_string_equal(trtc_headers_get(&q->headers, "Host"), "elsewhere.example:99");
    assert_string_equal(trtc_headers_get(&q->headers, "Content-Type"), "application/json");
    assert_string_equal(trtc_headers_get(&q->headers, "X-TC-Token"), "t");
    assert_string_equal(trtc_headers_get(&q->headers, "User-Agent"), "trtc-rec/1");
    assert_null(trtc_headers_get(&q->headers, "Expect"));
    int nb_host = 0;
    for (size_t i = 0; i < q->headers.nb; i++)
        nb_host += !strcmp(q->headers.list[i].name, "Host");
    assert_int_equal(nb_host, 1);

    /* any status is an answer; without a body too */
    post(&b, NULL, "", 0, false, TRTC_NET_ANSWER);
    assert_int_equal(b.reply.status, 503);
    assert_int_equal(b.reply.retry_after_s, 7);
    assert_int_equal(b.reply.body_bytes, 0);
    assert_string_equal(b.reply.content_type, "");
    assert_string_equal(
        trtc_headers_get(&apiserver_request(b.server, 1)->headers, "Content-Length"), "0");
    /* one connection for all, but for those that want their own */
    assert_int_equal(apiserver_nb_connections(b.server), 1);
    post(&b, NULL, "{}", 2, true, TRTC_NET_ANSWER);
    assert_int_equal(apiserver_nb_connections(b.server), 2);
    send2(&b, TRTC_NET_ANSWER);
    assert_int_equal(apiserver_nb_connections(b.server), 2);
    /* for large ones the library would ask first, with Expect */
    post(&b, NULL, large, sizeof large, false, TRTC_NET_ANSWER);
    q = apiserver_request(b.server, 4);
    assert_int_equal(q->body_bytes, sizeof large);
    assert_null(trtc_headers_get(&q->headers, "Expect"));
    drop(&b);
}

/* Nothing is followed. */
static void redirect(void **state)
{
    struct bench other =
        bench(apiserver_start(&(struct api_answer){ .status = 200 }, 1, NULL), &limits);
    char location[128];
    snprintf(location, sizeof location, "Location: %s", apiserver_url(other.server));
    const struct api_answer script = { .status = 307, .fields = { location } };
    struct bench b = bench(apiserver_start(&script, 1, NULL), &limits);
    (void)state;
    send2(&b, TRTC_NET_ANSWER);
    assert_int_equal(b.reply.status, 307);
    assert_int_equal(apiserver_nb_requests(b.server), 1);
    assert_int_equal(apiserver_nb_connections(other.server), 0);
    drop(&b);
    drop(&other);
}

/* n zero bytes as gzip; the caller frees. */
static unsigned char *gzip_zeros(size_t n, size_t *bytes)
{
    static unsigned char zeros[1 << 16];
    size_t room = n / 100 + 1024;
    unsigned char *out = malloc(room);
    z_stream z = { .next_out = out, .avail_out = (uInt)room };
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (size_t done = 0; done < n; done += sizeof zeros) {
        z.next_in = zeros;
        z.avail_in = (uInt)(n - done < sizeof zeros ? n - done : sizeof zeros);
        assert_int_equal(deflate(&z, done + sizeof zeros >= n ? Z_FINISH : Z_NO_FLUSH),
                         done + sizeof zeros >= n ? Z_STREAM_END : Z_OK);
    }
    *bytes = room - z.avail_out;
    deflateEnd(&z);
    return out;
}

static void sizes(void **state)
{
    static const size_t max = TRTC_HTTP_BODY_MAX;
    size_t n[3];
    unsigned char *zip[3] = { gzip_zeros(max, &n[0]), gzip_zeros(max + 1, &n[1]),
                              gzip_zeros(32 << 20, &n[2]) };
    char *plain = calloc(1, max + 1);
    const struct api_answer script[] = {
        { 200, (char *)zip[0], n[0], { "Content-Encoding: gzip" }, 0 },
        { 200, (char *)zip[1], n[1], { "Content-Encoding: gzip" }, 0 },
        { 200, (char *)zip[2], n[2], { "Content-Encoding: gzip" }, 0 },
        { 200, plain, max, { NULL }, 0 },
        { 200, plain, max + 1, { NULL }, 0 },
        { 200, "no gzip at all", 0, { "Content-Encoding: gzip" }, 0 },
        { 200, (char *)zip[0], n[0] / 2, { "Content-Encoding: gzip" }, 0 },
        { 200, "x", 0, { "Content-Encoding: unheard-of" }, 0 },
    };
    static const enum trtc_net want[] = {
        TRTC_NET_ANSWER,    TRTC_NET_TOO_LARGE, TRTC_NET_TOO_LARGE, TRTC_NET_ANSWER,
        TRTC_NET_TOO_LARGE, TRTC_NET_MALFORMED, TRTC_NET_ANSWER,    TRTC_NET_MALFORMED,
    };
    struct bench b = bench(apiserver_start(script, 8, NULL), &limits);
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        send2(&b, want[i]);
        if (i == 0 || i == 3)
            assert_int_equal(b.reply.body_bytes, max);
        if (want[i] == TRTC_NET_TOO_LARGE)
            assert_int_equal(b.reply.err.code, TRTC_EX_UNAVAILABLE);
    }
    drop(&b);
    for (int i = 0; i < 3; i++)
        free(zip[i]);
    free(plain);
}

/* An answer cut after each of its bytes: it is lost, or whole. */
static void cut(void **state)
{
    static const char *const t[] = {
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{\"\"}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"\"}\r\n0\r\n\r\n",
    };
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        size_t n = strlen(t[k]);
        struct api_raw *script = calloc(n, sizeof *script);
        for (size_t i = 0; i < n; i++)
            script[i] =
                (struct api_raw){ .bytes = i ? t[k] : NULL, .nb_bytes = i, .reset = i % 3 == 2 };
        struct bench b = bench(apiserver_start_raw(script, n), &limits);
        for (size_t i = 0; i < n; i++) {
            const struct trtc_post p = { .url = apiserver_url(b.server),
                                         .headers = &b.headers,
                                         .body = "{}",
                                         .body_bytes = 2,
                                         .fresh = true };
            trtc_reply_fini(&b.reply);
            b.transport.post(b.transport.arg, &p, &b.reply);
            if (k == 1 && i == n - 1 && b.reply.net == TRTC_NET_ANSWER)
                continue; /* all chunks are there: the library does not wait for the last line feed */
            if (b.reply.net != TRTC_NET_LOST)
                fail_msg("%zu of %zu bytes: class %d, %s", i, n, b.reply.net, b.reply.err.msg);
            assert_int_equal(b.reply.err.code, TRTC_EX_TEMPFAIL);
        }
        assert_int_equal(apiserver_nb_connections(b.server), n);
        drop(&b);
        free(script);
        raw(&(struct api_raw){ .bytes = t[k] }, TRTC_NET_ANSWER, NULL);
    }
}

static void malformed(void **state)
{
    static const struct {
        const char *bytes;
        enum trtc_net want;
    } t[] = {
        { "hello\r\n", TRTC_NET_MALFORMED }, /* HTTP/0.9 */
        { "<html>", TRTC_NET_MALFORMED },
        { "HTTP/1.1 2x0 OK\r\n\r\n", TRTC_NET_MALFORMED },
        { "HTTP/9.9 200 OK\r\n\r\n", TRTC_NET_MALFORMED },
        { "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", TRTC_NET_MALFORMED },
        { "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello", TRTC_NET_MALFORMED },
        { "SSH-2.0-OpenSSH_9.2\r\n", TRTC_NET_MALFORMED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        raw(&(struct api_raw){ .bytes = t[i].bytes }, t[i].want, NULL);
    /* fewer bytes than announced is lost, more is none of ours */
    raw(&(struct api_raw){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello" },
        TRTC_NET_LOST, NULL);
    raw(&(struct api_raw){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello" },
        TRTC_NET_ANSWER, NULL);
    raw(&(struct api_raw){ .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello" },
        TRTC_NET_ANSWER, NULL);
}

static void endless(void **state)
{
    static char block[64 << 10], line[130 << 10];
    (void)state;
    memset(block, 'x', sizeof block);
    memset(line, 'x', sizeof line);
    memcpy(line, "HTTP/1.1 200 OK\r\nX: ", 20);
    memcpy(block, "HTTP/1.1 200 OK\r\n\r\n", 19);
    raw(&(struct api_raw){ .bytes = block, .nb_bytes = sizeof block, .endless = true },
        TRTC_NET_TOO_LARGE, NULL);
    raw(&(struct api_raw){ .bytes = line, .nb_bytes = sizeof line, .hold_ms = 1000 },
        TRTC_NET_TOO_LARGE, NULL);
    raw(&(struct api_raw){ .bytes = "HTTP/1.1 100 Continue\r\n\r\n", .endless = true },
        TRTC_NET_TOO_LARGE, NULL);
    strcpy(block, "HTTP/1.1 200 OK\r\n");
    for (size_t n = strlen(block); n < sizeof block - 100; n = strlen(block))
        strcpy(block + n, "X-A: b\r\n");
    size_t n = strlen(block);
    memcpy(line, block, n);
    memcpy(line + n, block + 17, n - 17); /* twice as many fields, no status line */
    raw(&(struct api_raw){ .bytes = line, .nb_bytes = 2 * n - 17, .hold_ms = 1000 },
        TRTC_NET_TOO_LARGE, "header");
}

/* A port that takes no connection and refuses none: its queue is full. */
static int full_port(int fds[4])
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fds[0], (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    assert_int_equal(getsockname(fds[0], (struct sockaddr *)&a, &n), 0);
    for (int i = 1; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fds[i], (struct sockaddr *)&a, sizeof a);
    }
    return ntohs(a.sin_port);
}

static void timed_out(void **state)
{
    static const struct trtc_http_options options = { .total_ms = 250,
                                                      .connect_ms = 150,
                                                      .slow_ms = 100 };
    static char big[8 << 20];
    const struct api_answer late = { .status = 200, .delay_ms = 20000 };
    char url[64];
    int fds[4];
    (void)state;
    /* before the connection, while sending, while waiting */
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", full_port(fds));
    struct bench b = bench(NULL, &options);
    post(&b, url, "{}", 2, false, TRTC_NET_UNSENT);
    assert_int_equal(b.reply.err.code, TRTC_EX_TEMPFAIL);
    drop(&b);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    b = bench(apiserver_start_raw(&(struct api_raw){ .deaf = true, .hold_ms = 20000 }, 1),
              &options);
    memset(big, ' ', sizeof big);
    post(&b, NULL, big, sizeof big, false, TRTC_NET_UNSENT);
    drop(&b);
    b = bench(apiserver_start(&late, 1, NULL), &options);
    send2(&b, TRTC_NET_LOST);
    drop(&b);
    /* begun, then too slow */
    const struct api_raw trickle = {
        .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        .step_bytes = 2,
        .step_ms = 10
    };
    b = bench(apiserver_start_raw(&trickle, 1),
              &(struct trtc_http_options){ .total_ms = 5000, .slow_ms = 150 });
    send2(&b, TRTC_NET_LOST);
    assert_non_null(strstr(b.reply.err.msg, "slower"));
    drop(&b);
}

static void broken(void **state)
{
    static char big[8 << 20];
    char url[64];
    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", apiserver_dead_port());
    struct bench b = bench(NULL, &limits);
    post(&b, url, "{}", 2, false, TRTC_NET_CONNECT);
    assert_int_equal(b.reply.err.code, TRTC_EX_TEMPFAIL);
    assert_non_null(strstr(b.reply.err.msg, "127.0.0.1:"));
    drop(&b);
    raw(&(struct api_raw){ .reset = true }, TRTC_NET_LOST, NULL);
    raw(&(struct api_raw){ .read_bytes = 10, .reset = true }, TRTC_NET_LOST, NULL);
    /* in the middle of a large request: no signal kills us, and it counts as not sent */
    memset(big, ' ', sizeof big);
    b = bench(apiserver_start_raw(&(struct api_raw){ .read_bytes = 100000, .reset = true }, 1),
              &limits);
    post(&b, NULL, big, sizeof big, false, TRTC_NET_UNSENT);
    drop(&b);
}

static void not_allowed(void **state)
{
    static const char *const t[] = {
        "http://192.0.2.1/",  "ftp://127.0.0.1/", "https://a:b@127.0.0.1/",
        "file:///etc/passwd", "https://a/b",      ""
    };
    struct bench b = bench(NULL, &limits);
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        post(&b, t[i], "{}", 2, false, TRTC_NET_LOCAL);
    drop(&b);
}

static void stopped(void **state)
{
    static volatile sig_atomic_t stop = 1;
    const struct api_answer late = { .status = 200, .delay_ms = 20000 };
    struct bench b =
        bench(apiserver_start(&late, 1, NULL), &(struct trtc_http_options){ .stop = &stop });
    (void)state;
    send2(&b, TRTC_NET_STOPPED);
    drop(&b);
}

/* The environment's proxy is taken for https, and never for loopback. */
static void proxies(void **state)
{
    const struct api_answer ok = { .status = 200 };
    char dead[64];
    (void)state;
    snprintf(dead, sizeof dead, "http://127.0.0.1:%d", apiserver_dead_port());
    setenv("http_proxy", dead, 1);
    setenv("https_proxy", dead, 1);
    setenv("all_proxy", dead, 1);
    struct bench b = bench(apiserver_start(&ok, 1, NULL), &limits);
    send2(&b, TRTC_NET_ANSWER);
    drop(&b);
    b = bench(
        apiserver_start_raw(
            &(struct api_raw){ .bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n" }, 1),
        &limits);
    setenv("https_proxy", apiserver_url(b.server), 1);
    post(&b, "https://trtc.example.invalid/", "{}", 2, false, TRTC_NET_UNSENT);
    assert_int_equal(apiserver_nb_connections(b.server), 1);
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("all_proxy");
    drop(&b);
}

/* One HTTPS exchange with that certificate, trusting that other one. */
static void https(const struct api_cert *cert, const struct api_cert *trusted, enum trtc_net want)
{
    static const struct api_answer ok = { .status = 200, .body = "{}" };
    char path[] = "/tmp/trtc-http.XXXXXX";
    close(mkstemp(path));
    apicert_save(trusted, path);
    struct trtc_http_options options = { .ca_file = path };
    struct bench b = bench(apiserver_start(&ok, 1, cert), &options);
    send2(&b, want);
    assert_int_equal(apiserver_nb_requests(b.server), want == TRTC_NET_ANSWER);
    if (want == TRTC_NET_TLS)
        assert_int_equal(b.reply.err.code, TRTC_EX_NOPERM);
    drop(&b);
    remove(path);
}

static void tls(void **state)
{
    static struct api_cert good, name, expired, early, other;
    static const struct api_answer ok = { .status = 200 };
    const long day_s = 86400;
    char url[64];
    (void)state;
    apicert_make(&good, "IP:127.0.0.1", -day_s, day_s);
    apicert_make(&name, "DNS:trtc.tencentcloudapi.com", -day_s, day_s);
    apicert_make(&expired, "IP:127.0.0.1", -2 * day_s, -day_s);
    apicert_make(&early, "IP:127.0.0.1", day_s, 2 * day_s);
    apicert_make(&other, "IP:127.0.0.1", -day_s, day_s);
    https(&good, &good, TRTC_NET_ANSWER);
    https(&good, &other, TRTC_NET_TLS);
    https(&name, &name, TRTC_NET_TLS);
    https(&expired, &expired, TRTC_NET_TLS);
    https(&early, &early, TRTC_NET_TLS);
    /* by default the system's */
    struct bench b = bench(apiserver_start(&ok, 1, &good), &limits);
    send2(&b, TRTC_NET_TLS);
    drop(&b);
    /* "I speak an older protocol only"; no TLS at all; broken before any answer */
    static const struct {
        struct api_raw raw;
        enum trtc_net want;
    } t[] = {
        { { .read_bytes = 5,
            .bytes = "\x15\x03\x01\x00\x02\x02\x46",
            .nb_bytes = 7,
            .hold_ms = 200 },
          TRTC_NET_TLS },
        { { .read_bytes = 5, .bytes = "HTTP/1.1 400 Bad Request\r\n\r\n" }, TRTC_NET_TLS },
        { { .read_bytes = 5, .reset = true }, TRTC_NET_UNSENT },
        { { .read_bytes = 500 }, TRTC_NET_UNSENT },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        b = bench(apiserver_start_raw(&t[i].raw, 1), &limits);
        snprintf(url, sizeof url, "https%s", apiserver_url(b.server) + 4);
        post(&b, url, "{}", 2, false, t[i].want);
        drop(&b);
    }
}

/* What stores are asked: other methods, paths as they are, fields of the answer that are wanted. */
static void of_stores(void **state)
{
    static const struct api_answer script[] = {
        { 200, "body", 0, { "ETag: \"e\"", "X-Other: o", NULL, NULL }, 0 },
    };
    static const char *const methods[] = { "PUT", "GET", "HEAD", "DELETE", "POST" };
    static const char *const keep[] = { "etag", "x-none", NULL };
    const struct trtc_http_options o = { .total_ms = 5000, .store = true };
    struct bench b = bench(apiserver_start(script, 1, NULL), &o);
    char url[200];

    (void)state;
    snprintf(url, sizeof url, "%sa//b/../c%%2B?x=y", apiserver_url(b.server));
    for (int i = 0; i < 5; i++) {
        const struct trtc_post p = { .method = methods[i],
                                     .url = url,
                                     .headers = &b.headers,
                                     .keep = keep,
                                     .body = "abc",
                                     .body_bytes = 3 };
        const bool body = i == 0 || i == 4;

        b.transport.post(b.transport.arg, &p, &b.reply);
        assert_int_equal(b.reply.net, TRTC_NET_ANSWER);
        assert_string_equal(b.reply.body, i == 2 ? "" : "body");
        assert_string_equal(trtc_headers_get(&b.reply.kept, "ETag"), "\"e\"");
        assert_int_equal(b.reply.kept.nb, 1);
        assert_string_equal(apiserver_request(b.server, i)->method, methods[i]);
        assert_string_equal(apiserver_request(b.server, i)->body, body ? "abc" : "");
        assert_null(trtc_headers_get(&apiserver_request(b.server, i)->headers, "Accept-Encoding"));
        trtc_reply_fini(&b.reply);
    }
    post(&b, "http://192.0.2.1/x", "", 0, false, TRTC_NET_LOCAL);
    post(&b, "https://u:p@192.0.2.1/x", "", 0, false, TRTC_NET_LOCAL);
    post(&b, "ftp:/x", "", 0, false, TRTC_NET_LOCAL);
    drop(&b);
}

/* A body that is made while it is sent, whole and broken off. */
static size_t letters(void *arg, void *out, size_t n)
{
    int *left = arg;
    const size_t k = n < (size_t)*left ? n : (size_t)*left;

    memset(out, 'a', k);
    *left -= (int)k;
    return k;
}

static void made_while_sent(void **state)
{
    static const struct api_answer script[] = { { 200, "{}", 0, { NULL, NULL, NULL, NULL }, 0 } };
    struct bench b = bench(apiserver_start(script, 1, NULL), &limits);

    (void)state;
    for (int i = 0; i < 2; i++) {
        int left = i ? 50000 : 200000;
        const struct trtc_post p = { .url = apiserver_url(b.server),
                                     .headers = &b.headers,
                                     .body_bytes = 200000,
                                     .next = letters,
                                     .next_arg = &left,
                                     .fresh = true };

        b.transport.post(b.transport.arg, &p, &b.reply);
        assert_int_equal(b.reply.net, i ? TRTC_NET_LOCAL : TRTC_NET_ANSWER);
        trtc_reply_fini(&b.reply);
    }
    assert_int_equal(apiserver_request(b.server, 0)->body_bytes, 200000);
    drop(&b);
}

/* Nothing goes out and nothing comes in. */
static void idle(void **state)
{
    static const struct api_raw script = { .deaf = true, .hold_ms = 5000 };
    static char large[4 << 20];
    const struct trtc_http_options o = { .total_ms = 20000, .idle_ms = 1000, .store = true };
    struct bench b = bench(apiserver_start_raw(&script, 1), &o);

    (void)state;
    post(&b, NULL, large, sizeof large, false, TRTC_NET_LOST);
    assert_non_null(strstr(b.reply.err.msg, "nothing moved for 1 s"));
    drop(&b);
}

int main(void)
{
    static const char *const env[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                       "ALL_PROXY",  "no_proxy",    "NO_PROXY" };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(redirect),
        cmocka_unit_test(sizes),
        cmocka_unit_test(cut),
        cmocka_unit_test(malformed),
        cmocka_unit_test(endless),
        cmocka_unit_test(timed_out),
        cmocka_unit_test(broken),
        cmocka_unit_test(not_allowed),
        cmocka_unit_test(of_stores),
        cmocka_unit_test(made_while_sent),
        cmocka_unit_test(idle),
        cmocka_unit_test(stopped),
        cmocka_unit_test(proxies),
        cmocka_unit_test(tls),
    };
    for (size_t i = 0; i < sizeof env / sizeof env[0]; i++)
        unsetenv(env[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
