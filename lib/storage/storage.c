/* SPDX-License-Identifier: MIT */
/* Puts files into object storage: finds the store's host, and repeats a file if that may help. */
#include "storage/storage.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "storage/storage_priv.h"
#include "storage/text_priv.h"

enum {
    TRIES = 6,           /* of one file: it changed, or the store has something else than was
                            sent */
    FIRST_WAIT_MS = 500, /* before the third try, then twice as long each time */
    DAY_MS = 24 * 3600 * 1000,
};

/* ---- the store's host ---- */

/* Checks a name: letters and digits, with '-' and '.' between them; S3 once allowed '_'. */
static int check_name(const char *what, const char *name, const char *allowed, struct trtc_err *err)
{
    char shown[80];
    const size_t n = name ? strspn(name, allowed) : 0;

    if (n > 0 && n < 256 && !name[n] && *name != '.' && *name != '-' && name[n - 1] != '.')
        return 0;
    name = name ? name : "";
    return trtc_fail(err, TRTC_EX_USAGE, "the %s cannot be '%s'", what,
                     trtc_text_show(name, strlen(name), shown, sizeof shown));
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int check_place(const struct trtc_place *p, struct trtc_err *err)
{
    if (p->kind == TRTC_PLACE_VOD)
        return p->region ? check_name("region", p->region, LETTERS "-", err) : 0;
    if (check_name("bucket", p->bucket, LETTERS "-._", err))
        return -1;
    if (p->kind == TRTC_PLACE_COS && p->endpoint && !p->region)
        return 0;
    return check_name("region", p->region, LETTERS "-", err);
}

/* Whether the host is an address such as "127.0.0.1:9000" or "[::1]": a bucket cannot be put in
 * front of it. */
static bool is_address(const struct trtc_endpoint *e)
{
    char host[sizeof e->host];
    struct in_addr a;

    snprintf(host, sizeof host, "%s", e->host);
    if (*host == '[')
        return true;
    host[strcspn(host, ":")] = '\0';
    return inet_pton(AF_INET, host, &a) == 1 || !strcmp(host, "localhost");
}

/* Writes the store's own host, or the endpoint. *in_path: the bucket goes into the path. */
static void put_host(struct trtc_draft *t, const struct trtc_place *p, bool in_path)
{
    const bool china = p->region && !strncmp(p->region, "cn-", 3);

    trtc_draft_word(t, "https://");
    if (!in_path) {
        trtc_draft_word(t, p->bucket);
        trtc_draft_word(t, ".");
    }
    trtc_draft_word(t, p->kind == TRTC_PLACE_COS ? "cos." : "s3.");
    trtc_draft_word(t, p->region);
    trtc_draft_word(t, p->kind == TRTC_PLACE_COS ? ".myqcloud.com"
                       : china                   ? ".amazonaws.com.cn"
                                                 : ".amazonaws.com");
}

/* Writes SCHEME://BUCKET.HOST[:PORT] for an endpoint. */
static void put_before_host(struct trtc_draft *t, const struct trtc_endpoint *e, const char *bucket)
{
    const char *host = strstr(e->url, "://") + 3;

    trtc_draft_put(t, e->url, (size_t)(host - e->url));
    trtc_draft_word(t, bucket);
    trtc_draft_word(t, ".");
    trtc_draft_word(t, host);
}

/* Determines where requests are sent, and what precedes keys. */
static int find_host(struct trtc_storage *s, struct trtc_err *err)
{
    const struct trtc_place *p = s->o.place;
    struct trtc_draft host = { 0 }, base = { 0 };
    bool in_path = p->path_style;
    int ret = 0;

    if (p->endpoint) {
        ret = trtc_endpoint_parse(p->endpoint, &s->endpoint, err);
        in_path |= !ret && p->kind == TRTC_PLACE_S3 && is_address(&s->endpoint);
        if (!ret && p->kind == TRTC_PLACE_S3 && !in_path)
            put_before_host(&host, &s->endpoint, p->bucket);
    } else {
        in_path |= p->kind == TRTC_PLACE_S3 && strchr(p->bucket, '.');
        put_host(&host, p, in_path);
    }
    trtc_draft_word(&base, "/");
    if (in_path) {
        trtc_draft_word(&base, p->bucket);
        trtc_draft_word(&base, "/");
    }
    s->base = trtc_draft_take(&base);
    if (!ret && (host.failed || !s->base))
        ret = trtc_fail_nomem(err);
    if (!ret && host.s)
        ret = trtc_endpoint_parse(host.s, &s->endpoint, err);
    trtc_draft_fini(&host);
    return ret;
}

/* ---- opening and closing ---- */

int trtc_store_room(struct trtc_storage *s, size_t n, struct trtc_err *err)
{
    uint8_t *more;

    if (n <= s->room_bytes)
        return 0;
    more = realloc(s->room, n);
    if (!more)
        return trtc_fail_nomem(err);
    s->room = more;
    s->room_bytes = n;
    return 0;
}

int trtc_store_hide(struct trtc_storage *s, const struct trtc_credentials *keys,
                    struct trtc_err *err)
{
    return trtc_redact_add(s->redact, keys->id.text, err) ||
                   trtc_redact_add(s->redact, keys->key.text, err) ||
                   trtc_redact_add(s->redact, keys->token.text, err)
               ? -1
               : 0;
}

static int set_up(struct trtc_storage *s, struct trtc_err *err)
{
    const struct trtc_storage_options *o = &s->o;
    const struct trtc_http_options http = {
        .total_ms = DAY_MS, /* idle_ms is the real limit */
        .slow_ms = DAY_MS,
        .connect_ms = o->connect_ms,
        .idle_ms = o->idle_ms > 0 ? o->idle_ms : TRTC_STORAGE_IDLE_MS,
        .agent = o->agent,
        .ca_file = o->ca_file,
        .stop = o->stop,
        .store = true,
    };

    if (trtc_sign_check_keys(o->keys->id.text, o->keys->key.text, err) ||
        check_place(o->place, err))
        return -1;
    if (o->place->kind == TRTC_PLACE_VOD) {
        if (trtc_endpoint_parse(o->place->endpoint ? o->place->endpoint : TRTC_STORAGE_VOD,
                                &s->endpoint, err))
            return -1;
    } else {
        s->dialect = o->place->kind == TRTC_PLACE_COS ? &trtc_dialect_cos : &trtc_dialect_s3;
        if (find_host(s, err))
            return -1;
    }
    s->http = trtc_http_new(&http, err);
    s->redact = trtc_redact_new(err);
    s->wire = trtc_store_wire(s);
    return s->http && s->redact ? trtc_store_hide(s, o->keys, err) : -1;
}

struct trtc_storage *trtc_storage_open(const struct trtc_storage_options *options,
                                       struct trtc_err *err)
{
    struct trtc_storage *s = calloc(1, sizeof *s);

    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->o = *options;
    s->shared = options->shared ? options->shared : &s->own_shared;
    if (options->place->kind != TRTC_PLACE_COS && options->place->kind != TRTC_PLACE_S3 &&
        options->place->kind != TRTC_PLACE_VOD)
        trtc_fail(err, TRTC_EX_SOFTWARE, "this place is not object storage");
    else if (!set_up(s, err))
        return s;
    trtc_storage_close(&s);
    return NULL;
}

void trtc_storage_close(struct trtc_storage **storage)
{
    struct trtc_storage *s = *storage;

    if (!s)
        return;
    trtc_http_free(&s->http);
    trtc_redact_free(&s->redact);
    free(s->base);
    free(s->room);
    free(s);
    *storage = NULL;
}

void trtc_storage_proof_fini(struct trtc_storage_proof *proof)
{
    free(proof->url);
    free(proof->file_id);
    *proof = (struct trtc_storage_proof){ 0 };
}

/* ---- a file ---- */

static int put_object(struct trtc_storage *s, const struct trtc_storage_file *file,
                      struct trtc_storage_proof *proof, struct trtc_err *err)
{
    for (int tries = 1;; tries++) {
        struct trtc_err why = { 0 };
        const enum trtc_once once = trtc_store_object(s, file, tries == 1, proof, &why);

        if (once == TRTC_ONCE_PROVEN)
            return 0;
        trtc_storage_proof_fini(proof);
        if (once == TRTC_ONCE_FAILED)
            return trtc_fail(err, why.code, "%s", why.msg);
        if (tries == TRIES)
            return trtc_fail(err, TRTC_EX_TEMPFAIL, "%s", why.msg);
        trtc_store_notice(s, "%s: putting it again", why.msg);
        if (tries > 1 && trtc_store_wait(s, FIRST_WAIT_MS << tries, err))
            return -1;
    }
}

int trtc_store_put(struct trtc_storage *s, const struct trtc_storage_file *file,
                   struct trtc_storage_proof *proof, struct trtc_err *err)
{
    return s->dialect ? put_object(s, file, proof, err) : trtc_store_vod(s, file, proof, err);
}

static int check_key(const char *key, struct trtc_err *err)
{
    const size_t n = strlen(key);

    if (n == 0 || n > TRTC_STORAGE_KEY_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "its key is empty, or longer than %d bytes",
                         TRTC_STORAGE_KEY_MAX);
    return trtc_utf8_valid(key, n) ? 0 : trtc_fail(err, TRTC_EX_DATAERR, "its key is not UTF-8");
}

int trtc_storage_put(struct trtc_storage *storage, const struct trtc_storage_file *file,
                     struct trtc_storage_proof *proof, struct trtc_err *err)
{
    struct trtc_err why = { 0 };
    char subject[200];
    int ret;

    *proof = (struct trtc_storage_proof){ 0 };
    storage->subject = trtc_text_show(file->path, strlen(file->path), subject, sizeof subject);
    ret = check_key(file->key, &why);
    if (!ret)
        ret = trtc_store_put(storage, file, proof, &why);
    storage->subject = NULL;
    return ret ? trtc_fail(err, why.code, "%s: %s", subject, why.msg) : 0;
}
