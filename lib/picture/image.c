/* SPDX-License-Identifier: MIT */
/* Loads picture files into memory, and encodes the canvas as PNG.
 *
 * Input from outside is made harmless first: its headers are read here and its size is checked. The
 * decoder gets a copy with nothing but the data that makes the picture, so that no compressed text
 * or colour profile is ever unpacked. */
#include "picture/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/text.h"
#include "codec/av.h"
#include "codec/recolour.h"
#include "picture/overlay_priv.h"

#define JPEG_SCANS_MAX 100 /* progressive files have about ten; each costs a pass */
#define NAME_MAX_SHOWN 300

#define FLAGS (SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP)

/* A picture file while it is being checked. */
struct picture {
    const char *name; /* for messages: escaped */
    uint8_t *data;    /* the file */
    size_t size;
    AVPacket *pkt; /* input of the decoder: pkt->size bytes so far, with room for size */
    int w, h;
    enum AVCodecID codec;
};

static int bad(const struct picture *p, struct trtc_err *err, const char *why)
{
    return trtc_fail(err, TRTC_EX_NOINPUT, "picture '%s': %s", p->name, why);
}

/* ---- the file ---- */

static int read_all(struct picture *p, int fd, struct trtc_err *err)
{
    p->data = malloc(TRTC_IMAGE_MAX_BYTES + 1); /* pages that are not used cost nothing */
    if (!p->data)
        return trtc_fail_nomem(err);
    while (p->size <= TRTC_IMAGE_MAX_BYTES) {
        const ssize_t n = read(fd, p->data + p->size, TRTC_IMAGE_MAX_BYTES + 1 - p->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "picture '%s'", p->name);
        if (n == 0)
            return 0;
        p->size += (size_t)n;
    }
    return bad(p, err, "larger than 5 MB");
}

static int read_file(struct picture *p, const char *path, struct trtc_err *err)
{
    int ret = -1;
    struct stat st;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY); /* never blocks */
    if (fd < 0 || fstat(fd, &st)) {
        trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "picture '%s'", p->name);
        goto done;
    }
    if (!S_ISREG(st.st_mode)) {
        bad(p, err, S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
        goto done;
    }
    if (st.st_size > TRTC_IMAGE_MAX_BYTES) {
        bad(p, err, "larger than 5 MB");
        goto done;
    }
    ret = read_all(p, fd, err);
done:
    if (fd >= 0)
        close(fd);
    return ret;
}

/* ---- data for the decoder ---- */

static void keep(struct picture *p, size_t at, size_t n)
{
    memcpy(p->pkt->data + p->pkt->size, p->data + at, n);
    p->pkt->size += (int)n;
}

static int check_size(struct picture *p, uint32_t w, uint32_t h, struct trtc_err *err)
{
    if (!w || !h)
        return bad(p, err, "has no size");
    if (w > TRTC_IMAGE_MAX_PX || h > TRTC_IMAGE_MAX_PX)
        return trtc_fail(err, TRTC_EX_NOINPUT,
                         "picture '%s': %" PRIu32 "x%" PRIu32 " is larger than %dx%d", p->name, w,
                         h, TRTC_IMAGE_MAX_PX, TRTC_IMAGE_MAX_PX);
    p->w = (int)w;
    p->h = (int)h;
    return 0;
}

static const char png_signature[] = "\x89PNG\r\n\x1a\n";
#define PNG_SIGNATURE (sizeof png_signature - 1)
#define PNG_PALETTE   3  /* colour type */
#define PNG_AROUND    12 /* bytes of a chunk apart from its data: length, type, CRC */

/* The size in bytes of the lines of w by h pixels, each with its filter byte. */
static uint64_t png_lines(int w, int h, int bits)
{
    return w && h ? (uint64_t)h * (1 + ((uint64_t)w * (uint64_t)bits + 7) / 8) : 0;
}

/* The size in bytes of the unpacked image by its header (PNG, 11.2.1 and 8.1); 0: the header is
 * invalid. */
