/* SPDX-License-Identifier: MIT */
/* trtc-mix --join: joins the parts of a mix, and prints the path or an object about it. */
#include "join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "base/json_put.h"
#include "mix/join.h"
#include "run.h"

static int print_object(const struct opts *o, const struct trtc_join_result *res,
                        struct trtc_err *err)
{
    cJSON *j = cJSON_CreateObject();
    trtc_json_put_text(&j, "path", o->output);
    trtc_json_put_number(&j, "start_ms", (double)(res->start_us / 1000));
    trtc_json_put_number(&j, "end_ms", (double)(res->end_us / 1000));
    trtc_json_put_number(&j, "duration_ms", (double)((res->end_us - res->start_us) / 1000));
    trtc_json_put_number(&j, "bytes", (double)res->bytes);
    trtc_json_put_number(&j, "width", res->width_px);
    trtc_json_put_number(&j, "height", res->height_px);
    trtc_json_put_number(&j, "fps", res->fps);
    trtc_json_put_number(&j, "frames", (double)res->nb_frames);
    trtc_json_put_number(&j, "parts", (double)o->operands.n);
    char *text = trtc_json_text(j, false);
    cJSON_Delete(j);
    if (!text)
        return trtc_fail_nomem(err);
    puts(text);
    free(text);
    return 0;
}

int mix_join(const struct opts *o, struct trtc_err *err)
{
    const struct trtc_join_opts jo = { .parts = o->operands.items,
                                       .nb_parts = o->operands.n,
                                       .path = o->output,
                                       .container = mix_container(o),
                                       .stop = &cli_signal };
    struct trtc_join_result res;
    if (mix_make_directory(o->output, err) < 0 || trtc_join(&jo, &res, err) < 0)
        return -1;
    if (o->json)
        return print_object(o, &res, err);
    if (strcmp(o->output, "-") != 0)
        puts(o->output);
    return 0;
}
