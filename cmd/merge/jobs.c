/* SPDX-License-Identifier: MIT */
/* trtc-merge: carries out a plan. Outputs are made by a few workers; a file gets its final
 * name when everything it belongs to is complete, and what an earlier run finished is left as
 * it is. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../loss.h"
#include "../memory.h"
#include "../meter.h"
#include "base/json_put.h"
#include "jobs.h"
#include "merge/merge.h"
#include "merge/report.h"
#include "recording/ledger_json.h"
#include "recording/output_name.h"
#include "recording/plan_print.h"

/* A job reads a segment of the picture and one of the sound, each in its directory, and writes two
 * files where it splits; directories are opened for a moment besides. */
enum { FILES_PER_JOB = 10 };

void merge_say_loss(struct work *w, const struct trtc_loss *l)
{
    loss_say(l);
    if (!w->o->allow_missing)
        w->code = trtc_worse(w->code, TRTC_EX_LOSS);
    if (w->account.losses)
        trtc_json_push(&w->account.losses, trtc_loss_json(l));
}

/* Outputs whose names depend on each other are one group: with --names recording all of a
 * recording. */
static size_t group_end(const struct work *w, size_t first)
{
    size_t end = first + 1;
    while (w->o->plan.names == TRTC_NAMES_RECORDING && end < w->plan.n &&
           w->plan.outputs[end].rec == w->plan.outputs[first].rec)
        end++;
    return end;
}

static void set_ms(cJSON **j, const char *key, int64_t us)
{
    trtc_json_replace(j, key, cJSON_CreateNumber((double)(us / 1000)));
}

/* Object of the fth file of an output; res is NULL for one that an earlier run made. The account of
 * the output goes with its first file. */
static cJSON *file_json(const struct trtc_output *o, const char *path,
                        const struct trtc_merge_result *res, size_t f)
{
    cJSON *j = trtc_output_json(res ? &res->made : o);
    trtc_json_replace(&j, "path", cJSON_CreateString(path));
    trtc_json_put_bool(&j, "existing", !res);
    if (!res)
        return j;
    const struct trtc_merge_file *file = &res->files[f];
    set_ms(&j, "start_ms", file->start_us);
    set_ms(&j, "end_ms", file->end_us);
    set_ms(&j, "duration_ms", file->end_us - file->start_us);
    trtc_json_put_number(&j, "bytes", (double)file->bytes);
    if (f == 0) {
        trtc_report_account(&j, "video", &res->video_account);
        trtc_report_account(&j, "audio", &res->audio_account);
    }
    return j;
}

static void print_file(const struct work *w, const struct trtc_output *o, const char *path,
                       const struct trtc_merge_result *res, size_t f)
{
    if (w->o->json) {
        cJSON *j = file_json(o, path, res, f);
        cli_put_json(j, false);
        cJSON_Delete(j);
    } else {
        printf("%s%c", path, w->o->null ? '\0' : '\n');
    }
    fflush(stdout);
}

/* Adds the losses that a file of an earlier run states to the report. */
static void report_told(struct work *w, const char *path, int64_t nb)
{
    char detail[96];
    const struct trtc_loss l = { .path = path,
                                 .kind = "earlier",
                                 .detail = detail,
                                 .start_us = TRTC_NOTIME,
                                 .lost_us = TRTC_NOTIME,
                                 .lost_bytes = -1 };
    snprintf(detail, sizeof detail, "losses that an earlier run found in the segments: %" PRId64,
             nb);
    trtc_json_push(&w->account.losses, trtc_loss_json(&l));
}

/* Reports a file of an earlier run, which counts as an output, and so do its losses. */
static void tell_existing(struct work *w, const struct trtc_output *o, const char *path)
{
    struct trtc_err err;
    int64_t losses = trtc_merge_told_losses(path, &err);
    print_file(w, o, path, NULL, 0);
    if (w->account.outputs) {
        cJSON *j = file_json(o, path, NULL, 0), *file = cJSON_CreateObject();
        cJSON *files = cJSON_CreateArray();
        trtc_json_put(&file, "path", cJSON_DetachItemFromObjectCaseSensitive(j, "path"));
        trtc_json_push(&files, file);
        trtc_json_put(&j, "files", files);
        trtc_json_push(&w->account.outputs, j);
    }
    if (losses < 0)
        w->code = trtc_worse(w->code, cli_report(&err));
    if (losses <= 0)
        return;
    cli_error("%s: finished by an earlier run, which found losses in the segments: %" PRId64
              "; --force makes it again",
              path, losses);
    if (w->account.losses)
        report_told(w, path, losses);
    if (!w->o->allow_missing)
        w->code = trtc_worse(w->code, TRTC_EX_LOSS);
}

