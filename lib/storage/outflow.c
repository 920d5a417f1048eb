/* SPDX-License-Identifier: MIT */
/* A body that is read from its file while it is sent. */
#include "storage/outflow_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "storage/crc64.h"

#define TRAILER "x-amz-checksum-sha256"

enum {
    HEX = TRTC_SIGN_HEX - 1,
    EXTRA = 512, /* room for what surrounds a chunk */
};

struct trtc_outflow {
    struct trtc_storage *s;
    int fd;
    int64_t offset, bytes;
    size_t chunk_bytes;
    EVP_MD_CTX *sha256, *md5; /* S3 */
    /* for one attempt */
    struct trtc_signable in;
    char before[TRTC_SIGN_HEX]; /* the signature of the previous chunk */
    int64_t at;                 /* how many bytes are in chunks so far */
    uint64_t crc64;
    bool ended, shrunk, failed;
    int errnum; /* errno of a failed read */
    struct trtc_digest sent;
    /* the chunk being sent: text before and after the storage's buffer */
    char head[EXTRA], tail[EXTRA];
    struct trtc_bytes left[3];
};

struct trtc_outflow *trtc_outflow_new(struct trtc_storage *s, int fd,
                                      const struct trtc_storage_part *part, struct trtc_err *err)
{
    struct trtc_outflow *t = calloc(1, sizeof *t);

    if (t) {
        *t =
            (struct trtc_outflow){ .s = s, .fd = fd, .offset = part->offset, .bytes = part->bytes };
        t->chunk_bytes = s->o.part_bytes ? s->o.part_bytes : TRTC_STORAGE_PART_BYTES;
        t->sha256 = EVP_MD_CTX_new();
        t->md5 = EVP_MD_CTX_new();
    }
    if (!t || !t->sha256 || !t->md5 || trtc_store_room(s, t->chunk_bytes, err)) {
        trtc_outflow_free(&t);
        trtc_fail_nomem(err);
    }
    return t;
}

void trtc_outflow_free(struct trtc_outflow **outflow)
{
    if (!*outflow)
        return;
    EVP_MD_CTX_free((*outflow)->sha256);
    EVP_MD_CTX_free((*outflow)->md5);
    free(*outflow);
    *outflow = NULL;
}

/* ---- chunks ---- */

static bool is_s3(const struct trtc_outflow *t)
{
    return t->s->dialect->sha256;
}

static size_t chunk_at(const struct trtc_outflow *t, int64_t at)
{
    const int64_t left = t->bytes - at;

    return left < (int64_t)t->chunk_bytes ? (size_t)left : t->chunk_bytes;
}

/* The size of a chunk: "SIZE;chunk-signature=HEX CR LF", n bytes, CR LF. */
static size_t framed(size_t n)
{
    char size[24];

    return (size_t)snprintf(size, sizeof size, "%zx", n) + strlen(";chunk-signature=") + HEX + 4 +
           n;
}

size_t trtc_outflow_wire_bytes(const struct trtc_outflow *t)
{
    size_t sum = framed(0);

    if (!is_s3(t))
        return (size_t)t->bytes;
    for (int64_t at = 0; at < t->bytes; at += (int64_t)t->chunk_bytes)
        sum += framed(chunk_at(t, at));
    if (!t->s->plain)
        sum += strlen(TRAILER ":") + 44 + 2 + strlen("x-amz-trailer-signature:") + HEX + 2;
    return sum;
}

int trtc_outflow_add_fields(const struct trtc_outflow *t, struct trtc_headers *out,
                            struct trtc_err *err)
{
    char bytes[24];

    snprintf(bytes, sizeof bytes, "%" PRId64, t->bytes);
    if (trtc_headers_add(out, "x-amz-content-sha256",
                         t->s->plain ? TRTC_SIGN_CHUNKS : TRTC_SIGN_CHUNKS "-TRAILER", err) ||
        trtc_headers_add(out, "Content-Encoding", "aws-chunked", err) ||
        trtc_headers_add(out, "x-amz-decoded-content-length", bytes, err))
        return -1;
    return t->s->plain ? 0 : trtc_headers_add(out, "x-amz-trailer", TRAILER, err);
}

void trtc_outflow_start(struct trtc_outflow *t, const struct trtc_signable *in,
                        const char *authorization)
{
    const char *signature = strstr(authorization, "Signature=");

    t->in = *in;
    snprintf(t->before, sizeof t->before, "%s", signature ? signature + 10 : "");
    t->at = 0;
    t->crc64 = 0;
    t->ended = t->shrunk = false;
    t->errnum = 0;
    t->failed = is_s3(t) && (!EVP_DigestInit_ex(t->sha256, EVP_sha256(), NULL) ||
                             !EVP_DigestInit_ex(t->md5, EVP_md5(), NULL));
    memset(t->left, 0, sizeof t->left);
}

