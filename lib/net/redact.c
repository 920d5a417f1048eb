/* SPDX-License-Identifier: MIT */
/* Removes our secrets from a service's answer; see redact.h.
 *
 * A text is examined in views: as it is, and as it becomes when it is unescaped or decoded,
 * repeatedly. A view knows for each of its bytes where it comes from, so that what is found in the
 * view can be marked in the text. */
#include "net/redact.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/array.h"
#include "net/secret.h"

enum {
    TELLING = 8,        /* this many consecutive bytes of a secret must not be shown */
    LEAST = 3,          /* a shorter secret is not hidden */
    DEPTH = 3,          /* nested decodings */
    DEEP_MAX = 1 << 16, /* a longer text is decoded only once */
    RUN_B64 = 11,       /* minimum number of characters that TELLING bytes take */
    RUN_HEX = 2 * TELLING,
    NAME_MAX_BYTES = 32, /* length of a secret's name */
    RECENT_GRAMS = 1 << 16,
    RECENT_SHORT = 256,
};

struct trtc_redact {
    char (*secrets)[TELLING]; /* the secrets shorter than TELLING */
    size_t n, room;
    uint64_t *grams; /* hashes of all TELLING consecutive bytes; 0: free slot */
    size_t nb_grams, size;
    struct trtc_redact_past *past;
};

/* When recent has become large, old is freed and recent becomes old. */
struct trtc_redact_past {
    pthread_rwlock_t lock;
    struct trtc_redact *recent, *old; /* old may be NULL */
};

/* ---- the secrets ---- */

struct trtc_redact *trtc_redact_new(struct trtc_err *err)
{
    struct trtc_redact *r = calloc(1, sizeof *r);
    if (!r)
        trtc_fail_nomem(err);
    return r;
}

void trtc_redact_free(struct trtc_redact **r)
{
    if (!*r)
        return;
    if ((*r)->grams)
        OPENSSL_cleanse((*r)->grams, (*r)->size * sizeof *(*r)->grams);
    if ((*r)->secrets)
        OPENSSL_cleanse((*r)->secrets, (*r)->room * sizeof *(*r)->secrets);
    free((*r)->grams);
    free((*r)->secrets);
    free(*r);
    *r = NULL;
}

static uint64_t gram_at(const void *p)
{
    uint64_t g;
    memcpy(&g, p, sizeof g);
    return g;
}

/* The slot of a gram, or a free one. */
static size_t place_of(const struct trtc_redact *r, uint64_t gram)
{
    size_t i = (size_t)((gram * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (r->size - 1);
    while (r->grams[i] && r->grams[i] != gram)
        i = (i + 1) & (r->size - 1);
    return i;
}

static int reserve(struct trtc_redact *r, size_t more)
{
    struct trtc_redact wider = { .size = r->size ? r->size : 256 };
    while (wider.size < 4 * (r->nb_grams + more))
        wider.size *= 2;
    if (wider.size == r->size)
        return 0;
    wider.grams = calloc(wider.size, sizeof *wider.grams);
    if (!wider.grams)
        return -1;
    for (size_t i = 0; i < r->size; i++)
        if (r->grams[i])
            wider.grams[place_of(&wider, r->grams[i])] = r->grams[i];
    if (r->grams)
        OPENSSL_cleanse(r->grams, r->size * sizeof *r->grams);
    free(r->grams);
    r->grams = wider.grams;
    r->size = wider.size;
    return 0;
}

int trtc_redact_add(struct trtc_redact *r, const char *secret, struct trtc_err *err)
{
    const size_t n = secret ? strlen(secret) : 0;
    if (n < LEAST || strcmp(secret, TRTC_API_SECRET) == 0)
        return 0;
    if (n >= TELLING) {
        if (reserve(r, n) < 0)
            return trtc_fail_nomem(err);
        for (size_t i = 0; i + TELLING <= n; i++) {
            const uint64_t gram = gram_at(secret + i);
            const size_t at = place_of(r, gram);
            r->nb_grams += r->grams[at] != gram;
            r->grams[at] = gram;
        }
        return 0;
    }
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->secrets[i], secret) == 0)
            return 0;
    if (trtc_array_reserve(&r->secrets, &r->room, r->n + 1, sizeof *r->secrets) < 0)
        return trtc_fail_nomem(err);
    memcpy(r->secrets[r->n++], secret, n + 1);
    return 0;
}

