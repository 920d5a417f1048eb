/* SPDX-License-Identifier: MIT */
/* Determines the place and the keys. */
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <openssl/crypto.h>

#include "../cli.h"
#include "api/api.h"
#include "put/key.h"
#include "put/target.h"

#define ACCESS_KEY "TRTC_STORAGE_ACCESS_KEY"
#define SECRET_KEY "TRTC_STORAGE_SECRET_KEY"
#define TOKEN      "TRTC_STORAGE_TOKEN"

static const char *env_get(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

/* ---- keys ---- */

/* Removes a variable, so that neither this process nor a child has it any more. */
static void forget(const char *name)
{
    char *value = getenv(name);
    if (value)
        OPENSSL_cleanse(value, strlen(value));
    unsetenv(name);
}

static void forget_environment(void)
{
    static const char *const names[] = { ACCESS_KEY, SECRET_KEY, TOKEN, "TRTC_SECRET_KEY" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        forget(names[i]);
}

static int keys_of_fd(int64_t fd, struct trtc_credentials *keys, struct trtc_err *err)
{
    struct trtc_secret text = { 0 };
    char path[32], what[32];
    snprintf(path, sizeof path, "/dev/fd/%d", (int)fd);
    snprintf(what, sizeof what, "--keys-fd %d", (int)fd);
    int ret = trtc_secret_read(path, &text, err);
    if (ret == 0)
        ret = trtc_put_keys(what, &text, keys, err);
    trtc_secret_fini(&text);
    close((int)fd);
    return ret;
}

/* Takes the keys that neither the file nor the descriptor has given. */
static int keys_of_environment(struct trtc_credentials *keys, struct trtc_err *err)
{
    const struct trtc_env env = { .get = env_get };
    if (keys->id.text && keys->key.text)
        return 0;
    return trtc_secret_env(&env, ACCESS_KEY, &keys->id, err) < 0 ||
                   trtc_secret_env(&env, SECRET_KEY, &keys->key, err) < 0 ||
                   trtc_secret_env(&env, TOKEN, &keys->token, err) < 0
               ? -1
               : 0;
}

/* VOD is one of the vendor's APIs, so its keys are searched for where trtc-rec does. */
static int keys_of_vod(struct trtc_credentials *keys, struct trtc_err *err)
{
    const struct trtc_credential_places places = { .env = { .get = env_get } };
    trtc_credentials_fini(keys);
    return trtc_credentials_find(&places, keys, err);
}

static int check_keys(struct put_place *p, struct trtc_err *err)
{
    const bool none = !p->keys.id.text && !p->keys.key.text;
    if (p->place.kind == TRTC_PLACE_DIR || p->place.kind == TRTC_PLACE_EXEC)
        return 0;
    if (none && p->place.kind == TRTC_PLACE_VOD)
        return keys_of_vod(&p->keys, err);
    if (p->keys.id.text && p->keys.key.text)
        return 0;
    return trtc_fail(err, TRTC_EX_NOPERM,
                     "there is no %s key: put it in " ACCESS_KEY " and " SECRET_KEY
                     ", in the file of --storage, or give it with --keys-fd",
                     p->keys.id.text ? "secret" : "access");
}

/* ---- the place ---- */

/* Reads the file of --storage, '-' for standard input, as a file with secrets. */
static int read_params(const char *path, struct put_place *out, struct trtc_err *err)
{
    struct trtc_secret text = { 0 };
    const bool is_stdin = strcmp(path, "-") == 0;
    if (trtc_secret_read(is_stdin ? "/dev/stdin" : path, &text, err) < 0)
        return -1;
    const char *what = is_stdin ? "standard input" : path;
    struct cJSON *json = trtc_api_read(what, text.text, text.len, err);
    trtc_secret_fini(&text);
    const int ret = json ? trtc_put_params(what, json, &out->place, &out->keys, err) : -1;
    trtc_api_forget(&json);
    return ret;
}

static int replace_endpoint(const char *endpoint, struct trtc_place *place, struct trtc_err *err)
{
    if (place->kind == TRTC_PLACE_DIR || place->kind == TRTC_PLACE_EXEC)
        return trtc_fail(err, TRTC_EX_USAGE, "--endpoint is for COS, S3 and VOD");
    free(place->endpoint);
    place->endpoint = strdup(endpoint);
    return place->endpoint ? 0 : trtc_fail_nomem(err);
}

/* The store's own hosts belong to a region. Requests to other S3 stores are signed for S3's first
 * region. */
static int settle_region(struct trtc_place *place, struct trtc_err *err)
{
    if (place->region || (place->kind != TRTC_PLACE_COS && place->kind != TRTC_PLACE_S3))
        return 0;
    if (!place->endpoint)
        return trtc_fail(
            err, TRTC_EX_USAGE,
            "--to: the bucket's region is missing: add '?region=R', such as ?region=ap-singapore");
    if (place->kind == TRTC_PLACE_S3 && !(place->region = strdup("us-east-1")))
        return trtc_fail_nomem(err);
    return 0;
}

static int read_place(const struct put_opts *o, struct put_place *out, struct trtc_err *err)
{
    if (o->keys_fd >= 0 && keys_of_fd(o->keys_fd, &out->keys, err) < 0)
        return -1;
    if ((o->to ? trtc_put_url(o->to, &out->place, err) : read_params(o->storage, out, err)) < 0)
        return -1;
    if (o->endpoint && replace_endpoint(o->endpoint, &out->place, err) < 0)
        return -1;
    return settle_region(&out->place, err);
}

/* The prefix of the place, then --prefix, then --task. */
static int make_prefix(const struct put_opts *o, struct put_place *out, struct trtc_err *err)
{
    const struct {
        const char *what, *part;
    } parts[] = { { o->to ? "--to" : "--storage", out->place.prefix },
                  { "--prefix", o->prefix },
                  { "--task", o->task } };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i].part)
            continue;
        char *more = trtc_put_prefix(parts[i].what, out->prefix, parts[i].part, err);
        if (!more)
            return -1;
        free(out->prefix);
        out->prefix = more;
    }
    if (out->prefix && *out->prefix == '/' && out->place.kind != TRTC_PLACE_EXEC)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: a key must not begin with '/'",
                         o->prefix ? "--prefix" : parts[0].what);
    if (o->task && strchr(o->task, '/'))
        return trtc_fail(err, TRTC_EX_USAGE, "--task: a task is one directory, without '/'");
    return 0;
}

int put_place_read(const struct put_opts *o, struct put_place *out, struct trtc_err *err)
{
    *out = (struct put_place){ 0 };
    int ret = read_place(o, out, err);
    if (ret == 0)
        ret = keys_of_environment(&out->keys, err);
    if (ret == 0)
        ret = check_keys(out, err);
    forget_environment();
    return ret < 0 ? -1 : make_prefix(o, out, err);
}

void put_place_fini(struct put_place *p)
{
    trtc_place_fini(&p->place);
    trtc_credentials_fini(&p->keys);
    free(p->prefix);
    p->prefix = NULL;
}