static bool read_chunk(struct trtc_outflow *t, size_t n)
{
    size_t got = 0;

    while (got < n) {
        const ssize_t k =
            trtc_read_at(t->fd, t->s->room + got, n - got, t->offset + t->at + (int64_t)got);

        t->shrunk = k == 0;
        t->errnum = k < 0 ? errno : 0;
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    t->crc64 = trtc_crc64(t->crc64, t->s->room, n);
    return !is_s3(t) ||
           (EVP_DigestUpdate(t->sha256, t->s->room, n) && EVP_DigestUpdate(t->md5, t->s->room, n));
}

/* Computes the digest of the whole, once it has been read. */
static bool finish(struct trtc_outflow *t)
{
    unsigned char md5[16];

    t->ended = true;
    t->sent = (struct trtc_digest){ .crc64 = t->crc64, .bytes = t->bytes };
    if (!is_s3(t))
        return true;
    if (!EVP_DigestFinal_ex(t->sha256, t->sent.sha256, NULL) ||
        !EVP_DigestFinal_ex(t->md5, md5, NULL))
        return false;
    EVP_EncodeBlock((unsigned char *)t->sent.sha256_b64, t->sent.sha256, sizeof t->sent.sha256);
    for (size_t i = 0; i < sizeof md5; i++)
        snprintf(t->sent.md5_hex + 2 * i, 3, "%02x", md5[i]);
    return true;
}

/* Writes the trailer: the checksum, and its signature. */
static bool put_trailer(struct trtc_outflow *t)
{
    char line[80], signature[TRTC_SIGN_HEX];

    snprintf(line, sizeof line, TRAILER ":%s", t->sent.sha256_b64);
    if (trtc_sign_s3_trailer(&t->in, t->before, line, signature, NULL))
        return false;
    snprintf(t->tail, sizeof t->tail, "%s\r\nx-amz-trailer-signature:%s\r\n\r\n", line, signature);
    return true;
}

/* Reads and frames the next chunk. The last one is empty. */
static bool make_chunk(struct trtc_outflow *t)
{
    const size_t n = chunk_at(t, t->at);
    const struct trtc_bytes data = { t->s->room, n };
    char signature[TRTC_SIGN_HEX];

    if (!read_chunk(t, n))
        return false;
    t->at += (int64_t)n;
    *t->head = *t->tail = '\0';
    if ((n == 0 || (!is_s3(t) && t->at == t->bytes)) && !finish(t))
        return false;
    if (is_s3(t)) {
        if (trtc_sign_s3_chunk(&t->in, t->before, data, signature, NULL))
            return false;
        memcpy(t->before, signature, sizeof t->before);
        snprintf(t->head, sizeof t->head, "%zx;chunk-signature=%s\r\n", n, signature);
        snprintf(t->tail, sizeof t->tail, "\r\n");
        if (n == 0 && !t->s->plain && !put_trailer(t))
            return false;
    }
    t->left[0] = (struct trtc_bytes){ (const uint8_t *)t->head, strlen(t->head) };
    t->left[1] = data;
    t->left[2] = (struct trtc_bytes){ (const uint8_t *)t->tail, strlen(t->tail) };
    return true;
}

size_t trtc_outflow_next(void *outflow, void *out, size_t n)
{
    struct trtc_outflow *t = outflow;
    size_t got = 0;

    while (got < n && !t->failed) {
        int i = 0;

        while (i < 3 && !t->left[i].n)
            i++;
        if (i == 3) {
            if (t->ended)
                break;
            t->failed = !make_chunk(t);
            continue;
        }
        const size_t k = t->left[i].n < n - got ? t->left[i].n : n - got;

        memcpy((uint8_t *)out + got, t->left[i].p, k);
        t->left[i].p += k;
        t->left[i].n -= k;
        got += k;
    }
    return t->failed ? 0 : got;
}

bool trtc_outflow_digest(struct trtc_outflow *t, struct trtc_digest *out)
{
    *out = t->sent;
    return t->ended && !t->failed;
}

void trtc_outflow_explain(const struct trtc_outflow *t, bool *again, struct trtc_err *err)
{
    if (t->errnum) {
        trtc_fail_errno(err, TRTC_EX_IOERR, t->errnum, "cannot read it");
    } else if (t->shrunk) {
        *again = true;
        trtc_fail(err, TRTC_EX_TEMPFAIL, "it became shorter while it was sent");
    }
}
