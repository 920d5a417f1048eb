/* SPDX-License-Identifier: MIT */
/* Follows the events of tasks. Lines, the callbacks that follow from them and the offset up to
 * which they were read are stored in one transaction. */
#include "follow.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/json_put.h"
#include "base/text.h"
#include "outbox.h"
#include "service/task_line.h"
#include "setup.h"
#include "vod.h"
#include "web.h"

enum { CHUNK_BYTES = 1 << 18, LINE_BYTES = 4 << 20 };

struct lines { /* complete lines of a task */
    struct task *t;
    const char *text;
    size_t n;
};

/* ---- files made from a recording ---- */

struct check {
    struct recd *r;
    struct task *t;
    struct trtc_made_row next; /* the first that is due; json is owned */
    bool found;
    enum trtc_made_told told; /* what will have been reported about it */
    int64_t waiting, unknown; /* how many of its files are not uploaded, or not listed */
};

static void count_file(struct check *c, const char *name)
{
    char path[300];
    enum trtc_file_state state = TRTC_FILE_UNKNOWN;
    snprintf(path, sizeof path, "files/%.255s", name ? name : "");
    if (trtc_store_file_state(c->r->store, c->t->row.id, path, &state, NULL) < 0)
        state = TRTC_FILE_WAITS;
    c->waiting += state == TRTC_FILE_WAITS;
    c->unknown += state == TRTC_FILE_UNKNOWN;
}

static bool check_made(void *arg, const struct trtc_made_row *m)
{
    struct check *c = arg;
    cJSON *made = cJSON_Parse(m->json);
    const cJSON *name, *list = cJSON_GetObjectItemCaseSensitive(made, "FileList");
    c->waiting = !made;
    c->unknown = 0;
    cJSON_ArrayForEach(name, list)
    {
        count_file(c, cJSON_GetStringValue(name));
    }
    cJSON_Delete(made);
    c->told = trtc_life_made(&c->t->row, m->told, c->waiting, c->unknown, clock_real_ms());
    if (c->told == m->told)
        return true;
    c->next = *m;
    c->next.json = strdup(m->json);
    c->found = c->next.json != NULL;
    return false;
}

/* Sends 310, with Status 1 if files are missing in the storage; a later one has Status 0. */
static int tell_made(const struct check *c, const cJSON *made, const struct trtc_life_ear *ear,
                     struct trtc_err *err)
{
    static const char *const members[] = { "FileList", "FileMessage" };
    cJSON *payload = cJSON_CreateObject();
    trtc_json_put_number(&payload, "Status",
                         trtc_life_made_failed(made) ? 2 : c->waiting || c->unknown);
    for (size_t i = 0; i < 2; i++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(made, members[i]);
        trtc_json_put(&payload, members[i], m ? cJSON_Duplicate(m, true) : cJSON_CreateArray());
    }
    return payload ? ear->hear(ear->arg, 310, clock_real_ms(), payload, err) : trtc_fail_nomem(err);
}

/* Sends what is due. For VOD, one 311 per file says that it is uploaded; before that, at most one
 * says that it is not. */
static int tell_next(struct check *c, const cJSON *made, const struct trtc_life_ear *ear,
                     struct trtc_err *err)
{
    const bool again = c->next.told == TRTC_MADE_STUCK, over = c->told == TRTC_MADE_TOLD;
    if (c->t->row.vod)
        return vod_tell(c->r, c->t, made, &(struct vod_which){ over, !again }, err);
    return again && c->unknown ? 0 : tell_made(c, made, ear, err);
}

/* Sends 310, or a 311 for each file, for the next made files that are due. Returns 1: there may be
 * more; 0: not; -1. */
static int tell_next_made(struct recd *r, struct task *t, const struct trtc_life_ear *ear,
                          struct trtc_err *err)
{
    struct check c = { .r = r, .t = t };
    if (trtc_store_mades(r->store, t->row.id, check_made, &c, err) < 0)
        return -1;
    if (!c.found)
        return 0;
    cJSON *made = cJSON_Parse(c.next.json);
    int ret = made ? 0 : trtc_fail_nomem(err);
    if (ret == 0)
        ret = tell_next(&c, made, ear, err);
    if (ret == 0)
        ret = trtc_store_made_told(r->store, c.next.id, c.told, err);
    cJSON_Delete(made);
    free((char *)(uintptr_t)c.next.json);
    return ret < 0 ? -1 : 1;
}

