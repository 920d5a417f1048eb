/* SPDX-License-Identifier: MIT */
/* Where files are put. */
#include "storage/place.h"

#include <stdlib.h>

void trtc_place_fini(struct trtc_place *place)
{
    char *const texts[] = { place->bucket,
                            place->region,
                            place->endpoint,
                            place->prefix,
                            place->dir,
                            place->vod.procedure,
                            place->vod.storage_region,
                            place->vod.source_context,
                            place->vod.session_context };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (char **word = place->command; word && *word; word++)
        free(*word);
    free(place->command);
    *place = (struct trtc_place){ 0 };
}
