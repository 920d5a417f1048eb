/* SPDX-License-Identifier: MIT */
/* A body that is read from its file while it is sent, for parts that are too large to hold in
 * memory. For S3 it is signed chunk by chunk ("Transferring Payload in Multiple Chunks", Amazon S3
 * API Reference), with its SHA-256 in a trailer. */
#ifndef TRTC_STORAGE_OUTFLOW_PRIV_H
#define TRTC_STORAGE_OUTFLOW_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/header.h"
#include "storage/storage_priv.h"

struct trtc_outflow;

/* An outflow for a part of fd. NULL: out of memory. */
struct trtc_outflow *trtc_outflow_new(struct trtc_storage *s, int fd,
                                      const struct trtc_storage_part *part, struct trtc_err *err);
void trtc_outflow_free(struct trtc_outflow **outflow);

/* The number of bytes sent, including the framing. */
size_t trtc_outflow_wire_bytes(const struct trtc_outflow *outflow);

/* S3: adds the header fields for it, instead of those of a hashed body. 0, or -1. */
int trtc_outflow_add_fields(const struct trtc_outflow *outflow, struct trtc_headers *out,
                            struct trtc_err *err);

/* Starts from the beginning, for each attempt. in and authorization are those of the request. */
void trtc_outflow_start(struct trtc_outflow *outflow, const struct trtc_signable *in,
                        const char *authorization);

/* Writes up to n more bytes to out. 0: there are none, at the end or because the file cannot be
 * read. */
size_t trtc_outflow_next(void *outflow, void *out, size_t n);

/* After an attempt: the digest of what was sent. False: not everything was sent. */
bool trtc_outflow_digest(struct trtc_outflow *outflow, struct trtc_digest *out);

/* If the file caused the failure, describes it in *err. *again: the file ended too early. */
void trtc_outflow_explain(const struct trtc_outflow *outflow, bool *again, struct trtc_err *err);

#endif
