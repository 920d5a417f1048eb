/* SPDX-License-Identifier: MIT */
/* The options of trtc-rec: their table is in trtc-rec.c, rec_options.c reads what is given. */
#ifndef TRTC_CMD_REC_OPTIONS_H
#define TRTC_CMD_REC_OPTIONS_H

#include <getopt.h>

#include "rec.h"

#define REC_OPTIONS_MAX 64
#define REC_VIDEO       "MixTranscodeParams.VideoParams."

enum rec_option_id {
    O_FILE,
    O_SET,
    O_FIELD, /* sets the member at path, by the words where there are some */
    O_USERS,
    O_USERSIG,
    O_FORMAT,
    O_SUBSCRIBE,
    O_UNSUBSCRIBE,
    O_LAYOUT,
    O_SIZE,
    O_VIDEO,
    O_STORAGE,
    O_PREFIX,
    O_EXPIRE,
    O_FOLLOW,
    O_SKELETON,
    O_REPLACE,
    O_FOR,
    O_INTERVAL,
    O_IDLE,
    O_CHECK,
    O_OFFLINE,
    O_SDKAPPID,
    O_REGION,
    O_ENDPOINT,
    O_INTL,
    O_PROFILE,
    O_SECRET,
    O_CA,
    O_TIMEOUT,
    O_RETRIES,
    O_DRY,
    O_HEADER,
    O_JSON,
    O_QUIET,
    O_VERBOSE,
    O_HELP,
    O_VERSION,
};

struct rec_option {
    const char *name;
    int arg;
    char letter;
    enum rec_option_id id;
    unsigned subs; /* those that know it: 1 << enum rec_sub, or-ed */
    const char *meta, *says;
    const char *path;         /* of the member it sets */
    const char *const *words; /* their places are the values; NULL ends */
    int first;                /* the value of the first word */
};

/* What reading needs room for; o->sets and the words of o lie in it. */
struct rec_room {
    char **argv; /* options first */
    char (*text)[2][24];
    struct option longs[REC_OPTIONS_MAX + 1];
    char shorts[4 * REC_OPTIONS_MAX + 2];
};

enum { REC_PARSED = 0, REC_WANTS_HELP = -1, REC_WANTS_VERSION = -2 };

/* Reads the words behind the sub-command's name (argv[0]) into o, whose sub is set. Returns one of
 * the above, or the exit status after a message. */
int rec_options_read(struct rec_opts *o, struct rec_room *room, const struct rec_option *table,
                     int nb, bool takes_task, int argc, char *argv[]);

void rec_options_free(struct rec_opts *o, struct rec_room *room);

#endif
