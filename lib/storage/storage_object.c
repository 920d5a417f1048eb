/* SPDX-License-Identifier: MIT */
/* One file into a bucket: in one request, or in parts; then what the store has is compared. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/crc64.h"
#include "storage/storage_priv.h"
#include "storage/stream_priv.h"
#include "storage/text_priv.h"
#include "storage/xml_priv.h"

enum {
    MIB = 1 << 20,
    UPLOAD_MAX = 1024,    /* characters of an upload's id */
    PAGE = 1000,          /* parts in one answer of a list */
    BACK_BYTES = 4 * MIB, /* in one request, where an object is read back */
    FRESH_S = 2, /* a file changed so lately may change again without its time showing it */
};

/* A part, and what stands for it when the parts become one. */
struct part {
    struct trtc_storage_part said;
    unsigned char sha256[32];
    char sha256_b64[48]; /* "": the store has not answered it */
    bool there;          /* resumed: the store has it, and it is what the file has */
};

struct job {
    struct trtc_storage *s;
    const struct trtc_storage_file *file;
    struct stat before; /* the put */
    size_t room_bytes;  /* so many are in memory at a time */
    size_t part_bytes;  /* where that is more, parts are read while they are sent */
    struct part *parts; /* NULL: in one request */
    size_t nb_parts;
    char upload[UPLOAD_MAX];
    struct trtc_digest sent; /* the whole: crc64 and bytes; in one request all of it */
    char etag[72];           /* as answered by what stored it; "": none */
    bool agreed;             /* that answer agreed with what was sent */
};

/* ---- the file ---- */

