/* SPDX-License-Identifier: MIT */
/* Finds faults of a container that libavformat passes over: messages in its log; boxes of an MP4
 * file and tags of an FLV file that do not follow each other. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "container/avformat.h"
#include "container/parts.h"

/* ---- the log ---- */

/* Messages that a demuxer calls warnings although data is lost: tags of an FLV file that do not
 * fit, segments that have expired, datagrams of RTP and RTSP that are missing ("missed 3 packets"). */
static bool is_loss(const char *fmt)
{
    return strstr(fmt, "mismatch") || strstr(fmt, "egment") || strstr(fmt, "issed ");
}

/* Takes a message about segments of a playlist. Those that cannot be fetched are counted where they are
 * opened. */
__attribute__((format(printf, 2, 0))) static bool note_segments(struct trtc_parts *w,
                                                                const char *fmt, va_list ap)
{
    char text[160];
    va_list copy;
    int64_t nb;

    if (!strstr(fmt, "segments ahead"))
        return w->segments.io_open && strstr(fmt, " playlist %d");
    va_copy(copy, ap);
    vsnprintf(text, sizeof text, fmt, copy);
    va_end(copy);
    if (sscanf(text, "skipping %" SCNd64, &nb) != 1)
        return false;
    w->segments.nb_unfetched += nb;
    return true;
}

__attribute__((format(printf, 2, 0))) static void note(struct trtc_parts *w, const char *fmt,
                                                       va_list ap)
{
    if (!w->opened || trtc_is_stopped(w->stop) || w->nb_faults++ > 0)
        return;
    const int n = vsnprintf(w->first, sizeof w->first, fmt, ap);
    if (n > 0 && (size_t)n < sizeof w->first && w->first[n - 1] == '\n')
        w->first[n - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void on_log(void *of, int level, const char *fmt,
                                                         va_list ap)
{
    const AVClass *class = of ? *(const AVClass *const *)of : NULL;
    AVFormatContext *ic = class && strcmp(class->class_name, "AVFormatContext") == 0 ? of : NULL;
    va_list copy;

    level &= 0xff;
    if (ic && ic->opaque && strstr(fmt, "multiple fourcc"))
        ((struct trtc_parts *)ic->opaque)->codecs = true;
    /* that a part without a stated size is in one with it is odd, but nothing is lost by it */
    if (strstr(fmt, "Unknown-sized element"))
        ic = NULL;
    if (ic && ic->iformat && ic->opaque &&
        (level <= AV_LOG_ERROR || (level <= AV_LOG_WARNING && is_loss(fmt)))) {
        va_copy(copy, ap);
        if (!note_segments(ic->opaque, fmt, ap))
            note(ic->opaque, fmt, copy);
        va_end(copy);
    }
    av_log_default_callback(of, level, fmt, ap);
}

static void install(void)
{
    av_log_set_callback(on_log);
}

void trtc_parts_log(struct trtc_parts *w, AVFormatContext *ic)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, install);
    ic->opaque = w;
}

/* ---- parts that follow each other ---- */

static void find_fault(struct trtc_parts *w, const char *words, int64_t at)
{
    if (w->nb_faults++ == 0)
        snprintf(w->first, sizeof w->first, "%s begins at byte %" PRId64, words, at);
}

static void broken(struct trtc_parts *w, const char *no_part, int64_t at)
{
    w->done = true;
    find_fault(w, no_part, at);
}

static void pass(struct trtc_parts *w, uint64_t size)
{
    w->part_at += (int64_t)size;
    w->nb_header = 0;
}

static bool is_type(const uint8_t *p)
{
    for (int i = 0; i < 4; i++)
        if (p[i] < ' ' || p[i] > '~')
            return false;
    return true;
}

static void end_fragment(struct trtc_parts *w, int64_t next_at)
{
    const char *fault = trtc_fragments_next(&w->boxes.order, next_at);

    if (fault)
        find_fault(w, fault, w->boxes.order.fault_at);
}

/* Checks whether fragments and media data belong together; this box has its content there. */
static void check_order(struct trtc_parts *w, const uint8_t *type, int64_t from, int64_t to)
{
    if (memcmp(type, "moof", 4) == 0)
        end_fragment(w, w->part_at);
    else if (memcmp(type, "mdat", 4) == 0)
        trtc_fragments_data(&w->boxes.order, from, to);
}

