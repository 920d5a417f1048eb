/* SPDX-License-Identifier: MIT */
/* Writes the journal and standard output, for several files at once. */
#define _XOPEN_SOURCE 700

#include "write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "base/array.h"
#include "base/json_put.h"

void put_done_free(struct put_done **d)
{
    if (!*d)
        return;
    free((*d)->path);
    free((*d)->key);
    trtc_storage_proof_fini(&(*d)->proof);
    free(*d);
    *d = NULL;
}

/* Handles a failure of the run itself that leaves stored files unreported: no new job begins. */
static void give_up(struct put *p, const struct put_done *list, const struct trtc_err *err)
{
    cli_report(err);
    pthread_mutex_lock(&p->lock);
    for (const struct put_done *d = list; d; d = d->next)
        if (d->job)
            trtc_order_fail(p->order, d->job, err->code);
    put_worsen(p, err->code);
    p->no_more = true;
    p->stop = 1;
    pthread_cond_broadcast(&p->room);
    pthread_mutex_unlock(&p->lock);
}

static int journal_all(struct put *p, struct put_done *list, int64_t *ats, struct trtc_err *err)
{
    bool any = false;
    size_t i = 0;
    for (struct put_done *d = list; d; d = d->next, i++) {
        const struct trtc_journal_file file = { d->hash, d->stamp, d->key };
        ats[i] = -1;
        if (d->known || !p->journal)
            continue;
        pthread_mutex_lock(&p->lock);
        const int ret = trtc_journal_done(p->journal, &file, &d->proof, &ats[i], err);
        pthread_mutex_unlock(&p->lock);
        if (ret < 0)
            return -1;
        any = true;
    }
    return any ? trtc_journal_sync(p->journal, err) : 0;
}

/* Replaces *s by a copy of its own. */
static int copy_text(char **s, struct trtc_err *err)
{
    if (*s && !(*s = strdup(*s)))
        return trtc_fail_nomem(err);
    return 0;
}

/* Reports a file stored by an earlier run as it was reported then. */
static int recall(struct put *p, struct put_done *d, struct trtc_err *err)
{
    int ret = 0;
    if (!d->known || !p->o->json)
        return 0;
    pthread_mutex_lock(&p->lock);
    const struct trtc_proven_entry *e = trtc_proven_find(&p->proven, d->hash);
    if (e && e->at >= 0) {
        ret = trtc_journal_read(p->journal, e->at, &d->proof, err);
    } else if (e && e->at <= PUT_KEPT) {
        d->proof = p->kept[PUT_KEPT - e->at];
        ret = copy_text(&d->proof.url, err);
        if (ret < 0)
            d->proof.file_id = NULL; /* it belongs to p->kept */
        else
            ret = copy_text(&d->proof.file_id, err);
    }
    pthread_mutex_unlock(&p->lock);
    return ret;
}

/* Keeps the proof of a file that has not been given as a path yet; without a journal it would be
 * lost. The caller holds the lock. */
static int64_t keep(struct put *p, struct put_done *d)
{
    if (trtc_array_room(&p->kept, p->nb_kept, sizeof *p->kept) < 0)
        return -1; /* then the file is put again */
    p->kept[p->nb_kept] = d->proof;
    d->proof = (struct trtc_storage_proof){ 0 };
    return PUT_KEPT - (int64_t)p->nb_kept++;
}

static void print_json(const char *line, const struct put_done *d)
{
    char crc[24];
    cJSON *o = cJSON_CreateObject();
    snprintf(crc, sizeof crc, "%llu", (unsigned long long)d->proof.crc64);
    trtc_json_put_text(&o, "path", line);
    trtc_json_put_text(&o, "key", d->key);
    trtc_json_put_number(&o, "bytes", (double)d->proof.bytes);
    trtc_json_put_text(&o, "crc64", crc);
    if (*d->proof.etag)
        trtc_json_put_text(&o, "etag", d->proof.etag);
    if (d->proof.url)
        trtc_json_put_text(&o, "url", d->proof.url);
    if (d->proof.file_id)
        trtc_json_put_text(&o, "file_id", d->proof.file_id);
    cli_put_json(o, false);
    cJSON_Delete(o);
}

