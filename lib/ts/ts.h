/* SPDX-License-Identifier: MIT */
/* MPEG-TS (ISO/IEC 13818-1) demultiplexer and framer: bytes go in as they are read, complete
 * pictures and frames of sound come out. Packets have 188 bytes, or a time before them (192), or
 * parity after them (204, 208). It is made for hostile input: its memory is bounded, there is no
 * recursion, and every length is checked. It does not deal with files or the epoch clock. */
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
#define TRTC_TS_SYNC      0x47 /* the first byte of a packet */
#define TRTC_TS_NOPTS     INT64_MIN
#define TRTC_TS_FRAME_MAX (32 * 1024 * 1024) /* a larger picture is damage */

/* The limit of packets that are kept before the first tables, in bytes; the latest ones are
 * kept. */
#define TRTC_TS_EARLY_MAX (4 * 1024 * 1024)

struct trtc_ts_stream {
    int pid;
    uint8_t stream_type;   /* from the PMT */
    enum trtc_codec codec; /* H264, H265, AAC (ADTS), else OTHER */
    char codec_name[16];   /* for messages and for finding a decoder, in FFmpeg's spelling: "h264",
                              "hevc", "aac", "aac_latm", "mp3", "ac3", "opus", "mpeg2video"... */
    bool video;
};

/* One frame. It points into the demultiplexer, and is valid until the next call. */
struct trtc_ts_frame {
    const struct trtc_ts_stream *stream;

    /* H.264, H.265: Annex B access unit; AAC: ADTS frame with its header; MPEG audio, AC-3, E-AC-3,
     * DTS, LOAS: frame, with its dependent substreams; Opus: packet; other codecs: PES payload.
     * Never empty. ADTS frames of several blocks are split if they state where the blocks begin,
     * which they do if they have checksums. */
    const uint8_t *data;
    size_t size;

    /* 33-bit values as in the stream. Pictures of H.264 and H.265 without a time get one by their
     * place in the order of presentation (picture_time.h), and a DTS if the stream states none, or
     * one above the PTS. Otherwise, if there is only a PTS, the DTS is equal to it. AAC and Opus
     * frames after the first of a PES get pts + samples * 90000 / rate, rounded without
     * accumulation; those before the first time are as long before it as they last.
     * TRTC_TS_NOPTS: the PES has no time, and none can be derived: the rest of a PES whose
     * beginning is missing; sound before damage, if no PES had a time. */
    int64_t pts_90k, dts_90k;

    int samples, rate_hz; /* sound: its length; 0: unknown */

    bool floating; /* no picture had a time yet; the first one got the time of a packet nearby */

    bool in_order; /* pictures: the stream states that they are shown in the order of decoding */

    /* IDR, or a recovery point, or (H.265) IRAP; audio: always; other video: the random access
     * indicator is set, or the frame begins with an MPEG-2 sequence header. */
    bool key;

    /* Pictures and PES payloads: packets are missing in it, or it was cut by the end of input;
     * sound: neither another frame follows it nor the end of its PES. */
    bool damaged;
    bool followed; /* more of its stream has come behind it */
    bool deep; /* pictures: it is shown long after it was decoded, and those that follow confirm that */
    bool restamped; /* its PTS was wrong, and follows from those of the pictures around it */
    bool misplaced; /* ... or contradicts the order in which pictures are shown, and is as it came */

    /* Offset of the TS packet in which the frame's PES began, counted from the beginning of the
     * segment, or of the first of several that continue each other. */
    int64_t pos;
};

/* The account of a stream that a PMT of the segment names, used or not. At any time nb_bytes =
 * nb_framed + nb_idle + nb_bad + nb_held. */
struct trtc_ts_named {
    struct trtc_ts_stream stream; /* codec NONE, name "" if the type is unknown */
    unsigned kind;                /* TRTC_AUDIO, TRTC_VIDEO, or 0: subtitles, data, or unknown */
    bool wanted;                  /* its kind is wanted */
    bool taken;                   /* frames of it were returned, if only for a while */