/* Reads n bytes at offset into the room. Fewer: *again, the file has become shorter. */
static int read_room(struct job *j, int64_t offset, size_t n, bool *again, struct trtc_err *err)
{
    struct trtc_storage *s = j->s;
    size_t got = 0;

    if (trtc_store_room(s, n, err))
        return -1;
    while (got < n) {
        const ssize_t k =
            pread(j->file->fd, s->room + got, n - got, (off_t)(offset + (int64_t)got));

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read it");
        if (k == 0) {
            *again = true;
            return trtc_fail(err, TRTC_EX_TEMPFAIL, "it became shorter while it was put");
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

/* The CRC-64 of bytes of the file, of which no more are in memory than one part of the usual size. */
static int file_crc(struct job *j, const struct trtc_storage_part *of, bool *again, uint64_t *crc,
                    struct trtc_err *err)
{
    *crc = 0;
    for (int64_t at = 0; at < of->bytes; at += (int64_t)j->room_bytes) {
        const int64_t left = of->bytes - at;
        const size_t n = left < (int64_t)j->room_bytes ? (size_t)left : j->room_bytes;

        if (read_room(j, of->offset + at, n, again, err))
            return -1;
        *crc = trtc_crc64(*crc, j->s->room, n);
    }
    return 0;
}

/* Whether the file still has the bytes that were sent. Its times tell, but for a change within the same tick of the clock: a
 * fresh file is read again. */
static int unchanged(struct job *j, bool *again, struct trtc_err *err)
{
    struct stat now;
    uint64_t crc = 0;

    if (fstat(j->file->fd, &now) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot look at it");
    if (!same(&now, &j->before)) {
        *again = true;
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "it was changed while it was put");
    }
    if (j->s->o.outside.wall_s(j->s->o.outside.arg) - now.st_mtim.tv_sec > FRESH_S)
        return 0;
    if (file_crc(j, &(struct trtc_storage_part){ .bytes = j->sent.bytes }, again, &crc, err))
        return -1;
    if (crc == j->sent.crc64)
        return 0;
    *again = true;
    return trtc_fail(err, TRTC_EX_TEMPFAIL, "it was changed while it was put");
}

/* ---- requests ---- */

static struct trtc_bytes text_of(const struct trtc_reply *r)
{
    return (struct trtc_bytes){ (const uint8_t *)r->body, r->body ? r->body_bytes : 0 };
}

static struct trtc_store_request request_of(const struct job *j, const char *method)
{
    return (struct trtc_store_request){ .method = method, .key = j->file->key };
}

static void ask(struct trtc_store_request *q, const char *name, const char *value)
{
    q->query[q->nb_query++] = (struct trtc_query){ name, value };
}

static void say(struct trtc_store_request *q, const char *name, const char *value)
{
    q->fields[q->nb_fields++] = (struct trtc_header){ (char *)name, (char *)value };
}

static void say_mime(const struct job *j, struct trtc_store_request *q)
{
    say(q, "Content-Type", j->file->mime ? j->file->mime : "application/octet-stream");
}

/* Sends. A store that knows nothing of checksums in header fields, and says so, is asked without them. */
static int send(struct job *j, struct trtc_store_request *q, struct trtc_store_answer *answer,
                struct trtc_err *err)
{
    int ret = trtc_store_send(j->s, q, answer, err);

    if (!ret || !j->s->dialect->sha256 || j->s->plain ||
        (answer->reply.status != 501 && strcmp(answer->code, "NotImplemented")))
        return ret;
    j->s->plain = true;
    while (q->nb_fields && !strncmp(q->fields[q->nb_fields - 1].name, "x-amz-checksum-", 15))
        q->nb_fields--;
    trtc_store_answer_fini(answer);
    return trtc_store_send(j->s, q, answer, err);
}

/* The store knows nothing of the upload, or of some of its parts. */
static bool is_gone(const struct trtc_store_answer *answer)
{
    return !strcmp(answer->code, "NoSuchUpload") || !strcmp(answer->code, "InvalidPart") ||
           !strcmp(answer->code, "InvalidPartOrder");
}

/* Without quotation marks; "" for what is none that could be sent back. */
static void take_etag(const char *text, char out[72])
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

static const char *kept(const struct trtc_store_answer *answer, const char *name)
{
    return trtc_headers_get(&answer->reply.kept, name);
}

/* ---- in one request ---- */

static int put_whole(struct job *j, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = request_of(j, "PUT");
    struct trtc_store_answer answer;
    int ret;

    if (read_room(j, 0, (size_t)j->before.st_size, again, err))
        return -1;
    q.body = (struct trtc_bytes){ j->s->room, (size_t)j->before.st_size };
    if (trtc_store_digest(j->s, q.body, &j->sent, err))
        return -1;
    q.digest = &j->sent;
    say_mime(j, &q);
    ret = send(j, &q, &answer, err);
    take_etag(kept(&answer, "ETag"), j->etag);
    j->agreed = !ret && answer.agree == TRTC_AGREE_YES;
    trtc_store_answer_fini(&answer);
    return ret;
}

/* ---- in parts ---- */

static int begin(struct job *j, struct trtc_err *err)
{
    struct trtc_store_request q = request_of(j, "POST");
    struct trtc_store_answer answer;
    int ret;

    ask(&q, "uploads", "");
    say_mime(j, &q);
    if (j->s->dialect->sha256 && !j->s->plain)
        say(&q, "x-amz-checksum-algorithm", "SHA256");
    ret = send(j, &q, &answer, err);
    if (!ret && (!trtc_xml_text(text_of(&answer.reply), "UploadId", j->upload, sizeof j->upload) ||
                 !*j->upload || strlen(j->upload) + 1 == sizeof j->upload))
        ret = trtc_fail(err, TRTC_EX_UNAVAILABLE, "%s begins no upload that could be named",
                        j->s->dialect->name);
    trtc_store_answer_fini(&answer);
    if (!ret && j->file->begun && j->file->begun(j->file->arg, j->upload))
        ret = trtc_fail(err, TRTC_EX_IOERR, "the journal cannot be written");
    return ret;
}

/* Takes parts back from the store, once and without waiting. */
static void abandon(struct job *j)
{
    struct trtc_store_request q = request_of(j, "DELETE");
    struct trtc_store_answer answer;
    const int retries = j->s->o.retries;

    if (!*j->upload || j->s->stopped)
        return;
    ask(&q, "uploadId", j->upload);
    j->s->o.retries = -1;
    trtc_store_send(j->s, &q, &answer, NULL);
    j->s->o.retries = retries;
    trtc_store_answer_fini(&answer);
    *j->upload = '\0';
}

/* Marks a part as there, where the list has it as the journal does. */
static void take_listed(struct job *j, struct trtc_bytes one)
{
    char number[12], bytes[24], quoted[80], etag[72];
    const struct trtc_storage_resume *r = &j->file->resume;

    trtc_xml_text(one, "PartNumber", number, sizeof number);
    trtc_xml_text(one, "Size", bytes, sizeof bytes);
    trtc_xml_text(one, "ETag", quoted, sizeof quoted);
    take_etag(quoted, etag);
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
static int list_parts(struct job *j, struct trtc_err *err)
{
    char marker[12] = "0", more[8], page[8];
    int ret = 0;

    snprintf(page, sizeof page, "%d", PAGE);
    snprintf(j->upload, sizeof j->upload, "%s", j->file->resume.upload);
    for (bool truncated = true; truncated && !ret;) {
        struct trtc_store_request q = request_of(j, "GET");
        struct trtc_store_answer answer;
        struct trtc_bytes rest, one;

        ask(&q, "max-parts", page);
        ask(&q, "part-number-marker", marker);
        ask(&q, "uploadId", j->upload);
        ret = send(j, &q, &answer, err);
        rest = text_of(&answer.reply);
        truncated = !ret && trtc_xml_text(rest, "IsTruncated", more, sizeof more) &&
                    !strcmp(more, "true") &&
                    trtc_xml_text(rest, "NextPartNumberMarker", marker, sizeof marker);
        while (!ret && trtc_xml_find(rest, "Part", &one, &rest))
            take_listed(j, one);
        if (ret && (answer.reply.status == 404 || is_gone(&answer))) {
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
static int load_part(struct job *j, const struct part *p, struct parcel *parcel, bool *again,
                     struct trtc_err *err)
{
    struct trtc_store_request *q = &parcel->q;

    if ((size_t)p->said.bytes > j->room_bytes) {
        q->stream = trtc_stream_new(j->s, j->file->fd, &p->said, err);
        return q->stream ? 0 : -1;
    }
    if (read_room(j, p->said.offset, (size_t)p->said.bytes, again, err))
        return -1;
    q->body = (struct trtc_bytes){ j->s->room, (size_t)p->said.bytes };
    q->digest = &parcel->digest;
    return trtc_store_digest(j->s, q->body, &parcel->digest, err);
}

/* Adds a part that the store has to what stands for the whole. */
static void count_part(struct job *j, struct part *p, const struct trtc_digest *digest, bool sha256)
{
    j->sent.crc64 = trtc_crc64_join(j->sent.crc64, digest->crc64, (uint64_t)p->said.bytes);
    j->sent.bytes += p->said.bytes;
    p->said.crc64 = digest->crc64;
    memcpy(p->sha256, digest->sha256, sizeof p->sha256);
    if (sha256)
        snprintf(p->sha256_b64, sizeof p->sha256_b64, "%s", digest->sha256_b64);
}

static int send_part(struct job *j, struct part *p, struct parcel *parcel, bool *again,
                     struct trtc_err *err)
{
    struct trtc_store_request *q = &parcel->q;
    struct trtc_store_answer answer;
    char number[12];
    int ret;

    snprintf(number, sizeof number, "%d", p->said.number);
    ask(q, "partNumber", number);
    ask(q, "uploadId", j->upload);
    ret = send(j, q, &answer, err);
    *again = ret && is_gone(&answer);
    if (q->stream && ret)
        trtc_stream_explain(q->stream, again, err);
    if (q->stream && !ret)
        trtc_stream_digest(q->stream, &parcel->digest);
    if (!ret) {
        take_etag(kept(&answer, "ETag"), p->said.etag);
        count_part(j, p, &parcel->digest, kept(&answer, "x-amz-checksum-sha256"));
    }
    trtc_store_answer_fini(&answer);
    return ret;
}

/* Whether the store has the part already, as the file has it. */
static bool is_there(struct job *j, const struct part *p, struct parcel *parcel)
{
    bool again;

    if (!p->there)
        return false;
    /* to complete it S3 wants the SHA-256, which is not known of what is streamed */
    if (parcel->q.stream && j->s->dialect->sha256)
        return false;
    if (parcel->q.stream && file_crc(j, &p->said, &again, &parcel->digest.crc64, NULL))
        return false;
    return p->said.crc64 == parcel->digest.crc64;
}

static int put_part(struct job *j, struct part *p, bool *again, struct trtc_err *err)
{
    struct parcel parcel = { .q = request_of(j, "PUT") };
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
static char *list_of(const struct job *j)
{
    struct trtc_draft t = { 0 };

    trtc_draft_word(&t, "<CompleteMultipartUpload>");
    for (size_t i = 0; i < j->nb_parts; i++) {
        const struct part *p = &j->parts[i];

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

static int complete(struct job *j, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = request_of(j, "POST");
    struct trtc_store_answer answer;
    char *list = list_of(j), quoted[80];
    int ret;

    if (!list)
        return trtc_fail_nomem(err);
    ask(&q, "uploadId", j->upload);
    say(&q, "Content-Type", "application/xml");
    q.body = (struct trtc_bytes){ (const uint8_t *)list, strlen(list) };
    ret = send(j, &q, &answer, err);
    if (!ret && trtc_xml_text(text_of(&answer.reply), "ETag", quoted, sizeof quoted))
        take_etag(quoted, j->etag);
    if (ret && !strcmp(answer.code, "NoSuchUpload")) {
        /* an answer that was lost may have completed it: what is there will tell */
        ret = 0;
        *j->upload = '\0';
    } else if (ret) {
        *again = is_gone(&answer);
    } else {
        *j->upload = '\0';
    }
    trtc_store_answer_fini(&answer);
    free(list);
    return ret;
}

static int set_parts(struct job *j, struct trtc_err *err)
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

static int put_parts(struct job *j, bool resume, bool *again, struct trtc_err *err)
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

/* ---- what is there ---- */

/* "HASH-N": the hash of the parts' hashes. false: one of them is not known. */
static bool composite(const struct job *j, bool sha256, char out[80])
{
    unsigned char raw[32], one[32];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned n = 0;
    bool good = md && EVP_DigestInit_ex(md, sha256 ? EVP_sha256() : EVP_md5(), NULL);

    for (size_t i = 0; good && i < j->nb_parts; i++) {
        const struct part *p = &j->parts[i];

        good = sha256 || strspn(p->said.etag, "0123456789abcdefABCDEF") == 32;
        for (size_t k = 0; good && !sha256 && k < 16; k++)
            sscanf(p->said.etag + 2 * k, "%2hhx", &one[k]);
        good = good && EVP_DigestUpdate(md, sha256 ? p->sha256 : one, sha256 ? 32 : 16);
    }
    good = good && EVP_DigestFinal_ex(md, raw, &n);
    EVP_MD_CTX_free(md);
    *out = '\0';
    if (good && sha256)
        EVP_EncodeBlock((unsigned char *)out, raw, 32);
    for (unsigned i = 0; good && !sha256 && i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
    snprintf(out + strlen(out), 80 - strlen(out), "-%zu", j->nb_parts);
    return good;
}

static enum trtc_agree agree(bool yes)
{
    return yes ? TRTC_AGREE_YES : TRTC_AGREE_NO;
}

/* By a checksum of S3, else by an ETag that is made of what was sent. */
static enum trtc_agree head_s3(struct job *j, const char *sha256, const char *etag)
{
    char right[80];

    if (j->parts) {
        if (sha256 && composite(j, true, right) && strchr(sha256, '-'))
            return agree(!strcmp(sha256, right));
        if (composite(j, false, right) && strchr(etag, '-'))
            return agree(!strcasecmp(etag, right));
        return TRTC_AGREE_SILENT;
    }
    if (sha256)
        return agree(!strcmp(sha256, j->sent.sha256_b64));
    return j->agreed && *j->etag ? agree(!strcmp(etag, j->etag)) : TRTC_AGREE_SILENT;
}

static enum trtc_agree head_cos(struct job *j, const char *crc, const char *etag)
{
    char right[24];

    snprintf(right, sizeof right, "%" PRIu64, j->sent.crc64);
    if (crc)
        return agree(!strcmp(crc, right));
    return j->agreed && *j->etag ? agree(!strcmp(etag, j->etag)) : TRTC_AGREE_SILENT;
}

/* Reads the object and compares its CRC-64: for stores that answer nothing else. */
static int read_back(struct job *j, enum trtc_agree *agrees, struct trtc_err *err)
{
    uint64_t crc = 0;

    for (int64_t at = 0; at < j->sent.bytes; at += BACK_BYTES) {
        const int64_t left = j->sent.bytes - at, n = left < BACK_BYTES ? left : BACK_BYTES;
        struct trtc_store_request q = request_of(j, "GET");
        struct trtc_store_answer answer;
        char range[64];
        int ret;

        snprintf(range, sizeof range, "bytes=%" PRId64 "-%" PRId64, at, at + n - 1);
        say(&q, "Range", range);
        ret = send(j, &q, &answer, err);
        crc = trtc_crc64(crc, answer.reply.body, answer.reply.body_bytes);
        if (!ret && (int64_t)answer.reply.body_bytes != n)
            crc = ~j->sent.crc64;
        trtc_store_answer_fini(&answer);
        if (ret)
            return -1;
    }
    *agrees = agree(crc == j->sent.crc64);
    return 0;
}

/* HEAD: the size, and what the store says of the bytes. */
static int prove(struct job *j, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = request_of(j, "HEAD");
    struct trtc_store_answer answer;
    enum trtc_agree agrees = TRTC_AGREE_SILENT;
    char etag[72], right[24];
    int ret;

    if (j->s->dialect->sha256 && !j->s->plain)
        say(&q, "x-amz-checksum-mode", "ENABLED");
    ret = send(j, &q, &answer, err);
    if (!ret) {
        const char *size = kept(&answer, "Content-Length");

        take_etag(kept(&answer, "ETag"), etag);
        snprintf(right, sizeof right, "%" PRId64, j->sent.bytes);
        if (!size || strcmp(size, right))
            agrees = TRTC_AGREE_NO;
        else if (j->s->dialect->sha256)
            agrees = head_s3(j, kept(&answer, "x-amz-checksum-sha256"), etag);
        else
            agrees = head_cos(j, kept(&answer, "x-cos-hash-crc64ecma"), etag);
        memcpy(j->etag, etag, sizeof etag);
    } else if (answer.reply.status == 404) {
        agrees = TRTC_AGREE_NO;
        ret = 0;
    } else if (answer.reply.status == 403) {
        trtc_fail(err, TRTC_EX_NOPERM, "is stored, but cannot be proven: %s refuses HEAD with 403",
                  j->s->dialect->name);
    }
    trtc_store_answer_fini(&answer);
    if (!ret && agrees == TRTC_AGREE_SILENT)
        ret = read_back(j, &agrees, err);
    if (!ret && agrees == TRTC_AGREE_NO) {
        *again = true;
        ret = trtc_fail(err, TRTC_EX_TEMPFAIL, "%s has something else than what was sent",
                        j->s->dialect->name);
    }
    return ret;
}

/* ---- all of it ---- */

static int look_at(struct job *j, struct trtc_err *err)
{
    const int64_t most = TRTC_STORAGE_PARTS_MAX;
    int64_t least;

    if (fstat(j->file->fd, &j->before) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot look at it");
    if (!S_ISREG(j->before.st_mode))
        return trtc_fail(err, TRTC_EX_DATAERR, "is not a regular file");
    j->room_bytes = j->s->o.part_bytes ? j->s->o.part_bytes : TRTC_STORAGE_PART_BYTES;
    j->part_bytes = j->room_bytes;
    least = (j->before.st_size + most - 1) / most;
    if (least > (int64_t)j->part_bytes)
        j->part_bytes = (size_t)((least + MIB - 1) / MIB) * MIB;
    return 0;
}

static int fill(const struct job *j, struct trtc_storage_proof *proof, struct trtc_err *err)
{
    const struct trtc_store_request q = request_of(j, "GET");

    proof->bytes = j->sent.bytes;
    proof->crc64 = j->sent.crc64;
    memcpy(proof->etag, j->etag, sizeof proof->etag);
    proof->url = trtc_store_url(j->s, &q);
    return proof->url ? 0 : trtc_fail_nomem(err);
}

enum trtc_once trtc_store_object(struct trtc_storage *s, const struct trtc_storage_file *file,
                                 bool resume, struct trtc_storage_proof *proof,
                                 struct trtc_err *err)
{
    struct job j = { .s = s, .file = file };
    bool again = false;
    int ret = look_at(&j, err);

    if (!ret)
        ret = (size_t)j.before.st_size > j.part_bytes ? put_parts(&j, resume, &again, err)
                                                      : put_whole(&j, &again, err);
    if (!ret)
        ret = prove(&j, &again, err);
    if (!ret)
        ret = unchanged(&j, &again, err);
    if (!ret)
        ret = fill(&j, proof, err);
    if (ret && (again || !file->begun))
        abandon(&j);
    free(j.parts);
    return !ret ? TRTC_ONCE_PROVEN : again ? TRTC_ONCE_AGAIN : TRTC_ONCE_FAILED;
}
