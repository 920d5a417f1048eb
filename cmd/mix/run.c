/* SPDX-License-Identifier: MIT */
/* trtc-mix: the run. Opens the inputs, follows the script, shows progress, and reports the
 * result. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "../memory.h"
#include "../meter.h"
#include "../report.h"
#include "account.h"
#include "base/file.h"
#include "base/records.h"
#include "base/utc.h"
#include "inputs.h"
#include "picture/overlay.h"
#include "recording/plan.h"
#include "run.h"

enum { ROOM = 1024 }; /* how many participants can join while the mix runs */

#define SCRIPT_LINE_MAX ((size_t)1 << 20)

/* ---- the script ---- */

struct script {
    const struct opts *o;
    struct inputs *in;
    struct images *images;
    struct trtc_mix *mix;
    const char *name;
    struct trtc_records lines;
    pthread_t thread;
    int fd, wake[2]; /* a byte in wake ends the thread */
    bool running;
    bool mix_ended; /* so the thread ends too */
    bool at_once;   /* only lines that can be read without waiting are read */
    bool refused;   /* the current line was refused: its input cannot join, or is not there */
    int code;       /* the worst exit status of its lines, once the thread has ended */
};

/* Applies a line by which an input joins or ends, or the mix ends. Takes the change. Returns 1, or
 * -1. */
static int come_or_go(struct script *s, struct trtc_mix_change *c, struct trtc_err *err)
{
    struct trtc_err why;
    int ret = 0;
    if (!s->running) {
        ret = trtc_fail(&why, TRTC_EX_DATAERR,
                        "input and end require a live mix and a script that is a pipe");
    } else if (c->ends_all) {
        trtc_mix_leave(s->mix);
    } else if (c->input) {
        trtc_mix_stay(s->mix, true);
        ret = mix_inputs_join(s->in, c, s->mix, &why);
    } else {
        ret = mix_inputs_leave(s->in, c->end, &why);
    }
    trtc_mix_change_fini(c);
    s->refused = ret < 0;
    if (ret == 0)
        return 1;
    return trtc_fail(err, why.code, "%s: line %" PRIu64 ": %s", s->name, s->lines.nr, why.msg);
}

/* Reads the next line and applies it. Returns 1; 0: the script has ended; -1. */
static int script_line(struct script *s, struct trtc_err *err)
{
    struct trtc_mix_change change;
    const char *line;
    size_t n;
    int got = trtc_records_next(&s->lines, &line, &n, err);
    if (got <= 0)
        return got;
    if (!line)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: line %" PRIu64 ": too long", s->name,
                         s->lines.nr);
    if (strspn(line, " \t\r") == n || n == 0)
        return 1;
    struct trtc_err why;
    const struct trtc_mix_reader reader = { mix_say_cannot, (void *)s->name, &why };
    if (trtc_mix_change_read(line, n, &s->o->set, &change, &reader) < 0)
        return trtc_fail(err, why.code, "%s: line %" PRIu64 ": %s", s->name, s->lines.nr, why.msg);
    if (change.input || change.end || change.ends_all)
        return come_or_go(s, &change, err);
    mix_images_resolve(s->images, &change.look);
    return trtc_mix_change(s->mix, &change, err) < 0 ? -1 : 1;
}

/* Called before a read that may block: waits until there is input (0) or the mix has ended (-1).
 * With at_once it does not wait; if there is no input it returns -1 and clears at_once. */
static int wait_for_line(void *arg, struct trtc_err *err)
{
    struct script *s = arg;
    struct pollfd fds[2] = { { .fd = s->fd, .events = POLLIN },
                             { .fd = s->wake[0], .events = POLLIN } };
    while (poll(fds, 2, s->at_once ? 0 : -1) < 0)
        if (errno != EINTR)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", s->name);
    s->mix_ended = fds[1].revents != 0;
    if (s->mix_ended)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "the mix has ended");
    if (!s->at_once || fds[0].revents)
        return 0;
    s->at_once = false;
    return trtc_fail(err, TRTC_EX_SOFTWARE, "no line is available");
}

/* Applies the lines of a live script. A wrong line is reported and left out, and counts in the exit
 * status. */
static void follow_lines(struct script *s)
{
    const bool at_once = s->at_once;
    struct trtc_err err;
    int got;
    while ((got = script_line(s, &err)) != 0) {
        if (s->mix_ended || at_once != s->at_once)
            break;
        if (got < 0)
            s->code = trtc_worse(s->code, cli_report(&err));
        if (got < 0 && err.code != TRTC_EX_DATAERR && !s->refused)
            break;
        s->refused = false;
    }
}