/* Final name of the k-th file of a group of nb; with --names recording only several have
 * numbers. */
static char *final_path(const struct work *w, const struct trtc_output *o, int64_t start_ms,
                        size_t k, size_t nb)
{
    if (w->o->plan.names == TRTC_NAMES_RECORDING)
        return trtc_output_part_path(o, TRTC_NAMES_RECORDING, TRTC_NOTIME, nb > 1 ? (int)k + 1 : 0);
    return trtc_output_part_path(o, TRTC_NAMES_SCRIPT, start_ms, 0);
}

/* Whether a file of an earlier run shows that the whole group is made: the recording has not
 * changed since. */
static bool is_finished(const struct trtc_output *o, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return false;
    int64_t ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    if (ms >= o->rec->newest_ms)
        return true;
    cli_note("%s: made again, its recording has changed since", path);
    return false;
}

static void forget_dir(struct listed_dir *l)
{
    trtc_names_fini(&l->names);
    free(l->dir);
    *l = (struct listed_dir){ 0 };
}

/* Reads the names in a directory, once, since outputs are sorted by directory. Files that this run
 * adds later are therefore not taken for those of earlier runs. */
static int list_dir(struct listed_dir *l, const char *dir, size_t len, struct trtc_err *err)
{
    if (l->dir && strlen(l->dir) == len && memcmp(l->dir, dir, len) == 0)
        return 0;
    forget_dir(l);
    l->dir = strndup(dir, len);
    if (!l->dir)
        return trtc_fail_nomem(err);
    const int fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd < 0 ? trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", l->dir)
                     : trtc_list_dir(fd, l->dir, &l->names, err);
    if (fd >= 0)
        close(fd);
    if (ret < 0)
        forget_dir(l);
    else
        trtc_names_sort(&l->names);
    return ret;
}

