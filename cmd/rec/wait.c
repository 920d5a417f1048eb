/* SPDX-License-Identifier: MIT */
/* Watches a task: prints a line for each change of its state, and explains Idle, which is mostly
 * caused by a mistake. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "actions.h"
#include "base/json_put.h"
#include "base/text.h"
#include "base/utc.h"
#include "wait.h"

enum state { STATE_NONE, STATE_IDLE, STATE_RECORDING, STATE_EXITING, STATE_ENDED, STATE_OTHER };
static const char *const state_names[] = { "", "idle", "recording", "exiting", "ended", "other" };

struct watch {
    struct rec *r;
    const char *task;
    enum rec_want want;
    bool json;
    enum state state;
    int64_t idle_from_us; /* when it became idle */
    int64_t heard_us;     /* when the service last answered */
    int64_t end_us;       /* --timeout; 0: none */
    bool idle_told;
    bool known; /* the task was created here; if the service does not know it, it has ended */
};

/* Converts a status. Older pages of the service write it in small letters. */
static enum state state_of(const char *status)
{
    if (!status)
        return STATE_OTHER;
    return strcasecmp(status, "Idle") == 0         ? STATE_IDLE
           : strcasecmp(status, "InProgress") == 0 ? STATE_RECORDING
           : strcasecmp(status, "Exited") == 0     ? STATE_EXITING
                                                   : STATE_OTHER;
}

static void print_json(const char *task, const char *state, const char *key, const char *value)
{
    cJSON *line = cJSON_CreateObject();
    trtc_json_put_number(&line, "time_ms", (double)clock_real_ms());
    trtc_json_put_text(&line, "task_id", task);
    trtc_json_put_text(&line, "state", state);
    if (value)
        trtc_json_put_text(&line, key, value);
    cli_put_json(line, false);
    cJSON_Delete(line);
    fflush(stdout);
}

void rec_watch_created(const char *task, const char *request_id)
{
    print_json(task, "created", "request_id", request_id);
}

/* Prints a line for a new state. */
static void enter(struct watch *w, enum state state, const char *status)
{
    char time[32], shown[256];
    if (state == w->state)
        return;
    w->state = state;
    w->idle_from_us = clock_mono_us();
    if (w->json) {
        print_json(w->task, state_names[state], "status", status);
        return;
    }
    trtc_utc_format3339(clock_real_ms(), time);
    printf("%s\t%s\t%s\n", time, trtc_text_show(w->task, strlen(w->task), shown, sizeof shown),
           state_names[state]);
    fflush(stdout);
}

/* Explains an idle task: a create that succeeds does not prove that anything is recorded. */
void rec_explain_idle(int64_t idle_us)
{
    cli_note("idle for %" PRId64 " s: nobody is publishing in the room that the robot is in. Most "
             "often the room's type is wrong (--room-type: '123' as a string and 123 as a number "
             "are two rooms); else the room's id or the application is another, the users that "
             "are subscribed to are not there, or nobody has begun yet",
             idle_us / 1000000);
}

static void explain_idle(struct watch *w)
{
    const int64_t idle_us = clock_mono_us() - w->idle_from_us;
    if (w->state != STATE_IDLE || w->idle_told || idle_us < w->r->opts->idle_us)
        return;
    w->idle_told = true;
    rec_explain_idle(idle_us);
}

/* Asks once. Returns 1: there is an answer; 0: there is none, but the wait goes on; -1. */
static int look(struct watch *w, struct trtc_err *err)
{
    struct trtc_answer answer = { 0 };
    const bool first = w->heard_us == 0;
    cJSON *request = cJSON_CreateObject();
    int ret = -1;
    trtc_json_put_text(&request, "TaskId", w->task);
    if (w->r->opts->sdkappid)
        trtc_json_put_number(&request, "SdkAppId", (double)w->r->opts->sdkappid);
    if (w->end_us) { /* the retries must not outlast the wait */
        const int64_t left_ms = (w->end_us - clock_mono_us()) / 1000;
        w->r->caller.budget_ms = left_ms < 1                      ? 1
                                 : left_ms < TRTC_RETRY_BUDGET_MS ? left_ms
                                                                  : TRTC_RETRY_BUDGET_MS;
    }
    if (!request) {
        trtc_fail_nomem(err);
    } else if (rec_describe(w->r, request, &answer, err) == 0) {
        const char *status = rec_text(answer.response, "Status");
        enter(w, state_of(status), status);
        ret = 1;
    } else if (rec_gone(&answer) && (!first || w->known)) {
        enter(w, STATE_ENDED, NULL);
        ret = 1;
    } else if (!first && err->code == TRTC_EX_TEMPFAIL && !cli_signal &&
               clock_mono_us() - w->heard_us < REC_SILENCE_US) {
        cli_note("%s; still waiting", err->msg);
        ret = 0;
    }
    if (ret == 1)
        w->heard_us = clock_mono_us();
    trtc_answer_fini(&answer);
    cJSON_Delete(request);
    return ret;
}

static bool reached(const struct watch *w)
{
    switch (w->want) {
    case REC_WANT_RECORDING:
        return w->state == STATE_RECORDING;
    case REC_WANT_IDLE:
        return w->state == STATE_IDLE;
    case REC_WANT_ENDED:
        break;
    }
    return w->state == STATE_ENDED;
}

/* Sleeps until the next look is due, but not past the end. */
static int pause_between(const struct watch *w, struct trtc_err *err)
{
    int64_t until_us = clock_mono_us() + w->r->opts->interval_us;
    if (w->end_us && until_us > w->end_us)
        until_us = w->end_us;
    if (clock_sleep_until(until_us))
        return trtc_fail(err, TRTC_EX_TEMPFAIL, "interrupted; the task continues");
    if (w->end_us && clock_mono_us() >= w->end_us)
        return trtc_fail(err, TRTC_EX_TEMPFAIL,
                         "the timeout has passed, and the state of the task is %s",
                         w->state ? state_names[w->state] : "not known");
    return 0;
}

int rec_watch(struct rec *r, const char *task, enum rec_want want, struct trtc_err *err)
{
    const bool is_wait = r->opts->sub == REC_WAIT;
    struct watch w = {
        .r = r,
        .task = task,
        .want = want,
        .json = r->opts->json || !is_wait,
        .known = rec_remembered(r, task),
        .end_us = is_wait && r->opts->timeout_us ? clock_mono_us() + r->opts->timeout_us : 0,
    };
    for (;;) {
        if (look(&w, err) < 0)
            return -1;
        if (reached(&w))
            return 0;
        if (w.state == STATE_ENDED)
            return trtc_fail(err, TRTC_EX_NOINPUT, "the task has ended");
        explain_idle(&w);
        if (pause_between(&w, err) < 0)
            return -1;
    }
}
