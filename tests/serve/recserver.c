/* SPDX-License-Identifier: MIT */
/* A stand-in for the recording service: HTTP (or HTTPS) on loopback, signatures checked, tasks that
 * live, and faults from a script. The port stands on stdout, every request in a log.
 *
 *   recserver [--log FILE] [--script FILE] [--cert NAME,FROM_S,UNTIL_S FILE] [--life S]
 *
 * The environment has what it knows of its clients: TENCENTCLOUD_SECRET_ID and _KEY, TENCENTCLOUD_TOKEN,
 * TRTC_SECRET_KEY (to check UserSigs; unchecked without).
 *
 * --cert makes a certificate for NAME ("IP:127.0.0.1") that is valid from and until so many seconds
 * from now, writes it to FILE, and speaks HTTPS.
 *
 * The script is read again at each request; when it has changed it begins anew. Its lines are
 *
 *   set NAME VALUE      clock_s (its clock is wrong), skip_s (time that has gone by), strict (1: the
 *                       signature's service must be trtc), and those of recservice.h
 *   ACTION N WHAT ...   create, describe, modify, delete or any; so many requests of it (-: all).
 *                       The first line that has not had its requests is taken
 *
 * and WHAT is
 *
 *   pass                     nothing
 *   late MS                  acts, and answers so much later
 *   drop, lose               acts, or does not, and closes the connection
 *   reset BYTES, cut BYTES   acts, and sends so much of the answer; RST or FIN
 *   length N                 acts; Content-Length is off by so much
 *   trickle MS               acts; a byte at a time, with this pause
 *   deaf                     never answers
 *   code CODE [FIELD]        answers that error; FIELD: "Name: value"
 *   status NNN [FIELD]       answers that HTTP status, with HTML
 *   behind NNN [FIELD]       acts, and then does that
 *   endless, big BYTES, bomb an answer without end, of that size, of 64 MB when it is decompressed
 *   old, text, half          HTTP/0.9; no JSON; JSON that is not of this API
 *   quote CODE               answers that error ("-": acts, and answers as ever), and quotes the request in
 *                            many forms
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <microhttpd.h>
#include <zlib.h>

#include "base/b64.h"
#include "base/json.h"
#include "serve/apiserver.h"
#include "serve/recservice.h"
#include "serve/verify.h"

enum { LINES_MAX = 64, BOMB_BYTES = 64 << 20, HOLD_MS = 30000 };

/* A line of the script that is a fault. */
struct fault {
    char action[16], what[16], arg[128];
    int left; /* -1: for ever */
};

struct server {
    pthread_mutex_t lock;
    struct recservice *service;
    FILE *log;
    const char *script_path;
    char *script; /* as it was read last */
    struct fault faults[LINES_MAX];
    int nb_faults, nb_requests, nb_connections;
    int64_t clock_s, skip_ms, begin_ms;
    bool strict, tls;
};

/* A request while it comes in. */
struct request {
    struct trtc_headers headers;
    char *body;
    size_t body_bytes;
};

/* What goes out. */
struct reply {
    struct fault fault;
    int status;
    const char *type;  /* Content-Type */
    const char *field; /* one more, "Name: value"; or NULL */
    char *text;
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_s(const struct server *s)
{
    return clock_ms(CLOCK_REALTIME) / 1000 + s->clock_s;
}

static void nap(int ms)
{
    poll(NULL, 0, ms);
}

static void die(const char *what)
{
    fprintf(stderr, "recserver: %s\n", what);
    exit(1);
}

/* ---- the script ---- */

static void set(struct server *s, const char *name, const char *value)
{
    struct recservice_settings *o = recservice_settings(s->service);
    const struct {
        const char *name;
        int *value;
    } ints[] = { { "idle", &o->idle },
                 { "records", &o->records },
                 { "exits", &o->exits },
                 { "limit", &o->limit },
                 { "rate", &o->rate } };

    for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
        if (!strcmp(name, ints[i].name)) {
            *ints[i].value = atoi(value);
            return;
        }
    }
    if (!strcmp(name, "clock_s"))
        s->clock_s = atoll(value);
    else if (!strcmp(name, "skip_s"))
        s->skip_ms = atoll(value) * 1000;
    else if (!strcmp(name, "strict"))
        s->strict = atoi(value);
    else if (!strcmp(name, "dash"))
        o->dash = atoi(value);
    else if (!strcmp(name, "null_files"))
        o->null_files = atoi(value);
    else if (!strcmp(name, "app"))
        o->app = (uint32_t)atoll(value);
    else if (!strcmp(name, "users"))
        snprintf(o->users, sizeof(o->users), "%s", value);
    else
        die("set: no such name");
}

