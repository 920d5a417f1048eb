/* SPDX-License-Identifier: MIT */
/* A file in parts: begun or resumed, sent part by part, completed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/crc64.h"
#include "storage/outflow_priv.h"
#include "storage/text_priv.h"
#include "storage/transfer_priv.h"
#include "storage/xml_priv.h"

enum { PAGE = 1000 /* parts in one answer of a list request */ };

static int begin(struct trtc_transfer *t, struct trtc_err *err)
{
    struct trtc_store_request q = trtc_transfer_request(t, "POST");
    struct trtc_store_answer answer;
    int ret;

    trtc_transfer_ask(&q, "uploads", "");
    trtc_transfer_say_mime(t, &q);
    if (t->s->dialect->sha256 && !t->s->plain)
        trtc_transfer_say(&q, "x-amz-checksum-algorithm", "SHA256");
    ret = trtc_transfer_send(t, &q, &answer, err);
    if (!ret && (!trtc_xml_text(trtc_transfer_text(&answer.reply), "UploadId", t->upload,
                                sizeof t->upload) ||
                 !*t->upload || strlen(t->upload) + 1 == sizeof t->upload))
        ret = trtc_fail(err, TRTC_EX_UNAVAILABLE, "%s returned no usable UploadId",
                        t->s->dialect->name);
    trtc_store_answer_fini(&answer);
    if (!ret && t->file->begun && t->file->begun(t->file->arg, t->upload))
        ret = trtc_fail(err, TRTC_EX_IOERR, "the journal cannot be written");
    return ret;
}

void trtc_transfer_abandon(struct trtc_transfer *t)
{
    struct trtc_store_request q = trtc_transfer_request(t, "DELETE");
    struct trtc_store_answer answer;
    const int retries = t->s->o.retries;

    if (!*t->upload || t->s->stopped)
        return;
    trtc_transfer_ask(&q, "uploadId", t->upload);
    t->s->o.retries = -1;
    trtc_store_send(t->s, &q, &answer, NULL);
    t->s->o.retries = retries;
    trtc_store_answer_fini(&answer);
    *t->upload = '\0';
}

/* Marks a part as stored if the store's list agrees with the journal. */
static void take_listed(struct trtc_transfer *t, struct trtc_bytes one)
{
    char number[12], bytes[24], quoted[80], etag[72];
    const struct trtc_storage_resume *r = &t->file->resume;

    trtc_xml_text(one, "PartNumber", number, sizeof number);
    trtc_xml_text(one, "Size", bytes, sizeof bytes);
    trtc_xml_text(one, "ETag", quoted, sizeof quoted);
    trtc_transfer_take_etag(quoted, etag);
    for (size_t i = 0; i < r->nb_parts; i++) {
        const struct trtc_storage_part *p = &r->parts[i];
        const int64_t at = p->number >= 1 ? (int64_t)(p->number - 1) * (int64_t)t->part_bytes : -1;

        if (p->number < 1 || (size_t)p->number > t->nb_parts ||
            p->number != strtol(number, NULL, 10) || p->offset != at ||
            p->bytes != t->parts[p->number - 1].info.bytes ||
            p->bytes != strtoll(bytes, NULL, 10) || !*etag || strcmp(p->etag, etag))
            continue;
        t->parts[p->number - 1].info.crc64 = p->crc64;
        memcpy(t->parts[p->number - 1].info.etag, etag, sizeof etag);
        t->parts[p->number - 1].there = true;
    }
}

/* Gets what the store still has of the upload that is to be resumed. If that is nothing, it is no
 * failure. */
