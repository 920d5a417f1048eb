/* SPDX-License-Identifier: MIT */
/* Callback events: parses a body, and makes the line that represents it. */
#include "api/events.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_put.h"
#include "base/text.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: doubles represent all whole numbers up to this */

static const struct {
    int type;
    const char *name;
} names[] = {
    { 101, "CREATE_ROOM" },   { 102, "DISMISS_ROOM" },
    { 103, "ENTER_ROOM" },    { 104, "EXIT_ROOM" },
    { 105, "CHANGE_ROLE" },   { 201, "START_VIDEO" },
    { 202, "STOP_VIDEO" },    { 203, "START_AUDIO" },
    { 204, "STOP_AUDIO" },    { 205, "START_ASSIT" },
    { 206, "STOP_ASSIT" },    { 301, "RECORDER_START" },
    { 302, "RECORDER_STOP" }, { 303, "UPLOAD_START" },
    { 304, "FILE_INFO" },     { 305, "UPLOAD_STOP" },
    { 306, "FAILOVER" },      { 307, "FILE_SLICE" },
    { 308, "UPLOAD_ERROR" },  { 309, "DOWNLOAD_IMAGE_ERROR" },
    { 310, "MP4_STOP" },      { 311, "VOD_COMMIT" },
    { 312, "VOD_STOP" },
};

const char *trtc_event_name(int64_t type)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == type)
            return names[i].name;
    return NULL;
}

/* ---- ranges of valid JSON text ---- */

struct stretch {
    const char *p;
    size_t n;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(struct stretch s, size_t i)
{
    while (i < s.n && is_blank(s.p[i]))
        i++;
    return i;
}

/* The position after the string that begins at i. */
static size_t string_end(struct stretch s, size_t i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++)
        if (s.p[i] == '\\')
            i++;
    return i < s.n ? i + 1 : s.n;
}

/* The position after the value that begins at i. */
static size_t value_end(struct stretch s, size_t i)
{
    int depth = 0;
    while (i < s.n) {
        const char c = s.p[i];
        if (c == '"') {
            i = string_end(s, i);
        } else if (c == '{' || c == '[') {
            depth++;
            i++;
        } else if (c == '}' || c == ']' || c == ',' || is_blank(c)) {
            if (depth == 0)
                return i;
            depth -= c == '}' || c == ']';
            i++;
        } else {
            i++;
            continue;
        }
        if (depth == 0)
            return i;
    }
    return i;
}

/* The text of a member of the object s. p is NULL: there is none, or its name contains escapes. */
static struct stretch member(struct stretch s, const char *key)
{
    const size_t want = strlen(key);
    size_t i = skip_blanks(s, 0) + 1;
    while ((i = skip_blanks(s, i)) < s.n && s.p[i] == '"') {
        const size_t name = i + 1, behind = string_end(s, i);
        i = skip_blanks(s, behind) + 1; /* after the colon */
        i = skip_blanks(s, i);
        const size_t end = value_end(s, i);
        if (behind - name - 1 == want && memcmp(s.p + name, key, want) == 0)
            return (struct stretch){ s.p + i, end - i };
        i = skip_blanks(s, end) + 1; /* after the comma */
    }
    return (struct stretch){ NULL, 0 };
}

/* A copy without the blanks between its parts. NULL: out of memory. */
static char *compact(struct stretch s)
{
    char *out = malloc(s.n + 1), *q = out;
    for (size_t i = 0; out && i < s.n;) {
        const size_t end = s.p[i] == '"' ? string_end(s, i) : i + 1;
        if (end > i + 1 || !is_blank(s.p[i])) {
            memcpy(q, s.p + i, end - i);
            q += end - i;
        }
        i = end;
    }
    if (out)
        *q = '\0';
    return out;
}

/* ---- members ---- */

/* A whole number, or the number in a string of digits; else otherwise. */
static int64_t whole(const cJSON *v, int64_t max, int64_t otherwise)
{
    if (cJSON_IsNumber(v)) {
        const double d = v->valuedouble;
        return d >= 0 && d <= EXACT_MAX && d <= (double)max && d == (double)(int64_t)d ? (int64_t)d
                                                                                       : otherwise;
    }
    const char *s = cJSON_GetStringValue(v);
    if (!s || !*s || strlen(s) > 16 || s[strspn(s, "0123456789")])
        return otherwise;
    const int64_t n = strtoll(s, NULL, 10);
    return n <= max ? n : otherwise;
}

static const cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* Copies a string, or a number as a string (a room). *out stays NULL if it is neither. 0, or -1:
 * out of memory. */
static int take_text(const cJSON *v, char **out)
{
    char digits[32];
    const int64_t n = cJSON_IsNumber(v) ? whole(v, INT64_MAX, -1) : -1;
    snprintf(digits, sizeof digits, "%" PRId64, n);
    const char *s = n >= 0 ? digits : cJSON_GetStringValue(v);
    if (!s)
        return 0;
    *out = malloc(strlen(s) + 1);
    if (!*out)
        return -1;
    memcpy(*out, s, strlen(s) + 1);
    return 0;
}

/* Copies an object as it is in the text, or as it was parsed if its place in the text is
 * unknown. */
static int take_object(const cJSON *v, struct stretch within, const char *key, char **out)
{
    if (!v || cJSON_IsNull(v))
        return 0;
    const struct stretch s = within.p ? member(within, key) : within;
    *out = s.p ? compact(s) : cJSON_PrintUnformatted(v);
    return *out ? 0 : -1;
}