int trtc_redact_add_members(struct trtc_redact *r, const struct cJSON *request,
                            struct trtc_err *err)
{
    for (const cJSON *m = request ? request->child : NULL; m; m = m->next)
        if ((m->string && cJSON_IsString(m) && trtc_api_is_secret(m->string) &&
             trtc_redact_add(r, m->valuestring, err) < 0) ||
            trtc_redact_add_members(r, m, err) < 0)
            return -1;
    return 0;
}

/* ---- the past ---- */

struct trtc_redact_past *trtc_redact_past_new(struct trtc_err *err)
{
    struct trtc_redact_past *p = calloc(1, sizeof *p);
    if (p && !(p->recent = trtc_redact_new(NULL))) {
        free(p);
        p = NULL;
    }
    if (p)
        pthread_rwlock_init(&p->lock, NULL);
    else
        trtc_fail_nomem(err);
    return p;
}

void trtc_redact_past_free(struct trtc_redact_past **p)
{
    if (!*p)
        return;
    trtc_redact_free(&(*p)->recent);
    trtc_redact_free(&(*p)->old);
    pthread_rwlock_destroy(&(*p)->lock);
    free(*p);
    *p = NULL;
}

static int past_add(struct trtc_redact_past *p, const cJSON *request, struct trtc_err *err)
{
    int ret = 0;
    pthread_rwlock_wrlock(&p->lock);
    if (p->recent->nb_grams > RECENT_GRAMS || p->recent->n > RECENT_SHORT) {
        struct trtc_redact *none = trtc_redact_new(err);
        if (none) {
            trtc_redact_free(&p->old);
            p->old = p->recent;
            p->recent = none;
        }
        ret = none ? 0 : -1;
    }
    if (ret == 0)
        ret = trtc_redact_add_members(p->recent, request, err);
    pthread_rwlock_unlock(&p->lock);
    return ret;
}

/* While the lock is held, nothing is added. */
static void hold_past(const struct trtc_redact *r)
{
    if (r->past)
        pthread_rwlock_rdlock(&r->past->lock);
}

static void let_past(const struct trtc_redact *r)
{
    if (r->past)
        pthread_rwlock_unlock(&r->past->lock);
}

/* ---- views ---- */

struct view {
    uint8_t *bytes;
    uint32_t *from; /* the position in the text of each byte, and of the end; NULL: the same */
    size_t n;
    uint32_t slack; /* a byte may end up to this many characters later */
};

struct look {
    const struct trtc_redact *r;
    uint8_t *mark; /* marks for the bytes of the text */
    size_t n;
};

static void view_fini(struct view *v)
{
    if (v->bytes)
        OPENSSL_cleanse(v->bytes, v->n);
    free(v->bytes);
    free(v->from);
    *v = (struct view){ 0 };
}

/* Initialises a view with room for n bytes. 0, or -1: out of memory. */
static int view_init(struct view *v, size_t n)
{
    *v = (struct view){ .bytes = malloc(n + 1), .from = malloc((n + 1) * sizeof *v->from) };
    if (v->bytes && v->from)
        return 0;
    view_fini(v);
    return -1;
}

static size_t from(const struct view *v, size_t i)
{
    return v->from ? v->from[i] : i;
}

/* The position in the text where the bytes before i end. */
static size_t until(const struct view *v, size_t i)
{
    return from(v, i) + (i < v->n ? v->slack : 0);
}

static void mark(struct look *l, const struct view *v, size_t first, size_t end)
{
    size_t to = until(v, end);
    if (to > l->n)
        to = l->n;
    for (size_t i = from(v, first); i < to; i++)
        l->mark[i] = 1;
}

static void mark_secrets_of(struct look *l, const struct view *v, const struct trtc_redact *r)
{
    for (size_t i = 0; r->nb_grams && i + TELLING <= v->n; i++) {
        const uint64_t gram = gram_at(v->bytes + i);
        if (gram && r->grams[place_of(r, gram)] == gram)
            mark(l, v, i, i + TELLING);
    }
    for (size_t s = 0; s < r->n; s++) {
        const size_t n = strlen(r->secrets[s]);
        for (size_t i = 0; i + n <= v->n; i++)
            if (memcmp(v->bytes + i, r->secrets[s], n) == 0)
                mark(l, v, i, i + n);
    }
}

static void mark_secrets(struct look *l, const struct view *v)
{
    const struct trtc_redact_past *past = l->r->past;
    mark_secrets_of(l, v, l->r);
    if (past)
        mark_secrets_of(l, v, past->recent);
    if (past && past->old)
        mark_secrets_of(l, v, past->old);
}

/* ---- values with the name of a secret ---- */

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '-';
}

static size_t skip(const struct view *v, size_t i, const char *these)
{
    while (i < v->n && v->bytes[i] && strchr(these, v->bytes[i]))
        i++;
    return i;
}

