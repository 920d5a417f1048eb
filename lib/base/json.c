/* SPDX-License-Identifier: MIT */
/* JSON from outside. cJSON builds the tree. Text that it would accept although it is not JSON, or
 * that is too expensive, is refused first (RFC 8259), and repeated keys are refused afterwards. */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"

#define DEPTH_MAX      64 /* a request is nested 6 deep; the tree is traversed by recursion */
#define VALUES_MAX     (1 << 17)   /* a value takes about 80 bytes in cJSON, and 2 bytes of text */
#define EXACT_MAX      (1LL << 53) /* a double represents all whole numbers up to this */
#define DEPTH_CJSON    1000        /* cJSON goes no deeper */
#define NUMBER_MAX     63          /* characters that cJSON keeps of a number */
#define SHOWN_MAX      128
#define PATH_SHOWN_MAX 256

/* ---- what cJSON would accept ---- */

struct scan {
    const char *what;
    const char *text;
    size_t n, pos;
    struct trtc_err *err;
};

static int reject(const struct scan *s, size_t pos, const char *why)
{
    return trtc_fail(s->err, TRTC_EX_DATAERR, "%s: byte %zu: %s", s->what, pos, why);
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The character at pos; -1: after the end. */
static int at(const struct scan *s, size_t pos)
{
    return pos < s->n ? (unsigned char)s->text[pos] : -1;
}

/* The four digits after "\\u" at pos, or -1. */
static int code_at(const struct scan *s, size_t pos)
{
    int code = 0;
    if (at(s, pos) != '\\' || at(s, pos + 1) != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int c = at(s, pos + i);
        if (!is_hex(c))
            return -1;
        code = code * 16 + (is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return code;
}

static int scan_escape(struct scan *s)
{
    const size_t pos = s->pos;
    const int c = at(s, pos + 1), code = code_at(s, pos);
    s->pos += 2;
    if (c != 'u')
        return c < 0 || (c && strchr("\"\\/bfnrt", c))
                   ? 0
                   : reject(s, pos, "an escape that JSON does not have");
    if (code < 0)
        return reject(s, pos, "\\u without four hexadecimal digits");
    if (code == 0)
        return reject(s, pos, "a NUL character in a string");
    s->pos += 4;
    if (code < 0xd800 || code > 0xdfff)
        return 0;
    const int low = code_at(s, s->pos);
    if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return reject(s, pos, "half of a character");
    s->pos += 6;
    return 0;
}

static int scan_string(struct scan *s)
{
    size_t start = s->pos++;
    for (;;) {
        int c = at(s, s->pos);
        if (c < 0)
            return reject(s, start, "a string without an end");
        if (c < 0x20)
            return reject(s, s->pos, "a control character in a string");
        if (c == '"')
            break;
        if (c != '\\')
            s->pos++;
        else if (scan_escape(s) < 0)
            return -1;
    }
    s->pos++;
    return 0;
}

static size_t scan_digits(struct scan *s)
{
    size_t start = s->pos;
    while (is_digit(at(s, s->pos)))
        s->pos++;
    return s->pos - start;
}

static int scan_number(struct scan *s)
{
    size_t start = s->pos;
    if (at(s, s->pos) == '-')
        s->pos++;
    bool zero = at(s, s->pos) == '0';
    size_t whole = scan_digits(s);
    bool ok = whole == 1 || (whole > 1 && !zero);
    if (at(s, s->pos) == '.') {
        s->pos++;
        ok = scan_digits(s) && ok;
    }
    if (at(s, s->pos) == 'e' || at(s, s->pos) == 'E') {
        s->pos++;
        if (at(s, s->pos) == '+' || at(s, s->pos) == '-')
            s->pos++;
        ok = scan_digits(s) && ok;
    }
    if (!ok)
        return reject(s, start, "not a number as JSON writes it");
    if (s->pos - start > NUMBER_MAX)
        return reject(s, start, "a number that is too long");
    return 0;
}

/* Checks strings, numbers, depth and count; cJSON checks the grammar. */
static int scan_text(struct scan *s)
{
    int depth = 0;
    long values = 1;
    while (s->pos < s->n) {
        int c = at(s, s->pos);
        int ret = 0;
        if (c == '"') {
            ret = scan_string(s);
        } else if (c == '-' || is_digit(c)) {
            ret = scan_number(s);
        } else if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
            ret = reject(s, s->pos, "a control character");
        } else {
            bool opens = c == '[' || c == '{';
            depth += opens - (c == ']' || c == '}');
            values += opens || c == ',';
            if (depth > DEPTH_MAX)
                ret = reject(s, s->pos, "nested too deeply");
            else if (values > VALUES_MAX)
                ret = reject(s, s->pos, "too many values");
            s->pos++;
        }
        if (ret < 0)
            return -1;
    }
    return 0;
}

/* ---- the tree ---- */

static int compare_keys(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static int check_keys(const char *what, const cJSON *object, struct trtc_err *err)
{
    size_t n = (size_t)cJSON_GetArraySize(object), i = 0;
    const cJSON *item;
    if (n < 2)
        return 0;
    const char **keys = malloc(n * sizeof *keys);
    if (!keys)
        return trtc_fail_nomem(err);
    cJSON_ArrayForEach(item, object) keys[i++] = item->string;
    qsort(keys, n, sizeof *keys, compare_keys);
    int ret = 0;
    for (i = 1; i < n && ret == 0; i++) {
        char shown[SHOWN_MAX];
        if (strcmp(keys[i - 1], keys[i]) == 0)
            ret = trtc_fail(err, TRTC_EX_DATAERR, "%s: the key '%s' appears twice in an object",
                            what, trtc_text_show(keys[i], strlen(keys[i]), shown, sizeof shown));
    }
    free(keys);
    return ret;
}

/* Recursion no deeper than DEPTH_MAX. */
static int check_tree(const char *what, const cJSON *value, struct trtc_err *err)
{
    const cJSON *item;
    if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: a number that is too large", what);
    if (cJSON_IsObject(value) && check_keys(what, value, err) < 0)
        return -1;
    cJSON_ArrayForEach(item, value) if (check_tree(what, item, err) < 0) return -1;
    return 0;
}

static size_t skip_space(const char *text, size_t n, size_t pos)
{
    while (pos < n &&
           (text[pos] == ' ' || text[pos] == '\t' || text[pos] == '\n' || text[pos] == '\r'))
        pos++;
    return pos;
}

/* ---- whether it is JSON at all ---- */

static int check_value(struct scan *s, int depth);

static int next_char(struct scan *s)
{
    s->pos = skip_space(s->text, s->n, s->pos);
    return at(s, s->pos);
}

/* Checks what is between brackets or braces; close is the second one. */
static int check_items(struct scan *s, char close, int depth)
{
    s->pos++;
    if (next_char(s) == close) {
        s->pos++;
        return 0;
    }
    for (;;) {
        if (close == '}' && (next_char(s) != '"' || scan_string(s) < 0 || next_char(s) != ':'))
            return -1;
        s->pos += close == '}';
        if (check_value(s, depth + 1) < 0)
            return -1;
        int c = next_char(s);
        s->pos++;
        if (c == close)
            return 0;
        if (c != ',')
            return -1;
    }
}

static int check_word(struct scan *s)
{
    static const char *const words[] = { "null", "true", "false" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (s->n - s->pos >= len && memcmp(s->text + s->pos, words[i], len) == 0) {
            s->pos += len;
            return 0;
        }
    }
    return -1;
}

static int check_value(struct scan *s, int depth)
{
    int c = next_char(s);
    if (depth > DEPTH_CJSON || c < 0)
        return -1;
    if (c == '"')
        return scan_string(s);
    if (c == '-' || is_digit(c))
        return scan_number(s);
    if (c == '{' || c == '[')
        return check_items(s, c == '{' ? '}' : ']', depth);
    return check_word(s);
}

bool trtc_json_is(const char *text, size_t n, size_t *pos)
{
    struct scan s = { .what = "", .text = text, .n = n };
    bool is = check_value(&s, 0) == 0;
    *pos = s.pos < n ? s.pos : n;
    return is;
}

struct cJSON *trtc_json_parse(const char *what, const char *text, size_t n, struct trtc_err *err)
{
    struct scan s = { .what = what, .text = text, .n = n, .err = err };
    if (n > TRTC_JSON_MAX_BYTES) {
        trtc_fail(err, TRTC_EX_DATAERR, "%s: over %d MB of JSON", what, TRTC_JSON_MAX_BYTES >> 20);
        return NULL;
    }
    if (!trtc_utf8_valid(text, n)) {
        trtc_fail(err, TRTC_EX_DATAERR, "%s: not UTF-8", what);
        return NULL;
    }
    const size_t mark = trtc_text_mark(text, n); /* cJSON skips it too */
    s.pos = mark;
    if (skip_space(text, n, s.pos) == n) {
        trtc_fail(err, TRTC_EX_DATAERR, "%s: empty", what);
        return NULL;
    }
    if (mark && trtc_text_mark(text + mark, n - mark)) { /* which cJSON skips as well */
        trtc_fail(err, TRTC_EX_DATAERR, "%s: not JSON near byte 3", what);
        return NULL;
    }
    if (scan_text(&s) < 0)
        return NULL;
    size_t pos;
    const char *rest = text;
    /* the library does not support a byte order mark before a single digit */
    cJSON *root = cJSON_ParseWithLengthOpts(text + mark, n - mark, &rest, false);
    if (!root) {
        if (trtc_json_is(text + mark, n - mark, &pos))
            trtc_fail_nomem(err); /* the only other reason for cJSON to fail */
        else
            trtc_fail(err, TRTC_EX_DATAERR, "%s: not JSON near byte %zu", what, mark + pos);
        return NULL;
    }
    size_t end = skip_space(text, n, (size_t)(rest - text));
    if (end < n) {
        reject(&s, end, "something follows the value");
        goto fail;
    }
    if (check_tree(what, root, err) < 0)
        goto fail;
    return root;
fail:
    cJSON_Delete(root);
    return NULL;
}

bool trtc_json_is_whole(const char *line, size_t n)
{
    char check[TRTC_JSON_CHECK_BYTES + 1];
    const size_t hex = sizeof ",\"Check\":\"" - 1;

    if (n < TRTC_JSON_CHECK_BYTES)
        return true;
    const char *end = line + n - TRTC_JSON_CHECK_BYTES;
    snprintf(check, sizeof check, TRTC_JSON_CHECK,
             trtc_hash(TRTC_HASH_NOTHING, line, n - TRTC_JSON_CHECK_BYTES));
    return memcmp(end, check, hex) != 0 || memcmp(end, check, TRTC_JSON_CHECK_BYTES) == 0;
}

/* ---- files ---- */

cJSON *trtc_json_read(const char *path, struct trtc_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    char name[PATH_SHOWN_MAX] = "standard input";
    size_t n = 0;
    int fd = 0;
    if (!standard) {
        trtc_text_show(path, strlen(path), name, sizeof name);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) {
            trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", name);
            return NULL;
        }
    }
    char *text;
    const int errnum = trtc_read_errno(fd, TRTC_JSON_MAX_BYTES, &text, &n);
    if (!standard)
        close(fd);
    if (errnum) {
        trtc_fail_errno(err, TRTC_EX_NOINPUT, errnum, "%s", name);
        return NULL;
    }
    cJSON *root = trtc_json_parse(name, text, n, err);
    free(text);
    return root;
}

/* ---- members ---- */

static const char *type_name(const cJSON *item)
{
    return cJSON_IsString(item)   ? "a string"
           : cJSON_IsNumber(item) ? "a number"
           : cJSON_IsBool(item)   ? "a boolean"
           : cJSON_IsArray(item)  ? "an array"
           : cJSON_IsObject(item) ? "an object"
                                  : "null";
}

/* "PATH.KEY", or the key alone where path is empty. */
static const char *place(const char *path, const char *key, char out[PATH_SHOWN_MAX])
{
    snprintf(out, PATH_SHOWN_MAX, "%s%s%s", path, *path ? "." : "", key);
    return out;
}

/* Gets a member of this type. 1: found; 0: absent; -1: of another type. */
static int member(const cJSON *object, const char *path, const char *key, const char *wanted,
                  cJSON_bool (*is)(const cJSON *), const cJSON **item, struct trtc_err *err)
{
    char where[PATH_SHOWN_MAX];
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!found || cJSON_IsNull(found))
        return 0;
    if (!is(found))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %s, but %s is required",
                         place(path, key, where), type_name(found), wanted);
    *item = found;
    return 1;
}