static uint64_t png_unpacked(const struct picture *p, const uint8_t *header)
{
    static const struct {
        uint8_t channels, depths; /* depths: the sum of the allowed ones of 1, 2, 4, 8 and 16
                                     bits */
    } types[] = { { 1, 31 }, { 0, 0 }, { 3, 24 }, { 1, 15 }, { 2, 24 }, { 0, 0 }, { 4, 24 } };
    static const struct {
        uint8_t x, y, dx, dy;
    } passes[] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                   { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };
    const unsigned depth = header[8], type = header[9], interlaced = header[12];
    if (type >= FF_ARRAY_ELEMS(types) || depth > 16 || !depth || depth & (depth - 1) ||
        !(types[type].depths & depth) || header[10] || header[11] || interlaced > 1)
        return 0;
    const int bits = (int)(depth * types[type].channels);
    if (!interlaced)
        return png_lines(p->w, p->h, bits);
    uint64_t n = 0;
    for (size_t i = 0; i < FF_ARRAY_ELEMS(passes); i++)
        n += png_lines((p->w - passes[i].x + passes[i].dx - 1) / passes[i].dx,
                       (p->h - passes[i].y + passes[i].dy - 1) / passes[i].dy, bits);
    return n;
}

/* Unpacks an IDAT chunk without storing the result and reduces *left. False: damage, or more than
 * *left bytes. */
static bool png_inflate(z_stream *z, const uint8_t *data, size_t n, uint64_t *left)
{
    uint8_t nowhere[16384];
    z->next_in = (z_const Bytef *)(uintptr_t)data;
    z->avail_in = (uInt)n;
    for (;;) {
        z->next_out = nowhere;
        z->avail_out = sizeof nowhere;
        const int ret = inflate(z, Z_NO_FLUSH);
        const size_t made = sizeof nowhere - z->avail_out;
        if (made > *left)
            return false;
        *left -= made;
        if (ret == Z_STREAM_END || ret == Z_BUF_ERROR) /* the end of the data, or of this IDAT */
            return true;
        if (ret != Z_OK)
            return false;
    }
}

/* Keeps the chunks that make the picture (PNG, third edition, 5 and 11.2; tRNS: 11.3.1.1). Their
 * data must unpack to exactly the picture: the decoder would continue as long as there is more, and
 * would show missing data as black. */
static int sift_chunks(struct picture *p, z_stream *z, struct trtc_err *err)
{
    uint64_t left = 0;
    size_t at = PNG_SIGNATURE;
    keep(p, 0, at);
    for (bool first = true, palette = false;; first = false) {
        if (p->size - at < PNG_AROUND)
            return bad(p, err, "truncated PNG");
        const uint8_t *data = p->data + at + 8;
        const uint32_t n = AV_RB32(data - 8), type = AV_RB32(data - 4);
        const bool header = type == MKBETAG('I', 'H', 'D', 'R');
        if (header != first || (header && n != 13))
            return bad(p, err, "a PNG without a header, or with two");
        if (n > p->size - at - PNG_AROUND)
            return bad(p, err, "truncated PNG");
        if (header) {
            if (check_size(p, AV_RB32(data), AV_RB32(data + 4), err))
                return -1;
            left = png_unpacked(p, data);
            palette = data[9] != PNG_PALETTE; /* true if no palette is needed */
            if (!left)
                return bad(p, err, "damaged PNG");
        }
        palette |= type == MKBETAG('P', 'L', 'T', 'E') && n && n % 3 == 0;
        if (type == MKBETAG('I', 'D', 'A', 'T') && (!palette || !png_inflate(z, data, n, &left)))
            return bad(p, err, "damaged PNG");
        if (header || type == MKBETAG('P', 'L', 'T', 'E') || type == MKBETAG('t', 'R', 'N', 'S') ||
            type == MKBETAG('I', 'D', 'A', 'T') || type == MKBETAG('I', 'E', 'N', 'D'))
            keep(p, at, n + PNG_AROUND);
        at += n + PNG_AROUND;
        if (type == MKBETAG('I', 'E', 'N', 'D'))
            return left ? bad(p, err, "truncated PNG") : 0;
    }
}

