/* SPDX-License-Identifier: MIT */
/* Puts one file into a bucket, in one request or in parts, and compares what the store then has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "storage/crc64.h"
#include "storage/transfer_priv.h"

enum {
    MIB = 1 << 20,
    FRESH_S = 2, /* a file that changed this recently may change again without a new time stamp */
};

/* ---- the file ---- */

int trtc_transfer_read(struct trtc_transfer *t, int64_t offset, size_t n, bool *again,
                       struct trtc_err *err)
{
    struct trtc_storage *s = t->s;
    size_t got = 0;

    if (trtc_store_room(s, n, err))
        return -1;
    while (got < n) {
        const ssize_t k = trtc_read_at(t->file->fd, s->room + got, n - got, offset + (int64_t)got);

        if (k < 0)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read it");
        if (k == 0) {
            *again = true;
            return trtc_fail(err, TRTC_EX_TEMPFAIL, "it became shorter while it was sent");
        }
        got += (size_t)k;
    }
    return 0;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int trtc_transfer_crc(struct trtc_transfer *t, const struct trtc_storage_part *of, bool *again,
                      uint64_t *crc, struct trtc_err *err)
{
    *crc = 0;
    for (int64_t at = 0; at < of->bytes; at += (int64_t)t->room_bytes) {
        const int64_t left = of->bytes - at;
        const size_t n = left < (int64_t)t->room_bytes ? (size_t)left : t->room_bytes;

        if (trtc_transfer_read(t, of->offset + at, n, again, err))
            return -1;
        *crc = trtc_crc64(*crc, t->s->room, n);
    }
    return 0;
}

/* Whether the file still has the bytes that were sent. Its time stamps show this, unless it changes
 * within one tick of the clock: a file that is very new is read again. */
static int unchanged(struct trtc_transfer *t, bool *again, struct trtc_err *err)
{
    struct stat now;
    uint64_t crc = 0;

    if (fstat(t->file->fd, &now) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot examine it");
    if (!same(&now, &t->before)) {
        *again = true;
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "it was changed while it was sent");
    }
    if (t->s->o.outside.wall_s(t->s->o.outside.arg) - now.st_mtim.tv_sec > FRESH_S)
        return 0;
    if (trtc_transfer_crc(t, &(struct trtc_storage_part){ .bytes = t->sent.bytes }, again, &crc,
                          err))
        return -1;
    if (crc == t->sent.crc64)
        return 0;
    *again = true;
    return trtc_fail(err, TRTC_EX_TEMPFAIL, "it was changed while it was sent");
}

/* ---- requests ---- */

struct trtc_bytes trtc_transfer_text(const struct trtc_reply *r)
{
    return (struct trtc_bytes){ (const uint8_t *)r->body, r->body ? r->body_bytes : 0 };
}

struct trtc_store_request trtc_transfer_request(const struct trtc_transfer *t, const char *method)
{
    return (struct trtc_store_request){ .method = method, .key = t->file->key };
}

void trtc_transfer_ask(struct trtc_store_request *q, const char *name, const char *value)
{
    q->query[q->nb_query++] = (struct trtc_query){ name, value };
}

void trtc_transfer_say(struct trtc_store_request *q, const char *name, const char *value)
{
    q->fields[q->nb_fields++] = (struct trtc_header){ (char *)name, (char *)value };
}

void trtc_transfer_say_mime(const struct trtc_transfer *t, struct trtc_store_request *q)
{
    trtc_transfer_say(q, "Content-Type",
                      t->file->mime ? t->file->mime : "application/octet-stream");
}

int trtc_transfer_send(struct trtc_transfer *t, struct trtc_store_request *q,
                       struct trtc_store_answer *answer, struct trtc_err *err)
{
    int ret = trtc_store_send(t->s, q, answer, err);

