/* SPDX-License-Identifier: MIT */
/* MPEG-TS (ISO/IEC 13818-1) demultiplexer and framer: bytes go in as they are read, whole
 * pictures and audio frames come out. Packets of 188 bytes, or with a time in front (192) or
 * parity behind (204, 208). It reads hostile input: bounded memory, no recursion,
 * every length checked. It knows nothing of files or of the epoch clock. */
#ifndef TRTC_TS_TS_H
#define TRTC_TS_TS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "playlist/kind.h"
#include "ts/es.h"
#include "ts/packet.h"

#define TRTC_TS_PACKET    188
#define TRTC_TS_NOPTS     INT64_MIN
#define TRTC_TS_FRAME_MAX (32 * 1024 * 1024) /* a larger picture is damage */

/* The most that is kept of packets before the first tables: the latest ones. */
#define TRTC_TS_EARLY_MAX (4 * 1024 * 1024)

struct trtc_ts_stream {
    int pid;
    uint8_t stream_type;   /* from the PMT */
    enum trtc_codec codec; /* H264, H265, AAC (ADTS), else OTHER */
    char codec_name[16];   /* for messages and for finding a decoder, in FFmpeg's spelling: "h264",
                              "hevc", "aac", "aac_latm", "mp3", "ac3", "opus", "mpeg2video"... */
    bool video;
};

/* One frame. Points into the demultiplexer, valid until the next call. */
struct trtc_ts_frame {
    const struct trtc_ts_stream *stream;

    /* H.264, H.265: Annex B access unit; AAC: ADTS frame with its header; MPEG audio, AC-3, E-AC-3,
     * DTS, LOAS: frame, with its dependent substreams; Opus: packet; other codecs: PES payload.
     * Never empty. ADTS frames of several blocks are taken apart where they say where these begin:
     * where they have checksums. */
    const uint8_t *data;
    size_t size;

    /* 33-bit values as in the stream. Pictures of H.264 and H.265 without a time get one by their
     * place in the order of presentation (picture_time.h), and a DTS where the stream has none, or
     * one above the PTS. Else dts == pts where only that stands there. AAC and Opus frames after
     * the first of a PES get pts + samples * 90000 / rate, rounded without accumulation.
     * TRTC_TS_NOPTS where the PES had none and none could be derived: the rest of a PES that began
     * before the stream was joined; sound behind damage, up to the next PES with a time. */
    int64_t pts_90k, dts_90k;

    int samples, rate_hz; /* sound: its length, 0 where that is not known */

    bool floating; /* no picture has had a time so far: the first one gets the time of a packet near it */

    /* IDR, or a recovery point, or (H.265) IRAP; audio: always; other video: the random access
     * indicator is set, or an MPEG-2 sequence header stands first. */
    bool key;

    /* Pictures and PES payloads: packets are missing in it, or it was cut by the end of input;
     * AAC: bytes are missing just before it. */
    bool damaged;

    /* Offset of the TS packet in which the frame's PES began, from where the segment began, or the
     * first one of those that go on in each other. */
    int64_t pos;
};

/* The account of a stream that a PMT of the segment named, taken or not. At any time nb_bytes =
 * nb_framed + nb_idle + nb_bad + nb_held. */
struct trtc_ts_named {
    struct trtc_ts_stream stream; /* codec NONE, name "" where nothing is known of the type */
    unsigned kind;                /* TRTC_AUDIO, TRTC_VIDEO, or 0: subtitles, data, or unknown */
    bool wanted;                  /* its kind is wanted */
    bool taken;                   /* its frames were handed out, if only for a while */

    int64_t nb_packets;  /* on its PID, with payload, also while no table named it */
    int64_t nb_until;    /* on its PID, before that was named as another stream; -1: it was not */
    int64_t nb_followed; /* of these, read as this stream; below nb_packets where taken: it was
                            there before it was named, or went on when it was no longer */
    int64_t nb_frames;   /* handed out */

    int64_t nb_bytes;  /* payload of the packets followed, without PES headers */
    int64_t nb_framed; /* in frames */
    int64_t nb_idle;   /* in padding, headers of Opus packets, and units behind the last picture */
    int64_t nb_bad;    /* could not be used */
    int64_t nb_held;   /* in the frame that is not complete: where a segment goes on in the next
                          one, these come in there */
};

#define TRTC_TS_NAMED_MAX 32

struct trtc_ts_stats {
    int64_t nb_packets; /* whole packets seen */

    /* Continuity gaps in the streams read and their PAT and PMT: packets missing inside the
     * segment (modulo 16, so at least). */
    int64_t nb_lost;

    /* Bytes that could not be used: passed over to find the sync byte again, packets with
     * transport_error or impossible headers, payload without the beginning or the end of its
     * frame. */
    int64_t nb_bad;