static int sift_png(struct picture *p, struct trtc_err *err)
{
    z_stream z = { 0 };
    if (inflateInit(&z) != Z_OK)
        return trtc_fail_nomem(err);
    const int ret = sift_chunks(p, &z, err);
    inflateEnd(&z);
    return ret;
}

/* ITU-T T.81, table B.1 */
enum {
    JPEG_SOF0 = 0xc0,
    JPEG_SOF2 = 0xc2,
    JPEG_DHT = 0xc4,
    JPEG_SOF15 = 0xcf,
    JPEG_RST0 = 0xd0,
    JPEG_RST7 = 0xd7,
    JPEG_SOI = 0xd8,
    JPEG_EOI = 0xd9,
    JPEG_SOS = 0xda,
    JPEG_DQT = 0xdb,
    JPEG_DRI = 0xdd,
    JPEG_APP14 = 0xee /* Adobe's: states the colour space of the components */
};

static int check_frame_header(struct picture *p, const uint8_t *s, size_t n, struct trtc_err *err)
{
    if (p->w)
        return bad(p, err, "a JPEG with two frames");
    if (n < 8)
        return bad(p, err, "damaged JPEG");
    if (s[2] != 8)
        return bad(p, err, "a JPEG of more than 8 bits");
    if (s[7] == 4)
        return bad(p, err, "a CMYK JPEG: convert it to RGB");
    if (s[7] != 1 && s[7] != 3)
        return bad(p, err, "a JPEG of neither 1 nor 3 components");
    return check_size(p, AV_RB16(s + 5), AV_RB16(s + 3), err);
}

/* The end of the coded data that begins at position at: the position of the next marker. */
static size_t skip_scan(const struct picture *p, size_t at)
{
    while (at + 1 < p->size) {
        const uint8_t *ff = memchr(p->data + at, 0xff, p->size - at - 1);
        if (!ff)
            break;
        at = (size_t)(ff - p->data);
        if (ff[1] != 0 && ff[1] != 0xff && (ff[1] < JPEG_RST0 || ff[1] > JPEG_RST7))
            return at;
        at += ff[1] == 0xff ? 1 : 2;
    }
    return p->size;
}

static int sift_jpeg(struct picture *p, struct trtc_err *err)
{
    size_t at = 2;
    keep(p, 0, at);
    for (int scans = 0;;) {
        while (p->size - at >= 2 && p->data[at] == 0xff && p->data[at + 1] == 0xff)
            at++; /* fill bytes */
        if (p->size - at < 2)
            return bad(p, err, "truncated JPEG");
        const int marker = p->data[at + 1];
        if (p->data[at] != 0xff || marker < JPEG_SOF0 || marker == JPEG_SOI ||
            (marker >= JPEG_RST0 && marker <= JPEG_RST7))
            return bad(p, err, "damaged JPEG");
        if (marker == JPEG_EOI) {
            keep(p, at, 2);
            return scans ? 0 : bad(p, err, "a JPEG without a picture");
        }
        if (p->size - at < 4)
            return bad(p, err, "truncated JPEG");
        const size_t n = AV_RB16(p->data + at + 2); /* including these two bytes */
        if (n < 2)
            return bad(p, err, "damaged JPEG");
        if (n > p->size - at - 2)
            return bad(p, err, "truncated JPEG");
        const uint8_t *segment = p->data + at + 2;
        const size_t begin = at;
        at += 2 + n;
        if (marker <= JPEG_SOF2) {
            if (check_frame_header(p, segment, n, err))
                return -1;
        } else if (marker <= JPEG_SOF15 && marker != JPEG_DHT) {
            return bad(p, err, "a JPEG of a rare kind (lossless, arithmetic or hierarchical)");
        } else if (marker == JPEG_SOS) {
            if (!p->w)
                return bad(p, err, "damaged JPEG");
            if (++scans > JPEG_SCANS_MAX)
                return bad(p, err, "a JPEG of more than 100 scans");
            at = skip_scan(p, at);
        } else if (marker != JPEG_DHT && marker != JPEG_DQT && marker != JPEG_DRI &&
                   marker != JPEG_APP14) {
            continue;
        }
        keep(p, begin, at - begin);
    }
}

