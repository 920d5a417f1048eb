/* SPDX-License-Identifier: MIT */
/* An HTTP server for small requests and for streams: libmicrohttpd driven by an external event
 * loop. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "serve/server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "serve/byte_range.h"

enum {
    CONNECTIONS = 256,
    COMPLETE_MS = 10000,
    HEADER_BYTES = 16 << 10,
    BODY_BYTES = 1 << 20,
    BODIES = 16, /* total size, in bodies of the largest size */
    SPARE = 32,  /* connections that were shut down and have not ended yet */
    BACKLOG = 1024,
    OVER_MAX =
        16, /* a body of unknown length is read to its end unless it is this many times too long */
    FIRST_ROOM = 4096,
    FIELDS = 6,
    SEND_BYTES = 16 << 10, /* bytes sent at a time to a client of HTTP/1.0 */
};

/* A connection. The list is ordered by since_ms, the oldest first. */
struct conn {
    struct conn *prev, *next;
    struct trtc_server *server;
    struct trtc_request *request; /* the current request, or NULL */
    int fd;
    int64_t since_ms; /* since when it has waited for data */
    bool busy;        /* its request is complete */
    bool doomed;      /* it has been shut down */
};

struct trtc_server {
    struct MHD_Daemon *daemon;
    struct trtc_server_limits limits;
    struct trtc_server_calls calls;
    struct conn list; /* a circular list through this element */
    int nb_live;      /* connections that are not doomed */
    size_t bodies_bytes;
    int64_t now_ms;
    char address[80];
};

struct field {
    const char *name, *value;
};

struct trtc_request {
    struct MHD_Connection *c;
    struct conn *conn;
    const char *method, *path;
    void *ours; /* data of the program */
    char *body;
    size_t n, room, dropped; /* dropped: bytes over the limit that were not kept */
    int status;              /* of the answer; 0: unknown yet */
    const char *json;
    char *text;         /* the same if it is on the heap */
    const char *type;   /* of an answer from calls.more or a file; NULL: it is neither */
    int fd;             /* of the file; -1: none */
    int64_t from, size; /* the part of the file that is sent */
    char range[80];     /* the same as text */
    struct field fields[FIELDS];
    int nb_fields;
    bool streams;    /* its body goes to calls.piece */
    bool settled;    /* it has no time limit */
    bool broken;     /* it was answered in the middle of its body, and the rest of the body is
                    ignored */
    bool needs_host; /* HTTP/1.1; the library's own check would answer and go on reading */
    bool handed;     /* to the program */
    bool asleep;     /* suspended until the program has answered */
};

/* ---- connections ---- */

static void unlink_conn(struct conn *k)
{
    k->prev->next = k->next;
    k->next->prev = k->prev;
}

/* Notes that the connection waits from now on, and moves it to the end of the list. */
static void wait_from_now(struct conn *k)
{
    struct conn *ring = &k->server->list;
    if (k->next)
        unlink_conn(k);
    k->since_ms = k->server->now_ms;
    k->prev = ring->prev;
    k->next = ring;
    ring->prev->next = k;
    ring->prev = k;
}

static void free_body(struct trtc_request *r)
{
    if (r->body)
        r->conn->server->bodies_bytes -= r->room;
    free(r->body);
    r->body = NULL;
    r->n = r->room = 0;
}

/* Shuts a connection down. The library notices that in the next turn of the loop. */
static void doom(struct conn *k)
{
    k->doomed = true;
    k->server->nb_live--;
    shutdown(k->fd, SHUT_RDWR);
    if (k->request)
        free_body(k->request);
}

/* The oldest connection that waits for the rest of a request; with_body: only those that use
 * memory. NULL: none. */
static struct conn *oldest(struct trtc_server *s, bool with_body)
{
    for (struct conn *k = s->list.next; k != &s->list; k = k->next)
        if (!k->busy && !k->doomed && (!with_body || (k->request && k->request->body)))
            return k;
    return NULL;
}