static bool count_made(void *arg, const struct trtc_made_row *m)
{
    struct trtc_progress *p = arg;
    p->made_begun = true;
    p->nb_untold += m->told != TRTC_MADE_TOLD;
    return true;
}

static int measure(struct recd *r, const struct task *t, struct trtc_progress *p,
                   struct trtc_err *err)
{
    *p = (struct trtc_progress){ 0 };
    return trtc_store_files_waiting(r->store, t->row.id, &p->waiting, &p->waiting_hls, err) < 0
               ? -1
               : trtc_store_mades(r->store, t->row.id, count_made, p, err);
}

/* Sends 311 for the playlists once all of an ended task's are in VOD. */
static int tell_vod_lists(struct recd *r, struct task *t, const struct trtc_progress *p,
                          struct trtc_err *err)
{
    if (!t->row.vod || !(t->row.wants & TRTC_WANTS_HLS) || !t->row.ended_ms || p->waiting_hls ||
        t->row.made_told)
        return 0;
    t->row.made_told = 1;
    return vod_tell_playlists(r, t, err);
}

/* 310 follows 305, and 312 follows 311. */
int task_progress(struct recd *r, struct task *t, struct trtc_err *err)
{
    const struct recd_teller teller = { r, &t->row };
    const struct trtc_life_ear ear = { recd_tell, (void *)(uintptr_t)&teller };
    struct trtc_progress p;
    int more = 1;
    if (measure(r, t, &p, err) < 0 || tell_vod_lists(r, t, &p, err) < 0 ||
        trtc_life_progress(&t->row, &p, clock_real_ms(), &ear, err) < 0)
        return -1;
    while (p.nb_untold && (t->row.vod || t->row.hls_told) && more == 1)
        more = tell_next_made(r, t, &ear, err);
    if (more < 0 ||
        (p.nb_untold && (measure(r, t, &p, err) < 0 ||
                         trtc_life_progress(&t->row, &p, clock_real_ms(), &ear, err) < 0)))
        return -1;
    t->progress = p;
    return 0;
}

/* ---- lines ---- */

static int keep_loss(struct recd *r, struct task *t, const struct trtc_task_line *line,
                     struct trtc_err *err)
{
    char shown[300];
    web_loss(r, t->row.id, line->user, line->loss);
    cli_note("task %s: %s", t->row.id,
             trtc_text_show(line->loss, strlen(line->loss), shown, sizeof shown));
    return trtc_store_loss_add(r->store, t->row.id, line->user, line->loss, err);
}

int follow_loss(struct recd *r, struct task *t, const char *said, struct trtc_err *err)
{
    cli_error("task %s: %s", t->row.id, said);
    web_loss(r, t->row.id, "", said);
    t->row.end_status = 1;
    return trtc_store_loss_add(r->store, t->row.id, "", said, err);
}

/* Leaves out the next line. That is a loss, since the line may have named a file. */
static int leave_out(struct recd *r, struct task *t, const char *why, struct trtc_err *err)
{
    char said[300];
    snprintf(said, sizeof said, "the line at byte %lld of events.ndjson is left out: %.200s",
             (long long)t->row.offset, why);
    return follow_loss(r, t, said, err);
}

static int note_gap(struct recd *r, struct task *t, int64_t seq, struct trtc_err *err)
{
    char said[120];
    snprintf(said, sizeof said, "events.ndjson has no lines between Seq %lld and %lld",
             (long long)t->row.seq, (long long)seq);
    return follow_loss(r, t, said, err);
}

static int keep_file(struct recd *r, struct task *t, const struct trtc_task_line *line,
                     struct trtc_err *err)
{
    const struct trtc_file_row f = {
        .task = t->row.id, .path = line->file, .type = line->file_type, .seq = line->seq
    };
    return trtc_life_takes(t->row.wants, line->file_type) ? trtc_store_file_add(r->store, &f, err)
                                                          : 0;
}

static int keep_made(struct recd *r, struct task *t, const struct trtc_task_line *line,
                     struct trtc_err *err)
{
    char *json = trtc_json_text(line->made, false);
    const struct trtc_made_row m = { .task = t->row.id, .json = json, .event_ms = line->event_ms };
    const int ret = json ? trtc_store_made_add(r->store, &m, err) : trtc_fail_nomem(err);
    free(json);
    return ret;
}

