/* SPDX-License-Identifier: MIT */
/* The account of a track, and a loss, as JSON objects that look the same in every program. */
#ifndef TRTC_RECORDING_LEDGER_JSON_H
#define TRTC_RECORDING_LEDGER_JSON_H

#include <cjson/cJSON.h>

#include "recording/ledger.h"
#include "recording/loss.h"

/* {"packets_in": (transport streams only), "frames_in":, "frames_out":, "put_in":, "left_out":
 * {reasons that are not 0}, "unaccounted":}. The caller deletes it. NULL: out of memory. */
cJSON *trtc_ledger_json(const struct trtc_ledger *l);

/* {"path":, "kind":, "detail":, "start_ms":, "lost_ms":, "lost_bytes":}; what is not known is left out. The caller
 * deletes it. NULL: out of memory. */
cJSON *trtc_loss_json(const struct trtc_loss *l);

#endif
