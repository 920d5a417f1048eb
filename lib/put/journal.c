/* SPDX-License-Identifier: MIT */
/* The journal: a line for each fact, "CHECK WORD WORD ...". Words are percent-encoded if they
 * contain blanks.
 *
 *   place NAME
 *   done  HASH STAMP BYTES CRC64 ETAG FILEID URL KEY        "-" for an absent word
 *   begun HASH STAMP UPLOAD KEY
 *   part  HASH STAMP NUMBER OFFSET BYTES CRC64 ETAG
 *
 * A journal with mostly outdated lines is rewritten when it is opened. */
#define _XOPEN_SOURCE 700

#include "put/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/records.h"
#include "base/text.h"
#include "storage/crc64.h"

enum {
    CHECK_LEN = 8,
    WORDS_MAX = 10,
    LINE_MAX_BYTES = 32 << 10, /* a key and its URL, both encoded, with some room */
    OLD_LINES_MAX = 1000, /* outdated lines allowed in a small journal; else as many as others */
    TRIES = 16,
};

struct upload { /* begun, and not finished when the journal was opened */
    struct trtc_put_hash hash;
    uint64_t stamp;
    char *id;
    int64_t at; /* offset of the line in the journal */
    struct trtc_storage_part *parts;
    size_t nb_parts;
};

struct trtc_journal {
    int fd;
    char *path;
    int64_t end; /* end of the last complete line */
    struct upload *uploads;
    size_t nb_uploads;
    uint64_t nb_lines; /* lines read */
    char line[LINE_MAX_BYTES];
};

/* ---- words ---- */

static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '%';
}

/* Appends a word after the n bytes of the line, cut to the available room; no key or URL is that
 * long. */
