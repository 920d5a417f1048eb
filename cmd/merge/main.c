/* SPDX-License-Identifier: MIT */
/* trtc-merge: merges single-stream recordings into MP4.
 *
 * Reads directories of playlists and segments, decides what belongs together (lib/core),
 * copies or encodes it (lib/media), and writes one MP4 a section or a user; prints the path of
 * each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../cli.h"
#include "../loss.h"
#include "../memory.h"
#include "base/json_put.h"
#include "base/text.h"
#include "jobs.h"
#include "merge/merge.h"
#include "merge/report.h"
#include "recording/plan_print.h"
#include "source/load.h"

/* ---- what there is, what will be made ---- */

static void say_losses(struct work *w, const struct trtc_recording *r,
                       const struct trtc_losses *losses)
{
    for (size_t i = 0; i < losses->n; i++)
        if (trtc_list_wanted(r, losses->items[i].list, w->o->plan.aux) &&
            (w->o->plan.form == TRTC_FORM_MP4 || trtc_list_has_sound(r, losses->items[i].list)))
            merge_say_loss(w, &losses->items[i]);
}

static void say_recording(struct work *w, const struct trtc_recording *r,
                          const struct trtc_timeline *t)
{
    const char *who = r->user ? r->user_id : "mixed";
    for (size_t i = 0; i < r->nb_notes; i++)
        cli_note("%s", r->notes[i]);
    say_losses(w, r, &r->losses);
    say_losses(w, r, &t->losses);
    if (t->nb_left_out && t->nb_sections == 0 && w->o->plan.form != TRTC_FORM_MP4)
        cli_note("%s: user %s: no sound, and only sound was requested", r->dir, who);
    else if (t->nb_left_out && w->o->plan.form == TRTC_FORM_MP4)
        cli_note("%s: user %s: -a %d leaves out %d segment%s of the %s", r->dir, who,
                 (int)w->o->plan.aux, t->nb_left_out, trtc_text_s(t->nb_left_out),
                 w->o->plan.aux == TRTC_AUX_MAIN ? "substream" : "other stream");
    if (t->overlap_us > 0)
        cli_debug("%s: user %s: %.3f s were recorded more than once and are used once", r->dir, who,
                  (double)t->overlap_us / 1e6);
    bool all_left_out = t->nb_sections == 0 && t->nb_left_out > 0;
    if (t->nb_sections == 0 && !all_left_out) {
        cli_error("%s: user %s: no usable media", r->dir, who);
        w->code = trtc_worse(w->code, TRTC_EX_DATAERR);
    }
}

/* Reports a recording that is left out since the machine could not read one of its files. An
 * output without that file would look finished to the next run. */
static void say_held(struct work *w, const struct trtc_recording *r)
{
    cli_report(r->held);
    cli_error("%s: user %s: not merged this time; run trtc-merge again", r->dir,
              r->user ? r->user_id : "mixed");
    w->code = trtc_worse(w->code, r->held->code);
}

/* Reports users who were asked for and are not there. The others are merged all the same. */
static void check_users(struct work *w)
{
    for (size_t i = 0; i < w->o->users.n; i++) {
        const char *user = w->o->users.items[i];
        bool found = false;
        for (size_t k = 0; k < w->scan.n && !found; k++)
            found = strlen(user) == w->scan.recs[k].user_id_len &&
                    memcmp(user, w->scan.recs[k].user_id, strlen(user)) == 0;
        if (found)
            continue;
        if (*user)
            cli_error("%s: no recording of user '%s'; 'trtc-merge --plan %s' prints the users",
                      w->o->dirs.items[0], user, w->o->dirs.items[0]);
        else
            cli_error("%s: no mixed recording, which is what -u '' selects", w->o->dirs.items[0]);
        w->code = trtc_worse(w->code, TRTC_EX_NOINPUT);
    }
}

/* Reports a file that is given instead of a directory, with the command that merges its
 * directory. */
static int report_file(const char *path)
{
    if (!cli_is_recorded(path)) {
        cli_error("%s: it is neither a playlist nor a segment: 'trtc-merge DIR' merges the "
                  "recordings in DIR",
                  path);
        return TRTC_EX_NOINPUT;
    }
    const char *slash = strrchr(path, '/');
    const int n = slash && slash != path ? (int)(slash - path) : 1;
    cli_error("%s: it is a file: 'trtc-merge %.*s' merges its directory", path, n,
              slash ? path : ".");
    return TRTC_EX_NOINPUT;
}

