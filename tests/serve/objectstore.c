/* SPDX-License-Identifier: MIT */
/* An object store on loopback. */
#include "serve/objectstore.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <microhttpd.h>

#include "serve/objectverify.h"
#include "serve/verify.h"
#include "storage/crc64.h"

enum { MD5 = 16, SHA256 = 32, NEXT_MAX = 32 };

/* Bytes and what stands for them. */
struct content {
    unsigned char *bytes; /* NULL: only the rest is kept */
    size_t n;
    uint64_t crc64;
    unsigned char md5[MD5], sha256[SHA256];
};

struct part {
    int number;
    struct content content;
};

struct upload {
    char id[48], *key;
    struct part *parts; /* by number */
    int nb_parts;
    bool sha256; /* it was begun with checksums */
    struct upload *next;
};

struct object {
    char *key, etag[80], sha256[80];
    struct content content;
    struct object *next;
};

struct rule {
    char operation[16];
    enum store_fault fault;
    int n, skip;
};

struct objectstore {
    struct objectstore_options o;
    struct MHD_Daemon *daemon;
    char url[64];
    pthread_mutex_t lock;
    struct object *objects;
    struct upload *uploads;
    struct objectstore_counts counts;
    enum store_fault always;
    struct rule next[NEXT_MAX];
    int nb_next, nb_ids;
    int nb_applied, nb_temporary; /* ApplyUploads, and requests with their keys */
    uint32_t seed;
    char *script;
};

/* A request while it comes in, and what goes out. */
struct request {
    struct objectstore *store;
    char *target; /* as it came */
    struct trtc_headers headers;
    unsigned char *body;
    size_t n, room;
    char checksum[64]; /* in base64, of a trailer or of a header field; "": none */
};

struct answer {
    int status;
    char *body;
    size_t n;
    const char *type;
    struct trtc_headers fields;
    enum store_fault fault;
    bool head;
    const char *quote; /* in errors */
};

/* A request, understood. */
struct parsed {
    const char *method, *operation;
    char *key, *path;
    bool cos, vod;
};

static const char *const fault_names[] = {
    [STORE_RIGHT] = "right",
    [STORE_BUSY] = "busy",
    [STORE_BEHIND] = "behind",
    [STORE_DROP] = "drop",
    [STORE_LOSE] = "lose",
    [STORE_CUT] = "cut",
    [STORE_REFUSE] = "refuse",
    [STORE_DIGEST] = "digest",
    [STORE_LIE] = "lie",
    [STORE_FLIP] = "flip",
    [STORE_FLIP_LIE] = "flip-lie",
    [STORE_SHORT] = "short",
    [STORE_SHORT_LIE] = "short-lie",
    [STORE_FORGET] = "forget",
    [STORE_LOSE_PART] = "lose-part",
    [STORE_SWAP] = "swap",
    [STORE_ERROR_IN_OK] = "error-in-ok",
    [STORE_GONE] = "gone",
    [STORE_SILENT] = "silent",
    [STORE_SKEWED] = "skewed",
};

/* ---- content ---- */

static void digest(struct content *c)
{
    const void *p = c->n ? c->bytes : (const void *)"";

    c->crc64 = trtc_crc64(0, p, c->n);
    EVP_Digest(p, c->n, c->md5, NULL, EVP_md5(), NULL);
    EVP_Digest(p, c->n, c->sha256, NULL, EVP_sha256(), NULL);
}

static void hex(const unsigned char *raw, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        sprintf(out + 2 * i, "%02x", raw[i]);
}

static void base64(const unsigned char *raw, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, raw, SHA256);
}

/* A copy with the damage that the fault does; *told: what the answer says of it. */
static struct content take(struct objectstore *s, const struct request *q, enum store_fault fault,
                           struct content *told)
{
    struct content c = { .bytes = q->body, .n = q->n };

    digest(&c);
    *told = c;
    c.bytes = malloc(q->n + 1);
    if (q->n)
        memcpy(c.bytes, q->body, q->n);
    if ((fault == STORE_FLIP || fault == STORE_FLIP_LIE) && q->n)
        c.bytes[s->seed % q->n] ^= 1;
    if ((fault == STORE_SHORT || fault == STORE_SHORT_LIE) && q->n)
        c.n -= 1 + s->seed % q->n / 2;
    if (fault >= STORE_FLIP && fault <= STORE_SHORT_LIE)
        digest(&c);
    if (fault == STORE_FLIP || fault == STORE_SHORT)
        *told = c;
    if (fault == STORE_LIE) {
        told->crc64 ^= 1;
        told->md5[0] ^= 1;
        told->sha256[0] ^= 1;
    }
    if (s->o.digests_only) {
        free(c.bytes);
        c.bytes = NULL;
    }
    return c;
}

/* ---- objects ---- */

static struct object *find(struct objectstore *s, const char *key)
{
    for (struct object *o = s->objects; o; o = o->next)
        if (!strcmp(o->key, key))
            return o;
    return NULL;
}

static struct object *make(struct objectstore *s, const char *key)
{
    struct object *o = find(s, key), **at = &s->objects;

    if (o) {
        free(o->content.bytes);
        o->content.bytes = NULL;
        return o;
    }
    while (*at && strcmp((*at)->key, key) < 0)
        at = &(*at)->next;
    o = calloc(1, sizeof *o);
    o->key = strdup(key);
    o->next = *at;
    *at = o;
    s->counts.objects++;
    return o;
}