static void put_word(struct trtc_journal *j, size_t *n, const char *word)
{
    static const char digits[] = "0123456789abcdef";
    char *out = j->line;
    if (!word || !*word)
        word = "-";
    if (*n > CHECK_LEN)
        out[(*n)++] = ' ';
    for (const unsigned char *s = (const unsigned char *)word; *s && *n + 8 < sizeof j->line; s++) {
        if (is_plain(*s)) {
            out[(*n)++] = (char)*s;
            continue;
        }
        out[(*n)++] = '%';
        out[(*n)++] = digits[*s >> 4];
        out[(*n)++] = digits[*s & 15];
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes a word in place; "-" becomes "". */
static void decode(char *s)
{
    char *out = s;
    if (strcmp(s, "-") == 0)
        s++;
    for (; *s; s++) {
        const bool coded = *s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0;
        *out++ = coded ? (char)(hex_digit(s[1]) << 4 | hex_digit(s[2])) : *s;
        s += coded ? 2 : 0;
    }
    *out = '\0';
}

static size_t split(char *line, char *words[WORDS_MAX])
{
    size_t n = 0;
    for (char *save = line; *save && n < WORDS_MAX;) {
        words[n++] = save;
        save += strcspn(save, " ");
        if (*save)
            *save++ = '\0';
        decode(words[n - 1]);
    }
    return n;
}

static bool hex_number(const char *s, size_t digits, uint64_t *out)
{
    char *end;
    *out = strtoull(s, &end, 16);
    return strlen(s) == digits && strspn(s, "0123456789abcdef") == digits;
}

static bool number(const char *s, int64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoll(s, &end, 10);
    return *s >= '0' && *s <= '9' && !*end && !errno;
}

static bool hash_of(const char *s, struct trtc_put_hash *out)
{
    char half[17] = "";
    if (strlen(s) != 32)
        return false;
    memcpy(half, s, 16);
    return hex_number(half, 16, &out->a) && hex_number(s + 16, 16, &out->b);
}

/* ---- writing ---- */

static void put_hex(struct trtc_journal *j, size_t *n, uint64_t v)
{
    char word[17];
    snprintf(word, sizeof word, "%016" PRIx64, v);
    put_word(j, n, word);
}

static void put_number(struct trtc_journal *j, size_t *n, int64_t v)
{
    char word[24];
    snprintf(word, sizeof word, "%" PRId64, v);
    put_word(j, n, word);
}

/* Begins a line with its kind and the file. Returns its length so far. */
static size_t put_head(struct trtc_journal *j, const char *kind,
                       const struct trtc_journal_file *file)
{
    char word[33];
    size_t n = CHECK_LEN;
    put_word(j, &n, kind);
    snprintf(word, sizeof word, "%016" PRIx64 "%016" PRIx64, file->hash.a, file->hash.b);
    put_word(j, &n, word);
    put_hex(j, &n, file->stamp);
    return n;
}

static uint32_t check_of(const char *s, size_t n)
{
    return (uint32_t)trtc_crc64(0, s, n);
}

/* Writes the line after the last complete one, over whatever is there. */
static int write_line(struct trtc_journal *j, size_t n, struct trtc_err *err)
{
    char check[CHECK_LEN + 1];
    snprintf(check, sizeof check, "%08" PRIx32, check_of(j->line + CHECK_LEN, n - CHECK_LEN));
    memcpy(j->line, check, CHECK_LEN);
    j->line[n++] = '\n';
    if (trtc_pwrite_all(j->fd, (struct trtc_bytes){ .p = (const void *)j->line, .n = n }, j->end,
                        j->path, err) < 0)
        return -1;
    j->end += (int64_t)n;
    return 0;
}

static int write_place(struct trtc_journal *j, const char *place, struct trtc_err *err)
{
    size_t n = CHECK_LEN;
    put_word(j, &n, "place");
    put_word(j, &n, place);
    return write_line(j, n, err);
}

int trtc_journal_begun(struct trtc_journal *j, const struct trtc_journal_file *file,
                       const char *upload, struct trtc_err *err)
{
    size_t n = put_head(j, "begun", file);
    put_word(j, &n, upload);
    put_word(j, &n, file->key);
    return write_line(j, n, err);
}

int trtc_journal_part(struct trtc_journal *j, const struct trtc_journal_file *file,
                      const struct trtc_storage_part *part, struct trtc_err *err)
{
    size_t n = put_head(j, "part", file);
    put_number(j, &n, part->number);
    put_number(j, &n, part->offset);
    put_number(j, &n, part->bytes);
    put_hex(j, &n, part->crc64);
    put_word(j, &n, part->etag);
    return write_line(j, n, err);
}

static struct upload *find_upload(const struct trtc_journal *j, struct trtc_put_hash hash)
{
    for (size_t i = 0; i < j->nb_uploads; i++)
        if (j->uploads[i].hash.a == hash.a && j->uploads[i].hash.b == hash.b)
            return &j->uploads[i];
    return NULL;
}

static void drop_upload(struct trtc_journal *j, struct trtc_put_hash hash)
{
    struct upload *u = find_upload(j, hash);
    if (!u)
        return;
    free(u->id);
    free(u->parts);
    *u = j->uploads[--j->nb_uploads];
}

int trtc_journal_done(struct trtc_journal *j, const struct trtc_journal_file *file,
                      const struct trtc_storage_proof *proof, int64_t *at, struct trtc_err *err)
{
    size_t n = put_head(j, "done", file);
    put_number(j, &n, proof->bytes);
    put_hex(j, &n, proof->crc64);
    put_word(j, &n, proof->etag);
    put_word(j, &n, proof->file_id);
    put_word(j, &n, proof->url);
    put_word(j, &n, file->key);
    *at = j->end;
    drop_upload(j, file->hash);
    return write_line(j, n, err);
}

int trtc_journal_sync(struct trtc_journal *j, struct trtc_err *err)
{
    if (trtc_fsync(j->fd) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot flush '%s'", j->path);
    return 0;
}

/* ---- reading ---- */

/* Splits a line (n bytes) with a valid checksum into words. Returns how many; 0: invalid. */
static size_t words_of(struct trtc_journal *j, const char *s, size_t n, char *words[WORDS_MAX])
{
    char check[CHECK_LEN + 1] = "";
    uint64_t want;
    if (n <= CHECK_LEN || n >= sizeof j->line)
        return 0;
    memcpy(check, s, CHECK_LEN);
    if (!hex_number(check, CHECK_LEN, &want) || want != check_of(s + CHECK_LEN, n - CHECK_LEN))
        return 0;
    memcpy(j->line, s + CHECK_LEN, n - CHECK_LEN);
    j->line[n - CHECK_LEN] = '\0';
    return split(j->line, words);
}

static int take_done(struct trtc_journal *j, char *const words[], struct trtc_proven *proven,
                     int64_t at, struct trtc_err *err)
{
    struct trtc_proven_entry e = { .at = at };
    if (!hash_of(words[1], &e.hash) || !hex_number(words[2], 16, &e.stamp) || !e.stamp)
        return 0;
    drop_upload(j, e.hash);
    return trtc_proven_add(proven, &e, err);
}

static int take_begun(struct trtc_journal *j, char *const words[], int64_t at, struct trtc_err *err)
{
    struct upload u = { .at = at };
    if (!hash_of(words[1], &u.hash) || !hex_number(words[2], 16, &u.stamp))
        return 0;
    drop_upload(j, u.hash);
    u.id = strdup(words[3]);
    if (!u.id || trtc_array_room(&j->uploads, j->nb_uploads, sizeof *j->uploads) < 0) {
        free(u.id);
        return trtc_fail_nomem(err);
    }
    j->uploads[j->nb_uploads++] = u;
    return 0;
}

static int take_part(struct trtc_journal *j, char *const words[], struct trtc_err *err)
{
    struct trtc_storage_part part = { 0 };
    struct trtc_put_hash hash;
    int64_t nr;
    struct upload *u = hash_of(words[1], &hash) ? find_upload(j, hash) : NULL;
    if (!u || !number(words[3], &nr) || nr < 1 || nr > TRTC_STORAGE_PARTS_MAX ||
        !number(words[4], &part.offset) || !number(words[5], &part.bytes) ||
        !hex_number(words[6], 16, &part.crc64) || strlen(words[7]) >= sizeof part.etag)
        return 0;
    part.number = (int)nr;
    memcpy(part.etag, words[7], strlen(words[7]) + 1);
    if (trtc_array_room(&u->parts, u->nb_parts, sizeof *u->parts) < 0)
        return trtc_fail_nomem(err);
    u->parts[u->nb_parts++] = part;
    return 0;
}

/* Handles one line at that position. */
static int take_line(struct trtc_journal *j, struct trtc_bytes line, struct trtc_proven *proven,
                     int64_t at, struct trtc_err *err)
{
    char *words[WORDS_MAX];
    const size_t n = words_of(j, (const char *)line.p, line.n, words);
    if (n == 9 && strcmp(words[0], "done") == 0)
        return take_done(j, words, proven, at, err);
    if (n == 5 && strcmp(words[0], "begun") == 0)
        return take_begun(j, words, at, err);
    if (n == 8 && strcmp(words[0], "part") == 0)
        return take_part(j, words, err);
    return 0;
}

/* Checks that the first line names this place. */
static int check_place(struct trtc_journal *j, struct trtc_bytes line, const char *place,
                       struct trtc_err *err)
{
    char *words[WORDS_MAX], shown[256];
    const size_t n = words_of(j, (const char *)line.p, line.n, words);
    if (n != 2 || strcmp(words[0], "place") != 0)
        return trtc_fail(err, TRTC_EX_CONFIG, "'%s' is not a journal", j->path);
    if (strcmp(words[1], place) == 0)
        return 0;
    trtc_text_show(words[1], strlen(words[1]), shown, sizeof shown);
    return trtc_fail(err, TRTC_EX_CONFIG, "journal '%s' belongs to another place: %s", j->path,
                     shown);
}

/* Accepts a truncated first line and nothing else: nothing is overwritten but the beginning of a
 * journal. */
static int check_torn(const struct trtc_journal *j, const char *s, size_t n, struct trtc_err *err)
{
    static const char word[] = "place ";
    size_t i = 0;
    while (s && i < n && i < CHECK_LEN && hex_digit(s[i]) >= 0)
        i++;
    while (s && i < n && i >= CHECK_LEN && i < CHECK_LEN + sizeof word - 1 &&
           s[i] == word[i - CHECK_LEN])
        i++;
    if (i == n || i == CHECK_LEN + sizeof word - 1)
        return 0;
    return trtc_fail(err, TRTC_EX_CONFIG, "'%s' is not a journal", j->path);
}

/* Reads all complete lines; j->end is the end of the last one. */
static int load(struct trtc_journal *j, const char *place, struct trtc_proven *proven,
                struct trtc_err *err)
{
    struct trtc_records r;
    const char *s;
    size_t n;
    int got = -1, ret = 0;
    j->end = 0;
    if (lseek(j->fd, 0, SEEK_SET) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "journal '%s'", j->path);
    if (trtc_records_init(&r, j->fd, '\n', sizeof j->line, err) < 0)
        return -1;
    r.name = j->path;
    while (ret == 0 && (got = trtc_records_next(&r, &s, &n, err)) > 0) {
        if (r.eof) { /* truncated */
            ret = r.nr == 1 ? check_torn(j, s, n, err) : 0;
            break;
        }
        const struct trtc_bytes line = { .p = (const void *)(s ? s : ""), .n = s ? n : 0 };
        ret =
            r.nr == 1 ? check_place(j, line, place, err) : take_line(j, line, proven, j->end, err);
        j->end = r.at; /* a line that is too long is ignored, but its bytes count */
        j->nb_lines = r.nr;
    }
    trtc_records_fini(&r);
    return got < 0 ? -1 : ret;
}

/* ---- rewriting ---- */

/* Whether the line at this offset is still valid: it is the last one about its file. */
static bool is_live(struct trtc_journal *j, struct trtc_bytes line,
                    const struct trtc_proven *proven, int64_t at)
{
    char *words[WORDS_MAX];
    struct trtc_put_hash hash;
    const size_t n = words_of(j, (const char *)line.p, line.n, words);
    if (n == 2)
        return at == 0;
    if (n < 3 || !hash_of(words[1], &hash))
        return false;
    if (strcmp(words[0], "done") == 0) {
        const struct trtc_proven_entry *e = trtc_proven_find(proven, hash);
        return e && e->at == at;
    }
    const struct upload *u = find_upload(j, hash);
    return u && (strcmp(words[0], "begun") == 0 ? u->at == at : u->at < at);
}

/* Writes the live lines to f. */
static int copy_live(struct trtc_journal *j, const struct trtc_proven *proven, struct trtc_file *f,
                     struct trtc_err *err)
{
    struct trtc_records r;
    const char *s;
    size_t n;
    int got = -1;
    int64_t at = 0, to = 0;
    if (lseek(j->fd, 0, SEEK_SET) < 0 ||
        trtc_records_init(&r, j->fd, '\n', sizeof j->line, err) < 0)
        return -1;
    r.name = j->path;
    while (at < j->end && (got = trtc_records_next(&r, &s, &n, err)) > 0) {
        const struct trtc_bytes line = { .p = (const void *)s, .n = n + 1 }; /* with its end */
        const int64_t line_at = at;
        at = r.at;
        if (!s || !is_live(j, (struct trtc_bytes){ line.p, n }, proven, line_at))
            continue;
        if ((got = trtc_pwrite_all(trtc_file_fd(f), line, to, trtc_file_path(f), err)) < 0)
            break;
        to += (int64_t)n + 1;
    }
    trtc_records_fini(&r);
    return got < 0 || at < j->end ? -1 : 0;
}

/* Whether most of the lines are outdated. */
static bool is_stale(const struct trtc_journal *j, const struct trtc_proven *proven)
{
    uint64_t live = 1 + proven->n;
    for (size_t i = 0; i < j->nb_uploads; i++)
        live += 1 + j->uploads[i].nb_parts;
    return j->nb_lines > OLD_LINES_MAX + 2 * live;
}

static bool is_named(int fd, const char *path)
{
    struct stat have, named;
    return fstat(fd, &have) == 0 && lstat(path, &named) == 0 && have.st_ino == named.st_ino &&
           have.st_dev == named.st_dev;
}

/* Replaces the journal by a new, locked file with only the lines that are still valid. Returns
 * true; false: the old file stays in use. */
static bool renew(struct trtc_journal *j, const struct trtc_proven *proven)
{
    struct stat st;
    struct trtc_err err;
    if (fstat(j->fd, &st) < 0 || st.st_nlink != 1 || st.st_uid != geteuid() ||
        !is_named(j->fd, j->path))
        return false; /* it has other names, or another owner, who could not open a file of ours */
    struct trtc_file *f = trtc_file_create(j->path, &err);
    int fd = f ? fcntl(trtc_file_fd(f), F_DUPFD_CLOEXEC, 0) : -1; /* has the lock, too */
    if (fd >= 0 && fchmod(fd, st.st_mode & 0777) == 0 && copy_live(j, proven, f, &err) == 0)
        trtc_file_commit(&f, true, &err);
    trtc_file_abort(&f);
    const bool renewed = fd >= 0 && is_named(fd, j->path);
    if (renewed) {
        const int old = j->fd;
        j->fd = fd;
        fd = old;
    }
    if (fd >= 0)
        close(fd);
    return renewed;
}

/* ---- opening ---- */

static int fail_open(const struct trtc_journal *j, int errnum, struct trtc_err *err)
{
    return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errnum, "journal '%s'", j->path);
}

/* Opens and locks the file. 1: done; 0: it was replaced meanwhile; -1: failure. */
static int open_locked(struct trtc_journal *j, struct trtc_err *err)
{
    struct stat have, named;
    j->fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (j->fd < 0 || fstat(j->fd, &have) < 0)
        return fail_open(j, errno, err);
    if (!S_ISREG(have.st_mode))
        return trtc_fail(err, TRTC_EX_CANTCREAT, "journal '%s': it is not a regular file", j->path);
    if (trtc_flock(j->fd) < 0 && errno == EWOULDBLOCK)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "journal '%s': another process is using it",
                         j->path);
    if (stat(j->path, &named) == 0 && named.st_ino == have.st_ino && named.st_dev == have.st_dev)
        return 1;
    close(j->fd);
    j->fd = -1;
    return 0;
}

/* Syncs the name of a new file to disk before anything is recorded in it. */
static int sync_name(const struct trtc_journal *j, struct trtc_err *err)
{
    const char *slash = strrchr(j->path, '/');
    char *dir = slash ? strndup(j->path, (size_t)(slash - j->path) + 1) : strdup(".");
    if (!dir)
        return trtc_fail_nomem(err);
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        trtc_fsync(fd); /* as far as the file system supports it */
        close(fd);
    }
    free(dir);
    return 0;
}

