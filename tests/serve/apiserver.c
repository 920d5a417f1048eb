/* SPDX-License-Identifier: MIT */
/* A server on loopback that answers from a script. */
#include "serve/apiserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <microhttpd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { REQUESTS_MAX = 64 };

struct apiserver {
    char url[64];
    int listener;
    int stop[2]; /* a pipe: readable when all pauses are over */
    pthread_mutex_t lock;
    int nb_requests, nb_connections;
    struct api_request requests[REQUESTS_MAX];
    const struct api_answer *answers;
    struct MHD_Daemon *daemon;
    const struct api_raw *raws;
    pthread_t thread;
    size_t nb;
};

/* Sleeps; true if the server is to stop. */
static bool pause_ms(const struct apiserver *s, int ms)
{
    struct pollfd p = { .fd = s->stop[0], .events = POLLIN };
    return poll(&p, 1, ms) > 0;
}

static int open_listener(int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

int apiserver_dead_port(void)
{
    int port;
    int fd = open_listener(&port);
    close(fd);
    return port;
}

static struct apiserver *new_server(const char *scheme, size_t nb)
{
    struct apiserver *s = calloc(1, sizeof *s);
    int port;
    assert_non_null(s);
    s->nb = nb;
    pthread_mutex_init(&s->lock, NULL);
    assert_int_equal(pipe(s->stop), 0);
    s->listener = open_listener(&port);
    snprintf(s->url, sizeof s->url, "%s://127.0.0.1:%d/", scheme, port);
    return s;
}

const char *apiserver_url(const struct apiserver *s)
{
    return s->url;
}

static int locked(struct apiserver *s, const int *value)
{
    pthread_mutex_lock(&s->lock);
    int v = *value;
    pthread_mutex_unlock(&s->lock);
    return v;
}

int apiserver_nb_requests(struct apiserver *s)
{
    return locked(s, &s->nb_requests);
}

int apiserver_nb_connections(struct apiserver *s)
{
    return locked(s, &s->nb_connections);
}

const struct api_request *apiserver_request(struct apiserver *s, int n)
{
    assert_true(n >= 0 && n < apiserver_nb_requests(s));
    return &s->requests[n];
}

/* libmicrohttpd's side. */

static enum MHD_Result keep_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    return trtc_headers_add(arg, name, value ? value : "", NULL) ? MHD_NO : MHD_YES;
}

static enum MHD_Result reply(struct apiserver *s, struct MHD_Connection *c,
                             const struct api_answer *a)
{
    size_t n = a->body_bytes ? a->body_bytes : a->body ? strlen(a->body) : 0, from = 0;
    const char *range = a->fields[0] && strcmp(a->fields[0], "Accept-Ranges: bytes") == 0
                            ? MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Range")
                            : NULL;
    if (range && sscanf(range, "bytes=%zu-", &from) == 1 && from > n)
        from = n;
    struct MHD_Response *r = MHD_create_response_from_buffer(
        n - from, (void *)(a->body ? a->body + from : ""), MHD_RESPMEM_PERSISTENT);
    if (range) {
        char place[80];
        snprintf(place, sizeof place, "bytes %zu-%zu/%zu", from, n - 1, n);
        MHD_add_response_header(r, "Content-Range", place);
    }
    for (size_t i = 0; i < 4 && a->fields[i]; i++) {
        char name[64];
        const char *colon = strchr(a->fields[i], ':');
        snprintf(name, sizeof name, "%.*s", (int)(colon - a->fields[i]), a->fields[i]);
        MHD_add_response_header(r, name, colon + 2);
    }
    if (a->delay_ms)
        pause_ms(s, a->delay_ms);
    enum MHD_Result ret = MHD_queue_response(c, range ? 206 : (unsigned)a->status, r);
    MHD_destroy_response(r);
    return ret;
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *c, const char *url,
                             const char *method, const char *version, const char *data, size_t *n,
                             void **state)
{
    struct apiserver *s = arg;
    struct api_request *q = *state;
    (void)version;
    if (!q) {
        q = *state = calloc(1, sizeof *q);
        snprintf(q->method, sizeof q->method, "%s", method);
        snprintf(q->url, sizeof q->url, "%s", url);
        MHD_get_connection_values(c, MHD_HEADER_KIND, keep_field, &q->headers);
        q->body = calloc(1, 1);
        return MHD_YES;
    }
    if (*n) {
        q->body = realloc(q->body, q->body_bytes + *n + 1);
        memcpy(q->body + q->body_bytes, data, *n);
        q->body_bytes += *n;
        q->body[q->body_bytes] = '\0';
        *n = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&s->lock);
    size_t i = (size_t)s->nb_requests;
    if (i == REQUESTS_MAX)
        abort();
    s->requests[i] = *q;
    s->nb_requests++;
    pthread_mutex_unlock(&s->lock);
    free(q);
    *state = NULL;
    return reply(s, c, &s->answers[i < s->nb ? i : s->nb - 1]);
}

