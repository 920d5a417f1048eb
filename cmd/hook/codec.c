/* SPDX-License-Identifier: MIT */
/* trtc-hook verify, sign and decode: handle bodies that are given. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "api/events.h"
#include "base/json.h"
#include "input.h"
#include "net/callback.h"
#include "options.h"

/* Reads standard input and the keys. 0, or the exit status. */
static int body_and_keys(const struct hook_opts *o, struct trtc_callback_keys **keys, char **body,
                         size_t *n)
{
    struct trtc_err err;
    if (!o->key_file)
        return cli_usage("--key-file is required");
    if (o->operands.n)
        return cli_usage("unexpected operand '%s': the body comes from standard input",
                         o->operands.items[0]);
    *keys = trtc_callback_keys_read(o->key_file, &err);
    if (!*keys || hook_read_file("-", body, n, &err) < 0)
        return cli_report(&err);
    return 0;
}

int hook_verify(const struct hook_opts *o)
{
    struct trtc_callback_keys *keys = NULL;
    char *body = NULL;
    size_t n = 0;
    if (!o->sign)
        return cli_usage(
            "--sign is required: the value of the header Sign that came with the body");
    int code = body_and_keys(o, &keys, &body, &n);
    if (!code && !trtc_callback_check(keys, o->sdkappid, o->sign, body, n))
        code = cli_report(&(struct trtc_err){ .code = TRTC_EX_NOPERM,
                                              .msg = "the Sign does not match this body" });
    free(body);
    trtc_callback_keys_free(&keys);
    return code;
}

int hook_sign(const struct hook_opts *o)
{
    char sign[TRTC_CALLBACK_SIGN_LEN + 1];
    struct trtc_callback_keys *keys = NULL;
    struct trtc_err err;
    char *body = NULL;
    size_t n = 0;
    int code = body_and_keys(o, &keys, &body, &n);
    if (!code && trtc_callback_sign(keys, o->sdkappid, body, n, sign, &err) < 0)
        code = cli_report(&err);
    else if (!code)
        puts(sign);
    free(body);
    trtc_callback_keys_free(&keys);
    return code;
}

/* ---- decode ---- */

static void print_event(const struct hook_opts *o, const struct trtc_event *e)
{
    cJSON *json =
        o->raw ? cJSON_ParseWithLength(e->body, e->body_bytes) : trtc_event_line(e, o->sdkappid);
    cli_put_json(json, false);
    cJSON_Delete(json);
}

static int decode_one(const struct hook_opts *o, const char *name, const char *text, size_t n)
{
    struct trtc_event e;
    struct trtc_err err;
    if (trtc_event_parse(text, n, &e, &err) < 0) {
        cli_error("%s: %s", name, err.msg);
        return err.code;
    }
    print_event(o, &e);
    trtc_event_fini(&e);
    return 0;
}

/* Reads several bodies in a row. */
static int decode_text(const struct hook_opts *o, const char *name, const char *text, size_t n)
{
    int code = 0;
    for (size_t at = 0, end = 0, any = 0;; at += end, any++) {
        at += strspn(text + at, " \t\r\n");
        if (at >= n && any)
            return code;
        if (!trtc_json_is(text + at, n - at, &end))
            return trtc_worse(code, decode_one(o, name, text + at, n - at));
        code = trtc_worse(code, decode_one(o, name, text + at, end));
    }
}

static int decode_file(const struct hook_opts *o, const char *path)
{
    struct trtc_err err;
    char *text;
    size_t n;
    const int code = hook_read_file(path, &text, &n, &err) < 0
                         ? cli_report(&err)
                         : decode_text(o, strcmp(path, "-") ? path : "standard input", text, n);
    free(text);
    return code;
}

int hook_decode(const struct hook_opts *o)
{
    int code = 0;
    if (o->operands.n == 0)
        return decode_file(o, "-");
    for (size_t i = 0; i < o->operands.n; i++)
        code = trtc_worse(code, decode_file(o, o->operands.items[i]));
    return code;
}