static int list_parts(struct trtc_transfer *t, struct trtc_err *err)
{
    char marker[12] = "0", more[8], page[8];
    int ret = 0;

    snprintf(page, sizeof page, "%d", PAGE);
    snprintf(t->upload, sizeof t->upload, "%s", t->file->resume.upload);
    for (bool truncated = true; truncated && !ret;) {
        struct trtc_store_request q = trtc_transfer_request(t, "GET");
        struct trtc_store_answer answer;
        struct trtc_bytes rest, one;

        trtc_transfer_ask(&q, "max-parts", page);
        trtc_transfer_ask(&q, "part-number-marker", marker);
        trtc_transfer_ask(&q, "uploadId", t->upload);
        ret = trtc_transfer_send(t, &q, &answer, err);
        rest = trtc_transfer_text(&answer.reply);
        truncated = !ret && trtc_xml_text(rest, "IsTruncated", more, sizeof more) &&
                    !strcmp(more, "true") &&
                    trtc_xml_text(rest, "NextPartNumberMarker", marker, sizeof marker);
        while (!ret && trtc_xml_find(rest, "Part", &one, &rest))
            take_listed(t, one);
        if (ret && (answer.reply.status == 404 || trtc_transfer_is_gone(&answer))) {
            *t->upload = '\0';
            ret = 0;
            truncated = false;
        }
        trtc_store_answer_fini(&answer);
    }
    return ret;
}

/* A part being sent: the request, and what the store should have afterwards. */
struct parcel {
    struct trtc_store_request q;
    struct trtc_digest digest;
};

/* Prepares a part: in the buffer with its digest, or as an outflow. */
static int load_part(struct trtc_transfer *t, const struct trtc_transfer_part *p,
                     struct parcel *parcel, bool *again, struct trtc_err *err)
{
    struct trtc_store_request *q = &parcel->q;

    if ((size_t)p->info.bytes > t->room_bytes) {
        q->outflow = trtc_outflow_new(t->s, t->file->fd, &p->info, err);
        return q->outflow ? 0 : -1;
    }
    if (trtc_transfer_read(t, p->info.offset, (size_t)p->info.bytes, again, err))
        return -1;
    q->body = (struct trtc_bytes){ t->s->room, (size_t)p->info.bytes };
    q->digest = &parcel->digest;
    return trtc_store_digest(t->s, q->body, &parcel->digest, err);
}

/* Adds a stored part to what represents the whole. */
static void count_part(struct trtc_transfer *t, struct trtc_transfer_part *p,
                       const struct trtc_digest *digest, bool sha256)
{
    t->sent.crc64 = trtc_crc64_join(t->sent.crc64, digest->crc64, (uint64_t)p->info.bytes);
    t->sent.bytes += p->info.bytes;
    p->info.crc64 = digest->crc64;
    memcpy(p->sha256, digest->sha256, sizeof p->sha256);
    if (sha256)
        snprintf(p->sha256_b64, sizeof p->sha256_b64, "%s", digest->sha256_b64);
}

static int send_part(struct trtc_transfer *t, struct trtc_transfer_part *p, struct parcel *parcel,
                     bool *again, struct trtc_err *err)
{
    struct trtc_store_request *q = &parcel->q;
    struct trtc_store_answer answer;
    char number[12];
    int ret;

    snprintf(number, sizeof number, "%d", p->info.number);
    trtc_transfer_ask(q, "partNumber", number);
    trtc_transfer_ask(q, "uploadId", t->upload);
    ret = trtc_transfer_send(t, q, &answer, err);
    *again = ret && trtc_transfer_is_gone(&answer);
    if (q->outflow && ret)
        trtc_outflow_explain(q->outflow, again, err);
    if (q->outflow && !ret)
        trtc_outflow_digest(q->outflow, &parcel->digest);
    if (!ret) {
        trtc_transfer_take_etag(trtc_transfer_kept(&answer, "ETag"), p->info.etag);
        count_part(t, p, &parcel->digest, trtc_transfer_kept(&answer, "x-amz-checksum-sha256"));
    }
    trtc_store_answer_fini(&answer);
    return ret;
}

/* Whether the store already has the part with the content of the file. */
static bool is_there(struct trtc_transfer *t, const struct trtc_transfer_part *p,
                     struct parcel *parcel)
{
    bool again;

    if (!p->there)
        return false;
    /* to complete the upload S3 needs the SHA-256, which an outflow only knows at its end */
    if (parcel->q.outflow && t->s->dialect->sha256)
        return false;
    if (parcel->q.outflow && trtc_transfer_crc(t, &p->info, &again, &parcel->digest.crc64, NULL))
        return false;
    return p->info.crc64 == parcel->digest.crc64;
}