static void begin_conn(struct trtc_server *s, struct MHD_Connection *c, void **socket_context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct conn *k = calloc(1, sizeof *k);
    *socket_context = k;
    if (!k) {
        shutdown(info->connect_fd, SHUT_RDWR);
        return;
    }
    k->server = s;
    k->fd = info->connect_fd;
    wait_from_now(k);
    if (++s->nb_live > s->limits.connections && (k = oldest(s, false)) != NULL)
        doom(k);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct trtc_server *s = arg;
    struct conn *k = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin_conn(s, c, socket_context);
    } else if (k) {
        s->nb_live -= !k->doomed;
        unlink_conn(k);
        free(k);
    }
}

static void format_address(const struct sockaddr *a, char *out, size_t size)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    const socklen_t n =
        a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(a, n, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        snprintf(out, size, "?");
    else
        snprintf(out, size, a->sa_family == AF_INET6 ? "[%.60s]:%.8s" : "%.60s:%.8s", host, port);
}

/* ---- requests ---- */

/* Provides the next bytes of an answer. */
static ssize_t on_more(void *arg, uint64_t at, char *out, size_t n)
{
    struct trtc_request *r = arg;
    struct trtc_server *s = r->conn->server;
    (void)at;
    if (r->conn->doomed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    const int64_t got = s->calls.more(s->calls.arg, r, out, n);
    if (got == TRTC_MORE_LATER) {
        r->asleep = true;
        MHD_suspend_connection(r->c);
    }
    return got == TRTC_MORE_END     ? MHD_CONTENT_READER_END_OF_STREAM
           : got == TRTC_MORE_BREAK ? MHD_CONTENT_READER_END_WITH_ERROR
                                    : (ssize_t)got;
}

static struct MHD_Response *make_answer(struct trtc_request *r)
{
    const int fd = r->fd;
    r->fd = -1;
    if (fd >= 0)
        return MHD_create_response_from_fd_at_offset64((uint64_t)r->size, fd, (uint64_t)r->from);
    if (r->type)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, SEND_BYTES, on_more, r, NULL);
    return MHD_create_response_from_buffer(strlen(r->json), (void *)(uintptr_t)r->json,
                                           r->json == r->text ? MHD_RESPMEM_MUST_COPY
                                                              : MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result queue_answer(struct trtc_request *r)
{
    struct MHD_Response *a = make_answer(r);
    const char *allow = r->conn->server->calls.allow;
    if (!a)
        return MHD_NO;
    MHD_add_response_header(a, "Content-Type", r->type ? r->type : "application/json");
    for (int i = 0; i < r->nb_fields; i++)
        MHD_add_response_header(a, r->fields[i].name, r->fields[i].value);
    if (r->status >= 400)
        MHD_add_response_header(a, "Connection", "close");
    if (r->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(a, "Allow", allow ? allow : "POST");
    if (r->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(a, "Retry-After", "5");
    const enum MHD_Result ret = MHD_queue_response(r->c, (unsigned)r->status, a);
    MHD_destroy_response(a);
    return ret;
}

static const char *words_of(const struct trtc_request *r, int status)
{
    const struct trtc_server_calls *calls = &r->conn->server->calls;
    const char *own = calls->words ? calls->words(status) : NULL;
    if (own)
        return own;
    switch (status) {
    case 401:
        return "{\"code\":401,\"message\":\"no or wrong Sign\"}";
    case 403:
        return "{\"code\":403,\"message\":\"refused\"}";
    case 405:
        return "{\"code\":405,\"message\":\"only POST\"}";
    case 413:
        return "{\"code\":413,\"message\":\"the body is too large\"}";
    case 503:
        return "{\"code\":503,\"message\":\"try again\"}";
    default:
        return "{\"code\":400,\"message\":\"bad request\"}";
    }
}

static enum MHD_Result refuse(struct trtc_request *r, int status)
{
    r->status = status;
    r->json = words_of(r, status);
    return queue_answer(r);
}

struct count {
    const char *name;
    int n;
};

static enum MHD_Result count_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct count *c = arg;
    (void)kind;
    (void)value;
    c->n += strcasecmp(name, c->name) == 0;
    return MHD_YES;
}

int trtc_request_count(const struct trtc_request *r, const char *name)
{
    struct count c = { name, 0 };
    MHD_get_connection_values(r->c, MHD_HEADER_KIND, count_field, &c);
    return c.n;
}

/* The Content-Length (INT64_MAX if it is larger); 0: absent; -1: invalid. */
static int64_t announced(const struct trtc_request *r)
{
    const char *s = trtc_request_header(r, "Content-Length");
    if (!s)
        return 0;
    const size_t n = strlen(s);
    if (n == 0 || s[strspn(s, "0123456789")])
        return -1;
    return n > 18 ? INT64_MAX : strtoll(s, NULL, 10);
}

/* Whether every server and proxy sees the end of the request in the same place (RFC 9112, 6.3). */
static bool has_one_end(const struct trtc_request *r)
{
    const int lengths = trtc_request_count(r, "Content-Length");
    const int codings = trtc_request_count(r, "Transfer-Encoding");
    const char *coding = trtc_request_header(r, "Transfer-Encoding");
    const int hosts = trtc_request_count(r, "Host");
    return lengths + codings <= 1 && hosts <= 1 && (hosts || !r->needs_host) &&
           (!coding || strcasecmp(coding, "chunked") == 0) && announced(r) >= 0;
}

static int status_of_head(struct trtc_server *s, struct trtc_request *r)
{
    if (!has_one_end(r))
        return 400;
    const int status = s->calls.head ? s->calls.head(s->calls.arg, r) : 0;
    if (status)
        return status;
    return !r->streams && announced(r) > (int64_t)s->limits.body_bytes ? 413 : 0;
}

static bool grow(struct trtc_request *r, size_t need)
{
    const size_t before = r->room;
    if (trtc_array_reserve(&r->body, &r->room, need > FIRST_ROOM ? need : FIRST_ROOM, 1) < 0)
        return false;
    r->conn->server->bodies_bytes += r->room - before;
    return true;
}

/* Keeps the total size of bodies within the limit: drops the oldest incomplete request, and the
 * present one last. */
static void make_room(struct trtc_server *s)
{
    struct conn *k;
    while (s->bodies_bytes > s->limits.bodies_bytes && (k = oldest(s, true)) != NULL)
        doom(k);
}

/* Stores n bytes of the body; false ends the connection. */
static bool take_bytes(struct trtc_server *s, struct trtc_request *r, const char *data, size_t n)
{
    if (r->dropped || n > s->limits.body_bytes - r->n) {
        r->dropped += n;
        free_body(r);
        return r->dropped < OVER_MAX * s->limits.body_bytes;
    }
    if (!grow(r, r->n + n + 1))
        return false;
    memcpy(r->body + r->n, data, n);
    r->n += n;
    r->body[r->n] = '\0';
    make_room(s);
    return !r->conn->doomed;
}

static void sleep_now(struct trtc_request *r)
{
    r->asleep = true;
    MHD_suspend_connection(r->c);
}

/* Passes a piece of a stream to the program; false ends the connection. */
static bool pass_bytes(struct trtc_server *s, struct trtc_request *r, const char *data, size_t n)
{
    if (r->broken)
        return true;
    const enum trtc_piece next = s->calls.piece(s->calls.arg, r, data, n);
    if (next == TRTC_PIECE_WAIT)
        sleep_now(r);
    return next != TRTC_PIECE_STOP && !r->conn->doomed;
}

/* Passes a complete request to the program. */
static enum MHD_Result hand_over(struct trtc_server *s, struct trtc_request *r)
{
    if (r->broken)
        return MHD_NO;
    if (r->dropped)
        return refuse(r, 413);
    if (!r->body && !grow(r, 1))
        return refuse(r, 503);
    r->body[r->n] = '\0';
    r->handed = r->conn->busy = true;
    s->calls.request(s->calls.arg, r);
    if (r->status)
        return queue_answer(r);
    sleep_now(r);
    return MHD_YES;
}

static struct trtc_request *new_request(struct MHD_Connection *c, const char *method,
                                        const char *path)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct trtc_request *r = info && info->socket_context ? calloc(1, sizeof *r) : NULL;
    if (!r)
        return NULL;
    r->c = c;
    r->fd = -1;
    r->conn = info->socket_context;
    r->conn->request = r;
    r->method = method;
    r->path = path;
    return r;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **state)
{
    struct trtc_server *s = arg;
    struct trtc_request *r = *state;
    if (!r) {
        r = *state = new_request(c, method, url);
        if (r)
            r->needs_host = strcmp(version, MHD_HTTP_VERSION_1_0) != 0;
        const int status = r ? status_of_head(s, r) : 0;
        return !r ? MHD_NO : status ? refuse(r, status) : MHD_YES;
    }
    if (r->conn->doomed)
        return MHD_NO;
    if (*n) {
        const bool taken = r->streams ? pass_bytes(s, r, data, *n) : take_bytes(s, r, data, *n);
        *n = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    if (!r->handed)
        return hand_over(s, r);
    return r->status ? queue_answer(r) : MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct trtc_server *s = arg;
    struct trtc_request *r = *state;
    (void)c;
    if (!r)
        return;
    if (r->ours && s->calls.gone)
        s->calls.gone(s->calls.arg, r, why == MHD_REQUEST_TERMINATED_COMPLETED_OK && !r->broken);
    free_body(r);
    free(r->text);
    if (r->fd >= 0)
        close(r->fd);
    r->conn->request = NULL;
    r->conn->busy = false;
    wait_from_now(r->conn);
    free(r);
    *state = NULL;
}

const char *trtc_request_method(const struct trtc_request *r)
{
    return r->method;
}

const char *trtc_request_path(const struct trtc_request *r)
{
    return r->path;
}

const char *trtc_request_header(const struct trtc_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->c, MHD_HEADER_KIND, name);
}

const char *trtc_request_query(const struct trtc_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->c, MHD_GET_ARGUMENT_KIND, name);
}

const char *trtc_request_body(const struct trtc_request *r, size_t *n)
{
    *n = r->n;
    return r->body;
}

const char *trtc_request_peer(const struct trtc_request *r, char out[TRTC_PEER_SIZE])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    if (a)
        format_address(a, out, TRTC_PEER_SIZE);
    else
        snprintf(out, TRTC_PEER_SIZE, "?");
    return out;
}