static int begin(struct trtc_journal *j, const char *place, struct trtc_proven *proven,
                 struct trtc_err *err)
{
    int got = 0;
    for (int i = 0; got == 0 && i < TRIES; i++)
        got = open_locked(j, err);
    if (got == 0)
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "journal '%s': another process is using it",
                         j->path);
    if (got < 0 || load(j, place, proven, err) < 0)
        return -1;
    if (j->end == 0)
        return write_place(j, place, err) < 0 || trtc_journal_sync(j, err) < 0 ? -1
                                                                               : sync_name(j, err);
    if (ftruncate(j->fd, (off_t)j->end) < 0) /* a truncated line */
        return fail_open(j, errno, err);
    return is_stale(j, proven) && renew(j, proven) ? load(j, place, proven, err) : 0;
}

struct trtc_journal *trtc_journal_open(const char *path, const char *place,
                                       struct trtc_proven *proven, struct trtc_err *err)
{
    struct trtc_journal *j = calloc(1, sizeof *j);
    if (j) {
        j->fd = -1;
        j->path = strdup(path);
    }
    if (!j || !j->path) {
        free(j);
        trtc_fail_nomem(err);
        return NULL;
    }
    if (begin(j, place, proven, err) < 0)
        trtc_journal_close(&j);
    return j;
}