/* Fills pkt, w, h and codec. */
static int sift(struct picture *p, struct trtc_err *err)
{
    if (p->size == 0)
        return bad(p, err, "an empty file");
    p->pkt = av_packet_alloc();
    if (!p->pkt || av_new_packet(p->pkt, (int)p->size) < 0)
        return trtc_fail_nomem(err);
    p->pkt->size = 0;
    int ret;
    if (p->size >= PNG_SIGNATURE && !memcmp(p->data, png_signature, PNG_SIGNATURE)) {
        p->codec = AV_CODEC_ID_PNG;
        ret = sift_png(p, err);
    } else if (p->size >= 3 && !memcmp(p->data, "\xff\xd8\xff", 3)) {
        p->codec = AV_CODEC_ID_MJPEG;
        ret = sift_jpeg(p, err);
    } else {
        return bad(p, err, "neither a PNG nor a JPEG");
    }
    memset(p->pkt->data + p->pkt->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    return ret;
}

/* ---- decoding ---- */

static AVFrame *decode(const struct picture *p, struct trtc_err *err)
{
    AVFrame *f = av_frame_alloc();
    AVCodecContext *ctx = NULL;
    const AVCodec *codec = avcodec_find_decoder(p->codec);
    if (!codec) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg has no decoder for %s",
                  avcodec_get_name(p->codec));
        goto fail;
    }
    ctx = avcodec_alloc_context3(codec);
    if (!f || !ctx) {
        trtc_fail_nomem(err);
        goto fail;
    }
    ctx->thread_count = 1;
    ctx->max_pixels = (int64_t)TRTC_IMAGE_MAX_PX * TRTC_IMAGE_MAX_PX;
    ctx->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    int ret = avcodec_open2(ctx, codec, NULL);
    if (ret >= 0)
        ret = avcodec_send_packet(ctx, p->pkt);
    if (ret >= 0)
        ret = avcodec_send_packet(ctx, NULL);
    if (ret >= 0)
        ret = avcodec_receive_frame(ctx, f);
    if (ret == AVERROR_EOF || ret == AVERROR(EAGAIN))
        ret = AVERROR_INVALIDDATA;
    if (ret < 0) {
        trtc_fail_av(err, TRTC_EX_NOINPUT, ret, "picture '%s': cannot be decoded", p->name);
        goto fail;
    }
    if (f->width != p->w || f->height != p->h || f->decode_error_flags ||
        f->flags & AV_FRAME_FLAG_CORRUPT) {
        bad(p, err, "damaged");
        goto fail;
    }
    avcodec_free_context(&ctx);
    return f;
fail:
    avcodec_free_context(&ctx);
    av_frame_free(&f);
    return NULL;
}

static AVFrame *new_frame(enum AVPixelFormat format, int w, int h, const struct trtc_colour *colour,
                          struct trtc_err *err)
{
    AVFrame *f = av_frame_alloc();
    if (f) {
        f->format = format;
        f->width = w;
        f->height = h;
        trtc_av_set_colour(f, colour);
    }
    if (!f || av_frame_get_buffer(f, 0) < 0) {
        av_frame_free(&f);
        trtc_fail_nomem(err);
    }
    return f;
}