void trtc_request_field(struct trtc_request *r, const char *name, const char *value)
{
    if (r->nb_fields < FIELDS)
        r->fields[r->nb_fields++] = (struct field){ name, value };
}

void trtc_request_answer(struct trtc_request *r, int status, const char *json)
{
    r->status = status;
    r->json = json ? json : words_of(r, status);
    trtc_request_wake(r);
}

void trtc_request_answer_text(struct trtc_request *r, int status, char *json)
{
    r->text = json;
    trtc_request_answer(r, json ? status : MHD_HTTP_SERVICE_UNAVAILABLE, json);
}

/* ---- streams ---- */

void trtc_request_set(struct trtc_request *r, void *ours)
{
    r->ours = ours;
}

void *trtc_request_ours(const struct trtc_request *r)
{
    return r->ours;
}

void trtc_request_stream(struct trtc_request *r)
{
    r->streams = true;
}

void trtc_request_settle(struct trtc_request *r)
{
    r->settled = r->conn->busy = true;
}

void trtc_request_send(struct trtc_request *r, const char *type)
{
    r->status = MHD_HTTP_OK;
    r->type = type;
    trtc_request_settle(r);
    trtc_request_wake(r);
}

void trtc_request_send_file(struct trtc_request *r, int fd, const char *type)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        trtc_request_answer(r, MHD_HTTP_NOT_FOUND, NULL);
        return;
    }
    r->size = st.st_size;
    const enum trtc_byte_range part =
        trtc_byte_range_of(trtc_request_header(r, "Range"), st.st_size, &r->from, &r->size);
    trtc_request_field(r, "Accept-Ranges", "bytes");
    if (part == TRTC_BYTES_NONE) {
        close(fd);
        snprintf(r->range, sizeof r->range, "bytes */%" PRId64, (int64_t)st.st_size);
        trtc_request_field(r, "Content-Range", r->range);
        trtc_request_answer(r, MHD_HTTP_RANGE_NOT_SATISFIABLE, NULL);
        return;
    }
    if (part == TRTC_BYTES_PART) {
        snprintf(r->range, sizeof r->range, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, r->from,
                 r->from + r->size - 1, (int64_t)st.st_size);
        trtc_request_field(r, "Content-Range", r->range);
    }
    r->fd = fd;
    r->type = type;
    r->status = part == TRTC_BYTES_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK;
    trtc_request_settle(r);
    trtc_request_wake(r);
}

