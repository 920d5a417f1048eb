/* SPDX-License-Identifier: MIT */
/* The names of files under libFuzzer, and their JSON. A name that is taken apart is put together again to the same bytes;
 * what JSON says of it comes back the same. */
#include "base/b64.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "playlist/name.h"
#include "playlist/namejson.h"

static void inside(const char *s, size_t n, struct trtc_span v)
{
    check(!v.p || (v.p >= s && v.p + v.n <= s + n));
}

static bool format(const struct trtc_name *name, char *out, size_t size, size_t *len)
{
    struct trtc_err err = { 0 };
    return trtc_name_format(name, out, size, len, &err) == 0;
}

/* Through JSON and back. */
static void through_json(const struct trtc_name *name, const char *s, size_t n,
                         enum trtc_room_type type)
{
    char *json = malloc(TRTC_NAMEJSON_MAX(n)), *out;
    unsigned char *scratch = malloc(TRTC_B64_DECODED_MAX(n) + 1);
    struct trtc_name back;
    struct trtc_err err = { 0 };
    size_t len = 0;

    check(json && scratch);
    const size_t nb = trtc_namejson_write(name, s, n, type, json, scratch);
    check(nb <= TRTC_NAMEJSON_MAX(n) && trtc_utf8_valid(json, nb));
    char *parts = malloc(TRTC_NAMEJSON_SCRATCH(nb));
    check(parts != NULL);
    check(trtc_namejson_read(json, nb, &back, parts, &err) == 0);
    out = malloc(trtc_name_size(&back));
    check(out && format(&back, out, trtc_name_size(&back), &len));
    check(len == n && memcmp(out, s, n) == 0);
    free(out);
    free(parts);
    free(scratch);
    free(json);
}

static void as_name(const char *s, size_t n, enum trtc_room_type type)
{
    struct trtc_name name;
    struct trtc_err err = { 0 };
    size_t column = 0, len = 0;

    if (trtc_name_parse(s, n, type, &name, &column, &err) < 0) {
        check(err.code == TRTC_EX_DATAERR && err.msg[0] && column <= n + 1);
        return;
    }
    inside(s, n, name.prefix);
    inside(s, n, name.task);
    inside(s, n, name.file);
    inside(s, n, name.room);
    inside(s, n, name.user);
    char *out = malloc(trtc_name_size(&name));
    check(out && format(&name, out, trtc_name_size(&name), &len));
    check(len == n && memcmp(out, s, n) == 0);
    free(out);
    through_json(&name, s, n, type);
}

static void as_json(const char *s, size_t n)
{
    char *parts = malloc(TRTC_NAMEJSON_SCRATCH(n)), *out;
    struct trtc_name name;
    struct trtc_err err = { 0 };
    size_t len = 0;

    check(parts != NULL);
    if (trtc_namejson_read(s, n, &name, parts, &err) < 0) {
        check(err.code == TRTC_EX_DATAERR && err.msg[0]);
    } else if (trtc_name_check(&name, &err) == 0) {
        out = malloc(trtc_name_size(&name));
        check(out && format(&name, out, trtc_name_size(&name), &len) && len == strlen(out));
        free(out);
    }
    free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = text_of(data, size);

    for (int type = TRTC_ROOM_AUTO; type <= TRTC_ROOM_STRING; type++)
        as_name(s, size, (enum trtc_room_type)type);
    as_json(s, size);
    free(s);
    return 0;
}
