/* SPDX-License-Identifier: MIT */
/* A body that is read while it is sent: parts that are larger than memory should hold. For S3 it is
 * signed chunk by chunk
 * ("Transferring Payload in Multiple Chunks", Amazon S3 API Reference), with its SHA-256 in a
 * trailer. */
#ifndef TRTC_STORAGE_OUTFLOW_PRIV_H
#define TRTC_STORAGE_OUTFLOW_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/header.h"
#include "storage/storage_priv.h"

struct trtc_outflow;

/* A part of fd. NULL: out of memory. */
struct trtc_outflow *trtc_outflow_new(struct trtc_storage *s, int fd,
                                      const struct trtc_storage_part *part, struct trtc_err *err);
void trtc_outflow_free(struct trtc_outflow **outflow);

/* How many bytes go over the wire. */
size_t trtc_outflow_wire_bytes(const struct trtc_outflow *outflow);

/* S3: the header fields that announce it, in place of those of a body that was hashed. */
int trtc_outflow_add_fields(const struct trtc_outflow *outflow, struct trtc_headers *out,
                            struct trtc_err *err);

/* Begins, for each attempt; in and authorization are those of the request. */
void trtc_outflow_start(struct trtc_outflow *outflow, const struct trtc_signable *in,
                        const char *authorization);

/* Up to n bytes more; 0 where there are none: at the end, or since the file cannot be read. */
size_t trtc_outflow_next(void *outflow, void *out, size_t n);

/* After an attempt: what went out. false: not all of it. */
bool trtc_outflow_digest(struct trtc_outflow *outflow, struct trtc_digest *out);

/* Where the file was to blame: *err says so. *again: it ended too early. */
void trtc_outflow_explain(const struct trtc_outflow *outflow, bool *again, struct trtc_err *err);

#endif