/* One directory that cannot be read does not stop the others. */
static int seen_dir(void *opaque, const char *dir, const struct trtc_err *why)
{
    struct work *w = opaque;
    struct stat st;
    const char *instead = why ? cli_no_directory(dir) : NULL;
    const struct opt_list *dirs = &w->o->dirs;
    if (why && stat(dir, &st) == 0 && S_ISREG(st.st_mode)) {
        w->code = trtc_worse(w->code, report_file(dir));
    } else if (why && why->code == TRTC_EX_NOINPUT && !instead && dirs->n > 1 &&
               strcmp(dir, dirs->items[dirs->n - 1]) == 0 && !w->o->plan.outdir) {
        cli_error("%s; '-o %s' writes the files there", why->msg, dir);
        w->code = trtc_worse(w->code, why->code);
    } else if (instead) {
        cli_error("%.*s: %s", cli_shown(dir), dir, instead);
        w->code = trtc_worse(w->code, TRTC_EX_NOINPUT);
    } else if (why) {
        w->code = trtc_worse(w->code, cli_report(why));
    }
    return 0;
}

/* Reports problems that belong to no recording; with --part, only the first process does. */
static void say_scan(struct work *w)
{
    if (w->o->share.k > 1)
        return;
    for (size_t i = 0; i < w->scan.nb_notes; i++)
        cli_note("%s", w->scan.notes[i]);
    for (size_t i = 0; i < w->scan.losses.n; i++)
        merge_say_loss(w, &w->scan.losses.items[i]);
}

/* Recordings that go on are left alone. */
static bool is_left_out(const struct work *w, const struct trtc_recording *r)
{
    return w->o->finished && !r->ended;
}

static bool is_wanted(void *opaque, const struct trtc_recording *r)
{
    const struct work *w = opaque;
    const size_t i = (size_t)(r - w->scan.recs);
    if (is_left_out(w, r) || r->loaded || w->pass == PASS_NONE)
        return false;
    return w->pass == PASS_ALL || (w->pass == PASS_DIVIDED && w->shares.divided[i]) ||
           (w->pass == PASS_OWN && trtc_shares_has(&w->shares, i, w->o->share.k));
}

/* Directories are looked through by the first pass alone. */
static int load(struct work *w, enum pass pass, struct trtc_err *err)
{
    const struct opts *o = w->o;
    const struct trtc_load what = {
        .dirs = o->dirs.items,
        .nb_dirs = o->dirs.n,
        .recursive = o->recursive,
        .users = o->users.items,
        .nb_users = o->users.n,
        .count_frames = o->plan.fps && o->plan.video != TRTC_CHOICE_ENCODE,
        .seen = seen_dir,
        .wanted = is_wanted,
        .opaque = w,
        .stop = &cli_signal,
    };
    w->pass = pass;
    return trtc_recordings_load(&w->scan, &what, err);
}

/* Reports what another user might be able to read. */
static void say_denied(struct work *w)
{
    bool denied = w->scan.denied;
    if (w->scan.denied && w->o->share.k > 1) /* the first process has reported these already */
        for (size_t i = 0; i < w->scan.losses.n; i++)
            loss_say(&w->scan.losses.items[i]);
    for (size_t i = 0; i < w->scan.n; i++) {
        const struct trtc_recording *r = &w->scan.recs[i];
        denied |= r->denied;
        for (size_t k = 0; r->denied && k < r->losses.n; k++)
            loss_say(&r->losses.items[k]);
    }
    if (denied)
        w->code = trtc_worse(w->code, TRTC_EX_NOPERM);
}

/* Other processes, which can read everything, would make other shares than this one. */
static int check_whole(struct work *w, struct trtc_err *err)
{
    if (w->shares.nb_recs == 0)
        say_denied(w);
    for (size_t i = 0; i < w->scan.n; i++)
        if (w->scan.recs[i].held &&
            (w->shares.nb_recs == 0 || w->shares.divided[i])) /* later only these count */
            w->code = trtc_worse(w->code, cli_report(w->scan.recs[i].held));
    return w->code > TRTC_EX_LOSS
               ? trtc_fail(
                     err, w->code,
                     "--part: not all of the input can be read, so the parts are unknown: nothing is merged")
               : 0;
}