static void read_line(struct server *s, char *line)
{
    struct fault f = { 0 };
    char count[16] = "";
    int n;

    line[strcspn(line, "#")] = '\0';
    n = sscanf(line, "%15s %15s %15s %127[^\n]", f.action, count, f.what, f.arg);
    if (n <= 0)
        return;
    if (n == 3 && !strcmp(f.action, "set")) {
        set(s, count, f.what);
        return;
    }
    if (n < 3 || s->nb_faults == LINES_MAX)
        die("the script has a line that is none");
    f.left = strcmp(count, "-") != 0 ? atoi(count) : -1;
    s->faults[s->nb_faults++] = f;
}

/* Reads the script where it is another than before. */
static void read_script(struct server *s)
{
    FILE *f = s->script_path ? fopen(s->script_path, "r") : NULL;
    char *text = calloc(1, 16384), *rest, *line;
    struct recservice_settings *o = recservice_settings(s->service);
    const char *key = o->key;

    if (f && fread(text, 1, 16383, f) == 16383)
        die("the script is too long");
    if (f)
        fclose(f);
    if (s->script && !strcmp(s->script, text)) {
        free(text);
        return;
    }
    free(s->script);
    s->script = strdup(text);
    s->nb_faults = 0;
    s->clock_s = s->skip_ms = 0;
    s->strict = false;
    *o = recservice_defaults;
    o->key = key;
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        read_line(s, line);
    free(text);
}

/* The fault of this request. */
static struct fault next_fault(struct server *s, const char *action)
{
    for (int i = 0; i < s->nb_faults; i++) {
        struct fault *f = &s->faults[i];
        bool mine = !strcmp(f->action, "any") || !strncasecmp(f->action, action, strlen(f->action));

        if (mine && f->left) {
            f->left -= f->left > 0;
            return *f;
        }
    }
    return (struct fault){ .what = "pass" };
}

static bool is(const struct reply *r, const char *what)
{
    return !strcmp(r->fault.what, what);
}

/* ---- what is answered ---- */

static int find_key(void *arg, const char *id, struct trtc_verify_key *key)
{
    const char *known = getenv("TENCENTCLOUD_SECRET_ID");

    (void)arg;
    if (!known || strcmp(known, id) != 0)
        return -1;
    key->secret_key = getenv("TENCENTCLOUD_SECRET_KEY");
    key->token = getenv("TENCENTCLOUD_TOKEN");
    return 0;
}

/* The response of the API, the caller's. */
static cJSON *act(struct server *s, const struct request *q, const char *action, const cJSON *body)
{
    const struct trtc_verify_rules rules = { .find = find_key,
                                             .service = s->strict ? "trtc" : NULL };
    const struct trtc_verify_request v = { "POST", NULL, &q->headers, q->body, q->body_bytes };
    enum trtc_verify_result bad = trtc_verify_signature(&v, &rules, wall_s(s));

    if (!bad)
        bad = trtc_verify_target(&q->headers);
    if (bad)
        return recservice_error(s->service, trtc_verify_code(bad), trtc_verify_message(bad));
    return recservice_act(s->service, action, body, wall_s(s),
                          clock_ms(CLOCK_MONOTONIC) + s->skip_ms);
}