static struct upload *find_upload(struct objectstore *s, const char *key, const char *id)
{
    for (struct upload *u = s->uploads; u; u = u->next)
        if (!strcmp(u->id, id) && !strcmp(u->key, key))
            return u;
    return NULL;
}

static void drop_upload(struct objectstore *s, struct upload *u)
{
    struct upload **at = &s->uploads;

    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    for (int i = 0; i < u->nb_parts; i++)
        free(u->parts[i].content.bytes);
    free(u->parts);
    free(u->key);
    free(u);
    s->counts.uploads--;
}

/* ---- answers ---- */

__attribute__((format(printf, 3, 4))) static void field(struct answer *a, const char *name,
                                                        const char *fmt, ...)
{
    char value[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    trtc_headers_add(&a->fields, name, value, NULL);
}

__attribute__((format(printf, 3, 4))) static void text(struct answer *a, int status,
                                                       const char *fmt, ...)
{
    va_list ap;
    size_t size;
    FILE *f;

    free(a->body);
    a->body = NULL;
    f = open_memstream(&a->body, &size);
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    fclose(f);
    a->n = size;
    a->status = status;
    a->type = "application/xml";
}

/* It quotes what nobody should see again. */
static void error(struct answer *a, int status, const char *code)
{
    text(a, status,
         "<?xml version='1.0'?>\n<Error><Code>%s</Code><Message>as it is &lt;%s&gt;</Message>"
         "<RequestId>r-1</RequestId></Error>",
         code, a->quote ? a->quote : "");
}

static char *xml(const char *s)
{
    char *out = malloc(6 * strlen(s) + 1), *p = out;

    for (; *s; s++) {
        if (*s == '&')
            p += sprintf(p, "&amp;");
        else if (strchr("<>\"", *s))
            p += sprintf(p, "&#%d;", *s);
        else
            *p++ = *s;
    }
    *p = '\0';
    return out;
}

/* What is said of bytes that have come. */
static void tell(struct answer *a, const struct parsed *p, const struct content *told,
                 const struct request *q)
{
    char etag[33], sha[48];

    a->status = 200;
    if (a->fault == STORE_SILENT) {
        field(a, "ETag", "\"not-an-md5\"");
        return;
    }
    hex(told->md5, MD5, etag);
    field(a, "ETag", "\"%s\"", etag);
    if (p->cos)
        field(a, "x-cos-hash-crc64ecma", "%" PRIu64, told->crc64);
    if (*q->checksum) {
        base64(told->sha256, sha);
        field(a, "x-amz-checksum-sha256", "%s", sha);
    }
}

/* A parameter of the query, decoded; the caller's. NULL: none. */
static char *param(const struct request *q, const char *name)
{
    const char *p = strchr(q->target, '?');

    for (p = p ? p + 1 : ""; *p; p += strcspn(p, "&"), p += *p == '&') {
        const size_t n = strcspn(p, "=&"), all = strcspn(p, "&");

        if (n == strlen(name) && !strncmp(p, name, n))
            return all > n ? objectverify_decode(p + n + 1, all - n - 1) : strdup("");
    }
    return NULL;
}

/* ---- operations ---- */

/* Takes a body out of its chunks, where it is in some. false: they are wrong. */
static bool unwrap(const struct objectstore *s, struct request *q, const struct parsed *p)
{
    const struct object_request v = { p->method, q->target, &q->headers };
    const char *sum = trtc_headers_get(&q->headers, "x-amz-content-sha256");
    const char *bytes = trtc_headers_get(&q->headers, "x-amz-decoded-content-length");
    const char *check = trtc_headers_get(&q->headers, "x-amz-checksum-sha256");
    long n;

    snprintf(q->checksum, sizeof q->checksum, "%s", check ? check : "");
    if (!sum || strncmp(sum, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 34) || s->o.unchecked)
        return true;
    n = objectverify_chunks(&v, s->o.key, q->body, q->n, q->checksum);
    q->n = n < 0 ? 0 : (size_t)n;
    return n >= 0 && bytes && atol(bytes) == n;
}

/* Whether the body is what the header fields of S3 say. */
static bool body_agrees(const struct request *q, struct answer *a)
{
    const char *sum = trtc_headers_get(&q->headers, "x-amz-content-sha256");
    unsigned char raw[SHA256];
    char h[65], b[48];

    if (!sum)
        return true;
    EVP_Digest(q->n ? q->body : (const void *)"", q->n, raw, NULL, EVP_sha256(), NULL);
    hex(raw, SHA256, h);
    base64(raw, b);
    if (strlen(sum) == 64 && strcmp(sum, h))
        error(a, 400, "XAmzContentSHA256Mismatch");
    else if (*q->checksum && strcmp(q->checksum, b))
        error(a, 400, "BadDigest");
    else
        return true;
    return false;
}

static void put(struct objectstore *s, const struct request *q, const struct parsed *p,
                struct answer *a)
{
    struct content told, c = take(s, q, a->fault, &told);
    struct object *o;

    if (a->fault == STORE_FORGET) {
        free(c.bytes);
    } else {
        o = make(s, p->key);
        o->content = c;
        hex(c.md5, MD5, o->etag);
        o->sha256[0] = '\0';
        if (*q->checksum)
            base64(c.sha256, o->sha256);
        if (a->fault == STORE_SILENT)
            strcpy(o->etag, "not-an-md5");
    }
    tell(a, p, &told, q);
}

static void begin(struct objectstore *s, const struct request *q, const struct parsed *p,
                  struct answer *a)
{
    struct upload *u = calloc(1, sizeof *u);
    char *key = xml(p->key);

    snprintf(u->id, sizeof u->id, "u+/=%d&<%u>", ++s->nb_ids, s->seed % 1000);
    u->key = strdup(p->key);
    u->sha256 = trtc_headers_get(&q->headers, "x-amz-checksum-algorithm") != NULL;
    u->next = s->uploads;
    s->uploads = u;
    s->counts.uploads++;
    char *id = xml(u->id);
    text(a, 200,
         "<?xml version=\"1.0\"?>\n<InitiateMultipartUploadResult xmlns=\"http://x/\"><Bucket>%s"
         "</Bucket>\n<Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>",
         OBJECTSTORE_BUCKET, key, id);
    free(id);
    free(key);
}

static struct upload *upload_of(struct objectstore *s, const struct request *q,
                                const struct parsed *p, struct answer *a)
{
    char *id = param(q, "uploadId");
    struct upload *u = id ? find_upload(s, p->key, id) : NULL;

    if (u && a->fault == STORE_GONE) {
        drop_upload(s, u);
        u = NULL;
    }
    if (!u)
        error(a, 404, "NoSuchUpload");
    free(id);
    return u;
}

static void put_part(struct objectstore *s, const struct request *q, const struct parsed *p,
                     struct answer *a)
{
    struct upload *u = upload_of(s, q, p, a);
    char *number = param(q, "partNumber");
    const int n = number ? atoi(number) : 0;
    struct content told, c;
    int at = 0;

    free(number);
    if (!u)
        return;
    if (n < 1 || n > 10000) {
        error(a, 400, "InvalidArgument");
        return;
    }
    c = take(s, q, a->fault, &told);
    s->counts.parts++;
    if (a->fault == STORE_FORGET) {
        free(c.bytes);
        tell(a, p, &told, q);
        return;
    }
    while (at < u->nb_parts && u->parts[at].number < n)
        at++;
    if (at < u->nb_parts && u->parts[at].number == n) {
        free(u->parts[at].content.bytes);
    } else {
        u->parts = realloc(u->parts, (size_t)(u->nb_parts + 1) * sizeof *u->parts);
        memmove(u->parts + at + 1, u->parts + at, (size_t)(u->nb_parts - at) * sizeof *u->parts);
        u->nb_parts++;
    }
    u->parts[at] = (struct part){ n, c };
    tell(a, p, &told, q);
}

static void list_parts(struct objectstore *s, const struct request *q, const struct parsed *p,
                       struct answer *a)
{
    const struct upload *u = upload_of(s, q, p, a);
    char *marker = param(q, "part-number-marker"), *max = param(q, "max-parts");
    const int after = marker ? atoi(marker) : 0, most = max && atoi(max) < 3 ? atoi(max) : 3;
    int nb = 0, last = 0;
    char *out = NULL;
    size_t size;
    FILE *f;

    free(marker);
    free(max);
    if (!u)
        return;
    f = open_memstream(&out, &size);
    for (int i = 0; i < u->nb_parts; i++) {
        const struct part *part = &u->parts[i];
        char etag[33];

        if (part->number <= after)
            continue;
        if (nb++ >= most)
            break;
        hex(part->content.md5, MD5, etag);
        last = part->number;
        fprintf(
            f,
            "<Part><PartNumber>%d</PartNumber><ETag>&quot;%s&quot;</ETag><Size>%zu</Size></Part>",
            part->number, etag, part->content.n);
    }
    fclose(f);
    /* few on a page, so that there are several */
    text(a, 200,
         "<ListPartsResult><IsTruncated>%s</IsTruncated><NextPartNumberMarker>%d"
         "</NextPartNumberMarker>%s</ListPartsResult>",
         nb > most ? "true" : "false", last, out);
    free(out);
}

static struct part *part_of(struct upload *u, int number)
{
    for (int i = 0; i < u->nb_parts; i++)
        if (u->parts[i].number == number)
            return &u->parts[i];
    return NULL;
}

/* The parts that the body names, as one. false: one of them is not there, or another. */
static bool join(struct objectstore *s, struct upload *u, const char *body, struct answer *a,
                 struct object *o)
{
    EVP_MD_CTX *md5 = EVP_MD_CTX_new(), *sha = EVP_MD_CTX_new();
    struct part *list[10000];
    unsigned char raw[SHA256];
    int nb = 0;
    bool good = true;

    for (const char *p = body; good && (p = strstr(p, "<PartNumber>")); p++) {
        struct part *part = part_of(u, atoi(p + 12));
        const char *etag = strstr(p, "<ETag>");
        char right[33];

        good = part && etag && nb < 10000;
        if (!good)
            break;
        hex(part->content.md5, MD5, right);
        /* the ETag of a part is what was answered; that may have been a lie, and then nobody minds */
        good = strstr(etag, right) || s->o.per_mille || s->nb_next || s->always;
        list[nb++] = part;
    }
    if (!nb)
        good = false;
    if (good && a->fault == STORE_LOSE_PART && nb > 1) {
        const int gone = (int)(s->seed % (unsigned)nb);

        memmove(list + gone, list + gone + 1, (size_t)(nb - gone - 1) * sizeof *list);
        nb--;
    }
    if (good && a->fault == STORE_SWAP && nb > 1) {
        struct part *first = list[0];

        list[0] = list[1];
        list[1] = first;
    }
    EVP_DigestInit_ex(md5, EVP_md5(), NULL);
    EVP_DigestInit_ex(sha, EVP_sha256(), NULL);
    o->content = (struct content){ 0 };
    for (int i = 0; good && i < nb; i++) {
        const struct content *c = &list[i]->content;

        EVP_DigestUpdate(md5, c->md5, MD5);
        EVP_DigestUpdate(sha, c->sha256, SHA256);
        o->content.crc64 = trtc_crc64_join(o->content.crc64, c->crc64, c->n);
        if (!s->o.digests_only) {
            o->content.bytes = realloc(o->content.bytes, o->content.n + c->n + 1);
            memcpy(o->content.bytes + o->content.n, c->bytes, c->n);
        }
        o->content.n += c->n;
    }
    EVP_DigestFinal_ex(md5, raw, NULL);
    hex(raw, MD5, o->etag);
    sprintf(o->etag + 32, "-%d", nb);
    EVP_DigestFinal_ex(sha, raw, NULL);
    o->sha256[0] = '\0';
    if (u->sha256) {
        base64(raw, o->sha256);
        sprintf(o->sha256 + strlen(o->sha256), "-%d", nb);
    }
    EVP_MD_CTX_free(md5);
    EVP_MD_CTX_free(sha);
    return good;
}

static void complete(struct objectstore *s, const struct request *q, const struct parsed *p,
                     struct answer *a)
{
    struct upload *u = upload_of(s, q, p, a);
    struct object joined = { 0 }, *o;

    if (!u)
        return;
    if (a->fault == STORE_ERROR_IN_OK) {
        error(a, 200, "InternalError");
        return;
    }
    if (!join(s, u, (const char *)q->body, a, &joined)) {
        free(joined.content.bytes);
        error(a, 400, "InvalidPart");
        return;
    }
    text(a, 200,
         "\n\n <?xml version='1.0'?><CompleteMultipartUploadResult><ETag>&quot;%s&quot;</ETag>"
         "</CompleteMultipartUploadResult>",
         joined.etag);
    if (p->cos)
        field(a, "x-cos-hash-crc64ecma", "%" PRIu64, joined.content.crc64);
    drop_upload(s, u);
    if (a->fault == STORE_FORGET) {
        free(joined.content.bytes);
        return;
    }
    o = make(s, p->key);
    o->content = joined.content;
    strcpy(o->etag, joined.etag);
    strcpy(o->sha256, joined.sha256);
}

static void get(struct objectstore *s, const struct request *q, const struct parsed *p,
                struct answer *a)
{
    const struct object *o = find(s, p->key);
    const char *range = trtc_headers_get(&q->headers, "Range");
    long long from = 0, to = o ? (long long)o->content.n - 1 : -1;

    if (!o) {
        error(a, 404, "NoSuchKey");
        return;
    }
    a->status = 200;
    a->type = "application/octet-stream";
    field(a, "ETag", "\"%s\"", o->etag);
    field(a, "Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT");
    if (p->cos && a->fault != STORE_SILENT && strcmp(o->etag, "not-an-md5"))
        field(a, "x-cos-hash-crc64ecma", "%" PRIu64, o->content.crc64);
    if (*o->sha256 && trtc_headers_get(&q->headers, "x-amz-checksum-mode") &&
        a->fault != STORE_SILENT)
        field(a, "x-amz-checksum-sha256", "%s", o->sha256);
    if (range && sscanf(range, "bytes=%lld-%lld", &from, &to) == 2)
        a->status = 206;
    if (to >= (long long)o->content.n)
        to = (long long)o->content.n - 1;
    a->n = (size_t)(to - from + 1);
    a->head = !strcmp(p->method, "HEAD");
    if (!a->head && o->content.bytes) {
        a->body = malloc(a->n + 1);
        memcpy(a->body, o->content.bytes + from, a->n);
    }
}

/* GET of the bucket: all keys that begin with prefix; with a delimiter those below another one as
 * one. */
static void list(struct objectstore *s, const struct request *q, struct answer *a)
{
    char *prefix = param(q, "prefix"), *delimiter = param(q, "delimiter"), *out = NULL,
         last[2048] = "";
    const size_t n = prefix ? strlen(prefix) : 0;
    size_t size;
    FILE *f = open_memstream(&out, &size);

    for (const struct object *o = s->objects; o; o = o->next) {
        const char *below = delimiter && *delimiter
                                ? strstr(o->key + (strlen(o->key) < n ? 0 : n), delimiter)
                                : NULL;
        char *key;

        if (strncmp(o->key, prefix ? prefix : "", n))
            continue;
        key = xml(o->key);
        if (below) {
            char common[2048];

            snprintf(common, sizeof common, "%.*s", (int)(below - o->key + 1), o->key);
            if (strcmp(common, last))
                fprintf(f, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", common);
            strcpy(last, common);
        } else {
            fprintf(f,
                    "<Contents><Key>%s</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                    "<ETag>&quot;%s&quot;</ETag><Size>%zu</Size></Contents>",
                    key, o->etag, o->content.n);
        }
        free(key);
    }
    fclose(f);
    text(a, 200,
         "<ListBucketResult><Name>%s</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>",
         OBJECTSTORE_BUCKET, out);
    free(out);
    free(prefix);
    free(delimiter);
}

/* ---- VOD ---- */

static void envelope(struct answer *a, cJSON *response)
{
    cJSON *e = cJSON_CreateObject();
    char *t;

    cJSON_AddStringToObject(response, "RequestId", "r-1");
    cJSON_AddItemToObject(e, "Response", response);
    t = cJSON_PrintUnformatted(e);
    text(a, 200, "%s", t);
    a->type = "application/json";
    free(t);
    cJSON_Delete(e);
}

static void api_error(struct answer *a, const char *code)
{
    cJSON *response = cJSON_CreateObject(), *e = cJSON_AddObjectToObject(response, "Error");

    cJSON_AddStringToObject(e, "Code", code);
    cJSON_AddStringToObject(e, "Message", "as it is");
    envelope(a, response);
}

static int find_key(void *arg, const char *id, struct trtc_verify_key *key)
{
    const struct objectstore *s = arg;

    if (strcmp(id, s->o.id))
        return -1;
    *key = (struct trtc_verify_key){ s->o.key, s->o.token };
    return 0;
}

static void apply(struct objectstore *s, const cJSON *body, struct answer *a)
{
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(body, "MediaType"));
    cJSON *r, *keys;
    char path[64];

    if (!type) {
        api_error(a, "MissingParameter");
        return;
    }
    r = cJSON_CreateObject();
    snprintf(path, sizeof path, "/vod/%d/%s.%s", ++s->nb_ids, "f+0", type);
    cJSON_AddStringToObject(r, "StorageBucket", OBJECTSTORE_BUCKET);
    cJSON_AddStringToObject(r, "StorageRegion", OBJECTSTORE_REGION);
    cJSON_AddStringToObject(r, "MediaStoragePath", path);
    cJSON_AddStringToObject(r, "VodSessionKey", path);
    keys = cJSON_AddObjectToObject(r, "TempCertificate");
    cJSON_AddStringToObject(keys, "SecretId", "TEMPORARYID");
    cJSON_AddStringToObject(keys, "SecretKey", "TEMPORARYKEY");
    cJSON_AddStringToObject(keys, "Token", "TEMPORARY+TOKEN/=");
    s->nb_applied++;
    cJSON_AddNumberToObject(keys, "ExpiredTime",
                            s->nb_applied == 1 && s->o.expire_unsaid ? (double)time(NULL) - 1
                                                                     : 4102444800.0);
    envelope(a, r);
}

static void commit(struct objectstore *s, const cJSON *body, struct answer *a)
{
    const char *session = cJSON_GetStringValue(cJSON_GetObjectItem(body, "VodSessionKey"));
    cJSON *r;
    char url[256];

    if (!session || !find(s, session + 1)) {
        api_error(a, "InvalidParameterValue.VodSessionKey");
        return;
    }
    r = cJSON_CreateObject();
    snprintf(url, sizeof url, "http://media.example%s", session);
    cJSON_AddStringToObject(r, "FileId", "387702299");
    cJSON_AddStringToObject(r, "MediaUrl", url);
    envelope(a, r);
}

static void act_vod(struct objectstore *s, const struct request *q, const struct parsed *p,
                    struct answer *a)
{
    const struct trtc_verify_rules rules = { .find = find_key, .arg = s };
    const struct trtc_verify_request v = { "POST", NULL, &q->headers, q->body, q->n };
    const char *version = trtc_headers_get(&q->headers, "X-TC-Version");
    enum trtc_verify_result bad = trtc_verify_signature(&v, &rules, time(NULL) + s->o.clock_s);
    cJSON *body = cJSON_ParseWithLength((const char *)q->body, q->n);

    if (bad && !s->o.unchecked) {
        s->counts.refused++;
        api_error(a, trtc_verify_code(bad));
    } else if (!version || strcmp(version, "2018-07-17")) {
        api_error(a, "NoSuchVersion");
    } else if (!strcmp(p->operation, "apply")) {
        apply(s, body, a);
    } else {
        commit(s, body, a);
    }
    cJSON_Delete(body);
}

/* ---- faults ---- */

static uint32_t random32(struct objectstore *s)
{
    s->seed = s->seed * 1664525 + 1013904223;
    return s->seed >> 8;
}

bool objectstore_suits(enum store_fault f, const char *operation)
{
    const bool body = !strcmp(operation, "put") || !strcmp(operation, "part");
    const bool upload =
        !strcmp(operation, "part") || !strcmp(operation, "complete") || !strcmp(operation, "list");

    switch (f) {
    case STORE_SKEWED: /* HEAD could not say it */
        return strcmp(operation, "head");
    case STORE_DIGEST:
    case STORE_LIE:
    case STORE_FLIP:
    case STORE_FLIP_LIE:
    case STORE_SHORT:
    case STORE_SHORT_LIE:
        return body;
    case STORE_FORGET:
        return body || !strcmp(operation, "complete");
    case STORE_SILENT:
        return !strcmp(operation, "put") || !strcmp(operation, "head");
    case STORE_LOSE_PART:
    case STORE_SWAP:
    case STORE_ERROR_IN_OK:
        return !strcmp(operation, "complete");
    case STORE_GONE:
        return upload;
    default:
        return true;
    }
}

static void read_script(struct objectstore *s)
{
    FILE *f = s->o.script ? fopen(s->o.script, "r") : NULL;
    char *all = calloc(1, 4096), *rest, *line, op[16], name[16], count[16];

    if (!f) {
        free(all);
        return;
    }
    if (fread(all, 1, 4095, f) == 0)
        *all = '\0';
    fclose(f);
    if (s->script && !strcmp(s->script, all)) {
        free(all);
        return;
    }
    free(s->script);
    s->script = strdup(all);
    s->nb_next = 0;
    for (line = strtok_r(all, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        struct rule r = { .n = -1 };

        if (sscanf(line, "%15s %15s %15s", op, count, name) != 3 || s->nb_next == NEXT_MAX)
            continue;
        strcpy(r.operation, op);
        r.n = strcmp(count, "-") ? atoi(count) : -1;
        for (int i = 0; i < STORE_FAULTS; i++)
            if (!strcmp(name, fault_names[i]))
                r.fault = (enum store_fault)i;
        s->next[s->nb_next++] = r;
    }
    free(all);
}

static enum store_fault choose(struct objectstore *s, const char *operation)
{
    read_script(s);
    if (s->always)
        return objectstore_suits(s->always, operation) ? s->always : STORE_RIGHT;
    for (int i = 0; i < s->nb_next; i++) {
        struct rule *r = &s->next[i];

        if (!r->n || (strcmp(r->operation, "any") && strcmp(r->operation, operation)))
            continue;
        if (r->skip-- > 0)
            continue;
        r->n -= r->n > 0;
        return r->fault;
    }
    if (!s->o.per_mille || (int)(random32(s) % 1000) >= s->o.per_mille)
        return STORE_RIGHT;
    for (;;) {
        const enum store_fault f = 1 + (enum store_fault)(random32(s) % (STORE_FAULTS - 1));

        if (objectstore_suits(f, operation) && !(s->o.but >> f & 1))
            return f;
    }
}

/* ---- a request ---- */

static void parse(struct objectstore *s, const struct request *q, const char *method,
                  struct parsed *p)
{
    const char *a = trtc_headers_get(&q->headers, "Authorization");
    const char *action = trtc_headers_get(&q->headers, "X-TC-Action");
    char *uploads = param(q, "uploads"), *id = param(q, "uploadId");
    const size_t n = strlen("/" OBJECTSTORE_BUCKET);

    (void)s;
    p->method = method;
    p->cos = a && !strncmp(a, "q-sign-algorithm=", 17);
    p->vod = action != NULL;
    p->path = objectverify_decode(q->target, strcspn(q->target, "?"));
    p->key = !strncmp(p->path, "/" OBJECTSTORE_BUCKET, n) && (p->path[n] == '/' || !p->path[n])
                 ? strdup(p->path + n + (p->path[n] == '/'))
                 : strdup(p->path + 1);
    p->operation = p->vod ? !strcmp(action, "ApplyUpload") ? "apply" : "commit"
                   : uploads && !strcmp(method, "POST") ? "begin"
                   : id && !strcmp(method, "PUT")       ? "part"
                   : id && !strcmp(method, "POST")      ? "complete"
                   : id && !strcmp(method, "GET")       ? "list"
                   : id                                 ? "abort"
                   : !strcmp(method, "PUT")             ? "put"
                   : !strcmp(method, "HEAD")            ? "head"
                                                        : "get";
    free(uploads);
    free(id);
}

/* The keys of an ApplyUpload are no longer good. */
static bool has_expired(struct objectstore *s)
{
    return s->o.expire_after > 0 && s->nb_applied == 1 && ++s->nb_temporary > s->o.expire_after;
}

static const char *verify(struct objectstore *s, const struct request *q, const struct parsed *p)
{
    const struct object_request v = { p->method, q->target, &q->headers };
    const int64_t now_s = time(NULL) + s->o.clock_s;
    const char *a = trtc_headers_get(&q->headers, "Authorization");

    if (s->o.unchecked || (!a && (!strcmp(p->method, "GET") || !strcmp(p->method, "HEAD"))))
        return NULL; /* anybody may read */
    if (p->cos && strstr(a, "q-ak=TEMPORARYID&") && has_expired(s))
        return s->o.expire_unsaid ? "AccessDenied" : "ExpiredToken";
    if (p->cos && strstr(a, "q-ak=TEMPORARYID&"))
        return objectverify_cos(&v, "TEMPORARYID", "TEMPORARYKEY", "TEMPORARY+TOKEN/=", now_s);
    return p->cos ? objectverify_cos(&v, s->o.id, s->o.key, s->o.token, now_s)
                  : objectverify_s3(&v, s->o.id, s->o.key, s->o.token, now_s);
}

static void act(struct objectstore *s, const struct request *q, const struct parsed *p,
                struct answer *a)
{
    if (p->vod)
        act_vod(s, q, p, a);
    else if (s->o.plain && (trtc_headers_get(&q->headers, "x-amz-checksum-sha256") ||
                            trtc_headers_get(&q->headers, "x-amz-trailer") ||
                            trtc_headers_get(&q->headers, "x-amz-checksum-algorithm")))
        error(a, 501, "NotImplemented");
    else if (!body_agrees(q, a))
        return;
    else if (!strcmp(p->operation, "put"))
        put(s, q, p, a);
    else if (!strcmp(p->operation, "part"))
        put_part(s, q, p, a);
    else if (!strcmp(p->operation, "begin"))
        begin(s, q, p, a);
    else if (!strcmp(p->operation, "complete"))
        complete(s, q, p, a);
    else if (!strcmp(p->operation, "list"))
        list_parts(s, q, p, a);
    else if (!strcmp(p->operation, "abort")) {
        struct upload *u = upload_of(s, q, p, a);

        if (u) {
            drop_upload(s, u);
            a->status = 204;
        }
    } else if (!*p->key && !strcmp(p->method, "GET"))
        list(s, q, a);
    else if (!*p->key)
        a->status = 200;
    else
        get(s, q, p, a);
}

static void log_it(struct objectstore *s, const struct request *q, const struct parsed *p,
                   const struct answer *a)
{
    cJSON *j, *headers;
    char *line;

    if (!s->o.log)
        return;
    j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "operation", p->operation);
    cJSON_AddStringToObject(j, "method", p->method);
    cJSON_AddStringToObject(j, "target", q->target);
    cJSON_AddStringToObject(j, "key", p->key);
    headers = cJSON_AddObjectToObject(j, "headers");
    for (size_t i = 0; i < q->headers.nb; i++) {
        char *name = strdup(q->headers.list[i].name);

        for (char *c = name; *c; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 32) : *c;
        cJSON_AddStringToObject(headers, name, q->headers.list[i].value);
        free(name);
    }
    cJSON_AddNumberToObject(j, "bytes", (double)q->n);
    if (p->vod)
        cJSON_AddItemToObject(j, "body", cJSON_ParseWithLength((const char *)q->body, q->n));
    cJSON_AddNumberToObject(j, "status", a->status);
    cJSON_AddStringToObject(j, "fault", fault_names[a->fault]);
    line = cJSON_PrintUnformatted(j);
    fprintf(s->o.log, "%s\n", line);
    fflush(s->o.log);
    free(line);
    cJSON_Delete(j);
}

/* Works it out; the lock is held. */
static void work_out(struct objectstore *s, struct request *q, const char *method, struct answer *a)
{
    struct parsed p;
    const char *bad;

    parse(s, q, method, &p);
    a->fault = choose(s, p.operation);
    a->status = 500;
    a->quote = s->o.key;
    s->counts.requests++;
    s->counts.faults[a->fault]++;
    bad = p.vod ? NULL : verify(s, q, &p);
    if (!bad && !unwrap(s, q, &p))
        bad = "SignatureDoesNotMatch";
    s->counts.streamed += trtc_headers_get(&q->headers, "x-amz-decoded-content-length") != NULL;
    if (bad) {
        s->counts.refused++;
        error(a, 403, bad);
    } else if (a->fault == STORE_BUSY) {
        error(a, 503, "SlowDown");
    } else if (a->fault == STORE_REFUSE) {
        error(a, 403, "AccessDenied");
    } else if (a->fault == STORE_SKEWED) {
        error(a, 403, "RequestTimeTooSkewed");
    } else if (a->fault == STORE_DIGEST) {
        error(a, 400, "BadDigest");
    } else if (a->fault != STORE_DROP) {
        act(s, q, &p, a);
        if (a->fault == STORE_BEHIND)
            error(a, 500, "InternalError");
    }
    log_it(s, q, &p, a);
    free(p.key);
    free(p.path);
}

/* ---- HTTP ---- */

static void send_some(int fd, const struct answer *a)
{
    char head[512];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nContent-Type: application/xml\r\n",
                     a->status, a->n + 10);

    /* the head's half, or a head and no whole body */
    if (a->n % 2)
        n += snprintf(head + n, sizeof head - (size_t)n, "\r\n<");
    (void)!send(fd, head, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* For HEAD, and for bytes that were not kept. */
static ssize_t no_bytes(void *arg, uint64_t at, char *out, size_t n)
{
    (void)arg;
    (void)at;
    memset(out, 0, n);
    return (ssize_t)n;
}

static enum MHD_Result respond(struct MHD_Connection *c, const char *method, struct request *q)
{
    const int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct answer a = { 0 };
    struct MHD_Response *m;
    enum MHD_Result ret = MHD_NO;
    const time_t now = time(NULL) + q->store->o.clock_s;
    struct tm tm;
    char date[64];

    pthread_mutex_lock(&q->store->lock);
    work_out(q->store, q, method, &a);
    pthread_mutex_unlock(&q->store->lock);
    if (a.fault == STORE_CUT)
        send_some(fd, &a);
    if (a.fault != STORE_DROP && a.fault != STORE_LOSE && a.fault != STORE_CUT) {
        m = a.n && !a.body ? MHD_create_response_from_callback(a.n, 4096, no_bytes, NULL, NULL)
                           : MHD_create_response_from_buffer(a.n, a.body, MHD_RESPMEM_MUST_FREE);
        gmtime_r(&now, &tm);
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        MHD_add_response_header(m, "Date", date);
        if (a.type)
            MHD_add_response_header(m, "Content-Type", a.type);
        for (size_t i = 0; i < a.fields.nb; i++)
            MHD_add_response_header(m, a.fields.list[i].name, a.fields.list[i].value);
        ret = MHD_queue_response(c, (unsigned)a.status, m);
        MHD_destroy_response(m);
    } else {
        free(a.body);
    }
    trtc_headers_fini(&a.fields);
    return ret;
}

static enum MHD_Result keep_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    return trtc_headers_add(arg, name, value ? value : "", NULL) ? MHD_NO : MHD_YES;
}

/* The target as it came. */
static void *keep_target(void *arg, const char *uri, struct MHD_Connection *c)
{
    struct request *q = calloc(1, sizeof *q);

    (void)c;
    q->store = arg;
    q->target = strdup(uri);
    return q;
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *c, const char *url,
                             const char *method, const char *version, const char *data, size_t *n,
                             void **state)
{
    struct request *q = *state;

    (void)arg;
    (void)url;
    (void)version;
    if (!q->body) {
        const char *length;

        MHD_get_connection_values(c, MHD_HEADER_KIND, keep_field, &q->headers);
        length = trtc_headers_get(&q->headers, "Content-Length");
        q->room = length ? (size_t)atoll(length) + 1 : 1;
        q->body = malloc(q->room);
        q->body[0] = '\0';
        return MHD_YES;
    }
    if (*n) {
        if (q->n + *n + 1 > q->room) {
            q->room = 2 * (q->n + *n) + 1;
            q->body = realloc(q->body, q->room);
        }
        memcpy(q->body + q->n, data, *n);
        q->n += *n;
        q->body[q->n] = '\0';
        *n = 0;
        return MHD_YES;
    }
    return respond(c, method, q);
}

static void completed(void *arg, struct MHD_Connection *c, void **state,
                      enum MHD_RequestTerminationCode why)
{
    struct request *q = *state;

    (void)arg;
    (void)c;
    (void)why;
    if (!q)
        return;
    trtc_headers_fini(&q->headers);
    free(q->target);
    free(q->body);
    free(q);
    *state = NULL;
}

static void silent(void *arg, const char *fmt, va_list ap)
{
    (void)arg;
    (void)fmt;
    (void)ap;
}

struct objectstore *objectstore_start(const struct objectstore_options *options)
{
    const struct sockaddr_in here = { .sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct objectstore *s = calloc(1, sizeof *s);

    s->o = *options;
    s->seed = options->seed;
    pthread_mutex_init(&s->lock, NULL);
    s->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ERROR_LOG | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
        0, NULL, NULL, serve, s, MHD_OPTION_EXTERNAL_LOGGER, silent, NULL, MHD_OPTION_SOCK_ADDR,
        &here, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        keep_target, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)1 << 18, MHD_OPTION_END);
    if (!s->daemon) {
        free(s);
        return NULL;
    }
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u",
             MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    return s;
}