static void print(const struct put *p, const char *line, const struct put_done *d)
{
    if (p->o->json) {
        print_json(line, d);
        return;
    }
    fputs(line, stdout);
    putchar(p->o->null ? '\0' : '\n');
}

/* Remembers a file and releases its job. Returns how many lines this answers, and *line, which the
 * caller frees. */
static int64_t release(struct put *p, struct put_done *d, int64_t at, char **line,
                       struct trtc_err *err)
{
    struct trtc_proven_entry e = { d->hash, d->stamp, at };
    int64_t nb_lines = -1;
    pthread_mutex_lock(&p->lock);
    if (p->o->json && !p->journal && !d->known && !d->job->nb_lines)
        e.at = keep(p, d);
    *line = strdup(trtc_order_line(d->job));
    if (!*line)
        trtc_fail_nomem(err);
    else if (d->known || trtc_proven_add(&p->proven, &e, err) == 0)
        nb_lines = trtc_order_done(p->order, d->job);
    d->job = nb_lines < 0 ? d->job : NULL;
    pthread_cond_broadcast(&p->work);
    pthread_cond_signal(&p->room);
    pthread_mutex_unlock(&p->lock);
    return nb_lines;
}

/* Deletes a file if it is still what was proven and its path was given. */
static void remove_file(struct put *p, const struct put_done *d)
{
    struct stat st;
    struct trtc_err err;
    if (!d->asked || d->growing || lstat(d->path, &st) < 0 || trtc_put_stamp(&st) != d->stamp)
        return;
    if (unlink(d->path) == 0 || errno == ENOENT)
        return;
    trtc_fail_errno(&err, TRTC_EX_IOERR, errno, "%s: cannot delete it", d->path);
    cli_report(&err);
    pthread_mutex_lock(&p->lock);
    put_worsen(p, err.code);
    pthread_mutex_unlock(&p->lock);
}

static int write_one(struct put *p, struct put_done *d, int64_t at, struct trtc_err *err)
{
    const int64_t bytes = d->proof.bytes;
    char *line = NULL;
    if (recall(p, d, err) < 0)
        return -1;
    const int64_t nb_lines = release(p, d, at, &line, err);
    for (int64_t i = 0; i < nb_lines; i++)
        print(p, line, d);
    d->asked = nb_lines > 0;
    p->nb_put++;
    p->put_bytes += d->known ? 0 : bytes;
    free(line);
    return nb_lines < 0 ? -1 : 0;
}

static int write_all(struct put *p, struct put_done *list, const int64_t *ats, struct trtc_err *err)
{
    size_t i = 0;
    for (struct put_done *d = list; d; d = d->next)
        if (write_one(p, d, ats[i++], err) < 0)
            return -1;
    return cli_flush(err);
}

/* Shows progress on a terminal. */
static void show_progress(const struct put *p)
{
    const double s = (double)(clock_mono_us() - p->since_us) / 1e6 + 1e-3;
    char line[128];
    snprintf(line, sizeof line, "%lld files, %.1f MB  %.1f MB/s", (long long)p->nb_put,
             (double)p->put_bytes / 1e6, (double)p->put_bytes / 1e6 / s);
    cli_progress(line);
}

/* Takes everything that is done so far: writes a journal line for each file, syncs once for all,
 * then prints the lines. */
void put_write(struct put *p)
{
    struct trtc_err err;
    size_t n = 0;
    pthread_mutex_lock(&p->lock);
    struct put_done *list = p->done;
    p->done = NULL;
    p->done_end = &p->done;
    pthread_mutex_unlock(&p->lock);
    for (const struct put_done *d = list; d; d = d->next)
        n++;
    int64_t *ats = n ? malloc(n * sizeof *ats) : NULL;
    if (n && !ats)
        trtc_fail_nomem(&err);
    if (n && (!ats || journal_all(p, list, ats, &err) < 0 || write_all(p, list, ats, &err) < 0))
        give_up(p, list, &err);
    for (struct put_done *d = list, *next; d; d = next) {
        next = d->next;
        if (p->o->remove && !p->no_more)
            remove_file(p, d);
        put_done_free(&d);
    }
    free(ats);
    if (n)
        show_progress(p);
}