    int64_t nb_packets;   /* on its PID, with payload, also while no table named it */
    int64_t nb_until;     /* on its PID, before that was named as another stream; -1: it was not */
    int64_t nb_followed;  /* of these, read as this stream; fewer than nb_packets if it existed
                            before it was named, or continued when it was no longer named */
    int64_t nb_scrambled; /* of these, left out since they are scrambled */
    int64_t nb_lost;      /* missing according to their counters, as in the statistics */
    int64_t nb_frames;    /* returned */

    int64_t nb_bytes;  /* payload of the packets followed, without PES headers */
    int64_t nb_framed; /* in frames */
    int64_t nb_idle;   /* in padding, headers of Opus packets, scrambled PES, and units after the
                          last picture */
    int64_t nb_bad;    /* could not be used, */
    int64_t nb_early;  /* ... in front of the first frame: the end of one that is not there */
    int64_t nb_held;   /* in the incomplete frame; if the next segment continues it, they count
                          there */
};

#define TRTC_TS_NAMED_MAX 32

struct trtc_ts_stats {
    int64_t nb_packets; /* complete packets seen */

    /* Continuity gaps in the streams read and their PAT and PMT: packets missing inside the
     * segment (modulo 16, so at least). */
    int64_t nb_lost;

    /* Bytes that could not be used: passed over to find the sync byte again, packets with
     * transport_error or impossible headers, payload without the beginning or the end of its
     * frame. */
    int64_t nb_bad;

    int packet_bytes;   /* from one packet to the next; 0: none was found */
    int64_t first_at;   /* where its first sync byte is */
    int64_t nb_front;   /* bytes before the first packet that a tool has put there; not a loss */
    int64_t nb_between; /* bytes between packets: headers of RTP */
    int64_t nb_rtp_missing; /* datagrams, according to the numbers in these headers */
    bool headless;          /* it begins in the middle of a PES of a stream that is read */
    bool partial_tail;      /* the segment did not end on a packet boundary */
    bool scrambled;         /* scrambled packets of the streams that are read were left out */
    bool borrowed;      /* it has no tables, or has them late: those of another segment were used */
    int64_t nb_dropped; /* packets before the first tables for which there was no room */

    bool tells_time; /* the PMT states which epoch time the PTS utc_90k (33 bits) has: */
    int64_t utc_us, utc_90k;

    /* In the order in which they were named. Streams with the same PID, type and codec are one. */
    struct trtc_ts_named named[TRTC_TS_NAMED_MAX];
    int nb_named;
    int nb_unlisted; /* streams for which there was no room */
};

struct trtc_ts;

/* want: the kinds of streams to be framed. Of each kind the first one in the PMT is used, of
 * several programs the first one whose PMT has a wanted stream. NULL: no memory. */
struct trtc_ts *trtc_ts_new(unsigned want);
void trtc_ts_free(struct trtc_ts **ts);

/* Begins a new segment: resets continuity counters, PAT and PMT, clears the statistics, and drops
 * incomplete frames (call trtc_ts_end first). If the segment turns out to have no tables, those of
 * an earlier one are used. Not needed before the first segment. */
void trtc_ts_begin(struct trtc_ts *ts);

/* Gives ts the streams of wanted kinds that another one knows, for segments without tables. Only
 * between two segments. */
void trtc_ts_learn(struct trtc_ts *ts, const struct trtc_ts *from);

/* Whether streams of an earlier segment, or learned ones, are known. */
bool trtc_ts_knows(const struct trtc_ts *ts);

/* As trtc_ts_begin, but forgets earlier segments, since another recording begins. */
void trtc_ts_forget(struct trtc_ts *ts);

/* Instead of trtc_ts_end: ends a segment whose stream may continue in another one. Incomplete
 * frames are kept. Once trtc_ts_next has returned 0, continue with trtc_ts_continue or
 * trtc_ts_end. */
void trtc_ts_pause(struct trtc_ts *ts);

/* After trtc_ts_pause, instead of trtc_ts_begin: the bytes fed from now on are the next segment of
 * the same stream. The tables stay in force, and an incomplete packet, PES or frame is continued if
 * the bytes and the continuity counters fit. Frames with a pos below the present trtc_ts_pos belong
 * to earlier segments. Statistics are cleared. */
void trtc_ts_continue(struct trtc_ts *ts);

/* Returns the number of bytes fed since trtc_ts_begin. */
int64_t trtc_ts_pos(const struct trtc_ts *ts);

