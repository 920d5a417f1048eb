/* SPDX-License-Identifier: MIT */
/* The page of trtc-recd: page.html, which the Makefile embeds in the program. */
#ifndef TRTC_CMD_RECD_PAGE_H
#define TRTC_CMD_RECD_PAGE_H

/* HTML, UTF-8, NUL-terminated. */
extern const char recd_page[];

#endif
