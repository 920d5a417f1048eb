/* SPDX-License-Identifier: MIT */
/* Reporting to whatever started the program (sd_notify(3)) that it is ready to be talked to. */
#ifndef TRTC_CMD_READY_H
#define TRTC_CMD_READY_H

/* Says so to the socket in NOTIFY_SOCKET, where there is one. Failures are none: it would only be waited for. */
void ready_report(void);

#endif