/* A box (ISO/IEC 14496-12, 4.2). */
static void take_box(struct trtc_parts *w)
{
    const uint8_t *h = w->header;
    const bool large = trtc_be(h, 4) == 1;

    if (w->nb_header < (large ? 16u : 8u))
        return;
    const uint64_t size = large ? trtc_be(h + 8, 8) : trtc_be(h, 4);
    const bool fragment = memcmp(h + 4, "moof", 4) == 0;
    if (memcmp(h + 4, "mdat", 4) == 0 && !w->boxes.fragments && size <= INT64_MAX / 2 &&
        trtc_box_index_data(&w->boxes.index, w->part_at + (large ? 16 : 8),
                            size > 0 ? w->part_at + (int64_t)size : INT64_MAX) < 0)
        w->boxes.nomem = true;
    if (w->boxes.whole && w->boxes.fragments && size <= INT64_MAX / 2)
        check_order(w, h + 4, w->part_at + (large ? 16 : 8), w->part_at + (int64_t)size);
    if ((fragment || memcmp(h + 4, "moov", 4) == 0) && size <= INT64_MAX / 2)
        trtc_boxes_begin(&w->boxes, fragment, w->part_at + (large ? 16 : 8),
                         w->part_at + (int64_t)size);
    w->fragments |= fragment;
    if (memcmp(h + 4, "moov", 4) == 0) {
        /* fragments state to which index they belong, and are all read */
        if (w->indexed && !w->fragments && !w->boxes.fragments)
            find_fault(w, "a second index", w->part_at);
        w->indexed = true;
    }
    if (size == 0 && trtc_be(h + 4, 4) == 0) {
        w->zeros = true;
        w->zeros_at = w->part_at;
        pass(w, 8);
    } else if (size == 0 && is_type(h + 4)) {
        w->done = true; /* it goes to the end of the file */
    } else if (!is_type(h + 4) || size < (large ? 16 : 8) || size > INT64_MAX / 2) {
        broken(w, "no box", w->part_at);
    } else {
        pass(w, size);
    }
}

/* Zeros may be reserved up to the end of a file. If not, libavformat ignores what follows. */
static void pass_zeros(struct trtc_parts *w, int64_t pos, const uint8_t *p, size_t n)
{
    while (w->part_at < pos + (int64_t)n && p[w->part_at - pos] == 0)
        w->part_at++;
    if (w->part_at < pos + (int64_t)n)
        broken(w, "no box", w->zeros_at);
}

enum {
    TAG_HEADER = 11,
    TAG_SOUND = 8,
    TAG_PICTURE = 9,
    TAG_SCRIPT = 18,
    TAG_KIND = 0x1f,
    PICTURE = 11
};

/* Whether a tag begins with a slice of H.264 that is not the first one of its picture. */
static bool is_rest(const uint8_t *p)
{
    enum { AVC = 7, CODED = 1, LENGTHS = 4, NAL = 0x1f, SLICE = 1, IDR = 5, IS_FIRST = 0x80 };
    const int type = p[5 + LENGTHS] & NAL;

    return !(p[0] & 0x80) && (p[0] & 0xf) == AVC && p[1] == CODED &&
           (type == SLICE || type == IDR) && !(p[6 + LENGTHS] & IS_FIRST);
}

/* Looks whether a picture in an FLV is shown later than it is decoded. In enhanced RTMP the codec is in
 * front of that, and a type of its own says that it is not. */
static void take_offset(struct trtc_parts *w, const uint8_t *p)
{
    enum { ENHANCED = 0x80, CODED = 1, CODED_AT_ONCE = 3 };
    const bool enhanced = p[0] & ENHANCED;
    const int type = enhanced ? p[0] & 0xf : p[1];
    const bool coded = type == CODED || (enhanced && type == CODED_AT_ONCE);

    w->nb_pictures += coded;
    w->sliced |= is_rest(p);
    w->has_offsets |= type == CODED && trtc_be(p + (enhanced ? 5 : 2), 3) != 0;
}

/* Checks a tag of an FLV file after the size of the one before, which some writers get wrong by
 * one. */
static void take_tag(struct trtc_parts *w)
{
    const uint8_t *h = w->header;

    if (w->nb_header < 4 + TAG_HEADER)
        return;
    const uint64_t size = trtc_be(h + 5, 3), before = trtc_be(h, 4);
    const int kind = h[4] & TAG_KIND;
    const bool fits = w->tag_bytes == 0 || before == w->tag_bytes || before + 1 == w->tag_bytes;
    if (!fits || (kind != TAG_SOUND && kind != TAG_PICTURE && kind != TAG_SCRIPT)) {
        broken(w, "no tag", w->part_at);
        return;
    }
    if (kind == TAG_PICTURE && w->nb_header < 4 + TAG_HEADER + (size < PICTURE ? size : PICTURE))
        return;
    if (kind == TAG_PICTURE && size >= PICTURE)
        take_offset(w, h + 4 + TAG_HEADER);
    w->tag_bytes = TAG_HEADER + size;
    pass(w, 4 + w->tag_bytes);
}