/* Finds the value after a name that ends at i: "name":"value", name=value, also escaped. False:
 * there is none. */
static bool value_behind(const struct view *v, size_t i, size_t *begin, size_t *end)
{
    const size_t colon = skip(v, skip(v, i, "\\\"'"), " ");
    if (colon >= v->n || (v->bytes[colon] != ':' && v->bytes[colon] != '='))
        return false;
    const size_t quote = skip(v, colon + 1, " ");
    *begin = skip(v, quote, "\\\"'");
    if (*begin == quote && (v->bytes[colon] == ':' || quote > colon + 1))
        return false;
    for (*end = *begin; *end < v->n; (*end)++)
        if (strchr(*begin == quote ? " \t\r\n&,;\"'" : "\\\"'", v->bytes[*end]))
            break;
    return *end > *begin;
}

static void mark_named(struct look *l, const struct view *v)
{
    for (size_t i = 0; i < v->n;) {
        char name[NAME_MAX_BYTES] = "";
        size_t end = i, first, behind;
        while (end < v->n && is_word(v->bytes[end]))
            end++;
        if (end > i && end - i < sizeof name) {
            memcpy(name, v->bytes + i, end - i);
            if (trtc_api_is_secret(name) && value_behind(v, end, &first, &behind))
                mark(l, v, first, behind);
        }
        i = end > i ? end : i + 1;
    }
}

/* ---- decoding ---- */