static int take(struct recd *r, struct task *t, const struct trtc_task_line *line,
                struct trtc_err *err)
{
    const struct recd_teller teller = { r, &t->row };
    const struct trtc_life_ear ear = { recd_tell, (void *)(uintptr_t)&teller };
    if (line->seq <= t->row.seq)
        return leave_out(r, t, "its Seq was used before", err);
    if (line->seq > t->row.seq + 1 && note_gap(r, t, line->seq, err) < 0)
        return -1;
    t->row.seq = line->seq;
    switch (line->kind) {
    case TRTC_LINE_FILE:
        return keep_file(r, t, line, err);
    case TRTC_LINE_LOSS:
        return keep_loss(r, t, line, err);
    case TRTC_LINE_MADE:
        return keep_made(r, t, line, err);
    default:
        return trtc_life_line(&t->row, line, &ear, err);
    }
}

/* Takes a line. One that cannot be read is left out, which is a loss. */
static int take_text(struct recd *r, struct task *t, const char *text, size_t n,
                     struct trtc_err *err)
{
    struct trtc_task_line line;
    struct trtc_err bad;
    if (trtc_task_line_read(text, n, &line, &bad) < 0) {
        return bad.code == TRTC_EX_TEMPFAIL ? trtc_fail_nomem(err) : leave_out(r, t, bad.msg, err);
    }
    const int ret = take(r, t, &line, err);
    trtc_task_line_fini(&line);
    return ret;
}

static int take_lines(struct recd *r, void *arg, struct trtc_err *err)
{
    const struct lines *l = arg;
    struct task *t = l->t;
    for (size_t at = 0; at < l->n;) {
        const char *end = memchr(l->text + at, '\n', l->n - at);
        const size_t n = (size_t)(end - (l->text + at));
        if (take_text(r, t, l->text + at, n, err) < 0)
            return -1;
        t->row.offset += (int64_t)n + 1;
        at += n + 1;
    }
    return task_progress(r, t, err) < 0 ? -1 : trtc_store_task_save(r->store, &t->row, err);
}

/* Reads from the task's offset on. Returns the number of bytes read (-1: failure), of which *whole
 * are complete lines. */
static ssize_t read_lines(const struct task *t, int fd, char **text, size_t *whole)
{
    size_t size = CHUNK_BYTES;
    ssize_t n = -1;
    for (*whole = 0; size <= LINE_BYTES; size *= 4) {
        char *more = realloc(*text, size);
        if (!more)
            return -1;
        *text = more;
        n = pread(fd, *text, size, (off_t)t->row.offset);
        for (ssize_t i = n; i > 0 && !*whole; i--)
            if ((*text)[i - 1] == '\n')
                *whole = (size_t)i;
        if (n < (ssize_t)size || *whole)
            break;
    }
    return n;
}

/* Reports, once, why the next line cannot be read. n: the bytes that were read, or -1 with errnum.
 * A file that is missing or has no complete line yet is no reason. */
static void report_blocked(struct task *t, ssize_t n, int errnum)
{
    if (t->blocked || (n < 0 ? errnum == ENOENT : n < LINE_BYTES))
        return;
    t->blocked = true;
    if (n < 0)
        cli_error("task %s: cannot read events.ndjson: %s", t->row.id, strerror(errnum));
    else
        cli_error("task %s: a line of events.ndjson is longer than %d MB", t->row.id,
                  LINE_BYTES >> 20);
}

/* Follows the next lines. Returns true if there may be more. */
static bool follow_some(struct recd *r, struct task *t)
{
    char *path = setup_path(t->dir, "events.ndjson"), *text = NULL;
    struct lines l = { .t = t };
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    const ssize_t n = fd < 0 ? -1 : read_lines(t, fd, &text, &l.n);
    const int errnum = errno;
    bool more = false;
    if (fd >= 0)
        close(fd);
    l.text = text;
    if (l.n)
        more = task_change(r, t, take_lines, &l);
    else
        report_blocked(t, n, errnum);
    free(text);
    free(path);
    return more;
}

/* Does what follows from time alone, for a task that waits for its uploads. */
static void let_time_pass(struct recd *r, struct task *t)
{
    struct lines none = { .t = t, .text = "" };
    if ((t->row.exited_ms || t->row.ended_ms) && !t->row.settled)
        task_change(r, t, take_lines, &none);
}

void follow(struct recd *r, struct task *t)
{
    const bool was_over = t->row.ended_ms;
    bool any = false;
    t->look = false;
    t->look_ms = r->now_ms;
    if (t->row.settled || !r->store)
        return;
    while (r->store && follow_some(r, t))
        any = true;
    if (r->store && !any)
        let_time_pass(r, t);
    r->changed = r->changed || any;
    if (r->store && (any || was_over != (t->row.ended_ms != 0)))
        outbox_tick(r);
}
