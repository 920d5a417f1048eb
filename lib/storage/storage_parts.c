/* SPDX-License-Identifier: MIT */
/* A file in parts: begun or resumed, sent one by one, completed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/crc64.h"
#include "storage/job_priv.h"
#include "storage/stream_priv.h"
#include "storage/text_priv.h"
#include "storage/xml_priv.h"

enum { PAGE = 1000 /* parts in one answer of a list */ };

static int begin(struct trtc_job *j, struct trtc_err *err)
{
    struct trtc_store_request q = trtc_job_request(j, "POST");
    struct trtc_store_answer answer;
    int ret;

    trtc_job_ask(&q, "uploads", "");
    trtc_job_say_mime(j, &q);
    if (j->s->dialect->sha256 && !j->s->plain)
        trtc_job_say(&q, "x-amz-checksum-algorithm", "SHA256");
    ret = trtc_job_send(j, &q, &answer, err);
    if (!ret &&
        (!trtc_xml_text(trtc_job_text(&answer.reply), "UploadId", j->upload, sizeof j->upload) ||
         !*j->upload || strlen(j->upload) + 1 == sizeof j->upload))
        ret = trtc_fail(err, TRTC_EX_UNAVAILABLE, "%s begins no upload that could be named",
                        j->s->dialect->name);
    trtc_store_answer_fini(&answer);
    if (!ret && j->file->begun && j->file->begun(j->file->arg, j->upload))
        ret = trtc_fail(err, TRTC_EX_IOERR, "the journal cannot be written");
    return ret;
}

void trtc_job_abandon(struct trtc_job *j)
{
    struct trtc_store_request q = trtc_job_request(j, "DELETE");
    struct trtc_store_answer answer;
    const int retries = j->s->o.retries;

    if (!*j->upload || j->s->stopped)
        return;
    trtc_job_ask(&q, "uploadId", j->upload);
    j->s->o.retries = -1;
    trtc_store_send(j->s, &q, &answer, NULL);
    j->s->o.retries = retries;
    trtc_store_answer_fini(&answer);
    *j->upload = '\0';
}

/* Marks a part as there, where the list has it as the journal does. */
static void take_listed(struct trtc_job *j, struct trtc_bytes one)
{
    char number[12], bytes[24], quoted[80], etag[72];
    const struct trtc_storage_resume *r = &j->file->resume;

    trtc_xml_text(one, "PartNumber", number, sizeof number);
    trtc_xml_text(one, "Size", bytes, sizeof bytes);
    trtc_xml_text(one, "ETag", quoted, sizeof quoted);
    trtc_job_take_etag(quoted, etag);
    for (size_t i = 0; i < r->nb_parts; i++) {
        const struct trtc_storage_part *p = &r->parts[i];
        const int64_t at = p->number >= 1 ? (int64_t)(p->number - 1) * (int64_t)j->part_bytes : -1;

        if (p->number < 1 || (size_t)p->number > j->nb_parts ||
            p->number != strtol(number, NULL, 10) || p->offset != at ||
            p->bytes != j->parts[p->number - 1].said.bytes ||
            p->bytes != strtoll(bytes, NULL, 10) || !*etag || strcmp(p->etag, etag))
            continue;
        j->parts[p->number - 1].said.crc64 = p->crc64;
        memcpy(j->parts[p->number - 1].said.etag, etag, sizeof etag);
        j->parts[p->number - 1].there = true;
    }
}

