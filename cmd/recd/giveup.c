/* SPDX-License-Identifier: MIT */
/* The last callbacks of tasks that cannot be recorded, and the last line of their events.ndjson. */
#include "giveup.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/file.h"
#include "base/json_put.h"
#include "follow.h"
#include "setup.h"

enum { LEAVE_FAILED = 100 };

static int open_in(const struct task *t, const char *name)
{
    char *path = setup_path(t->dir, name);
    const int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    free(path);
    return fd;
}

static int tell_number(const struct recd_teller *teller, int type, const char *name, int value,
                       struct trtc_err *err)
{
    cJSON *payload = cJSON_CreateObject();
    trtc_json_put_number(&payload, name, value);
    return payload ? recd_tell((void *)(uintptr_t)teller, type, clock_real_ms(), payload, err)
                   : trtc_fail_nomem(err);
}

static int end_failed(struct recd *r, void *arg, struct trtc_err *err)
{
    struct task *t = arg;
    const struct recd_teller teller = { r, &t->row };
    const int code = t->row.stop_code >= 0 ? t->row.stop_code : LEAVE_FAILED;
    t->row.ended_ms = clock_real_ms();
    t->row.end_status = 1;
    if (!t->row.seq && tell_number(&teller, 301, "Status", 1, err) < 0)
        return -1;
    if (t->row.life == TRTC_LIFE_OPEN) {
        t->row.life = TRTC_LIFE_EXITED;
        t->row.exited_ms = t->row.ended_ms;
        t->row.leave_code = code;
        if (tell_number(&teller, 302, "LeaveCode", code, err) < 0)
            return -1;
    }
    return task_progress(r, t, err) < 0 ? -1 : trtc_store_task_save(r->store, &t->row, err);
}

/* Appends the End to events.ndjson, after a line feed if the last line there is incomplete. */
static void write_end(const struct task *t, int code)
{
    char line[200];
    struct stat st;
    const int fd = open_in(t, "events.ndjson");
    const int n =
        snprintf(line, sizeof line,
                 "\n{\"Seq\":%lld,\"EventMsTs\":%lld,\"End\":{\"Status\":1,\"ExitStatus\":%d}}\n",
                 (long long)t->row.seq + 1, (long long)t->row.ended_ms, code & 255);
    bool good = fd >= 0 && fstat(fd, &st) == 0 && lseek(fd, 0, SEEK_END) >= 0;
    if (good) {
        const int whole = st.st_size == t->row.offset;
        good = trtc_write_errno(fd, line + whole, (size_t)(n - whole)) == 0 && trtc_fsync(fd) == 0;
    }
    if (!good)
        cli_error("task %s: cannot write its end to %s/events.ndjson: %s", t->row.id, t->dir,
                  strerror(errno));
    if (fd >= 0)
        close(fd);
}

void give_up(struct recd *r, struct task *t, int code)
{
    const int lock = open_in(t, "lock");
    const bool runs = lock >= 0 && trtc_flock(lock) < 0;
    if (!runs)
        follow(r, t);
    if (!runs && !t->row.ended_ms && task_change(r, t, end_failed, t)) {
        cli_error("task %s cannot be recorded (status %d): see %s/log", t->row.id, code, t->dir);
        if (lock >= 0)
            write_end(t, code);
    }
    if (lock >= 0)
        close(lock);
}