/* The outputs of a recording that is divided. */
static int divide(struct work *w, size_t i, struct trtc_err *err)
{
    const struct trtc_recording *r = &w->scan.recs[i];
    const struct trtc_plan_opts *o = &w->o->plan;
    struct trtc_timeline line = { 0 };
    struct trtc_plan plan = { 0 };
    int ret = (o->form == TRTC_FORM_MP4 ? trtc_timeline_build
                                        : trtc_timeline_build_sound)(r, o->aux, &line, err);
    if (ret == 0)
        ret = trtc_plan_add(&plan, r, &line, o, err);
    if (ret == 0)
        ret = trtc_shares_add(&w->shares, i, &plan, err);
    trtc_plan_fini(&plan);
    trtc_timeline_fini(&line);
    return ret;
}

/* Finds the recordings in this process's share, and loads only these. */
static int load_share(struct work *w, struct trtc_err *err)
{
    const int n = w->o->share.n;
    if (check_whole(w, err) < 0 ||
        trtc_shares_find(&w->shares, &w->scan, &w->o->plan, w->o->finished, n, err) < 0 ||
        load(w, PASS_DIVIDED, err) < 0 || check_whole(w, err) < 0)
        return -1;
    for (size_t i = 0; i < w->scan.n && !cli_signal; i++)
        if (w->shares.divided[i] && divide(w, i, err) < 0)
            return -1;
    if (trtc_shares_settle(&w->shares, n, err) < 0)
        return -1;
    return load(w, PASS_OWN, err);
}

static int load_all(struct work *w, struct trtc_err *err)
{
    const struct opts *o = w->o;
    const int ret = load(w, o->share.n ? PASS_NONE : PASS_ALL, err);
    if (ret < 0 || !cli_signal)
        say_scan(w);
    if (ret < 0 || cli_signal)
        return ret;
    if (w->scan.n == 0 && w->code <= TRTC_EX_LOSS && !o->users.n)
        return trtc_fail(err, TRTC_EX_NOINPUT, "%s: contains no recordings%s", o->dirs.items[0],
                         !o->recursive && cli_has_directories(o->dirs.items[0])
                             ? "; --recursive searches its subdirectories too"
                             : "");
    if (o->share.n && load_share(w, err) < 0)
        return -1;
    check_users(w);
    return 0;
}

/* Files that cannot be made are reported before any work. */
static void check_output(struct work *w, struct trtc_output *out)
{
    const bool splits = w->o->split_us || w->o->split_bytes;
    if (out->refused) {
        cli_error("%s: the video cannot be copied: %s", out->path, out->why_video);
        w->code = trtc_worse(w->code, TRTC_EX_UNAVAILABLE);
    } else if (out->too_long && !splits) {
        cli_error("%s: %.1f days are too long for one file: use -m 0, -s or --split-time",
                  out->path, (double)out->dur_us / 86400e6);
        w->code = trtc_worse(w->code, TRTC_EX_DATAERR);
        out->refused = true;
    }
}

/* Whether this process makes outputs of recording i; whether it is the one that reports problems
 * and losses in it, and the recording itself. */
static bool is_ours(const struct work *w, size_t i)
{
    return !w->o->share.n || trtc_shares_has(&w->shares, i, w->o->share.k);
}

static bool is_reported(const struct work *w, size_t i)
{
    if (!w->o->share.n)
        return true;
    if (is_left_out(w, &w->scan.recs[i])) /* is in no share */
        return w->o->share.k == 1;
    return trtc_shares_has_output(&w->shares, i, 0, w->o->share.k);
}

/* Leaves out what others make of recording i, whose outputs begin at first. */
static void keep_ours(struct work *w, size_t i, size_t first)
{
    for (size_t k = w->plan.n; w->o->share.n && k-- > first;)
        if (!trtc_shares_has_output(&w->shares, i, k - first, w->o->share.k))
            trtc_plan_drop(&w->plan, k);
}

static int plan_recording(struct work *w, size_t i, struct trtc_err *err)
{
    const struct opts *o = w->o;
    const struct trtc_recording *r = &w->scan.recs[i];
    const size_t first = w->plan.n;
    if (r->held) {
        say_held(w, r);
        return 0;
    }
    if ((o->plan.form == TRTC_FORM_MP4 ? trtc_timeline_build : trtc_timeline_build_sound)(
            r, o->plan.aux, &w->lines[i], err) < 0)
        return -1;
    if (is_reported(w, i))
        say_recording(w, r, &w->lines[i]);
    if (trtc_plan_add(&w->plan, r, &w->lines[i], &o->plan, err) < 0)
        return -1;
    keep_ours(w, i, first);
    for (size_t k = first; k < w->plan.n; k++)
        check_output(w, &w->plan.outputs[k]);
    return 0;
}

