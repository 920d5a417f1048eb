/* SPDX-License-Identifier: MIT */
/* What trtc-put reads under libFuzzer: URLs, keys, paths, what playlists name. A key leads nowhere else, a name of a playlist
 * stays below it, and no message shows what may be a secret. */
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "api/api.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "put/key.h"
#include "put/named.h"
#include "put/target.h"

static void urls(const char *s)
{
    struct trtc_place place;
    struct trtc_err err = { 0 };
    if (trtc_put_url(s, &place, &err) < 0) {
        check(err.code == TRTC_EX_USAGE && err.msg[0] && !place.dir && !place.bucket);
        return;
    }
    check(place.kind != TRTC_PLACE_DIR || place.dir[0] == '/');
    check(place.kind != TRTC_PLACE_EXEC || place.command[0][0]);
    check((place.kind != TRTC_PLACE_COS && place.kind != TRTC_PLACE_S3) || place.bucket);
    free(trtc_put_place_name(&place));
    trtc_place_fini(&place);
}

/* Whether a '/'-separated name has a component that is dots. */
static bool has_dots(const char *s)
{
    for (size_t n; *s; s += n + (s[n] == '/')) {
        n = strcspn(s, "/");
        if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return true;
    }
    return false;
}

static void paths(const char *s)
{
    static const char *const roots[] = { NULL, "rec", "/srv/rec", "../rec", "/" };
    struct trtc_err err = { 0 };
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        const struct trtc_put_names names = { roots[i], "/srv", NULL };
        char *key = trtc_put_key(&names, s, &err);
        check(key ? key[0] && key[0] != '/' && !has_dots(key) : err.code == TRTC_EX_DATAERR);
        free(key);
    }
    char *prefix = trtc_put_prefix("--prefix", "a", s, &err);
    check(prefix ? !has_dots(prefix) : err.code == TRTC_EX_USAGE);
    free(prefix);
}

static void playlists(const char *s, size_t n)
{
    struct trtc_names names = { 0 };
    struct trtc_err err;
    bool ended;
    check(trtc_put_named(s, n, &names, &ended, &err) == 0);
    for (size_t i = 0; i < names.n; i++)
        check(names.v[i][0] && names.v[i][0] != '/' && !strstr(names.v[i], "/../") &&
              strncmp(names.v[i], "../", 3) != 0);
    trtc_names_fini(&names);
}

static void keys(const char *s, size_t n)
{
    struct trtc_secret text = { 0 };
    struct trtc_credentials c = { 0 };
    struct trtc_err err = { 0 };
    check(trtc_secret_set(&text, s, n, &err) == 0);
    if (trtc_put_keys("keys", &text, &c, &err) == 0)
        check(c.id.text[0] && c.key.text[0]);
    else
        check(err.code >= TRTC_EX_USAGE && err.msg[0]);
    trtc_credentials_fini(&c);
    trtc_secret_fini(&text);
}

static void params(const char *s, size_t n)
{
    struct trtc_credentials c = { 0 };
    struct trtc_place place;
    struct trtc_err err = { 0 };
    struct cJSON *json = trtc_api_read("params", s, n, &err);
    if (!json)
        return;
    if (trtc_put_params("params", json, &place, &c, &err) == 0)
        check(place.kind == TRTC_PLACE_VOD || (place.bucket && place.region));
    else
        check((err.code == TRTC_EX_DATAERR || err.code == TRTC_EX_CONFIG) && err.msg[0]);
    trtc_place_fini(&place);
    trtc_credentials_fini(&c);
    trtc_api_forget(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    urls(text);
    paths(text);
    playlists(text, size);
    if (size && strlen(text) == size) {
        keys(text, size);
        params(text, size);
    }
    free(text);
    return 0;
}