static int64_t event_time(const cJSON *info)
{
    const int64_t ms = whole(get(info, "EventMsTs"), TRTC_EVENT_MS_MAX, TRTC_NOTIME);
    if (ms != TRTC_NOTIME)
        return ms;
    const int64_t s = whole(get(info, "EventTs"), TRTC_EVENT_MS_MAX / 1000, TRTC_NOTIME);
    return s == TRTC_NOTIME ? TRTC_NOTIME : s * 1000;
}

static int take_event(const cJSON *json, struct stretch text, struct trtc_event *e)
{
    const cJSON *info = get(json, "EventInfo");
    const struct stretch within = member(text, "EventInfo");
    e->body = text.p;
    e->body_bytes = text.n;
    e->group = whole(get(json, "EventGroupId"), INT32_MAX, 0);
    e->type = whole(get(json, "EventType"), INT32_MAX, 0);
    e->callback_ms = whole(get(json, "CallbackTs"), TRTC_EVENT_MS_MAX, e->callback_ms);
    e->derived = cJSON_IsTrue(get(json, "derived"));
    if (!cJSON_IsObject(info))
        return 0;
    e->event_ms = event_time(info);
    return take_text(get(info, "TaskId"), &e->task) < 0 ||
                   take_text(get(info, "RoomId"), &e->room) < 0 ||
                   take_text(get(info, "UserId"), &e->user) < 0 ||
                   take_object(get(info, "Payload"), within, "Payload", &e->payload) < 0 ||
                   take_object(info, text, "EventInfo", &e->info) < 0
               ? -1
               : 0;
}

int trtc_event_parse(const char *text, size_t n, struct trtc_event *out, struct trtc_err *err)
{
    struct stretch s = { text, n };
    *out = (struct trtc_event){ .event_ms = TRTC_NOTIME, .callback_ms = TRTC_NOTIME };
    cJSON *json = trtc_json_parse("event", text, n, err);
    if (!json)
        return -1;
    const cJSON *inner = get(json, "Callback");
    const size_t mark = trtc_text_mark(text, n);
    int ret = -1;
    s.p += mark;
    s.n -= mark;
    if (!cJSON_IsObject(json)) {
        trtc_fail(err, TRTC_EX_DATAERR, "event: not an object");
        goto done;
    }
    out->wrapped = cJSON_IsObject(inner) && cJSON_IsString(get(json, "CallbackCommand"));
    if (out->wrapped) {
        out->callback_ms = whole(get(json, "EventTime"), TRTC_EVENT_MS_MAX, TRTC_NOTIME);
        s = member(s, "Callback");
        s = s.p ? s : (struct stretch){ text + mark, n - mark };
    }
    ret = take_event(out->wrapped ? inner : json, s, out);
    if (ret < 0)
        trtc_fail_nomem(err);
done:
    cJSON_Delete(json);
    if (ret < 0)
        trtc_event_fini(out);
    return ret;
}

void trtc_event_fini(struct trtc_event *e)
{
    free(e->task);
    free(e->room);
    free(e->user);
    free(e->payload);
    free(e->info);
    *e = (struct trtc_event){ .event_ms = TRTC_NOTIME, .callback_ms = TRTC_NOTIME };
}

/* ---- results ---- */

/* Includes the terminating NUL, which no JSON text contains, so that no text can move from one part
 * to the next. */
static bool hash_text(EVP_MD_CTX *h, const char *text)
{
    return EVP_DigestUpdate(h, text, strlen(text) + 1) == 1;
}

static bool hash_event(EVP_MD_CTX *h, const struct trtc_event *e, int64_t sdkappid)
{
    const bool recording = e->task && e->payload;
    const char *rest = recording ? e->payload : e->info;
    char head[80];
    snprintf(head, sizeof head, "%" PRId64 " %" PRId64 " %" PRId64, sdkappid, e->type,
             e->event_ms == TRTC_NOTIME ? 0 : e->event_ms);
    return hash_text(h, head) && hash_text(h, recording ? e->task : "") &&
           (rest ? hash_text(h, rest) : EVP_DigestUpdate(h, e->body, e->body_bytes) == 1);
}

int trtc_event_id(const struct trtc_event *e, int64_t sdkappid, char out[TRTC_EVENT_ID_LEN + 1])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *h = EVP_MD_CTX_new();
    const bool done = h && EVP_DigestInit_ex(h, EVP_sha256(), NULL) == 1 &&
                      hash_event(h, e, sdkappid) && EVP_DigestFinal_ex(h, hash, NULL) == 1;
    EVP_MD_CTX_free(h);
    for (size_t i = 0; done && i < TRTC_EVENT_ID_LEN / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    return done ? 0 : -1;
}

static void put_ms(cJSON **line, const char *key, int64_t ms)
{
    if (ms != TRTC_NOTIME)
        trtc_json_put_number(line, key, (double)ms);
}

static void put_text(cJSON **line, const char *key, const char *text)
{
    if (text)
        trtc_json_put_text(line, key, text);
}

cJSON *trtc_event_line(const struct trtc_event *e, int64_t sdkappid)
{
    cJSON *line = cJSON_CreateObject();
    if (sdkappid)
        trtc_json_put_number(&line, "sdkappid", (double)sdkappid);
    if (e->type)
        trtc_json_put_number(&line, "type", (double)e->type);
    put_text(&line, "name", trtc_event_name(e->type));
    put_text(&line, "task", e->task);
    put_text(&line, "room", e->room);
    put_text(&line, "user", e->user);
    put_ms(&line, "event_ms", e->event_ms);
    put_ms(&line, "callback_ms", e->callback_ms);
    if (e->payload)
        trtc_json_put(&line, "payload", cJSON_CreateRaw(e->payload));
    if (!e->payload && e->info)
        trtc_json_put(&line, "info", cJSON_CreateRaw(e->info));
    if (e->derived)
        trtc_json_put_bool(&line, "derived", true);
    return line;
}