    int packet_bytes;   /* from one packet to the next; 0 where none was found */
    int64_t nb_front;   /* bytes in front of the first packet that are no packets: something that a
                          tool has put there, and no loss */
    int64_t nb_between; /* bytes between packets that are none: headers of RTP, as dumps have them */
    bool headless;      /* it begins in the middle of a PES of a stream read */
    bool partial_tail;  /* the segment did not end on a packet boundary */
    bool scrambled;     /* scrambled packets of the streams read; they are left out */

    bool tells_time; /* the PMT says that this PTS (33 bits) belongs to this time of day */
    int64_t utc_us, utc_90k;

    /* In the order in which they were named; same PID, type and codec: the same stream. */
    struct trtc_ts_named named[TRTC_TS_NAMED_MAX];
    int nb_named;
    int nb_unlisted; /* streams that found no room there */
};

struct trtc_ts;

/* want: the kinds of stream to frame (of each kind the first one in the PMT is used; others are
 * ignored). Of several programs the first whose PMT has a wanted stream. NULL: no memory. */
struct trtc_ts *trtc_ts_new(unsigned want);
void trtc_ts_free(struct trtc_ts **ts);

/* A new segment begins: continuity counters and the PAT/PMT start anew, statistics are
 * cleared, frames still held are dropped (call trtc_ts_end first). Where the segment turns out to
 * have no tables, those of one before serve. Not needed before the first segment. */
void trtc_ts_begin(struct trtc_ts *ts);

/* As trtc_ts_begin, but forgets the segments before: another recording begins. */
void trtc_ts_forget(struct trtc_ts *ts);

/* Instead of trtc_ts_end: the segment is complete, but its stream may go on in another one. What is
 * not complete is kept. Go on with trtc_ts_continue or trtc_ts_end, when trtc_ts_next has returned
 * 0. */
void trtc_ts_pause(struct trtc_ts *ts);

/* After trtc_ts_pause, instead of trtc_ts_begin: what is fed from here on is the next segment of
 * the same stream. The tables stay in force, and a packet, a PES, or a frame
 * that the segment before has left unfinished goes on, where the bytes and the continuity counters
 * say so. Frames with a pos below trtc_ts_pos, as it is now, belong to the segments before.
 * Statistics are cleared. */
void trtc_ts_continue(struct trtc_ts *ts);

/* Bytes fed since trtc_ts_begin. */
int64_t trtc_ts_pos(const struct trtc_ts *ts);

/* Gives the next bytes of the segment, any number; they must stay valid until trtc_ts_next has
 * returned 0, and may only be given when it has. */
void trtc_ts_feed(struct trtc_ts *ts, const uint8_t *data, size_t size);

/* The segment is complete: what is held becomes the last frames. */
void trtc_ts_end(struct trtc_ts *ts);

/* Takes the next frame: 1 frame, 0 more input is needed (or, after trtc_ts_end, there is no
 * more), -1 no memory (the frame in the making is lost, the rest goes on). */
int trtc_ts_next(struct trtc_ts *ts, struct trtc_ts_frame *frame);

/* The stream chosen for a kind, or NULL as long as no PMT named one. */
const struct trtc_ts_stream *trtc_ts_stream(const struct trtc_ts *ts, enum trtc_kind kind);

/* Statistics of the segment so far; complete when trtc_ts_next has returned 0 after
 * trtc_ts_end. Valid, and true, until the next call. */
const struct trtc_ts_stats *trtc_ts_stats(struct trtc_ts *ts);

/* True if a segment of this size, of which at least the beginning was read, ends in the middle
 * of a packet. */
bool trtc_ts_is_torn(const struct trtc_ts_stats *st, int64_t bytes);

/* Whether the packet in which such a segment ends goes on in the one that begins with these bytes. */
bool trtc_ts_joins(const struct trtc_ts_stats *st, int64_t bytes, const uint8_t *next, size_t n);

/* The header of an RTP packet (RFC 3550, 5.1) of transport stream packets (payload type 33), as dumps of
 * multicast have them between packets: its length, if a packet follows; else 0. */
size_t trtc_ts_rtp_header(const uint8_t *p, size_t n);

/* A stream type of Apple's "MPEG-2 Stream Encryption Format for HTTP Live Streaming" (SAMPLE-AES):
 * samples that are encrypted in a transport stream that is not. It is never taken. */
bool trtc_ts_is_encrypted(const struct trtc_ts_named *n);

/* Packets of a picture or sound stream that came while the stream was not followed, though it
 * was followed at other times: a loss. */
int64_t trtc_ts_unfollowed(const struct trtc_ts_named *n);

/* A stream that is there and was not taken, though its kind is wanted: worth a note. */
bool trtc_ts_left_out(const struct trtc_ts_named *n);

#endif