/* "Name: value" after the first word of the fault's argument. */
static const char *field_of(const struct fault *f)
{
    const char *blank = strchr(f->arg, ' ');

    return blank ? blank + 1 : NULL;
}

static char *envelope(cJSON *response)
{
    cJSON *e = cJSON_CreateObject();
    char *text;

    cJSON_AddItemReferenceToObject(e, "Response", response);
    text = cJSON_PrintUnformatted(e);
    cJSON_Delete(e);
    return text;
}

static void log_request(struct server *s, const struct request *q, const struct reply *r,
                        int connection, const char *action, const cJSON *body,
                        const cJSON *response)
{
    cJSON *j = cJSON_CreateObject(), *headers = cJSON_CreateObject(), *names = cJSON_CreateArray();
    const char *code = recservice_code(response);
    char *line;

    for (size_t i = 0; i < q->headers.nb; i++) {
        char *name = strdup(q->headers.list[i].name);

        cJSON_AddItemToArray(names, cJSON_CreateString(name));
        for (char *c = name; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
        cJSON_AddStringToObject(headers, name, q->headers.list[i].value);
        free(name);
    }
    cJSON_AddNumberToObject(j, "n", s->nb_requests);
    cJSON_AddNumberToObject(j, "ms", (double)(clock_ms(CLOCK_MONOTONIC) - s->begin_ms));
    cJSON_AddNumberToObject(j, "connection", connection);
    cJSON_AddStringToObject(j, "action", action);
    cJSON_AddItemToObject(j, "names", names);
    cJSON_AddItemToObject(j, "headers", headers);
    cJSON_AddItemToObject(j, "body", body ? cJSON_Duplicate(body, true) : cJSON_CreateNull());
    cJSON_AddStringToObject(j, "text", q->body);
    cJSON_AddStringToObject(j, "fault", r->fault.what);
    cJSON_AddStringToObject(j, "verdict", code ? code : response ? "ok" : "none");
    cJSON_AddItemToObject(j, "response",
                          response ? cJSON_Duplicate(response, true) : cJSON_CreateNull());
    line = cJSON_PrintUnformatted(j);
    if (s->log) {
        fprintf(s->log, "%s\n", line);
        fflush(s->log);
    }
    free(line);
    cJSON_Delete(j);
}

static char *percent(const char *text)
{
    char *out = malloc(3 * strlen(text) + 1), *p = out;

    for (; *text; text++)
        p += isalnum((unsigned char)*text) ? (*p = *text, 1)
                                           : sprintf(p, "%%%02X", (unsigned char)*text);
    *p = '\0';
    return out;
}

/* What a careless server, or one that helps to find faults, says of a request. */
static void quote(cJSON *response, const struct request *q, const cJSON *body)
{
    char *escaped = percent(q->body), *b64 = malloc(TRTC_B64_ENCODED_MAX(q->body_bytes));
    const char *id = trtc_headers_get(&q->headers, "Authorization");
    const size_t size = 2 * q->body_bytes + 1024;
    char *message = malloc(size);
    cJSON *error = cJSON_GetObjectItem(response, "Error"), *parts = cJSON_CreateArray();

    trtc_b64_encode(q->body, q->body_bytes, b64);
    snprintf(message, size, "you sent %s, signed %s", q->body, id ? id : "");
    if (error)
        cJSON_ReplaceItemInObject(error, "Message", cJSON_CreateString(message));
    cJSON_AddStringToObject(response, "Text", message);
    cJSON_AddStringToObject(response, "Percent", escaped);
    cJSON_AddStringToObject(response, "Base64", b64);
    cJSON_AddItemToObject(response, "Request", cJSON_Duplicate(body, true));
    for (const char *p = q->body; *p; p += strnlen(p, 5)) {
        char part[6];

        snprintf(part, sizeof(part), "%s", p);
        cJSON_AddItemToArray(parts, cJSON_CreateString(part));
    }
    cJSON_AddItemToObject(response, "Parts", parts);
    free(message);
    free(b64);
    free(escaped);
}

/* Acts, as far as the fault lets it; *r is what to send. */
static void work_out(struct server *s, const struct request *q, int connection, struct reply *r)
{
    const char *action = trtc_headers_get(&q->headers, "X-TC-Action");
    cJSON *body = trtc_json_parse("body", q->body, q->body_bytes, NULL), *response = NULL;

    action = action ? action : "";
    read_script(s);
    s->nb_requests++;
    r->fault = next_fault(s, action);
    if (is(r, "code")) {
        char code[128];

        snprintf(code, sizeof(code), "%.*s", (int)strcspn(r->fault.arg, " "), r->fault.arg);
        response = recservice_error(s->service, code, "as the script says");
        r->field = field_of(&r->fault);
    } else if (is(r, "quote") && strcmp(r->fault.arg, "-")) {
        response = recservice_error(s->service, r->fault.arg, "quoted");
    } else if (!is(r, "lose") && !is(r, "status")) {
        response = act(s, q, action, body);
    }
    if (is(r, "quote"))
        quote(response, q, body);
    r->status = 200;
    r->type = "application/json";
    if (is(r, "status") || is(r, "behind")) {
        r->status = atoi(r->fault.arg);
        r->field = field_of(&r->fault);
        r->type = "text/html";
        r->text = strdup("<html>not the service</html>");
    } else if (is(r, "text")) {
        r->text = strdup("good morning");
    } else if (is(r, "half")) {
        r->text = strdup("{\"TaskId\":\"x\"}");
    } else {
        r->text = envelope(response);
    }
    log_request(s, q, r, connection, action, body, response);
    cJSON_Delete(response);
    cJSON_Delete(body);
}

/* ---- raw answers ---- */

/* Sends all; false when the peer is gone. */
static bool send_all(int fd, const char *p, size_t n)
{
    while (n) {
        struct pollfd w = { .fd = fd, .events = POLLOUT };
        ssize_t k;

        if (poll(&w, 1, HOLD_MS) <= 0)
            return false;
        k = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno != EAGAIN)
            return false;
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return true;
}

/* Waits until the peer closes. */
static void wait_for_end(int fd)
{
    char waste[256];
    struct pollfd r = { .fd = fd, .events = POLLIN };

    while (poll(&r, 1, HOLD_MS) > 0 && recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
        ;
}

static void date_text(const struct server *s, char *out, size_t size)
{
    time_t t = (time_t)wall_s(s);
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* The head of an answer of n bytes (below 0: not said). */
static int head(const struct server *s, char *out, size_t size, long long n, const char *more)
{
    char date[64], length[64] = "";

    date_text(s, date, sizeof(date));
    if (n >= 0)
        snprintf(length, sizeof(length), "Content-Length: %lld\r\n", n);
    return snprintf(out, size,
                    "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\n%s%s\r\n",
                    date, length, more);
}

static void send_endless(int fd, const char *start)
{
    static const char junk[] =
        "{\"Response\":{\"Status\":\"InProgress\", more of this, and more, and m";

    for (bool ok = send_all(fd, start, strlen(start)); ok;)
        ok = send_all(fd, junk, sizeof(junk) - 1);
}

/* An answer that is small on the wire and large when it is decompressed. */
static void send_bomb(const struct server *s, int fd)
{
    static char zeros[1 << 16];
    static unsigned char out[1 << 20];
    z_stream z = { .next_out = out, .avail_out = sizeof(out) };
    char text[512];

    if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        die("zlib");
    for (size_t done = 0; done < BOMB_BYTES; done += sizeof(zeros)) {
        z.next_in = (unsigned char *)zeros;
        z.avail_in = sizeof(zeros);
        deflate(&z, done + sizeof(zeros) < BOMB_BYTES ? Z_NO_FLUSH : Z_FINISH);
    }
    head(s, text, sizeof(text), (long long)z.total_out, "Content-Encoding: gzip\r\n");
    if (send_all(fd, text, strlen(text)))
        send_all(fd, (char *)out, z.total_out);
    deflateEnd(&z);
}

static void send_big(const struct server *s, int fd, size_t size)
{
    char text[512], *body = malloc(size + 1);

    snprintf(body, size + 1, "{\"Response\":{\"RequestId\":\"");
    memset(body + strlen(body), 'x', size - strlen(body));
    memcpy(body + size - 3, "\"}}", 3);
    head(s, text, sizeof(text), (long long)size, "");
    if (send_all(fd, text, strlen(text)))
        send_all(fd, body, size);
    free(body);
}

/* The answer as it should be, and what is made of it. */
static void send_damaged(const struct server *s, int fd, const struct reply *r)
{
    const struct sockaddr none = { .sa_family = AF_UNSPEC };
    char text[65536];
    long arg = atol(r->fault.arg);
    size_t n = (size_t)head(s, text, sizeof(text) / 2,
                            (long long)strlen(r->text) + (is(r, "length") ? arg : 0), "");

    n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", r->text);
    if (is(r, "trickle")) {
        for (size_t i = 0; i < n && send_all(fd, text + i, 1); i++)
            nap((int)arg);
        return;
    }
    if (is(r, "cut") || is(r, "reset"))
        n = (size_t)arg < n ? (size_t)arg : n;
    send_all(fd, text, n);
    if (is(r, "reset")) {
        nap(20);                          /* what was sent shall arrive */
        connect(fd, &none, sizeof(none)); /* which ends a connection with RST */
    }
}

static void send_raw(const struct server *s, int fd, const struct reply *r)
{
    char text[512];

    if (is(r, "endless")) {
        head(s, text, sizeof(text), -1, "");
        send_endless(fd, text);
    } else if (is(r, "bomb")) {
        send_bomb(s, fd);
    } else if (is(r, "big")) {
        send_big(s, fd, (size_t)atol(r->fault.arg));
    } else if (is(r, "old")) {
        send_all(fd, r->text, strlen(r->text));
    } else if (is(r, "deaf")) {
        wait_for_end(fd);
    } else if (!is(r, "drop") && !is(r, "lose")) {
        send_damaged(s, fd, r);
    }
}

/* ---- HTTP ---- */

static enum MHD_Result keep_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    return trtc_headers_add(arg, name, value ? value : "", NULL) ? MHD_NO : MHD_YES;
}

static enum MHD_Result send_decent(const struct server *s, struct MHD_Connection *c,
                                   const struct reply *r)
{
    struct MHD_Response *m =
        MHD_create_response_from_buffer(strlen(r->text), r->text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result ret;
    char date[64], name[64];

    date_text(s, date, sizeof(date));
    MHD_add_response_header(m, "Date", date);
    MHD_add_response_header(m, "Content-Type", r->type);
    if (r->field && strstr(r->field, ": ")) {
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(r->field, ":"), r->field);
        MHD_add_response_header(m, name, strstr(r->field, ": ") + 2);
    }
    ret = MHD_queue_response(c, (unsigned)r->status, m);
    MHD_destroy_response(m);
    return ret;
}

static enum MHD_Result respond(struct server *s, struct MHD_Connection *c, const struct request *q)
{
    static const char *const decent[] = { "pass",   "late", "code",  "status", "text",
                                          "behind", "half", "quote", NULL };
    int connection = (int)(intptr_t)MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
                         ->socket_context;
    int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct reply r = { 0 };
    enum MHD_Result ret = MHD_NO;
    int i = 0;

    pthread_mutex_lock(&s->lock);
    work_out(s, q, connection, &r);
    pthread_mutex_unlock(&s->lock);
    while (decent[i] && !is(&r, decent[i]))
        i++;
    if (is(&r, "late"))
        nap(atoi(r.fault.arg));
    if (decent[i])
        ret = send_decent(s, c, &r);
    else if (s->tls)
        die("this fault cannot be had with TLS");
    else
        send_raw(s, fd, &r); /* and the connection ends */
    free(r.text);
    return ret;
}

/* Nobody has to come here: no other method, no other path. */
static enum MHD_Result log_stray(struct server *s, const char *method, const char *url)
{
    pthread_mutex_lock(&s->lock);
    if (s->log) {
        fprintf(s->log, "{\"action\":\"\",\"verdict\":\"stray %s\",\"path_bytes\":%zu}\n", method,
                strlen(url));
        fflush(s->log);
    }
    pthread_mutex_unlock(&s->lock);
    return MHD_NO;
}

static void free_request(struct request *q)
{
    if (q) {
        trtc_headers_fini(&q->headers);
        free(q->body);
    }
    free(q);
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *c, const char *url,
                             const char *method, const char *version, const char *data, size_t *n,
                             void **state)
{
    struct request *q = *state;

    (void)version;
    if (strcmp(method, "POST") != 0 || strcmp(url, "/") != 0)
        return log_stray(arg, method, url);
    if (!q) {
        q = *state = calloc(1, sizeof(*q));
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
    return respond(arg, c, q);
}

static void completed(void *arg, struct MHD_Connection *c, void **state,
                      enum MHD_RequestTerminationCode why)
{
    (void)arg;
    (void)c;
    (void)why;
    free_request(*state);
    *state = NULL;
}

static void connected(void *arg, struct MHD_Connection *c, void **state,
                      enum MHD_ConnectionNotificationCode what)
{
    struct server *s = arg;

    (void)c;
    if (what != MHD_CONNECTION_NOTIFY_STARTED)
        return;
    pthread_mutex_lock(&s->lock);
    *state = (void *)(intptr_t)++s->nb_connections;
    pthread_mutex_unlock(&s->lock);
}

static void silent(void *arg, const char *fmt, va_list ap)
{
    (void)arg;
    (void)fmt;
    (void)ap;
}

static struct MHD_Daemon *start(struct server *s, const struct api_cert *cert)
{
    const struct sockaddr_in here = { .sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)cert->key },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)cert->cert },
        { MHD_OPTION_END, 0, NULL },
    };
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ERROR_LOG | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
                     (s->tls ? MHD_USE_TLS : 0);

    return MHD_start_daemon(flags, 0, NULL, NULL, serve, s, MHD_OPTION_EXTERNAL_LOGGER, silent,
                            NULL, MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_NOTIFY_COMPLETED,
                            completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, connected, s,
                            MHD_OPTION_ARRAY, s->tls ? tls : &tls[2], MHD_OPTION_END);
}