void trtc_request_wake(struct trtc_request *r)
{
    if (r->asleep)
        MHD_resume_connection(r->c);
    r->asleep = false;
}

/* The library accepts no answer before the end of a body, so this bypasses the library. It cannot
 * have sent anything yet. */
static void write_answer(const struct trtc_request *r, int status)
{
    char text[512];
    const char *json = words_of(r, status);
    const int n = snprintf(text, sizeof text,
                           "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
                           "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                           status, MHD_get_reason_phrase_for((unsigned)status), strlen(json), json);
    const ssize_t sent =
        send(r->conn->fd, text, n < (int)sizeof text ? (size_t)n : 0, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* a client that does not read it notices the end of the connection */
    shutdown(r->conn->fd, SHUT_WR);
}

void trtc_request_break(struct trtc_request *r, int status)
{
    if (r->broken || r->conn->doomed)
        return;
    r->broken = true;
    r->settled = r->conn->busy = false;
    if (status && r->streams && !r->handed) {
        write_answer(r, status);
        wait_from_now(r->conn); /* the sender has this time to read it */
    } else {
        doom(r->conn);
    }
    trtc_request_wake(r);
}

/* ---- the server ---- */

/* Splits ADDR:PORT; brackets around an IPv6 address are removed. */
static int part_address(const char *listen_on, char host[64], char port[8], struct trtc_err *err)
{
    const char *text = listen_on, *colon = strrchr(text, ':');
    const bool brackets = *text == '[';
    size_t n = colon ? (size_t)(colon - text) : 0;
    const size_t digits = colon ? strlen(colon + 1) : 0;
    if (brackets && n >= 2 && text[n - 1] == ']') {
        text++;
        n -= 2;
    } else if (brackets || (colon && memchr(text, ':', n))) {
        n = 0;
    }
    if (n == 0 || n >= 64 || digits == 0 || digits > 5 ||
        colon[1 + strspn(colon + 1, "0123456789")])
        return trtc_fail(err, TRTC_EX_USAGE,
                         "'%s' is not ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080",
                         listen_on);
    memcpy(host, text, n);
    host[n] = '\0';
    snprintf(port, 8, "%s", colon + 1);
    return 0;
}

static int bind_to(const struct addrinfo *a, const char *listen_on, struct trtc_err *err)
{
    const int one = 1;
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_UNAVAILABLE, errno, "cannot create a socket for %s",
                               listen_on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int code = errno == EADDRINUSE ? TRTC_EX_TEMPFAIL
                     : errno == EACCES   ? TRTC_EX_NOPERM
                                         : TRTC_EX_UNAVAILABLE;
    trtc_fail_errno(err, code, errno, "cannot listen on %s", listen_on);
    close(fd);
    return -1;
}

/* Takes a listening socket that the parent process has opened (fd:N). */
static int take_listener(const char *text, struct trtc_err *err)
{
    int listens = 0;
    socklen_t n = sizeof listens;
    const int fd = *text && strlen(text) < 6 && !text[strspn(text, "0123456789")]
                       ? (int)strtol(text, NULL, 10)
                       : -1;
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0 || !listens)
        return trtc_fail(err, TRTC_EX_USAGE, "'fd:%s' is not a listening socket", text);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int open_listener(const char *listen_on, struct trtc_err *err)
{
    char host[64], port[8];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
    if (strncmp(listen_on, "fd:", 3) == 0)
        return take_listener(listen_on + 3, err);
    if (part_address(listen_on, host, port, err) < 0)
        return -1;
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    const int bad = getaddrinfo(numeric, port, &hints, &found);
    if (bad == EAI_MEMORY)
        return trtc_fail_nomem(err);
    if (bad || strtol(port, NULL, 10) > 65535) {
        if (found)
            freeaddrinfo(found);
        return trtc_fail(err, TRTC_EX_USAGE,
                         "'%s' is not a numeric address with a port up to 65535", listen_on);
    }
    const int fd = bind_to(found, listen_on, err);
    freeaddrinfo(found);
    return fd;
}

static void name_address(struct trtc_server *s, int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &n) == 0)
        format_address((struct sockaddr *)&a, s->address, sizeof s->address);
}

