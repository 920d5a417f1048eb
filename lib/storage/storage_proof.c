/* SPDX-License-Identifier: MIT */
/* What a store has, compared with what was sent. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "storage/crc64.h"
#include "storage/job_priv.h"

enum { BACK_BYTES = 4 << 20 /* in one request, where an object is read back */ };

/* "HASH-N": the hash of the parts' hashes. false: one of them is not known. */
static bool composite(const struct trtc_job *j, bool sha256, char out[80])
{
    unsigned char raw[32], one[32];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned n = 0;
    bool good = md && EVP_DigestInit_ex(md, sha256 ? EVP_sha256() : EVP_md5(), NULL);

    for (size_t i = 0; good && i < j->nb_parts; i++) {
        const struct trtc_job_part *p = &j->parts[i];

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
static enum trtc_agree head_s3(struct trtc_job *j, const char *sha256, const char *etag)
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

static enum trtc_agree head_cos(struct trtc_job *j, const char *crc, const char *etag)
{
    char right[24];

    snprintf(right, sizeof right, "%" PRIu64, j->sent.crc64);
    if (crc)
        return agree(!strcmp(crc, right));
    return j->agreed && *j->etag ? agree(!strcmp(etag, j->etag)) : TRTC_AGREE_SILENT;
}

/* Reads the object and compares its CRC-64: for stores that answer nothing else. */
static int read_back(struct trtc_job *j, enum trtc_agree *agrees, struct trtc_err *err)
{
    uint64_t crc = 0;

    for (int64_t at = 0; at < j->sent.bytes; at += BACK_BYTES) {
        const int64_t left = j->sent.bytes - at, n = left < BACK_BYTES ? left : BACK_BYTES;
        struct trtc_store_request q = trtc_job_request(j, "GET");
        struct trtc_store_answer answer;
        char range[64];
        int ret;

        snprintf(range, sizeof range, "bytes=%" PRId64 "-%" PRId64, at, at + n - 1);
        trtc_job_say(&q, "Range", range);
        ret = trtc_job_send(j, &q, &answer, err);
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

int trtc_job_prove(struct trtc_job *j, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = trtc_job_request(j, "HEAD");
    struct trtc_store_answer answer;
    enum trtc_agree agrees = TRTC_AGREE_SILENT;
    char etag[72], right[24];
    int ret;

    if (j->s->dialect->sha256 && !j->s->plain)
        trtc_job_say(&q, "x-amz-checksum-mode", "ENABLED");
    ret = trtc_job_send(j, &q, &answer, err);
    if (!ret) {
        const char *size = trtc_job_kept(&answer, "Content-Length");

        trtc_job_take_etag(trtc_job_kept(&answer, "ETag"), etag);
        snprintf(right, sizeof right, "%" PRId64, j->sent.bytes);
        if (!size || strcmp(size, right))
            agrees = TRTC_AGREE_NO;
        else if (j->s->dialect->sha256)
            agrees = head_s3(j, trtc_job_kept(&answer, "x-amz-checksum-sha256"), etag);
        else
            agrees = head_cos(j, trtc_job_kept(&answer, "x-cos-hash-crc64ecma"), etag);
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