/* A request that never became complete. */
static void completed(void *arg, struct MHD_Connection *c, void **state,
                      enum MHD_RequestTerminationCode why)
{
    struct api_request *q = *state;
    (void)arg;
    (void)c;
    (void)why;
    if (q) {
        trtc_headers_fini(&q->headers);
        free(q->body);
    }
    free(q);
    *state = NULL;
}

static void connected(void *arg, struct MHD_Connection *c, void **state,
                      enum MHD_ConnectionNotificationCode what)
{
    struct apiserver *s = arg;
    (void)c;
    (void)state;
    if (what != MHD_CONNECTION_NOTIFY_STARTED)
        return;
    pthread_mutex_lock(&s->lock);
    s->nb_connections++;
    pthread_mutex_unlock(&s->lock);
}

static void silent(void *arg, const char *fmt, va_list ap)
{
    (void)arg;
    (void)fmt;
    (void)ap;
}

struct apiserver *apiserver_start(const struct api_answer *script, size_t nb,
                                  const struct api_cert *cert)
{
    struct apiserver *s = new_server(cert ? "https" : "http", nb);
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(cert ? cert->key : NULL) },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(cert ? cert->cert : NULL) },
        { MHD_OPTION_END, 0, NULL },
    };
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ERROR_LOG | (cert ? MHD_USE_TLS : 0);
    s->answers = script;
    s->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, serve, s, MHD_OPTION_EXTERNAL_LOGGER, silent, NULL,
                         MHD_OPTION_LISTEN_SOCKET, s->listener, MHD_OPTION_NOTIFY_COMPLETED,
                         completed, s, MHD_OPTION_NOTIFY_CONNECTION, connected, s, MHD_OPTION_ARRAY,
                         cert ? tls : &tls[2], MHD_OPTION_END);
    assert_non_null(s->daemon);
    return s;
}

/* The raw side. */

/* Reads until so many bytes are there, or the request is over. */
static void read_request(int fd, size_t want)
{
    static const size_t room = 1 << 20;
    char *text = malloc(room + 1);
    size_t n = 0, whole = want ? want : SIZE_MAX;
    while (n < whole && n < room) {
        ssize_t k = recv(fd, text + n, (want && want - n < room - n) ? want - n : room - n, 0);
        if (k <= 0)
            break;
        n += (size_t)k;
        text[n] = '\0';
        const char *end = want ? NULL : strstr(text, "\r\n\r\n");
        const char *length = end ? strstr(text, "Content-Length: ") : NULL;
        if (end)
            whole = (size_t)(end + 4 - text) +
                    (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
    }
    free(text);
}

/* Sends all; false when the peer is gone or the server is to stop. */
static bool send_steps(const struct apiserver *s, int fd, const struct api_raw *r)
{
    const char *p = r->bytes;
    size_t n = r->nb_bytes ? r->nb_bytes : p ? strlen(p) : 0;
    while (n) {
        struct pollfd fds[] = { { .fd = fd, .events = POLLOUT },
                                { .fd = s->stop[0], .events = POLLIN } };
        size_t step = r->step_bytes && r->step_bytes < n ? r->step_bytes : n;
        if (poll(fds, 2, -1) < 0 || fds[1].revents)
            return false;
        ssize_t k = send(fd, p, step, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0)
            return false;
        p += k;
        n -= (size_t)k;
        if (n && r->step_ms && pause_ms(s, r->step_ms))
            return false;
    }
    return true;
}

/* Ends the connection such that nothing that was sent is lost: closing with unread bytes would be
 * a reset. */
static void end_politely(const struct apiserver *s, int fd)
{
    char waste[4096];
    shutdown(fd, SHUT_WR);
    for (;;) {
        struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
                                { .fd = s->stop[0], .events = POLLIN } };
        if (poll(fds, 2, 5000) <= 0 || fds[1].revents || recv(fd, waste, sizeof waste, 0) <= 0)
            return;
    }
}