/* Decodes paths and values of queries in place, for the library. */
static size_t unescape(void *arg, struct MHD_Connection *c, char *text)
{
    (void)arg;
    (void)c;
    for (char *s = text; (s = strchr(s, '%')) != NULL; s++)
        if (strncmp(s, "%00", 3) == 0 || strncasecmp(s, "%2f", 3) == 0)
            memcpy(s, "%01", 3);
    return MHD_http_unescape(text);
}

static void set_limits(struct trtc_server_limits *l)
{
    if (!l->connections)
        l->connections = CONNECTIONS;
    if (!l->complete_ms)
        l->complete_ms = COMPLETE_MS;
    if (!l->header_bytes)
        l->header_bytes = HEADER_BYTES;
    if (!l->body_bytes)
        l->body_bytes = BODY_BYTES;
    if (!l->bodies_bytes)
        l->bodies_bytes = BODIES * l->body_bytes;
}

struct trtc_server *trtc_server_new(const char *listen_on, const struct trtc_server_limits *limits,
                                    const struct trtc_server_calls *calls, struct trtc_err *err)
{
    struct trtc_server *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->limits = *limits;
    s->calls = *calls;
    s->list.next = s->list.prev = &s->list;
    set_limits(&s->limits);
    const int fd = open_listener(listen_on, err);
    if (fd < 0) {
        free(s);
        return NULL;
    }
    name_address(s, fd);
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(s->limits.connections + SPARE), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        s->limits.header_bytes, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_END);
    if (!s->daemon) {
        trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot set up the HTTP server");
        close(fd);
        free(s);
        return NULL;
    }
    return s;
}