/* What the store still has of the upload that is to go on. It is no failure if that is nothing. */
static int list_parts(struct trtc_job *j, struct trtc_err *err)
{
    char marker[12] = "0", more[8], page[8];
    int ret = 0;

    snprintf(page, sizeof page, "%d", PAGE);
    snprintf(j->upload, sizeof j->upload, "%s", j->file->resume.upload);
    for (bool truncated = true; truncated && !ret;) {
        struct trtc_store_request q = trtc_job_request(j, "GET");
        struct trtc_store_answer answer;
        struct trtc_bytes rest, one;

        trtc_job_ask(&q, "max-parts", page);
        trtc_job_ask(&q, "part-number-marker", marker);
        trtc_job_ask(&q, "uploadId", j->upload);
        ret = trtc_job_send(j, &q, &answer, err);
        rest = trtc_job_text(&answer.reply);
        truncated = !ret && trtc_xml_text(rest, "IsTruncated", more, sizeof more) &&
                    !strcmp(more, "true") &&
                    trtc_xml_text(rest, "NextPartNumberMarker", marker, sizeof marker);
        while (!ret && trtc_xml_find(rest, "Part", &one, &rest))
            take_listed(j, one);
        if (ret && (answer.reply.status == 404 || trtc_job_is_gone(&answer))) {
            *j->upload = '\0';
            ret = 0;
            truncated = false;
        }
        trtc_store_answer_fini(&answer);
    }
    return ret;
}

/* A part on its way: the request, and what the store should have afterwards. */
struct parcel {
    struct trtc_store_request q;
    struct trtc_digest digest;
};

/* The part as it is now: in the room with its digest, or a stream. */
static int load_part(struct trtc_job *j, const struct trtc_job_part *p, struct parcel *parcel,
                     bool *again, struct trtc_err *err)
{
    struct trtc_store_request *q = &parcel->q;

    if ((size_t)p->said.bytes > j->room_bytes) {
        q->stream = trtc_stream_new(j->s, j->file->fd, &p->said, err);
        return q->stream ? 0 : -1;
    }
    if (trtc_job_read(j, p->said.offset, (size_t)p->said.bytes, again, err))
        return -1;
    q->body = (struct trtc_bytes){ j->s->room, (size_t)p->said.bytes };
    q->digest = &parcel->digest;
    return trtc_store_digest(j->s, q->body, &parcel->digest, err);
}

/* Adds a part that the store has to what stands for the whole. */
static void count_part(struct trtc_job *j, struct trtc_job_part *p,
                       const struct trtc_digest *digest, bool sha256)
{
    j->sent.crc64 = trtc_crc64_join(j->sent.crc64, digest->crc64, (uint64_t)p->said.bytes);
    j->sent.bytes += p->said.bytes;
    p->said.crc64 = digest->crc64;
    memcpy(p->sha256, digest->sha256, sizeof p->sha256);
    if (sha256)
        snprintf(p->sha256_b64, sizeof p->sha256_b64, "%s", digest->sha256_b64);
}

static int send_part(struct trtc_job *j, struct trtc_job_part *p, struct parcel *parcel,
                     bool *again, struct trtc_err *err)
{
    struct trtc_store_request *q = &parcel->q;
    struct trtc_store_answer answer;
    char number[12];
    int ret;

    snprintf(number, sizeof number, "%d", p->said.number);
    trtc_job_ask(q, "partNumber", number);
    trtc_job_ask(q, "uploadId", j->upload);
    ret = trtc_job_send(j, q, &answer, err);
    *again = ret && trtc_job_is_gone(&answer);
    if (q->stream && ret)
        trtc_stream_explain(q->stream, again, err);
    if (q->stream && !ret)
        trtc_stream_digest(q->stream, &parcel->digest);
    if (!ret) {
        trtc_job_take_etag(trtc_job_kept(&answer, "ETag"), p->said.etag);
        count_part(j, p, &parcel->digest, trtc_job_kept(&answer, "x-amz-checksum-sha256"));
    }
    trtc_store_answer_fini(&answer);
    return ret;
}

/* Whether the store has the part already, as the file has it. */
static bool is_there(struct trtc_job *j, const struct trtc_job_part *p, struct parcel *parcel)
{
    bool again;

    if (!p->there)
        return false;
    /* to complete it S3 wants the SHA-256, which is not known of what is streamed */
    if (parcel->q.stream && j->s->dialect->sha256)
        return false;
    if (parcel->q.stream && trtc_job_crc(j, &p->said, &again, &parcel->digest.crc64, NULL))
        return false;
    return p->said.crc64 == parcel->digest.crc64;
}