static void converse(const struct apiserver *s, int fd, const struct api_raw *r)
{
    const struct linger rst = { .l_onoff = 1, .l_linger = 0 };
    if (!r->deaf)
        read_request(fd, r->read_bytes);
    do {
        if (!send_steps(s, fd, r))
            break;
    } while (r->endless);
    if (r->hold_ms)
        pause_ms(s, r->hold_ms);
    if (r->reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &rst, sizeof rst);
    else if (r->deaf || r->read_bytes)
        end_politely(s, fd);
    close(fd);
}

static void *accept_loop(void *arg)
{
    struct apiserver *s = arg;
    for (;;) {
        struct pollfd fds[] = { { .fd = s->listener, .events = POLLIN },
                                { .fd = s->stop[0], .events = POLLIN } };
        if (poll(fds, 2, -1) < 0 || fds[1].revents)
            return NULL;
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            continue;
        pthread_mutex_lock(&s->lock);
        size_t i = (size_t)s->nb_connections++;
        s->nb_requests++;
        pthread_mutex_unlock(&s->lock);
        converse(s, fd, &s->raws[i < s->nb ? i : s->nb - 1]);
    }
}

struct apiserver *apiserver_start_raw(const struct api_raw *script, size_t nb)
{
    struct apiserver *s = new_server("http", nb);
    s->raws = script;
    assert_int_equal(pthread_create(&s->thread, NULL, accept_loop, s), 0);
    return s;
}

void apiserver_stop(struct apiserver **server)
{
    struct apiserver *s = *server;
    if (!s)
        return;
    assert_int_equal(write(s->stop[1], "x", 1), 1);
    if (s->daemon) {
        MHD_stop_daemon(s->daemon); /* closes the listener too */
    } else {
        pthread_join(s->thread, NULL);
        close(s->listener);
    }
    for (int i = 0; s->answers && i < s->nb_requests; i++) {
        trtc_headers_fini(&s->requests[i].headers);
        free(s->requests[i].body);
    }
    close(s->stop[0]);
    close(s->stop[1]);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *server = NULL;
}

/* Certificates. */

static void to_text(BIO *bio, char *out, size_t size)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    assert_true(n > 0 && (size_t)n < size);
    memcpy(out, data, (size_t)n);
    out[n] = '\0';
    BIO_free(bio);
}

static void add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

void apicert_make(struct api_cert *c, const char *name, long from_s, long until_s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    BIO *cert = BIO_new(BIO_s_mem()), *pem = BIO_new(BIO_s_mem());
    assert_true(key && x && cert && pem);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), from_s);
    X509_gmtime_adj(X509_getm_notAfter(x), until_s);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x, NID_subject_alt_name, name);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_true(PEM_write_bio_X509(cert, x));
    assert_true(PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL));
    to_text(cert, c->cert, sizeof c->cert);
    to_text(pem, c->key, sizeof c->key);
    X509_free(x);
    EVP_PKEY_free(key);
}

void apicert_save(const struct api_cert *c, const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(c->cert, f);
    fclose(f);
}