const char *trtc_server_address(const struct trtc_server *s)
{
    return s->address;
}

int trtc_server_fd(const struct trtc_server *s)
{
    return MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int trtc_server_wait_ms(struct trtc_server *s, int64_t now_ms)
{
    MHD_UNSIGNED_LONG_LONG wait = 0;
    const struct conn *k = oldest(s, false);
    int64_t ms = k ? k->since_ms + s->limits.complete_ms - now_ms : -1;
    if (k && ms < 0)
        ms = 0;
    if (MHD_get_timeout(s->daemon, &wait) == MHD_YES && (ms < 0 || (int64_t)wait < ms))
        ms = (int64_t)wait;
    return ms > 60000 ? 60000 : (int)ms;
}

void trtc_server_run(struct trtc_server *s, int64_t now_ms)
{
    struct conn *k;
    s->now_ms = now_ms;
    while ((k = oldest(s, false)) != NULL && now_ms - k->since_ms >= s->limits.complete_ms)
        doom(k);
    MHD_run(s->daemon);
}

void trtc_server_close(struct trtc_server *s)
{
    const MHD_socket fd = MHD_quiesce_daemon(s->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

void trtc_server_free(struct trtc_server **s)
{
    if (!*s)
        return;
    for (struct conn *k = (*s)->list.next; k != &(*s)->list; k = k->next)
        if (k->request)
            trtc_request_wake(k->request);
    MHD_stop_daemon((*s)->daemon);
    free(*s);
    *s = NULL;
}