static void *follow_script(void *arg)
{
    struct script *s = arg;
    follow_lines(s);
    trtc_mix_stay(s->mix, false); /* no one else can join */
    return NULL;
}

static bool is_fifo(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int start_script(struct script *s, bool live, struct trtc_err *err)
{
    int got;
    if (!s->name)
        return 0;
    /* a FIFO that is also open for writing does not end when its last writer does */
    const int how = live && is_fifo(s->name) ? O_RDWR : O_RDONLY;
    s->fd = strcmp(s->name, "-") == 0 ? STDIN_FILENO : open(s->name, how | O_CLOEXEC);
    if (s->fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", s->name);
    if (trtc_records_init(&s->lines, s->fd, '\n', SCRIPT_LINE_MAX, err) < 0)
        return -1;
    s->lines.name = s->fd == STDIN_FILENO ? NULL : s->name;
    struct stat st;
    if (live && fstat(s->fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        if (pipe(s->wake) < 0)
            return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot create a pipe");
        s->lines.idle = wait_for_line;
        s->lines.idle_arg = s;
        s->running = true; /* before the thread starts, since it reads this */
        if (mix_inputs_past(s->in)) {
            s->at_once = true; /* inputs in the script so far are in the mix from its beginning */
            follow_lines(s);
            s->at_once = false;
        }
        if (pthread_create(&s->thread, NULL, follow_script, s) == 0)
            return 0;
        s->running = false;
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start a thread");
    }
    while ((got = script_line(s, err)) > 0)
        ;
    return got;
}

/* Ends the thread and frees the script. Further calls do nothing. */
static void end_script(struct script *s)
{
    if (s->running && write(s->wake[1], "", 1) == 1)
        pthread_join(s->thread, NULL);
    s->running = false;
    trtc_records_fini(&s->lines);
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    s->fd = -1;
    for (int i = 0; i < 2; i++) {
        if (s->wake[i] >= 0)
            close(s->wake[i]);
        s->wake[i] = -1;
    }
}

/* ---- progress ---- */

struct progress {
    const struct trtc_mix *mix;
    int64_t total_us;
};

static void look(void *opaque, struct meter_state *s)
{
    const struct progress *p = opaque;
    s->done_us = trtc_mix_progress_us(p->mix);
    s->total_us = p->total_us;
}

/* ---- the run ---- */

static void tell(void *opaque, enum trtc_mix_event event, const char *text)
{
    (void)opaque;
    switch (event) {
    case TRTC_MIX_DEBUG:
        cli_debug("%s", text);
        break;
    case TRTC_MIX_NOTE:
        cli_note("%s", text);
        break;
    case TRTC_MIX_ERROR:
        cli_error("%s", text);
        break;
    }
}

int mix_make_directory(const char *path, struct trtc_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path || strcmp(path, "-") == 0)
        return 0;
    char *dir = strndup(path, (size_t)(slash - path));
    int ret = dir ? trtc_mkdirs(dir, err) : trtc_fail_nomem(err);
    free(dir);
    return ret;
}

static int write_still(const struct opts *o, struct trtc_mix *mix, int64_t at_us,
                       struct trtc_err *err)
{
    uint8_t *png = NULL;
    size_t size = 0;
    const AVFrame *f = trtc_mix_still(mix, at_us, err);
    if (!f || trtc_png_encode(f, &png, &size, err) < 0)
        return -1;
    if (memory_check(err) < 0) {
        free(png);
        return -1;
    }
    int ret = -1;
    if (strcmp(o->output, "-") == 0) {
        ret = trtc_write_all(STDOUT_FILENO, png, size, "standard output", err);
    } else {
        struct trtc_file *file = trtc_file_create(o->output, err);
        if (file && trtc_write_all(trtc_file_fd(file), png, size, o->output, err) == 0)
            ret = trtc_file_commit(&file, true, err);
        trtc_file_abort(&file);
    }
    free(png);
    return ret;
}

enum trtc_container mix_container(const struct opts *o)
{
    return strcmp(o->format, "ts") == 0    ? TRTC_CONTAINER_TS
           : strcmp(o->format, "mkv") == 0 ? TRTC_CONTAINER_MKV
                                           : TRTC_CONTAINER_MP4;
}

/* Returns the longest possible output in us: an MP4's index is limited; 0: no limit. */
static int64_t longest_us(const struct opts *o)
{
    const int64_t sounds = o->set.rate_hz / 1024 + 1, frames = o->set.fps;
    if (mix_container(o) != TRTC_CONTAINER_MP4)
        return 0;
    return TRTC_OUTPUT_FRAMES_MAX / (frames > sounds ? frames : sounds) * 1000000;
}

static int set_extent(const struct opts *o, const struct inputs *in, struct trtc_mix_opts *mo,
                      struct trtc_err *err)
{
    const struct trtc_extent_asked asked = {
        .from = o->from, .to = o->to, .still = o->still, .longest_us = longest_us(o)
    };
    const struct trtc_extent_there there = { in->start_us, in->end_us, in->began_us, in->unplaced };
    struct trtc_extent e;
    if (trtc_extent_find(&asked, &there, &e, err) < 0)
        return -1;
    mo->start_us = e.start_us;
    mo->end_us = e.end_us;
    mo->after_us = e.after_us;
    mo->length_us = e.length_us;
    mo->otherwise_us = e.otherwise_us;
    mo->cut = e.cut;
    return 0;
}

/* Returns the exit status if the output is made. */
static int status_of(const struct opts *o, const struct inputs *in)
{
    return trtc_worse(in->code, o->allow_missing ? 0 : o->images.code);
}

/* Limits the mix to the part of --part, if given. *first_us: when the part, or the mix, begins. */
static int set_part(const struct opts *o, struct inputs *in, struct trtc_mix_opts *mo,
                    int64_t *first_us, struct trtc_err *err)
{
    struct trtc_mix_part *p = &mo->part;
    *first_us = mo->start_us;
    if (!o->share.n)
        return 0;
    if (in->live || mo->start_us == TRTC_NOTIME || mo->end_us == TRTC_NOTIME)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "--part: a live source, or a pipe, cannot be read by many processes");
    *p = (struct trtc_mix_part){ .start_us = mo->start_us,
                                 .fps = o->set.fps,
                                 .rate_hz = o->set.rate_hz };
    const int64_t all = trtc_mix_pictures(mo->start_us, mo->end_us, p->fps);
    if (trtc_mix_part_find(p, o->share, all, o->set.gop_s * p->fps, err) < 0)
        return -1;
    *first_us = mo->start_us + p->first * 1000000 / p->fps;
    mix_lose_early(in, o->share.k == 1 ? INT64_MIN : *first_us,
                   o->share.k == o->share.n ? INT64_MAX : mo->start_us + p->end * 1000000 / p->fps);
    return 0;
}

/* Completes the output and gives it its name. A part also gets a note with the exit status of this
 * process. */
static enum trtc_mix_end finish(const struct opts *o, const struct inputs *in, struct trtc_mix *m,
                                struct trtc_mix_result *res, struct trtc_err *err)
{
    char *note =
        in->in_part ? trtc_mix_note_write(status_of(o, in), &o->images.note, &in->note) : NULL;
    enum trtc_mix_end ret = TRTC_MIX_FAILED;
    if (in->in_part && !note)
        trtc_fail_nomem(err);
    else
        ret = trtc_mix_finish(m, note, res, err);
    free(note);
    return ret;
}

static enum trtc_mix_end mix(const struct opts *o, struct inputs *in, struct images *images,
                             struct trtc_mix_result *res, struct trtc_err *err)
{
    struct trtc_mix_opts mo = { .set = &o->set,
                                .linger_us = o->linger_us,
                                .labels = o->labels,
                                .per_user = o->per_user,
                                .deterministic = o->deterministic,
                                .preset = o->preset,
                                .room = in->room,
                                .workers = o->workers,
                                .container = mix_container(o),
                                .path = o->output,
                                .image = mix_image,
                                .image_sum = mix_image_sum,
                                .tell = tell,
                                .opaque = images,
                                .now_us = clock_steady_us,
                                .stop = &cli_signal,
                                .memory_failed = memory_failed };
    struct script script = {
        .o = o, .in = in, .images = images, .name = o->script, .fd = -1, .wake = { -1, -1 }
    };
    struct progress progress = { 0 };
    struct meter meter;
    enum trtc_mix_end ret = TRTC_MIX_FAILED;
    int64_t first_us;
    if (set_extent(o, in, &mo, err) < 0 || set_part(o, in, &mo, &first_us, err) < 0 ||
        mix_inputs_start(in, mo.start_us, first_us, err) < 0 ||
        mix_make_directory(o->output, err) < 0)
        return TRTC_MIX_FAILED;
    struct trtc_mix *m = trtc_mix_new(&mo, in->participants, in->nb_origins, err);
    if (!m)
        return TRTC_MIX_FAILED;
    if (o->still.given) {
        ret = write_still(o, m, mo.start_us, err) < 0 ? TRTC_MIX_FAILED : TRTC_MIX_MADE;
        mix_settle(in, mo.start_us);
        goto done;
    }
    script.mix = m;
    trtc_mix_stay(m, in->room > 0 && (in->nb_origins == 0 || is_fifo(o->script)));
    if (start_script(&script, in->live, err) < 0)
        goto done;
    progress.mix = m;
    progress.total_us =
        mo.end_us != TRTC_NOTIME && mo.start_us != TRTC_NOTIME ? mo.end_us - mo.start_us : 0;
    if (o->share.n)
        progress.total_us = (mo.part.end - mo.part.first) * 1000000 / mo.part.fps;
    meter_start(&meter, o->progress_json, look, &progress);
    ret = trtc_mix_run(m, res, err);
    meter_stop(&meter);
    end_script(&script);
    mix_inputs_joined(in, trtc_mix_nb_participants(m));
    mix_settle(in, o->share.n ? mo.start_us : res->start_us);
    if (ret == TRTC_MIX_MADE)
        ret = finish(o, in, m, res, err);
done:
    end_script(&script);
    in->code = trtc_worse(in->code, script.code);
    trtc_mix_free(&m);
    return ret;
}

/* Reports an anchor who is not among the participants: the id is probably misspelt. */
static void check_anchor(const struct opts *o, const struct inputs *in)
{
    const struct trtc_mix_look *look = &o->set.look;
    for (size_t i = 0; look->anchor && i < in->nb_origins; i++) {
        const char *user = mix_inputs_user(in, i);
        if (strcmp(user, look->anchor) == 0)
            return;
    }
    if (look->anchor)
        cli_note("-b %s: this user is never present: %s", look->anchor,
                 look->mode == TRTC_LAYOUT_SCREEN
                     ? "the large window shows the background"
                     : "the first user who is present has the large window");
}

static int64_t on_clock(const struct trtc_when *w)
{
    return w->given && !w->relative ? w->us : TRTC_NOTIME;
}

/* Prints the path of the output or, with --json, an object about it; writes the report. */
static int print_result(const struct opts *o, const struct inputs *in,
                        const struct trtc_mix_result *res, struct report *report,
                        struct trtc_err *err)
{
    const bool named = strcmp(o->output, "-") != 0, json = o->json && !o->still.given;
    char *text = json || o->report ? mix_summary(o, in, res) : NULL;
    int ret = 0;
    if ((json || o->report) && !text)
        return trtc_fail_nomem(err);
    if (named)
        puts(json ? text : o->output);
    if (o->report && !(json && strcmp(o->report, "-") == 0)) /* which has it already */
        ret = report_write(report, text, err);
    free(text);
    return ret;
}

int mix_run(struct opts *o, int *code, struct trtc_err *err)
{
    struct report report = { 0 };
    struct inputs in = { .set = &o->set,
                         .room = mix_takes_in(o) ? ROOM : 0,
                         .everybody = o->script != NULL,
                         .allow_missing = o->allow_missing,
                         .deterministic = o->deterministic || o->share.n,
                         .in_part = o->share.n > 0,
                         .only_until_us = TRTC_NOTIME,
                         .from_us = on_clock(o->still.given ? &o->still : &o->from),
                         .to_us = on_clock(o->still.given ? &o->still : &o->to),
                         .began_us = clock_steady_us() };
    struct trtc_mix_result res = { 0 };
    enum trtc_mix_end end = TRTC_MIX_MADE;
    int64_t ahead_us = 0;
    clock_note_set(&ahead_us, "");
    int ret = mix_inputs_open(&in, o->operands.items, o->operands.n, err);
    if (ret == 0 && in.live && o->still.given)
        ret = trtc_fail(err, TRTC_EX_USAGE, "--still: not possible with a live source");
    if (ret == 0 && !in.live)
        check_anchor(o, &in);
    if (ret == 0)
        ret = report_open(&report, o->report, err);
    if (ret == 0)
        end = mix(o, &in, &o->images, &res, err);
    if (in.live)
        clock_note_set(&ahead_us, "the mix continued without that");
    if (ret == 0 && end == TRTC_MIX_MADE)
        ret = print_result(o, &in, &res, &report, err);
    if (in.in_part && !in.told_early)
        mix_lose_early(&in, INT64_MIN, INT64_MAX);
    *code = status_of(o, &in);
    if (end == TRTC_MIX_NOTHING)
        *code = trtc_worse(*code, err->code);
    else if (end == TRTC_MIX_READER_LEFT)
        *code = 128 + SIGPIPE;
    report_abort(&report);
    mix_inputs_close(&in);
    return ret < 0 || end == TRTC_MIX_FAILED ? -1 : 0;
}