/* A copy of src in another pixel format; colour: that of its YUV. */
static AVFrame *converted(const AVFrame *src, enum AVPixelFormat format,
                          const struct trtc_colour *colour, struct trtc_err *err)
{
    const struct trtc_sws_opts o = {
        src->width, src->height, src->width, src->height, trtc_av_plain_format(src->format),
        format,     FLAGS,       *colour
    };
    AVFrame *f = new_frame(format, src->width, src->height, colour, err);
    if (!f)
        return NULL;
    struct SwsContext *sws = trtc_sws_new(&o);
    int ret = AVERROR(EINVAL);
    if (sws)
        ret = sws_scale(sws, (const uint8_t *const *)src->data, src->linesize, 0, src->height,
                        f->data, f->linesize);
    sws_freeContext(sws);
    if (ret != src->height) {
        trtc_fail_av(err, TRTC_EX_NOINPUT, ret < 0 ? ret : AVERROR_BUG,
                     "a picture of pixel format %s cannot be converted",
                     av_get_pix_fmt_name(src->format));
        av_frame_free(&f);
    }
    return f;
}

/* Whether any pixel of an RGBA picture is not opaque. */
static bool is_clear(const AVFrame *rgba)
{
    for (int y = 0; y < rgba->height; y++) {
        const uint8_t *line = rgba->data[0] + (ptrdiff_t)y * rgba->linesize[0];
        for (int x = 0; x < rgba->width; x++)
            if (line[4 * x + 3] != 255)
                return true;
    }
    return false;
}

/* Averages the colour of two by two pixels weighted by alpha, so that the colour of a transparent
 * pixel does not matter. */
static void average(const AVFrame *rgba, AVFrame *out, const struct trtc_colour *colour, int x,
                    int y)
{
    unsigned c[3] = { 0 }, sum_a = 0;
    for (int i = y; i < y + 2 && i < rgba->height; i++)
        for (int k = x; k < x + 2 && k < rgba->width; k++) {
            const uint8_t *px = rgba->data[0] + (ptrdiff_t)i * rgba->linesize[0] + 4 * k;
            sum_a += px[3];
            for (int j = 0; j < 3; j++)
                c[j] += (unsigned)px[j] * px[3];
        }
    uint32_t rgb = 0x808080;
    if (sum_a)
        rgb = (c[0] + sum_a / 2) / sum_a << 16 | (c[1] + sum_a / 2) / sum_a << 8 |
              (c[2] + sum_a / 2) / sum_a;
    const struct trtc_yuv yuv = trtc_yuv_of(colour, rgb);
    out->data[1][(ptrdiff_t)(y / 2) * out->linesize[1] + x / 2] = yuv.u;
    out->data[2][(ptrdiff_t)(y / 2) * out->linesize[2] + x / 2] = yuv.v;
}

/* Converts RGBA to YUVA420P, or to YUV420P if every pixel is opaque. */
static AVFrame *from_rgba(const AVFrame *rgba, const struct trtc_colour *colour,
                          struct trtc_err *err)
{
    const bool clear = is_clear(rgba);
    AVFrame *f = new_frame(clear ? AV_PIX_FMT_YUVA420P : AV_PIX_FMT_YUV420P, rgba->width,
                           rgba->height, colour, err);
    if (!f)
        return NULL;
    for (int y = 0; y < f->height; y++) {
        const uint8_t *px = rgba->data[0] + (ptrdiff_t)y * rgba->linesize[0];
        for (int x = 0; x < f->width; x++, px += 4) {
            const uint32_t rgb = (uint32_t)px[0] << 16 | (uint32_t)px[1] << 8 | px[2];
            f->data[0][(ptrdiff_t)y * f->linesize[0] + x] = trtc_yuv_of(colour, rgb).y;
            if (clear)
                f->data[3][(ptrdiff_t)y * f->linesize[3] + x] = px[3];
        }
    }
    for (int y = 0; y < f->height; y += 2)
        for (int x = 0; x < f->width; x += 2)
            average(rgba, f, colour, x, y);
    return f;
}

/* The colours of JPEG files (JFIF, 2.1.3): BT.601, full range. */
static const struct trtc_colour jpeg = { TRTC_BT601, TRTC_BT601, TRTC_BT601, true };

