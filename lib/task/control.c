/* SPDX-License-Identifier: MIT */
/* Reads the lines of a task's control FIFO. */
#include "task/control.h"

#include <cjson/cJSON.h>

#include "base/json.h"
#include "task/leave.h"

static int read_stop(const cJSON *stop, struct trtc_control *out, struct trtc_err *err)
{
    int64_t code = TRTC_LEAVE_ASKED;
    if (!cJSON_IsObject(stop))
        return trtc_fail(err, TRTC_EX_DATAERR, "stop: not an object");
    if (trtc_json_int(stop, "stop", "LeaveCode", 0, TRTC_LEAVE_LAST, &code, err) < 0)
        return -1;
    out->leave_code = (int)code;
    return 0;
}

static int read_line(cJSON *line, struct trtc_control *out, struct trtc_err *err)
{
    const cJSON *only = cJSON_IsObject(line) ? line->child : NULL;
    if (!only || only->next)
        return trtc_fail(err, TRTC_EX_DATAERR, "neither {\"modify\":...} nor {\"stop\":...}");
    if (cJSON_GetObjectItemCaseSensitive(line, "stop"))
        return read_stop(only, out, err);
    if (!cJSON_GetObjectItemCaseSensitive(line, "modify"))
        return trtc_fail(err, TRTC_EX_DATAERR, "neither {\"modify\":...} nor {\"stop\":...}");
    if (!cJSON_IsObject(only))
        return trtc_fail(err, TRTC_EX_DATAERR, "modify: not an object");
    out->modify = cJSON_DetachItemFromObjectCaseSensitive(line, "modify");
    return 0;
}

int trtc_control_read(const char *line, size_t n, struct trtc_control *out, struct trtc_err *err)
{
    cJSON *j = trtc_json_parse("the line", line, n, err);
    *out = (struct trtc_control){ 0 };
    const int ret = j ? read_line(j, out, err) : -1;
    cJSON_Delete(j);
    return ret;
}
