/* SPDX-License-Identifier: MIT */
/* The account of a track, and a loss, as JSON objects. */
#include "recording/ledger_json.h"

#include "base/json_put.h"
#include "base/utc.h"

static bool add(cJSON *to, const char *key, int64_t n)
{
    return cJSON_AddNumberToObject(to, key, (double)n) != NULL;
}

static bool add_left(cJSON *to, const struct trtc_ledger *l)
{
    cJSON *left = cJSON_AddObjectToObject(to, "left_out");
    bool ok = left != NULL;

    for (int k = 0; ok && k < TRTC_NB_LEFT; k++)
        if (l->nb_left[k] != 0)
            ok = add(left, trtc_left_name((enum trtc_left)k), l->nb_left[k]);
    return ok;
}

cJSON *trtc_ledger_json(const struct trtc_ledger *l)
{
    cJSON *j = cJSON_CreateObject();

    if (j && (l->nb_packets == 0 || add(j, "packets_in", l->nb_packets)) &&
        add(j, "frames_in", l->nb_in) && add(j, "frames_out", l->nb_out) &&
        add(j, "put_in", l->nb_put_in) && add_left(j, l) &&
        add(j, "unaccounted", trtc_ledger_open(l)))
        return j;
    cJSON_Delete(j);
    return NULL;
}

cJSON *trtc_loss_json(const struct trtc_loss *l)
{
    cJSON *j = cJSON_CreateObject();
    trtc_json_put_text(&j, "path", l->path);
    trtc_json_put_text(&j, "kind", l->kind);
    if (l->detail)
        trtc_json_put_text(&j, "detail", l->detail);
    if (l->start_us != TRTC_NOTIME)
        trtc_json_put_number(&j, "start_ms", (double)(l->start_us / 1000));
    if (l->lost_us != TRTC_NOTIME)
        trtc_json_put_number(&j, "lost_ms", (double)l->lost_us / 1000);
    if (l->lost_bytes >= 0)
        trtc_json_put_number(&j, "lost_bytes", (double)l->lost_bytes);
    return j;
}