static int hex(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The value of the n hexadecimal digits at i, or -1. */
static int hex_number(const struct view *v, size_t i, size_t n)
{
    int value = 0;
    for (size_t k = i; k < i + n; k++) {
        const int digit = k < v->n ? hex(v->bytes[k]) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Decodes \x or \uXXXX (below 256, since secrets are ASCII) at i. Returns its length, or 0. */
static size_t backslash(const struct view *v, size_t i, uint8_t *out)
{
    static const char letters[] = "\"\\/'bfnrt", means[] = "\"\\/'\b\f\n\r\t";
    if (i + 1 >= v->n)
        return 0;
    const uint8_t c = v->bytes[i + 1];
    const int code = c == 'u' ? hex_number(v, i + 2, 4) : c == 'x' ? hex_number(v, i + 2, 2) : -1;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (code >= 0 && code < 256) {
        *out = (uint8_t)code;
        return c == 'u' ? 6 : 4;
    }
    if (!letter)
        return 0;
    *out = (uint8_t)means[letter - letters];
    return 2;
}

/* Decodes &quot; &#39; &#x27; and the like at i. Returns the length, or 0. */
static size_t entity(const struct view *v, size_t i, uint8_t *out)
{
    static const struct {
        const char *name;
        char is;
    } known[] = {
        { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' }
    };
    char text[9] = "";
    int code = -1, len = 0;
    memcpy(text, v->bytes + i, v->n - i < 8 ? v->n - i : 8);
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (strncmp(text, known[k].name, strlen(known[k].name)) == 0) {
            *out = (uint8_t)known[k].is;
            return strlen(known[k].name);
        }
    if (sscanf(text, "&#x%3x;%n", (unsigned *)&code, &len) == 1 && len == 0)
        return 0;
    if (len == 0)
        sscanf(text, "&#%3d;%n", &code, &len);
    if (len == 0 || code < 1 || code > 255)
        return 0;
    *out = (uint8_t)code;
    return (size_t)len;
}

static size_t escape(const struct view *v, size_t i, uint8_t *out)
{
    const int code = v->bytes[i] == '%' ? hex_number(v, i + 1, 2) : -1;
    if (code >= 0) {
        *out = (uint8_t)code;
        return 3;
    }
    return v->bytes[i] == '\\' ? backslash(v, i, out) : v->bytes[i] == '&' ? entity(v, i, out) : 0;
}

/* Removes one level of escapes. 1: done; 0: there are none; -1: out of memory. */
static int unescape(const struct view *v, struct view *out)
{
    bool any = false;
    if (view_init(out, v->n) < 0)
        return -1;
    out->slack = v->slack;
    for (size_t i = 0; i < v->n;) {
        size_t len = escape(v, i, &out->bytes[out->n]);
        any |= len > 0;
        if (!len)
            out->bytes[out->n] = v->bytes[i];
        out->from[out->n++] = (uint32_t)from(v, i);
        i += len ? len : 1;
    }
    out->from[out->n] = (uint32_t)until(v, v->n);
    return any;
}

static int b64(uint8_t c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

struct run { /* a run of digits in one alphabet */
    size_t first, end;
    int (*digit)(uint8_t);
};

static int bits_of(const struct run *r)
{
    return r->digit == hex ? 4 : 6;
}

/* Decodes the digits of a run, except the first skip ones, to whole bytes. Other characters are
 * ignored. */
static int decode(const struct view *v, const struct run *r, size_t skip, struct view *out)
{
    const size_t first = r->first + skip, end = r->end;
    const int bits = bits_of(r);
    unsigned value = 0;
    int have = 0;
    size_t began = first;
    if (view_init(out, end - first) < 0)
        return -1;
    out->slack = v->slack + 1; /* the next byte begins in the same digit */
    for (size_t i = first; i < end; i++) {
        const int d = r->digit(v->bytes[i]);
        if (d < 0)
            continue;
        if (have == 0)
            began = i;
        value = value << bits | (unsigned)d;
        have += bits;
        if (have < 8)
            continue;
        have -= 8;
        out->bytes[out->n] = (uint8_t)(value >> have);
        out->from[out->n++] = (uint32_t)from(v, began);
        began = i;
    }
    out->from[out->n] = (uint32_t)until(v, end);
    return 0;
}

/* ---- search ---- */

static int look(struct look *l, const struct view *v, int depth);

/* Examines everything that a run of digits may encode. */
static int look_run(struct look *l, const struct view *v, const struct run *r, int depth)
{
    for (size_t k = 0; k < (bits_of(r) == 4 ? 2 : 4); k++) {
        struct view out;
        if (decode(v, r, k, &out) < 0)
            return -1;
        const int ret = look(l, &out, depth);
        view_fini(&out);
        if (ret < 0)
            return -1;
    }
    return 0;
}

static int look_runs(struct look *l, const struct view *v, int (*digit)(uint8_t), size_t least,
                     int depth)
{
    for (size_t i = 0; i < v->n;) {
        size_t end = i, digits = 0;
        /* Base64 may contain line breaks */
        while (end < v->n && (digit(v->bytes[end]) >= 0 ||
                              (digits && (v->bytes[end] == '\n' || v->bytes[end] == '\r'))))
            digits += digit(v->bytes[end++]) >= 0;
        if (digits >= least && look_run(l, v, &(struct run){ i, end, digit }, depth) < 0)
            return -1;
        i = end > i ? end : i + 1;
    }
    return 0;
}

static int look(struct look *l, const struct view *v, int depth)
{
    struct view plain;
    mark_secrets(l, v);
    mark_named(l, v);
    if (depth == 0)
        return 0;
    int ret = unescape(v, &plain);
    if (ret > 0)
        ret = look(l, &plain, depth - 1);
    if (ret >= 0)
        view_fini(&plain);
    if (ret < 0 || look_runs(l, v, b64, RUN_B64, depth - 1) < 0 ||
        look_runs(l, v, hex, RUN_HEX, depth - 1) < 0)
        return -1;
    return 0;
}

/* Marks the secrets in n bytes. The caller frees *marks. */
static int find(const struct trtc_redact *r, char *text, size_t n, uint8_t **marks)
{
    struct look l = { .r = r, .mark = calloc(n + 1, 1), .n = n };
    const struct view whole = { .bytes = (uint8_t *)text, .n = n };
    *marks = l.mark;
    if (!l.mark)
        return -1;
    return look(&l, &whole, n > DEEP_MAX ? 1 : DEPTH);
}

/* Overwrites each run of marked bytes with "***", or less if the run is shorter. */
static void cover(char *text, const uint8_t *marks, size_t n)
{
    char *out = text;
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && marks[end])
            end++;
        const size_t stars = end - i < LEAST ? end - i : LEAST;
        memset(out, '*', stars);
        out += stars;
        if (end < n)
            *out++ = text[end];
        i = end + 1;
    }
    *out = '\0';
}

/* The caller holds the lock of the past. */
static int redact_text(const struct trtc_redact *r, char *text)
{
    const size_t n = strlen(text);
    uint8_t *marks;
    const int ret = find(r, text, n, &marks);
    if (ret == 0)
        cover(text, marks, n);
    else
        *text = '\0';
    free(marks);
    return ret;
}

int trtc_redact_text(const struct trtc_redact *r, char *text, struct trtc_err *err)
{
    hold_past(r);
    const int ret = redact_text(r, text);
    let_past(r);
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

/* ---- JSON ---- */

/* The strings (names: the keys) of a tree, concatenated. */
struct all {
    char *text;
    uint8_t *marks;
    size_t n;
    bool names;
};

static char *string_of(const cJSON *item, bool names)
{
    return names ? item->string : cJSON_IsString(item) ? item->valuestring : NULL;
}

static size_t length(const cJSON *json, bool names)
{
    const char *s = string_of(json, names);
    size_t n = s ? strlen(s) : 0;
    for (const cJSON *m = json->child; m; m = m->next)
        n += length(m, names);
    return n;
}

static void gather(const cJSON *json, struct all *a)
{
    const char *s = string_of(json, a->names);
    if (s) {
        memcpy(a->text + a->n, s, strlen(s));
        a->n += strlen(s);
    }
    for (const cJSON *m = json->child; m; m = m->next)
        gather(m, a);
}

/* Applies the marks, in the same order, to the strings. */
static void spread(cJSON *json, struct all *a)
{
    char *s = string_of(json, a->names);
    if (s) {
        const size_t n = strlen(s);
        cover(s, a->marks + a->n, n);
        a->n += n;
    }
    for (cJSON *m = json->child; m; m = m->next)
        spread(m, a);
}

/* Marks the members with the name of a secret, and everything in them. */
static void mark_members(const cJSON *json, bool secret, struct all *a)
{
    const char *s = string_of(json, false);
    if (s) {
        memset(a->marks + a->n, secret ? 1 : a->marks[a->n], secret ? strlen(s) : 0);
        a->n += strlen(s);
    }
    for (const cJSON *m = json->child; m; m = m->next)
        mark_members(m, secret || (m->string && trtc_api_is_secret(m->string)), a);
}

static int redact_strings(const struct trtc_redact *r, cJSON *json, bool names)
{
    struct all a = { .names = names };
    const size_t n = length(json, names);
    int ret = -1;
    a.text = malloc(n + 1);
    if (a.text) {
        gather(json, &a);
        a.text[n] = '\0';
        ret = find(r, a.text, n, &a.marks);
        OPENSSL_cleanse(a.text, n);
    }
    a.n = 0;
    if (ret == 0 && !names)
        mark_members(json, false, &a);
    a.n = 0;
    if (ret == 0)
        spread(json, &a);
    free(a.text);
    free(a.marks);
    return ret;
}

/* Numbers that are secret by their digits or by their names become strings. */
static int redact_numbers(const struct trtc_redact *r, cJSON *json, bool secret)
{
    for (cJSON *m = json->child; m; m = m->next) {
        const bool named = secret || (m->string && trtc_api_is_secret(m->string));
        char digits[64];
        snprintf(digits, sizeof digits, "%.17g", cJSON_IsNumber(m) ? m->valuedouble : 0);
        if (cJSON_IsNumber(m) && redact_text(r, digits) < 0)
            return -1;
        if (cJSON_IsNumber(m) && (named || strchr(digits, '*'))) {
            char *stars = cJSON_malloc(sizeof TRTC_API_SECRET);
            if (!stars)
                return -1;
            m->valuestring = memcpy(stars, TRTC_API_SECRET, sizeof TRTC_API_SECRET);
            m->type = (m->type & ~0xff) | cJSON_String;
        }
        if (redact_numbers(r, m, named) < 0)
            return -1;
    }
    return 0;
}

int trtc_redact_json(const struct trtc_redact *r, struct cJSON *json, struct trtc_err *err)
{
    hold_past(r);
    const bool done = redact_numbers(r, json, false) == 0 && redact_strings(r, json, false) == 0 &&
                      redact_strings(r, json, true) == 0;
    let_past(r);
    return done ? 0 : trtc_fail_nomem(err);
}

static int add_environment(struct trtc_redact *r, const struct trtc_env *env, struct trtc_err *err)
{
    static const char *const names[] = { "TRTC_STORAGE_ACCESS_KEY", "TRTC_STORAGE_SECRET_KEY",
                                         "TRTC_SECRET_KEY" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (trtc_redact_add(r, env->get(env->arg, names[i]), err) < 0)
            return -1;
    return 0;
}

struct trtc_redact *trtc_redact_of(const struct trtc_credentials *c, const struct trtc_env *env,
                                   const cJSON *request, struct trtc_redact_past *past,
                                   struct trtc_err *err)
{
    struct trtc_redact *r = trtc_redact_new(err);
    if (r && (trtc_redact_add(r, c->id.text, err) < 0 || trtc_redact_add(r, c->key.text, err) < 0 ||
              trtc_redact_add(r, c->token.text, err) < 0 || add_environment(r, env, err) < 0 ||
              trtc_redact_add_members(r, request, err) < 0 ||
              (past && past_add(past, request, err) < 0)))
        trtc_redact_free(&r);
    if (r)
        r->past = past;
    return r;
}
