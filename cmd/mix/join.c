/* SPDX-License-Identifier: MIT */
/* trtc-mix --join: joins the parts of a mix, and prints the path or an object about it. */
#include "join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../meter.h"
#include "account.h"
#include "base/json_put.h"
#include "mix/join.h"
#include "run.h"

/* Reports a line of a part's note on standard error, and adds it to the losses for --json. */
static void tell(void *opaque, const char *part, const char *line)
{
    cJSON **const losses = opaque;
    char text[1024];
    snprintf(text, sizeof text, "%s: %s", part, line);
    cli_error("%s", text);
    trtc_json_push(losses, cJSON_CreateString(text));
}

static int print_object(const struct opts *o, const struct trtc_join_result *res, cJSON *losses,
                        struct trtc_err *err)
{
    const struct mix_made made = { .path = o->output,
                                   .start_us = res->start_us,
                                   .end_us = res->end_us,
                                   .bytes = res->bytes,
                                   .nb_frames = res->nb_frames,
                                   .width_px = res->width_px,
                                   .height_px = res->height_px,
                                   .fps = res->fps };
    cJSON *j = mix_made_json(&made);
    trtc_json_put_number(&j, "parts", (double)o->operands.n);
    trtc_json_put(&j, "losses", losses);
    char *text = trtc_json_text(j, false);
    cJSON_Delete(j);
    if (!text)
        return trtc_fail_nomem(err);
    puts(text);
    free(text);
    return 0;
}

static void look(void *opaque, struct meter_state *s)
{
    s->done_us = atomic_load((atomic_llong *)opaque);
}

int mix_join(const struct opts *o, int *code, struct trtc_err *err)
{
    atomic_llong done_us = 0;
    cJSON *losses = cJSON_CreateArray();
    const struct trtc_join_opts jo = { .parts = o->operands.items,
                                       .nb_parts = o->operands.n,
                                       .path = o->output,
                                       .container = mix_container(o),
                                       .stop = &cli_signal,
                                       .done_us = &done_us,
                                       .tell = tell,
                                       .opaque = &losses };
    struct trtc_join_result res = { 0 };
    struct meter meter;
    int ret = mix_make_directory(o->output, err);
    if (ret == 0) {
        meter_start(&meter, o->progress_json, look, &done_us);
        ret = trtc_join(&jo, &res, err);
        meter_stop(&meter);
    }
    if (res.reader_left) {
        *code = 128 + SIGPIPE;
        cJSON_Delete(losses);
        return 0;
    }
    if (ret == 0 && !(o->allow_missing && res.status == TRTC_EX_LOSS))
        *code = res.status;
    if (ret == 0 && o->json) {
        ret = print_object(o, &res, losses, err);
        losses = NULL; /* is in the object */
    } else if (ret == 0 && strcmp(o->output, "-") != 0) {
        puts(o->output);
    }
    cJSON_Delete(losses);
    return ret;
}
