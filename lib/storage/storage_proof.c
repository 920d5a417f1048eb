/* SPDX-License-Identifier: MIT */
/* Compares what a store has with what was sent. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "storage/crc64.h"
#include "storage/transfer_priv.h"

enum { BACK_BYTES = 4 << 20 /* read per request when an object is read back */ };

/* "HASH-N": the hash of the hashes of the parts. False: one of these is unknown. */
static bool composite(const struct trtc_transfer *t, bool sha256, char out[80])
{
    unsigned char raw[32], one[32];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned n = 0;
    bool good = md && EVP_DigestInit_ex(md, sha256 ? EVP_sha256() : EVP_md5(), NULL);

    for (size_t i = 0; good && i < t->nb_parts; i++) {
        const struct trtc_transfer_part *p = &t->parts[i];

        good = sha256 || strspn(p->info.etag, "0123456789abcdefABCDEF") == 32;
        for (size_t k = 0; good && !sha256 && k < 16; k++)
            sscanf(p->info.etag + 2 * k, "%2hhx", &one[k]);
        good = good && EVP_DigestUpdate(md, sha256 ? p->sha256 : one, sha256 ? 32 : 16);
    }
    good = good && EVP_DigestFinal_ex(md, raw, &n);
    EVP_MD_CTX_free(md);
    *out = '\0';
    if (good && sha256)
        EVP_EncodeBlock((unsigned char *)out, raw, 32);
    for (unsigned i = 0; good && !sha256 && i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
    snprintf(out + strlen(out), 80 - strlen(out), "-%zu", t->nb_parts);
    return good;
}

static enum trtc_agree agree(bool yes)
{
    return yes ? TRTC_AGREE_YES : TRTC_AGREE_NO;
}

/* Compares by S3's checksum, or else by an ETag computed from what was sent. */
static enum trtc_agree head_s3(struct trtc_transfer *t, const char *sha256, const char *etag)
{
    char right[80];

    if (t->parts) {
        if (sha256 && composite(t, true, right) && strchr(sha256, '-'))
            return agree(!strcmp(sha256, right));
        if (composite(t, false, right) && strchr(etag, '-'))
            return agree(!strcasecmp(etag, right));
        return TRTC_AGREE_SILENT;
    }
    if (sha256)
        return agree(!strcmp(sha256, t->sent.sha256_b64));
    return t->agreed && *t->etag ? agree(!strcmp(etag, t->etag)) : TRTC_AGREE_SILENT;
}

static enum trtc_agree head_cos(struct trtc_transfer *t, const char *crc, const char *etag)
{
    char right[24];

    snprintf(right, sizeof right, "%" PRIu64, t->sent.crc64);
    if (crc)
        return agree(!strcmp(crc, right));
    return t->agreed && *t->etag ? agree(!strcmp(etag, t->etag)) : TRTC_AGREE_SILENT;
}

/* Reads the object and compares its CRC-64, for stores that return nothing else. */
static int read_back(struct trtc_transfer *t, enum trtc_agree *agrees, struct trtc_err *err)
{
    uint64_t crc = 0;

    for (int64_t at = 0; at < t->sent.bytes; at += BACK_BYTES) {
        const int64_t left = t->sent.bytes - at, n = left < BACK_BYTES ? left : BACK_BYTES;
        struct trtc_store_request q = trtc_transfer_request(t, "GET");
        struct trtc_store_answer answer;
        char range[64];
        int ret;

        snprintf(range, sizeof range, "bytes=%" PRId64 "-%" PRId64, at, at + n - 1);
        trtc_transfer_say(&q, "Range", range);
        ret = trtc_transfer_send(t, &q, &answer, err);
        crc = trtc_crc64(crc, answer.reply.body, answer.reply.body_bytes);
        if (!ret && (int64_t)answer.reply.body_bytes != n)
            crc = ~t->sent.crc64;
        trtc_store_answer_fini(&answer);
        if (ret)
            return -1;
    }
    *agrees = agree(crc == t->sent.crc64);
    return 0;
}

int trtc_transfer_prove(struct trtc_transfer *t, bool *again, struct trtc_err *err)
{
    struct trtc_store_request q = trtc_transfer_request(t, "HEAD");
    struct trtc_store_answer answer;
    enum trtc_agree agrees = TRTC_AGREE_SILENT;
    char etag[72], right[24];
    int ret;

    if (t->s->dialect->sha256 && !t->s->plain)
        trtc_transfer_say(&q, "x-amz-checksum-mode", "ENABLED");
    ret = trtc_transfer_send(t, &q, &answer, err);
    if (!ret) {
        const char *size = trtc_transfer_kept(&answer, "Content-Length");

        trtc_transfer_take_etag(trtc_transfer_kept(&answer, "ETag"), etag);
        snprintf(right, sizeof right, "%" PRId64, t->sent.bytes);
        if (!size || strcmp(size, right))
            agrees = TRTC_AGREE_NO;
        else if (t->s->dialect->sha256)
            agrees = head_s3(t, trtc_transfer_kept(&answer, "x-amz-checksum-sha256"), etag);
        else
            agrees = head_cos(t, trtc_transfer_kept(&answer, "x-cos-hash-crc64ecma"), etag);
        memcpy(t->etag, etag, sizeof etag);
    } else if (answer.reply.status == 404) {
        agrees = TRTC_AGREE_NO;
        ret = 0;
    } else if (answer.reply.status == 403) {
        trtc_fail(err, TRTC_EX_NOPERM,
                  "is stored, but cannot be verified: %s refuses HEAD with 403",
                  t->s->dialect->name);
    }
    trtc_store_answer_fini(&answer);
    if (!ret && agrees == TRTC_AGREE_SILENT)
        ret = read_back(t, &agrees, err);
    if (!ret && agrees == TRTC_AGREE_NO) {
        *again = true;
        ret = trtc_fail(err, TRTC_EX_TEMPFAIL, "what %s has differs from what was sent",
                        t->s->dialect->name);
    }
    return ret;
}