/* Feeds the next bytes of the segment, any number. They must stay valid until trtc_ts_next has
 * returned 0, and may only be fed after that. */
void trtc_ts_feed(struct trtc_ts *ts, const uint8_t *data, size_t size);

/* Ends the segment: the rest becomes the last frames. */
void trtc_ts_end(struct trtc_ts *ts);

/* Takes the next frame. Returns 1; 0: more input is needed, or after trtc_ts_end, there are no
 * more; -1: no memory (the incomplete frame is lost, and the rest goes on). */
int trtc_ts_next(struct trtc_ts *ts, struct trtc_ts_frame *frame);

/* Returns the stream that is used for a kind; NULL: no PMT has named one yet. */
const struct trtc_ts_stream *trtc_ts_stream(const struct trtc_ts *ts, enum trtc_kind kind);

/* Returns the statistics of the segment so far, valid until the next call. They are complete when
 * trtc_ts_next has returned 0 after trtc_ts_end. */
const struct trtc_ts_stats *trtc_ts_stats(struct trtc_ts *ts);

/* Reads the time in the 5 bytes of a PES header (ISO/IEC 13818-1, 2.4.3.7); TRTC_TS_NOPTS: its marker
 * bits are missing. */
int64_t trtc_ts_pes_time(const uint8_t *p);

/* Where the packet begins in whose middle a segment of this size ends, of which at least the
 * beginning was read; -1: it ends with a packet. If that byte is no TRTC_TS_SYNC, a tool has put
 * the last bytes there. */
int64_t trtc_ts_torn_at(const struct trtc_ts_stats *st, int64_t bytes);

/* Whether the packet in which such a segment ends continues in the segment that begins with these
 * bytes. */
bool trtc_ts_joins(const struct trtc_ts_stats *st, int64_t bytes, const uint8_t *next, size_t n);

/* The continuity counters of each kind at the beginning and the end of what was read of a segment. */
struct trtc_ts_counts {
    uint8_t first[TRTC_NB_KINDS], last[TRTC_NB_KINDS];
    bool fresh; /* they begin with 0, as muxers that begin anew with each segment do */
};
void trtc_ts_counts(const struct trtc_ts *ts, struct trtc_ts_counts *c);

/* Whether those of the next segment go on from c, as far as kinds are in both. */
bool trtc_ts_counts_go_on(const struct trtc_ts_counts *c, const struct trtc_ts_counts *next);

/* Whether the last PES of pictures that was read may have lost its end: it states no length, and its
 * last packet has no stuffing, as that of a whole one has unless it is full by chance. */
bool trtc_ts_ends_open(const struct trtc_ts *ts);

/* Whether next, which has read the beginning of the segment behind the one that ts has read to its
 * end, shows that no packet is missing between them: PES end and begin there, and all counters go
 * on. */
bool trtc_ts_goes_on(const struct trtc_ts *ts, const struct trtc_ts *next);

/* Returns the length of a header of an RTP packet (RFC 3550, 5.1) with transport stream packets
 * (payload type 33), as dumps of multicast contain them; 0: p is not such a header, or is not
 * followed by a packet. */
size_t trtc_ts_rtp_header(const uint8_t *p, size_t n);

#define TRTC_TS_RTP_ANEW 0x8000

/* Returns how far the number of an RTP packet (its first 12 bytes) is ahead of that of another one,
 * 1 for its successor; or TRTC_TS_RTP_ANEW: its sender is another one, or has begun anew. */
int trtc_ts_rtp_ahead(const uint8_t *header, const uint8_t *before);

/* Whether it has a stream type of Apple's "MPEG-2 Stream Encryption Format for HTTP Live Streaming"
 * (SAMPLE-AES), in which the samples are encrypted and the transport stream is not. Such streams
 * are never used. */
bool trtc_ts_is_encrypted(const struct trtc_ts_named *n);

/* Returns how many packets of a picture or sound stream came while the stream was not followed,
 * although it was followed at other times. They are a loss. */
int64_t trtc_ts_unfollowed(const struct trtc_ts_named *n);

/* Whether the stream exists and was not used, although its kind is wanted, which deserves a
 * note. */
bool trtc_ts_left_out(const struct trtc_ts_named *n);

#endif
