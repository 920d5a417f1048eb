/* SPDX-License-Identifier: MIT */
/* Reports to the service manager that started the program (sd_notify(3)) that it is ready. */
#ifndef TRTC_CMD_READY_H
#define TRTC_CMD_READY_H

/* Sends the message to the socket in NOTIFY_SOCKET, if set. Failures are ignored: the service
 * manager then waits until its own time limit. */
void ready_report(void);

#endif