enum { EBML = 0x1a45dfa3, SEGMENT = 0x18538067, CLUSTER = 0x1f43b675, VOID = 0xec, CRC_32 = 0xbf };

/* Whether an element of Matroska (RFC 9559) may follow a cluster, and ends one whose size is not
 * stated. */
static bool is_outside(uint64_t id)
{
    static const uint32_t ids[] = { EBML,       SEGMENT,    CLUSTER,    0x114d9b74, 0x1549a966,
                                    0x1654ae6b, 0x1c53bb6b, 0x1941a469, 0x1043a770, 0x1254c367 };

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* Returns the length of a number (RFC 8794, 4) by its first byte; 9: it is not one. */
static size_t number_bytes(uint8_t first)
{
    size_t n = 1;

    while (n < 9 && !(first & 0x80)) {
        first = (uint8_t)(first << 1);
        n++;
    }
    return n;
}

/* An element outside clusters, or in one. Others in a cluster may be of a newer kind, but must fit. */
static void take_element(struct trtc_parts *w)
{
    const uint8_t *h = w->header;
    const size_t id_bytes = number_bytes(h[0]);
    const size_t size_bytes = w->nb_header > id_bytes ? number_bytes(h[id_bytes]) : 0;

    if (id_bytes > 4 || size_bytes > 8) {
        broken(w, "no element", w->part_at);
        return;
    }
    if (size_bytes == 0 || w->nb_header < id_bytes + size_bytes)
        return;
    const uint64_t id = trtc_be(h, (int)id_bytes), all = (UINT64_C(1) << 7 * size_bytes) - 1;
    const uint64_t size = trtc_be(h + id_bytes, (int)size_bytes) & all;
    const int64_t body = w->part_at + (int64_t)(id_bytes + size_bytes);
    if (w->cluster == w->part_at || (w->cluster == INT64_MAX && is_outside(id)))
        w->cluster = 0;
    const bool fits = w->cluster ? body <= w->cluster && size <= (uint64_t)(w->cluster - body)
                      : id == VOID || id == CRC_32 ? true
                                                   : is_outside(id);
    const bool opens = !w->cluster && (id == SEGMENT || id == CLUSTER);
    if (!fits || (size == all && !opens) || size > INT64_MAX / 2) {
        broken(w, "no element", w->part_at);
        return;
    }
    if (id == SEGMENT && opens)
        w->segment_end = size == all ? 0 : body + (int64_t)size;
    if (id == CLUSTER && !w->cluster)
        w->cluster = size == all ? INT64_MAX : body + (int64_t)size;
    pass(w, id_bytes + size_bytes + (opens ? 0 : size));
}

static uint64_t le32(const uint8_t *p)
{
    return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

/* Returns the sample rate, in Hz, by the first bytes of a stream in Ogg: Vorbis (Vorbis I, 4.2.2), FLAC (RFC
 * 9639, 10.1) and Speex, whose positions are in samples; 0: it is another one, or not all is there. */
static uint64_t rate_of(const uint8_t *p, size_t n)
{
    if (n >= 16 && memcmp(p, "\1vorbis", 7) == 0)
        return le32(p + 12);
    if (n >= 30 && memcmp(p, "\177FLAC", 5) == 0)
        return trtc_be(p + 27, 3) >> 4;
    if (n >= 40 && memcmp(p, "Speex   ", 8) == 0)
        return le32(p + 36);
    return 0;
}

/* The first page of a stream. The first pages of all streams that belong together come before all others
 * (RFC 3533, 4); what comes later is read by the clock of the stream before it. */
static void take_stream(struct trtc_parts *w, const uint8_t *p, size_t n)
{
    enum { SEVERAL_RATES = 1 };
    const uint64_t rate = rate_of(p, n);

    if (rate == 0)
        return;
    if (!w->pages_began)
        w->rate = w->rate == 0 || w->rate == rate ? rate : SEVERAL_RATES;
    else if (w->rate != 0 && w->rate != SEVERAL_RATES && w->rate != rate)
        find_fault(w, "a stream of another sample rate", w->part_at);
}

/* A page of Ogg (RFC 3533, 6), whose header states the sizes of its segments. */
static void take_page(struct trtc_parts *w)
{
    enum { PAGE_HEADER = 27, FIRST_PAGE = 2, LAST_PAGE = 4 };
    const uint8_t *h = w->header;
    uint64_t size = 0;

    if (w->nb_header == 4 && memcmp(h, "OggS", 4) != 0) {
        if (w->last_page)
            w->done = true; /* a tag, perhaps */
        else
            broken(w, "no page", w->part_at);
        return;
    }
    if (w->nb_header < PAGE_HEADER || w->nb_header < PAGE_HEADER + (size_t)h[PAGE_HEADER - 1])
        return;
    const size_t body = PAGE_HEADER + (size_t)h[PAGE_HEADER - 1];
    for (size_t i = PAGE_HEADER; i < body; i++)
        size += h[i];
    const size_t looked =
        (h[5] & FIRST_PAGE) ? (size < TRTC_PARTS_OGG_HEAD ? size : TRTC_PARTS_OGG_HEAD) : 0;
    if (w->nb_header < body + looked)
        return;
    if (looked > 0)
        take_stream(w, h + body, looked);
    w->pages_began |= !(h[5] & FIRST_PAGE);
    w->last_page = h[5] & LAST_PAGE;
    pass(w, body + size);
}

enum { RIFF_HEADER = 12, CHUNK_HEADER = 8, CAF_HEADER = 12 };

int64_t trtc_wav_size(const uint8_t *head, size_t n)
{
    enum { NOT_STATED = 0x7ffff000 };

    if (n < RIFF_HEADER || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0)
        return -1;
    for (uint64_t at = RIFF_HEADER; at + CHUNK_HEADER <= n;) {
        const uint64_t size = le32(head + at + 4);
        if (memcmp(head + at, "data", 4) == 0)
            return size < NOT_STATED ? (int64_t)size : 0;
        at += CHUNK_HEADER + size + size % 2;
    }
    return -1;
}

/* A chunk of a WAV up to the one behind its sound, which must be another chunk and no second file.
 * Zeros there are reserved. */
static void take_chunk(struct trtc_parts *w)
{
    static const uint8_t zeros[CHUNK_HEADER];
    const uint8_t *h = w->header;

    if (w->nb_header < CHUNK_HEADER)
        return;
    const uint64_t size = le32(h + 4);
    const bool sound = memcmp(h, "data", 4) == 0;
    const bool tag = memcmp(h, "TAG", 3) == 0; /* ID3 */
    const bool foreign = !is_type(h) && !tag && memcmp(h, zeros, CHUNK_HEADER) != 0;
    if (w->last_page && (foreign || memcmp(h, "RIFF", 4) == 0))
        broken(w, foreign ? "no chunk" : "a second file", w->part_at);
    w->done |= w->last_page || (sound && size % 2); /* there may be padding or not */
    w->last_page = sound;
    pass(w, CHUNK_HEADER + size + (sound ? 0 : size % 2));
}

/* Behind an AIFF or a large WAV (Wave64, RF64) there must be no second one. */
static void take_form(struct trtc_parts *w)
{
    static const char first[][5] = { "FORM", "riff", "RF64" };

    if (w->nb_header < 4)
        return;
    w->done = true;
    for (size_t i = 0; i < sizeof first / sizeof *first && w->nb_faults == 0; i++)
        if (memcmp(w->header, first[i], 4) == 0)
            broken(w, "a second file", w->part_at);
}

/* A chunk of a CAF. Sound whose size is not stated goes on to the end. */
static void take_caf_chunk(struct trtc_parts *w)
{
    const uint8_t *h = w->header;

    if (w->nb_header == 4 && memcmp(h, "caff", 4) == 0)
        broken(w, "a second file", w->part_at);
    if (w->nb_header < CAF_HEADER)
        return;
    const uint64_t size = trtc_be(h + 4, 8);
    w->done |= !is_type(h) || size > INT64_MAX / 2;
    if (!w->done)
        pass(w, CAF_HEADER + size);
}

static int64_t size_at(const uint8_t *p)
{
    return (int64_t)((le32(p) | le32(p + 4) << 32) & (INT64_MAX / 4));
}

void trtc_parts_begin(struct trtc_parts *w, const uint8_t *head, size_t n)
{
    static const char first[][5] = { "ftyp", "styp", "moov", "moof", "sidx",
                                     "mdat", "free", "skip", "wide", "pnot" };
    bool boxes = false;

    for (size_t i = 0; i < sizeof first / sizeof *first && n >= 8; i++)
        boxes |= memcmp(head + 4, first[i], 4) == 0;
    if (boxes) {
        w->layout = TRTC_PARTS_BOXES;
    } else if (n >= 9 && memcmp(head, "FLV", 3) == 0) {
        w->layout = TRTC_PARTS_TAGS;
        w->part_at = (int64_t)trtc_be(head + 5, 4);
    } else if (n >= 4 && trtc_be(head, 4) == EBML) {
        w->layout = TRTC_PARTS_ELEMENTS;
    } else if (n >= 4 && memcmp(head, "OggS", 4) == 0) {
        w->layout = TRTC_PARTS_PAGES;
    } else if (trtc_wav_size(head, n) > 0) {
        w->layout = TRTC_PARTS_CHUNKS;
        w->part_at = RIFF_HEADER;
    } else if (n >= CHUNK_HEADER && memcmp(head, "FORM", 4) == 0) {
        w->layout = TRTC_PARTS_FORM;
        w->part_at = CHUNK_HEADER + (int64_t)trtc_be(head + 4, 4);
    } else if (n >= 28 && memcmp(head, "riff\x2e\x91\xcf\x11", 8) == 0) {
        w->layout = TRTC_PARTS_FORM;
        w->padding = 7 - (size_at(head + 16) + 7) % 8;
        w->part_at = size_at(head + 16) + w->padding;
    } else if (n >= 28 && memcmp(head, "RF64", 4) == 0 && size_at(head + 20) > 0) {
        w->layout = TRTC_PARTS_FORM;
        w->part_at = CHUNK_HEADER + size_at(head + 20);
    } else if (n >= CHUNK_HEADER && memcmp(head, "caff", 4) == 0) {
        w->layout = TRTC_PARTS_CAF;
        w->part_at = CHUNK_HEADER;
    }
}

/* Returns the position of the next byte of a part that is needed, or -1. */
static int64_t wanted_part(const struct trtc_parts *w)
{
    const struct trtc_boxes *x = &w->boxes;

    if (x->walking && x->ended) /* a fragment, before the box behind it */
        return x->at + (int64_t)x->nb;
    return w->layout && !w->done ? w->part_at + (int64_t)w->nb_header : -1;
}

/* Takes the headers of parts out of these bytes. */
static void take_headers(struct trtc_parts *w, int64_t pos, const uint8_t *p, size_t n)
{
    for (int64_t want; (want = wanted_part(w)) >= 0;) {
        if (want < pos || want >= pos + (int64_t)n)
            return;
        if (w->zeros) {
            pass_zeros(w, pos, p, n);
            continue;
        }
        w->header[w->nb_header++] = p[want - pos];
        if (w->layout == TRTC_PARTS_TAGS)
            take_tag(w);
        else if (w->layout == TRTC_PARTS_ELEMENTS)
            take_element(w);
        else if (w->layout == TRTC_PARTS_PAGES)
            take_page(w);
        else if (w->layout == TRTC_PARTS_CHUNKS)
            take_chunk(w);
        else if (w->layout == TRTC_PARTS_FORM)
            take_form(w);
        else if (w->layout == TRTC_PARTS_CAF)
            take_caf_chunk(w);
        else if (w->nb_header >= 8)
            take_box(w);
        trtc_boxes_bytes(&w->boxes, pos, p, n);
    }
}

void trtc_parts_bytes(struct trtc_parts *w, int64_t pos, const uint8_t *p, size_t n)
{
    trtc_boxes_bytes(&w->boxes, pos, p, n);
    take_headers(w, pos, p, n);
    trtc_box_index_bytes(&w->boxes.index, pos, p, n);
}

int64_t trtc_parts_wants(const struct trtc_parts *w)
{
    const int64_t gap = trtc_box_index_wants(&w->boxes.index);

    return gap >= 0 ? gap : wanted_part(w);
}

bool trtc_parts_end(struct trtc_parts *w, int64_t size)
{
    /* an FLV file ends after the size of its last tag, or without that size */
    const size_t end = w->layout == TRTC_PARTS_TAGS ? 4 : 0;
    const bool behind = (w->layout == TRTC_PARTS_CHUNKS && w->last_page) ||
                        w->layout == TRTC_PARTS_FORM || w->layout == TRTC_PARTS_CAF;
    const bool whole = w->nb_header == 0 || w->nb_header == end || behind;
    const int64_t stated = w->segment_end > w->part_at ? w->segment_end : w->part_at;
    const bool cut = w->layout && !w->done && (!whole || stated - w->padding > size);

    if (w->boxes.order.open && !w->done && !cut)
        end_fragment(w, -1);
    const char *fault = cut || w->nb_faults > 0 ? NULL : trtc_box_index_fault(&w->boxes.index);
    w->index_fault |= fault != NULL;
    if (fault)
        find_fault(w, fault, w->boxes.index.fault_at);
    w->done = true;
    return cut;
}