void trtc_journal_close(struct trtc_journal **journal)
{
    struct trtc_journal *j = *journal;
    if (!j)
        return;
    while (j->nb_uploads)
        drop_upload(j, j->uploads[0].hash);
    free(j->uploads);
    if (j->fd >= 0)
        close(j->fd);
    free(j->path);
    free(j);
    *journal = NULL;
}

/* ---- looking up ---- */

static char *text_or_null(const char *s)
{
    return *s ? strdup(s) : NULL;
}

/* 0; -1: invalid words; TRTC_EX_TEMPFAIL: out of memory. */
static int take_proof(char *const words[], struct trtc_storage_proof *proof)
{
    *proof = (struct trtc_storage_proof){ 0 };
    if (!number(words[3], &proof->bytes) || !hex_number(words[4], 16, &proof->crc64) ||
        strlen(words[5]) >= sizeof proof->etag)
        return -1;
    memcpy(proof->etag, words[5], strlen(words[5]) + 1);
    proof->file_id = text_or_null(words[6]);
    proof->url = text_or_null(words[7]);
    if ((*words[6] && !proof->file_id) || (*words[7] && !proof->url)) {
        trtc_storage_proof_fini(proof);
        return TRTC_EX_TEMPFAIL;
    }
    return 0;
}

int trtc_journal_read(const struct trtc_journal *j, int64_t at, struct trtc_storage_proof *proof,
                      struct trtc_err *err)
{
    char *words[WORDS_MAX], *text = malloc(LINE_MAX_BYTES);
    struct trtc_journal *copy = calloc(1, sizeof *copy); /* a copy with a line buffer of its own */
    int ret = -1, taken = -1;
    const ssize_t n = text ? trtc_read_at(j->fd, text, LINE_MAX_BYTES, at) : -1;
    const char *lf = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
    if (lf && copy && words_of(copy, text, (size_t)(lf - text), words) == 9)
        taken = take_proof(words, proof);
    if (!text || !copy || taken == TRTC_EX_TEMPFAIL)
        trtc_fail_nomem(err);
    else if (taken < 0)
        trtc_fail(err, TRTC_EX_IOERR, "journal '%s': a line has changed", j->path);
    else
        ret = 0;
    free(copy);
    free(text);
    return ret;
}

struct trtc_storage_resume trtc_journal_upload(const struct trtc_journal *j,
                                               const struct trtc_journal_file *file)
{
    const struct upload *u = find_upload(j, file->hash);
    if (!u || u->stamp != file->stamp)
        return (struct trtc_storage_resume){ 0 };
    return (
        struct trtc_storage_resume){ .upload = u->id, .parts = u->parts, .nb_parts = u->nb_parts };
}