void objectstore_stop(struct objectstore **store)
{
    struct objectstore *s = *store;

    if (!s)
        return;
    MHD_stop_daemon(s->daemon);
    while (s->uploads)
        drop_upload(s, s->uploads);
    while (s->objects) {
        struct object *o = s->objects;

        s->objects = o->next;
        free(o->content.bytes);
        free(o->key);
        free(o);
    }
    free(s->script);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *store = NULL;
}

const char *objectstore_url(const struct objectstore *s)
{
    return s->url;
}

bool objectstore_has(struct objectstore *s, const char *key, const void *bytes, size_t n)
{
    const struct object *o;
    bool ret;

    pthread_mutex_lock(&s->lock);
    o = find(s, key);
    ret =
        o && o->content.n == n && (!n || (o->content.bytes && !memcmp(o->content.bytes, bytes, n)));
    pthread_mutex_unlock(&s->lock);
    return ret;
}

bool objectstore_has_crc(struct objectstore *s, const char *key, uint64_t crc64, int64_t n)
{
    const struct object *o;
    bool ret;

    pthread_mutex_lock(&s->lock);
    o = find(s, key);
    ret = o && (int64_t)o->content.n == n && o->content.crc64 == crc64;
    pthread_mutex_unlock(&s->lock);
    return ret;
}

struct objectstore_counts objectstore_counts(struct objectstore *s)
{
    struct objectstore_counts c;

    pthread_mutex_lock(&s->lock);
    c = s->counts;
    pthread_mutex_unlock(&s->lock);
    return c;
}

void objectstore_always(struct objectstore *s, enum store_fault fault)
{
    pthread_mutex_lock(&s->lock);
    s->always = fault;
    pthread_mutex_unlock(&s->lock);
}

void objectstore_next(struct objectstore *s, const char *operation, enum store_fault fault, int n,
                      int skip)
{
    struct rule r = { .fault = fault, .n = n, .skip = skip };

    pthread_mutex_lock(&s->lock);
    snprintf(r.operation, sizeof r.operation, "%s", operation);
    for (int i = 0; i < s->nb_next && r.n; i++)
        if (!s->next[i].n) {
            s->next[i] = r;
            r.n = 0;
        }
    if (r.n && s->nb_next < NEXT_MAX)
        s->next[s->nb_next++] = r;
    pthread_mutex_unlock(&s->lock);
}