int trtc_json_int(const struct cJSON *object, const char *path, const char *key, int64_t min,
                  int64_t max, int64_t *out, struct trtc_err *err)
{
    char where[PATH_SHOWN_MAX];
    const cJSON *item = NULL;
    int ret = member(object, path, key, "a whole number", cJSON_IsNumber, &item, err);
    if (ret <= 0)
        return ret;
    double value = item->valuedouble;
    double low = min < -EXACT_MAX ? -(double)EXACT_MAX : (double)min;
    double high = max > EXACT_MAX ? (double)EXACT_MAX : (double)max;
    if (!(value >= low && value <= high))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %.15g is not within %.16g...%.16g",
                         place(path, key, where), value, low, high);
    if (value != (double)(int64_t)value)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: %.15g is not a whole number",
                         place(path, key, where), value);
    *out = (int64_t)value;
    return 1;
}

int trtc_json_bool(const struct cJSON *object, const char *path, const char *key, bool *out,
                   struct trtc_err *err)
{
    const cJSON *item;
    int ret = member(object, path, key, "true or false", cJSON_IsBool, &item, err);
    if (ret == 1)
        *out = cJSON_IsTrue(item);
    return ret;
}

int trtc_json_string(const struct cJSON *object, const char *path, const char *key,
                     const char **out, struct trtc_err *err)
{
    const cJSON *item;
    int ret = member(object, path, key, "a string", cJSON_IsString, &item, err);
    if (ret == 1)
        *out = item->valuestring;
    return ret;
}

int trtc_json_object(const struct cJSON *object, const char *path, const char *key,
                     const struct cJSON **out, struct trtc_err *err)
{
    return member(object, path, key, "an object", cJSON_IsObject, out, err);
}

int trtc_json_array(const struct cJSON *object, const char *path, const char *key,
                    const struct cJSON **out, struct trtc_err *err)
{
    return member(object, path, key, "an array", cJSON_IsArray, out, err);
}

const char *trtc_json_unknown(const struct cJSON *object, const char *const *known)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], item->string) != 0)
            i++;
        if (!known[i])
            return item->string;
    }
    return NULL;
}