static void make_cert(struct server *s, struct api_cert *cert, const char *how, const char *path)
{
    char name[128];
    long from_s, until_s;

    if (sscanf(how, "%127[^,],%ld,%ld", name, &from_s, &until_s) != 3)
        die("--cert NAME,FROM_S,UNTIL_S FILE");
    apicert_make(cert, name, from_s, until_s);
    apicert_save(cert, path);
    s->tls = true;
}

int main(int argc, char **argv)
{
    struct server s = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct api_cert cert = { 0 };
    struct MHD_Daemon *daemon;
    unsigned life_s = 900; /* nothing is left running for ever */
    sigset_t ends;
    int sig;

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc)
            die("an option without a value");
        if (!strcmp(argv[i], "--log"))
            s.log = fopen(argv[i + 1], "a");
        else if (!strcmp(argv[i], "--script"))
            s.script_path = argv[i + 1];
        else if (!strcmp(argv[i], "--life"))
            life_s = (unsigned)atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--cert") && i + 2 < argc) {
            make_cert(&s, &cert, argv[i + 1], argv[i + 2]);
            i++;
        } else {
            die("no such option");
        }
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    alarm(life_s);
    s.begin_ms = clock_ms(CLOCK_MONOTONIC);
    s.service = recservice_new();
    recservice_settings(s.service)->key = getenv("TRTC_SECRET_KEY");
    daemon = start(&s, &cert);
    if (!daemon)
        die("cannot start");
    printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&ends, &sig);
    _exit(0); /* connections and their pauses end with it */
}