/* The first entry that stands behind name. */
static size_t first_behind(const struct trtc_names *l, const char *name)
{
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (strcmp(l->v[mid], name) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The further parts of a split output: beside the first one, named alike, with later times. */
static void tell_parts(struct work *w, const struct trtc_output *o, const char *path)
{
    const char *base = strrchr(path, '/') + 1;
    const size_t dir_len = (size_t)(base - path), stem = trtc_output_stem(o);
    const struct trtc_names *names = &w->listed.names;
    struct trtc_err err;
    if (list_dir(&w->listed, path, dir_len, &err) < 0) {
        w->code = trtc_worse(w->code, cli_report(&err));
        return;
    }
    for (size_t i = first_behind(names, base); i < names->n; i++) {
        int64_t ms;
        if (strncmp(names->v[i], base, stem) != 0)
            break;
        if (!trtc_output_part_read(o, names->v[i], &ms))
            continue;
        if (ms >= o->end_us / 1000)
            break;
        char *whole =
            ms > o->start_us / 1000 ? trtc_output_part_path(o, TRTC_NAMES_SCRIPT, ms, 0) : NULL;
        if (whole)
            tell_existing(w, o, whole);
        free(whole);
    }
}

/* Begins the account of a group (with the lock held). Until end_account, objects are added to it,
 * so that a group is reported as a whole, and groups are in the report in the order of the plan. */
static struct account begin_account(struct work *w)
{
    const struct account kept = w->account;
    if (w->accounts)
        w->account = (struct account){ cJSON_CreateArray(), cJSON_CreateArray() };
    return kept;
}

static void move_items(cJSON *to, cJSON *from)
{
    while (from && from->child)
        cJSON_AddItemToArray(to, cJSON_DetachItemViaPointer(from, from->child));
    cJSON_Delete(from);
}

static void end_account(struct work *w, size_t first, struct account kept)
{
    struct account *to = w->accounts ? &w->accounts[first] : NULL;
    if (to && !to->outputs) {
        *to = w->account;
    } else if (to) {
        move_items(to->outputs, w->account.outputs);
        move_items(to->losses, w->account.losses);
    }
    w->account = kept;
}

static void join_accounts(struct work *w)
{
    for (size_t i = 0; w->accounts && i < w->plan.n; i++) {
        move_items(w->account.outputs, w->accounts[i].outputs);
        move_items(w->account.losses, w->accounts[i].losses);
    }
    free(w->accounts);
    w->accounts = NULL;
}

/* Prints what an earlier run made of the group. False where that is not finished. */
static bool tell_finished(struct work *w, size_t first, size_t end)
{
    const struct trtc_output *o = &w->plan.outputs[first];
    if (w->o->force)
        return false;
    bool numbered = w->o->plan.names == TRTC_NAMES_RECORDING;
    char *path =
        end - first > 1 ? NULL : trtc_output_part_path(o, w->o->plan.names, TRTC_NOTIME, 0);
    bool found = path && is_finished(o, path);
    pthread_mutex_lock(&w->lock);
    struct account kept = begin_account(w);
    if (found)
        tell_existing(w, o, path);
    if (found && !numbered && (w->o->split_bytes || w->o->split_us))
        tell_parts(w, o, path);
    for (int i = 1; numbered && !found; i++) {
        free(path);
        path = trtc_output_part_path(o, TRTC_NAMES_RECORDING, TRTC_NOTIME, i);
        if (!path || !is_finished(o, path)) {
            found = i > 1;
            break;
        }
        tell_existing(w, o, path);
    }
    end_account(w, first, kept);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = first; i < end && found; i++) {
        atomic_fetch_add(&w->bytes, w->plan.outputs[i].bytes);
        atomic_fetch_add(&w->there_bytes, w->plan.outputs[i].bytes);
    }
    free(path);
    return found;
}

/* Decides the final names of a group's files, which depend on how many there are. */
static int name_files(const struct work *w, size_t first, size_t end,
                      struct trtc_merge_result *results, struct trtc_err *err)
{
    size_t nb = 0, k = 0;
    for (size_t i = first; i < end; i++)
        nb += results[i - first].nb_files;
    for (size_t i = first; i < end; i++) {
        struct trtc_merge_result *res = &results[i - first];
        for (size_t f = 0; f < res->nb_files; f++) {
            struct trtc_merge_file *file = &res->files[f];
            file->path = final_path(w, &w->plan.outputs[i],
                                    f == 0 ? TRTC_NOTIME : file->start_us / 1000, k++, nb);
            if (file->path && res->interrupted) {
                char *partial = trtc_output_partial_path(file->path);
                free(file->path);
                file->path = partial;
            }
            if (!file->path)
                return trtc_fail_nomem(err);
            if (trtc_file_retarget(file->file, file->path, err) < 0)
                return -1;
        }
    }
    return 0;
}

/* Gives the files of a group their names, the first one last: where it stands, all do. */
static int commit_files(size_t n, struct trtc_merge_result *results, struct trtc_err *err)
{
    for (size_t i = n; i-- > 0;)
        for (size_t f = results[i].nb_files; f-- > 0;)
            if (trtc_file_commit(&results[i].files[f].file, true, err) < 0)
                return -1;
    return 0;
}

/* Prints the files of an output, in the order of time, and puts them into the report. */
static void tell_files(struct work *w, const struct trtc_output *o,
                       const struct trtc_merge_result *res)
{
    for (size_t f = 0; f < res->nb_files; f++) {
        const char *path = res->files[f].path;
        if (res->interrupted) {
            cli_note(
                "interrupted: %s contains what was made so far; run trtc-merge again for the whole",
                path);
            continue;
        }
        print_file(w, o, path, res, f);
        char *partial = trtc_output_partial_path(path);
        if (partial)
            unlink(partial); /* left by a run that was interrupted */
        free(partial);
    }
    if (res->nb_files > 0)
        note_askew(res->files[0].path, res->video.nb_askew);
    if (w->account.outputs && res->nb_files)
        trtc_json_push(&w->account.outputs, trtc_report_output(res));
}

static void run_group(struct work *w, size_t first, size_t end)
{
    const struct opts *o = w->o;
    struct trtc_err err;
    if (tell_finished(w, first, end))
        return;
    struct trtc_merge_result *results = calloc(end - first, sizeof *results);
    const struct trtc_merge_opts mo = { .video = o->plan.video,
                                        .black = o->plan.black,
                                        .split_bytes = o->split_bytes,
                                        .split_us = o->split_us,
                                        .threads = w->threads,
                                        .stop = &cli_signal,
                                        .bytes = &w->bytes };
    int ret = results ? 0 : trtc_fail_nomem(&err);
    bool interrupted = false;
    for (size_t i = first; i < end && ret == 0 && !interrupted; i++) {
        ret = trtc_merge_run(&w->plan.outputs[i], &mo, &results[i - first], &err);
        if (ret == 0 && i > first) /* however many there are, one of a group stays open */
            ret = trtc_file_park(results[i - first].files[0].file, &err);
        interrupted = results[i - first].interrupted;
    }
    for (size_t i = first; results && i < end; i++) /* a group is complete or it is not */
        results[i - first].interrupted = interrupted;
    if (ret == 0)
        ret = name_files(w, first, end, results, &err);
    if (ret == 0)
        ret = memory_check(&err);
    if (ret == 0)
        ret = commit_files(end - first, results, &err);
    pthread_mutex_lock(&w->lock);
    struct account kept = begin_account(w);
    for (size_t i = first; results && i < end; i++) {
        if (ret == 0)
            tell_files(w, &w->plan.outputs[i], &results[i - first]);
        for (size_t l = 0; l < results[i - first].losses.n; l++)
            merge_say_loss(w, &results[i - first].losses.items[l]);
        trtc_merge_result_fini(&results[i - first]);
    }
    if (ret < 0)
        w->code = trtc_worse(w->code, cli_report(&err));
    end_account(w, first, kept);
    pthread_mutex_unlock(&w->lock);
    free(results);
}

static void *worker(void *arg)
{
    struct work *w = arg;
    while (!cli_signal) {
        pthread_mutex_lock(&w->lock);
        size_t first = w->next;
        size_t end = first < w->plan.n ? group_end(w, first) : first;
        w->next = end;
        pthread_mutex_unlock(&w->lock);
        if (first == end)
            break;
        if (!w->plan.outputs[first].refused)
            run_group(w, first, end);
    }
    return NULL;
}

/* How far the run is, for the meter. What an earlier run has made took no time and does not
 * count for the speed. */
static void look(void *opaque, struct meter_state *s)
{
    struct work *w = opaque;
    const double bytes = (double)(w->total_bytes ? w->total_bytes : 1);
    pthread_mutex_lock(&w->lock);
    s->file = (int)w->next;
    pthread_mutex_unlock(&w->lock);
    s->files = (int)w->plan.n;
    s->bytes = atomic_load(&w->bytes);
    s->there_bytes = atomic_load(&w->there_bytes);
    s->total_bytes = w->total_bytes;
    s->total_us = w->total_us;
    s->done_us = (int64_t)((double)s->bytes / bytes * (double)w->total_us);
    s->there_us = (int64_t)((double)s->there_bytes / bytes * (double)w->total_us);
}

/* As many of the jobs asked for as the process may open files for. */
static int64_t jobs_that_fit(int64_t jobs)
{
    const int64_t fit = cli_open_files(jobs * FILES_PER_JOB) / FILES_PER_JOB;
    if (fit >= jobs)
        return jobs;
    cli_debug("%" PRId64 " jobs, not %" PRId64 ": no more files may be open", fit < 1 ? 1 : fit,
              jobs);
    return fit < 1 ? 1 : fit;
}

int merge_run_jobs(struct work *w, struct trtc_err *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t jobs = w->o->jobs ? w->o->jobs : cores > 0 ? cores : 1, encodes = 0, started = 0;
    for (size_t i = 0; i < w->plan.n; i++) {
        encodes += w->plan.outputs[i].do_video == TRTC_CHOICE_ENCODE;
        w->total_bytes += w->plan.outputs[i].bytes;
        w->total_us += w->plan.outputs[i].dur_us;
    }
    struct meter meter;
    jobs = jobs > (int64_t)w->plan.n ? (int64_t)w->plan.n : jobs;
    jobs = jobs_that_fit(jobs);
    int64_t sharing = encodes < jobs ? encodes : jobs;
    w->threads = sharing > 0 ? (int)((cores + sharing - 1) / sharing) : 0;
    pthread_t *threads = calloc((size_t)jobs + 1, sizeof *threads);
    if (w->account.outputs)
        w->accounts = calloc(w->plan.n + 1, sizeof *w->accounts);
    if (!threads || (w->account.outputs && !w->accounts)) {
        free(threads);
        return trtc_fail_nomem(err);
    }
    meter_start(&meter, w->o->progress_json, look, w);
    while (started < jobs && pthread_create(&threads[started], NULL, worker, w) == 0)
        started++;
    for (int64_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    meter_stop(&meter);
    join_accounts(w);
    forget_dir(&w->listed);
    free(threads);
    return started || w->plan.n == 0 ? 0
                                     : trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start a thread");
}