static AVFrame *from_jpeg(const AVFrame *yuv, const struct trtc_colour *colour,
                          struct trtc_err *err)
{
    struct trtc_colour_map map;
    AVFrame *f = converted(yuv, AV_PIX_FMT_YUV420P, &jpeg, err);
    if (!f)
        return NULL;
    if (trtc_colour_map(&jpeg, colour, &map))
        trtc_recolour(&map,
                      &(struct trtc_planes){ { f->data[0], f->data[1], f->data[2] },
                                             { f->linesize[0], f->linesize[1], f->linesize[2] },
                                             f->width,
                                             f->height },
                      false);
    trtc_av_set_colour(f, colour);
    return f;
}

AVFrame *trtc_image_load(const char *path, uint64_t *sum, struct trtc_err *err)
{
    char name[NAME_MAX_SHOWN];
    struct picture p = { .name = trtc_text_show(path, strlen(path), name, sizeof name) };
    AVFrame *decoded = NULL, *out = NULL;
    if (read_file(&p, path, err))
        goto done;
    if (sum)
        *sum = trtc_hash(TRTC_HASH_NOTHING, p.data, p.size);
    if (sift(&p, err))
        goto done;
    decoded = decode(&p, err);
    if (decoded && (p.codec != AV_CODEC_ID_MJPEG || trtc_av_is_rgb(decoded->format))) {
        out = converted(decoded, AV_PIX_FMT_RGBA, &jpeg, err);
    } else {
        out = decoded;
        decoded = NULL;
    }
done:
    av_frame_free(&decoded);
    av_packet_free(&p.pkt);
    free(p.data);
    return out;
}

AVFrame *trtc_image_in(const AVFrame *image, const struct trtc_colour *colour, struct trtc_err *err)
{
    return image->format == AV_PIX_FMT_RGBA ? from_rgba(image, colour, err)
                                            : from_jpeg(image, colour, err);
}

/* ---- stills ---- */

int trtc_png_encode(const AVFrame *canvas, uint8_t **out, size_t *size, struct trtc_err *err)
{
    int ret = -1;
    AVCodecContext *ctx = NULL;
    AVPacket *pkt = av_packet_alloc();
    AVFrame *rgb = NULL;
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    *out = NULL;
    *size = 0;
    if (!codec) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg has no PNG encoder");
        goto done;
    }
    ctx = avcodec_alloc_context3(codec);
    if (!ctx || !pkt) {
        trtc_fail_nomem(err);
        goto done;
    }
    const struct trtc_colour colour = trtc_av_colour(canvas);
    rgb = converted(canvas, AV_PIX_FMT_RGB24, &colour, err);
    if (!rgb)
        goto done;
    rgb->color_range = AVCOL_RANGE_JPEG;
    rgb->colorspace = AVCOL_SPC_RGB;
    ctx->width = rgb->width;
    ctx->height = rgb->height;
    ctx->pix_fmt = AV_PIX_FMT_RGB24;
    ctx->time_base = (AVRational){ 1, 1 };
    ctx->thread_count = 1;
    int averr = avcodec_open2(ctx, codec, NULL);
    if (averr >= 0)
        averr = avcodec_send_frame(ctx, rgb);
    if (averr >= 0)
        averr = avcodec_send_frame(ctx, NULL);
    if (averr >= 0)
        averr = avcodec_receive_packet(ctx, pkt);
    if (averr < 0) {
        trtc_fail_encoder(err, averr, "encoding a PNG");
        goto done;
    }
    *out = malloc((size_t)pkt->size);
    if (!*out) {
        trtc_fail_nomem(err);
        goto done;
    }
    memcpy(*out, pkt->data, (size_t)pkt->size);
    *size = (size_t)pkt->size;
    ret = 0;
done:
    av_frame_free(&rgb);
    av_packet_free(&pkt);
    avcodec_free_context(&ctx);
    return ret;
}