static int put_part(struct trtc_job *j, struct trtc_job_part *p, bool *again, struct trtc_err *err)
{
    struct parcel parcel = { .q = trtc_job_request(j, "PUT") };
    int ret = load_part(j, p, &parcel, again, err);

    if (!ret && is_there(j, p, &parcel)) {
        count_part(j, p, &parcel.digest, true);
    } else if (!ret) {
        ret = send_part(j, p, &parcel, again, err);
        if (!ret && j->file->part && j->file->part(j->file->arg, &p->said))
            ret = trtc_fail(err, TRTC_EX_IOERR, "the journal cannot be written");
    }
    trtc_stream_free(&parcel.q.stream);
    return ret;
}

/* "<CompleteMultipartUpload>": all parts, in order. */
static char *list_of(const struct trtc_job *j)
{
    struct trtc_draft t = { 0 };

    trtc_draft_word(&t, "<CompleteMultipartUpload>");
    for (size_t i = 0; i < j->nb_parts; i++) {
        const struct trtc_job_part *p = &j->parts[i];

        trtc_draft_word(&t, "<Part><PartNumber>");
        trtc_draft_number(&t, p->said.number);
        trtc_draft_word(&t, "</PartNumber><ETag>&quot;");
        trtc_draft_xml(&t, p->said.etag);
        trtc_draft_word(&t, "&quot;</ETag>");
        if (*p->sha256_b64 && !j->s->plain) {
            trtc_draft_word(&t, "<ChecksumSHA256>");
            trtc_draft_word(&t, p->sha256_b64);
            trtc_draft_word(&t, "</ChecksumSHA256>");
        }
        trtc_draft_word(&t, "</Part>");
    }
    trtc_draft_word(&t, "</CompleteMultipartUpload>");
    return trtc_draft_take(&t);
}

static int complete(struct trtc_job *j, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = trtc_job_request(j, "POST");
    struct trtc_store_answer answer;
    char *list = list_of(j), quoted[80];
    int ret;

    if (!list)
        return trtc_fail_nomem(err);
    trtc_job_ask(&q, "uploadId", j->upload);
    trtc_job_say(&q, "Content-Type", "application/xml");
    q.body = (struct trtc_bytes){ (const uint8_t *)list, strlen(list) };
    ret = trtc_job_send(j, &q, &answer, err);
    if (!ret && trtc_xml_text(trtc_job_text(&answer.reply), "ETag", quoted, sizeof quoted))
        trtc_job_take_etag(quoted, j->etag);
    if (ret && !strcmp(answer.code, "NoSuchUpload")) {
        /* an answer that was lost may have completed it: what is there will tell */
        ret = 0;
        *j->upload = '\0';
    } else if (ret) {
        *again = trtc_job_is_gone(&answer);
    } else {
        *j->upload = '\0';
    }
    trtc_store_answer_fini(&answer);
    free(list);
    return ret;
}

static int set_parts(struct trtc_job *j, struct trtc_err *err)
{
    const int64_t size = j->before.st_size, step = (int64_t)j->part_bytes;

    j->nb_parts = (size_t)((size + step - 1) / step);
    j->parts = calloc(j->nb_parts, sizeof *j->parts);
    if (!j->parts)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < j->nb_parts; i++) {
        struct trtc_storage_part *p = &j->parts[i].said;

        p->number = (int)i + 1;
        p->offset = (int64_t)i * step;
        p->bytes = size - p->offset < step ? size - p->offset : step;
    }
    return 0;
}

int trtc_job_put_parts(struct trtc_job *j, bool resume, bool *again, struct trtc_err *err)
{
    if (set_parts(j, err) || (resume && j->file->resume.upload && list_parts(j, err)))
        return -1;
    if (!*j->upload && begin(j, err))
        return -1;
    for (size_t i = 0; i < j->nb_parts; i++)
        if (put_part(j, &j->parts[i], again, err))
            return -1;
    return complete(j, again, err);
}