    if (!ret || !t->s->dialect->sha256 || t->s->plain ||
        (answer->reply.status != 501 && strcmp(answer->code, "NotImplemented")))
        return ret;
    t->s->plain = true;
    while (q->nb_fields && !strncmp(q->fields[q->nb_fields - 1].name, "x-amz-checksum-", 15))
        q->nb_fields--;
    trtc_store_answer_fini(answer);
    return trtc_store_send(t->s, q, answer, err);
}

bool trtc_transfer_is_gone(const struct trtc_store_answer *answer)
{
    return !strcmp(answer->code, "NoSuchUpload") || !strcmp(answer->code, "InvalidPart") ||
           !strcmp(answer->code, "InvalidPartOrder");
}

void trtc_transfer_take_etag(const char *text, char out[72])
{
    size_t n;

    text = text ? text : "";
    text += *text == '"';
    n = strcspn(text, "\"");
    *out = '\0';
    if (n >= 72)
        return;
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return;
    memcpy(out, text, n);
    out[n] = '\0';
}

const char *trtc_transfer_kept(const struct trtc_store_answer *answer, const char *name)
{
    return trtc_headers_get(&answer->reply.kept, name);
}

/* ---- in one request ---- */

static int put_whole(struct trtc_transfer *t, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = trtc_transfer_request(t, "PUT");
    struct trtc_store_answer answer;
    int ret;

    if (trtc_transfer_read(t, 0, (size_t)t->before.st_size, again, err))
        return -1;
    q.body = (struct trtc_bytes){ t->s->room, (size_t)t->before.st_size };
    if (trtc_store_digest(t->s, q.body, &t->sent, err))
        return -1;
    q.digest = &t->sent;
    trtc_transfer_say_mime(t, &q);
    ret = trtc_transfer_send(t, &q, &answer, err);
    trtc_transfer_take_etag(trtc_transfer_kept(&answer, "ETag"), t->etag);
    t->agreed = !ret && answer.agree == TRTC_AGREE_YES;
    trtc_store_answer_fini(&answer);
    return ret;
}

/* ---- the file, in one request or in parts ---- */

static int look_at(struct trtc_transfer *t, struct trtc_err *err)
{
    const int64_t most = TRTC_STORAGE_PARTS_MAX;
    int64_t least;

    if (fstat(t->file->fd, &t->before) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot examine it");
    if (!S_ISREG(t->before.st_mode))
        return trtc_fail(err, TRTC_EX_DATAERR, "is not a regular file");
    t->room_bytes = t->s->o.part_bytes ? t->s->o.part_bytes : TRTC_STORAGE_PART_BYTES;
    t->part_bytes = t->room_bytes;
    least = (t->before.st_size + most - 1) / most;
    if (least > (int64_t)t->part_bytes)
        t->part_bytes = (size_t)((least + MIB - 1) / MIB) * MIB;
    return 0;
}

static int fill(const struct trtc_transfer *t, struct trtc_storage_proof *proof,
                struct trtc_err *err)
{
    const struct trtc_store_request q = trtc_transfer_request(t, "GET");

    proof->bytes = t->sent.bytes;
    proof->crc64 = t->sent.crc64;
    memcpy(proof->etag, t->etag, sizeof proof->etag);
    proof->url = trtc_store_url(t->s, &q);
    return proof->url ? 0 : trtc_fail_nomem(err);
}

enum trtc_once trtc_store_object(struct trtc_storage *s, const struct trtc_storage_file *file,
                                 bool resume, struct trtc_storage_proof *proof,
                                 struct trtc_err *err)
{
    struct trtc_transfer t = { .s = s, .file = file };
    bool again = false;
    int ret = look_at(&t, err);

    if (!ret)
        ret = (size_t)t.before.st_size > t.part_bytes
                  ? trtc_transfer_put_parts(&t, resume, &again, err)
                  : put_whole(&t, &again, err);
    if (!ret)
        ret = trtc_transfer_prove(&t, &again, err);
    if (!ret)
        ret = unchanged(&t, &again, err);
    if (!ret)
        ret = fill(&t, proof, err);
    if (ret && (again || !file->begun))
        trtc_transfer_abandon(&t);
    free(t.parts);
    return !ret ? TRTC_ONCE_PROVEN : again ? TRTC_ONCE_AGAIN : TRTC_ONCE_FAILED;
}