static int plan_all(struct work *w, struct trtc_err *err)
{
    w->lines = calloc(w->scan.n + 1, sizeof *w->lines);
    if (!w->lines)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < w->scan.n && !cli_signal; i++) {
        const struct trtc_recording *r = &w->scan.recs[i];
        if (is_left_out(w, r) && is_reported(w, i))
            cli_note("%s: user %s: skipped: the recording is still in progress (no ENDLIST)",
                     r->dir, r->user ? r->user_id : "mixed");
        if (is_left_out(w, r) || !is_ours(w, i))
            continue;
        if (plan_recording(w, i, err) < 0)
            return -1;
    }
    return trtc_plan_check(&w->plan, err);
}

static int print_plan(const struct work *w, struct trtc_err *err)
{
    const struct opts *o = w->o;
    if (o->print == PLAN_SVG)
        trtc_plan_svg(&w->plan, stdout);
    else if (o->print == PLAN_JSON && trtc_plan_json(&w->plan, stdout) < 0)
        return trtc_fail_nomem(err);
    else if (o->print == PLAN_TSV)
        trtc_plan_tsv(&w->plan, o->header, o->null ? '\0' : '\n', stdout);
    return 0;
}

/* ---- the report ---- */

static int write_report(struct work *w, struct trtc_err *err)
{
    int ret = -1;
    cJSON *j = cJSON_CreateObject(), *inputs = cJSON_CreateArray();
    char *text = NULL;
    for (size_t i = 0; i < w->scan.n; i++)
        if (is_reported(w, i))
            trtc_json_push(&inputs, trtc_report_input(&w->scan.recs[i], &w->lines[i]));
    trtc_json_put_text(&j, "version", TRTC_VERSION);
    trtc_json_put(&j, "inputs", inputs);
    trtc_json_put(&j, "outputs", w->account.outputs);
    trtc_json_put(&j, "losses", w->account.losses);
    trtc_json_put_number(&j, "exit_status", cli_signal ? 128 + cli_signal : w->code);
    w->account = (struct account){ 0 };
    text = trtc_json_text(j, true);
    if (!text) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (memory_check(err) < 0) /* something may not have found its way into it */
        goto done;
    ret = report_write(&w->report, text, err);
done:
    free(text);
    cJSON_Delete(j);
    return ret;
}

static int run(struct work *w, struct trtc_err *err)
{
    const struct opts *o = w->o;
    if (o->report && !o->print) {
        w->account.outputs = cJSON_CreateArray();
        w->account.losses = cJSON_CreateArray();
        if (report_open(&w->report, o->report, err) < 0)
            return -1;
    }
    cli_catch_signals();
    if (load_all(w, err) < 0 || plan_all(w, err) < 0)
        return -1;
    if (o->print)
        return print_plan(w, err);
    if (o->plan.outdir && w->plan.n && trtc_mkdirs(o->plan.outdir, err) < 0)
        return -1;
    if (merge_run_jobs(w, err) < 0)
        return -1;
    return o->report ? write_report(w, err) : 0;
}

int main(int argc, char *argv[])
{
    struct opts o = { 0 };
    struct work w = { .o = &o, .lock = PTHREAD_MUTEX_INITIALIZER };
    struct trtc_err err;
    int code = 0;
    cli_init("trtc-merge");
    if (merge_options(argc, argv, &o, &code) == OPT_GO) {
        if (run(&w, &err) < 0)
            w.code = trtc_worse(w.code, cli_report(&err));
        code = w.code;
    }
    report_abort(&w.report);
    cJSON_Delete(w.account.outputs);
    cJSON_Delete(w.account.losses);
    trtc_shares_fini(&w.shares);
    trtc_plan_fini(&w.plan);
    for (size_t i = 0; w.lines && i < w.scan.n; i++)
        trtc_timeline_fini(&w.lines[i]);
    free(w.lines);
    trtc_scan_fini(&w.scan);
    merge_options_fini(&o);
    return cli_finish(memory_settle(code));
}