static int put_part(struct trtc_transfer *t, struct trtc_transfer_part *p, bool *again,
                    struct trtc_err *err)
{
    struct parcel parcel = { .q = trtc_transfer_request(t, "PUT") };
    int ret = load_part(t, p, &parcel, again, err);

    if (!ret && is_there(t, p, &parcel)) {
        count_part(t, p, &parcel.digest, true);
    } else if (!ret) {
        ret = send_part(t, p, &parcel, again, err);
        if (!ret && t->file->part && t->file->part(t->file->arg, &p->info))
            ret = trtc_fail(err, TRTC_EX_IOERR, "the journal cannot be written");
    }
    trtc_outflow_free(&parcel.q.outflow);
    return ret;
}

/* Makes "<CompleteMultipartUpload>": all parts, in order. */
static char *list_of(const struct trtc_transfer *t)
{
    struct trtc_draft draft = { 0 };

    trtc_draft_word(&draft, "<CompleteMultipartUpload>");
    for (size_t i = 0; i < t->nb_parts; i++) {
        const struct trtc_transfer_part *p = &t->parts[i];

        trtc_draft_word(&draft, "<Part><PartNumber>");
        trtc_draft_number(&draft, p->info.number);
        trtc_draft_word(&draft, "</PartNumber><ETag>&quot;");
        trtc_draft_xml(&draft, p->info.etag);
        trtc_draft_word(&draft, "&quot;</ETag>");
        if (*p->sha256_b64 && !t->s->plain) {
            trtc_draft_word(&draft, "<ChecksumSHA256>");
            trtc_draft_word(&draft, p->sha256_b64);
            trtc_draft_word(&draft, "</ChecksumSHA256>");
        }
        trtc_draft_word(&draft, "</Part>");
    }
    trtc_draft_word(&draft, "</CompleteMultipartUpload>");
    return trtc_draft_take(&draft);
}

static int complete(struct trtc_transfer *t, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = trtc_transfer_request(t, "POST");
    struct trtc_store_answer answer;
    char *list = list_of(t), quoted[80];
    int ret;

    if (!list)
        return trtc_fail_nomem(err);
    trtc_transfer_ask(&q, "uploadId", t->upload);
    trtc_transfer_say(&q, "Content-Type", "application/xml");
    q.body = (struct trtc_bytes){ (const uint8_t *)list, strlen(list) };
    ret = trtc_transfer_send(t, &q, &answer, err);
    if (!ret && trtc_xml_text(trtc_transfer_text(&answer.reply), "ETag", quoted, sizeof quoted))
        trtc_transfer_take_etag(quoted, t->etag);
    if (ret && !strcmp(answer.code, "NoSuchUpload")) {
        /* a lost answer may mean that it was completed: looking at the object will show */
        ret = 0;
        *t->upload = '\0';
    } else if (ret) {
        *again = trtc_transfer_is_gone(&answer);
    } else {
        *t->upload = '\0';
    }
    trtc_store_answer_fini(&answer);
    free(list);
    return ret;
}

static int set_parts(struct trtc_transfer *t, struct trtc_err *err)
{
    const int64_t size = t->before.st_size, step = (int64_t)t->part_bytes;

    t->nb_parts = (size_t)((size + step - 1) / step);
    t->parts = calloc(t->nb_parts, sizeof *t->parts);
    if (!t->parts)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < t->nb_parts; i++) {
        struct trtc_storage_part *p = &t->parts[i].info;

        p->number = (int)i + 1;
        p->offset = (int64_t)i * step;
        p->bytes = size - p->offset < step ? size - p->offset : step;
    }
    return 0;
}

int trtc_transfer_put_parts(struct trtc_transfer *t, bool resume, bool *again, struct trtc_err *err)
{
    if (set_parts(t, err) || (resume && t->file->resume.upload && list_parts(t, err)))
        return -1;
    if (!*t->upload && begin(t, err))
        return -1;
    for (size_t i = 0; i < t->nb_parts; i++)
        if (put_part(t, &t->parts[i], again, err))
            return -1;
    return complete(t, again, err);
}
