/* SPDX-License-Identifier: MIT */
/* image: all kinds of PNG and JPEG, bombs and damage refused by name, stills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <zlib.h>

#include "picture/overlay.h"
#include "unit/range.h"

static const struct trtc_colour sd = { TRTC_BT601, TRTC_BT601, TRTC_BT601, false };

static char dir[] = "/tmp/t_image.XXXXXX", path[64];

/* ---- files ---- */

struct bytes {
    uint8_t *data;
    size_t n, cap;
};

static void add(struct bytes *b, const void *data, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = 2 * (b->n + n);
        b->data = realloc(b->data, b->cap);
        assert_non_null(b->data);
    }
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
}

static void add_u32(struct bytes *b, uint32_t v)
{
    add(b,
        (const uint8_t[]){ (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v },
        4);
}

static void write_file(const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The picture at path as a mix of BT.601 shows it. */
static AVFrame *read_image(struct trtc_err *err)
{
    AVFrame *stored = trtc_image_load(path, NULL, err);
    AVFrame *f = stored ? trtc_image_in(stored, &sd, err) : NULL;
    av_frame_free(&stored);
    return f;
}

static AVFrame *load(const void *data, size_t n)
{
    struct trtc_err err = { 0 };
    write_file(data, n);
    AVFrame *f = read_image(&err);
    if (!f)
        fail_msg("%s", err.msg);
    return f;
}

static void refused(const void *data, size_t n, const char *why)
{
    struct trtc_err err = { 0 };
    write_file(data, n);
    assert_null(trtc_image_load(path, NULL, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    if (!strstr(err.msg, why) || !strstr(err.msg, path))
        fail_msg("'%s' does not say '%s'", err.msg, why);
}

/* ---- PNG ---- */

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_A = 4, RGBA = 6 };

static void chunk(struct bytes *b, const char *type, const void *data, size_t n)
{
    add_u32(b, (uint32_t)n);
    const size_t at = b->n;
    add(b, type, 4);
    add(b, data, n);
    add_u32(b, (uint32_t)crc32(0, b->data + at, (uInt)(b->n - at)));
}

static void png_begin(struct bytes *b, uint32_t w, uint32_t h, int depth, int type, bool interlaced)
{
    struct bytes ihdr = { 0 };
    add(b, "\x89PNG\r\n\x1a\n", 8);
    add_u32(&ihdr, w);
    add_u32(&ihdr, h);
    add(&ihdr, (const uint8_t[]){ (uint8_t)depth, (uint8_t)type, 0, 0, interlaced }, 5);
    chunk(b, "IHDR", ihdr.data, ihdr.n);
    free(ihdr.data);
}

static void png_end(struct bytes *b, const void *raw, size_t n)
{
    uint8_t packed[4096];
    uLongf size = sizeof packed;
    assert_int_equal(compress(packed, &size, raw, n), Z_OK);
    chunk(b, "IDAT", packed, size);
    chunk(b, "IEND", NULL, 0);
}

static int at(const AVFrame *f, int plane, int x, int y)
{
    return f->data[plane][(ptrdiff_t)y * f->linesize[plane] + x];
}

/* Every way to say two by two pixels of red and something; the lines are unpacked, filter bytes and all. */
static void test_png_kinds(void **state)
{
    (void)state;
    static const struct {
        int depth, type;
        const char *palette;
        size_t nb_palette;
        const char *trns;
        size_t nb_trns;
        const char *raw;
        size_t nb_raw;
        int y[4], a[4]; /* a[0] < 0: opaque */
    } t[] = {
        { 8,
          RGB,
          0,
          0,
          0,
          0,
          "\0\xff\0\0\0\xff\0\0\0\0\xff\xff\xff\xff",
          14,
          { 81, 145, 41, 235 },
          { -1 } },
        { 8,
          RGBA,
          0,
          0,
          0,
          0,
          "\0\xff\0\0\xff\0\xff\0\x80\0\0\0\xff\0\xff\xff\xff\1",
          18,
          { 81, 145, 41, 235 },
          { 255, 128, 0, 1 } },
        { 8,
          RGBA,
          0,
          0,
          0,
          0,
          "\0\xff\0\0\xff\0\xff\0\xff\0\0\0\xff\xff\xff\xff\xff\xff",
          18,
          { 81, 145, 41, 235 },
          { -1 } },
        { 16,
          RGB,
          0,
          0,
          0,
          0,
          "\0\xff\xff\0\0\0\0\0\0\xff\xff\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
          26,
          { 81, 145, 41, 235 },
          { -1 } },
        { 8, GREY, 0, 0, 0, 0, "\0\0\x80\0\xff\x40", 6, { 16, 126, 235, 71 }, { -1 } },
        { 16, GREY, 0, 0, 0, 0, "\0\0\0\x80\x80\0\xff\xff\x40\x40", 10, { 16, 126, 235, 71 }, { -1 } },
        { 1, GREY, 0, 0, 0, 0, "\0\x40\0\x80", 4, { 16, 235, 235, 16 }, { -1 } },
        { 8,
          GREY_A,
          0,
          0,
          0,
          0,
          "\0\0\xff\x80\x10\0\xff\0\x40\x80",
          10,
          { 16, 126, 235, 71 },
          { 255, 16, 0, 128 } },
        { 8,
          PALETTE,
          "\xff\0\0\0\xff\0\0\0\xff",
          9,
          0,
          0,
          "\0\0\1\0\2\0",
          6,
          { 81, 145, 41, 81 },
          { -1 } },
        { 8,
          PALETTE,
          "\xff\0\0\0\xff\0\0\0\xff",
          9,
          "\xff\x30",
          2,
          "\0\0\1\0\2\0",
          6,
          { 81, 145, 41, 81 },
          { 255, 48, 255, 255 } },
        { 2,
          PALETTE,
          "\xff\0\0\0\xff\0\0\0\xff",
          9,
          0,
          0,
          "\0\x10\0\x80",
          4,
          { 81, 145, 41, 81 },
          { -1 } },
        { 8,
          RGB,
          0,
          0,
          "\0\xff\0\0\0\0",
          6,
          "\0\xff\0\0\0\xff\0\0\0\0\xff\xff\xff\xff",
          14,
          { 81, 145, 41, 235 },
          { 0, 255, 255, 255 } },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct bytes b = { 0 };
        png_begin(&b, 2, 2, t[i].depth, t[i].type, false);
        if (t[i].palette)
            chunk(&b, "PLTE", t[i].palette, t[i].nb_palette);
        if (t[i].trns)
            chunk(&b, "tRNS", t[i].trns, t[i].nb_trns);
        png_end(&b, t[i].raw, t[i].nb_raw);
        AVFrame *f = load(b.data, b.n);
        const bool opaque = t[i].a[0] < 0;
        assert_int_equal(f->format, opaque ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUVA420P);
        assert_int_equal(f->width, 2);
        assert_int_equal(f->height, 2);
        for (int k = 0; k < 4; k++) {
            const int y = at(f, 0, k % 2, k / 2);
            if (abs(y - t[i].y[k]) > t[i].depth / 16) /* 16 bits are not rounded well */
                fail_msg("kind %zu, pixel %d: %d", i, k, y);
            if (!opaque)
                assert_int_equal(at(f, 3, k % 2, k / 2), t[i].a[k]);
        }
        if (t[i].type == GREY || t[i].type == GREY_A) {
            assert_int_equal(at(f, 1, 0, 0), 128);
            assert_int_equal(at(f, 2, 0, 0), 128);
        }
        av_frame_free(&f);
        free(b.data);
    }
}

/* Clear pixels have no say in the colour of the others: red beside clear green is red. */
static void test_png_colour_by_alpha(void **state)
{
    (void)state;
    struct bytes b = { 0 };
    png_begin(&b, 3, 2, 8, RGBA, false);
    uint8_t lines[26] = { 0 };
    memcpy(lines, "\0\xff\0\0\xff\0\xff\0\0\0\0\xff\xff", 13);
    memcpy(lines + 13, "\0\0\xff\0\0\0\xff\0\0\0\xff\0\0", 13);
    png_end(&b, lines, sizeof lines);
    AVFrame *f = load(b.data, b.n);
    assert_int_equal(at(f, 1, 0, 0), 90);
    assert_int_equal(at(f, 2, 0, 0), 240);
    assert_int_equal(at(f, 1, 1, 0), 240); /* the odd column: blue */
    assert_int_equal(at(f, 2, 1, 0), 110);
    assert_int_equal(at(f, 3, 2, 0), 255);
    av_frame_free(&f);
    free(b.data);
}

static void test_png_interlaced(void **state)
{
    (void)state;
    static const struct {
        int x, y, dx, dy;
    } passes[7] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                    { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };
    static const int sizes[][2] = { { 9, 11 }, { 1, 1 }, { 3, 8 }, { 8, 2 } };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const int w = sizes[s][0], h = sizes[s][1];
        struct bytes b = { 0 }, raw = { 0 };
        png_begin(&b, (uint32_t)w, (uint32_t)h, 8, GREY, true);
        for (int p = 0; p < 7; p++)
            for (int y = passes[p].y; y < h && passes[p].x < w; y += passes[p].dy) {
                add(&raw, "", 1);
                for (int x = passes[p].x; x < w; x += passes[p].dx)
                    add(&raw, (const uint8_t[]){ (uint8_t)(20 * y + 3 * x) }, 1);
            }
        png_end(&b, raw.data, raw.n);
        AVFrame *f = load(b.data, b.n);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                assert_int_in_range(at(f, 0, x, y), 16 + (20 * y + 3 * x) * 219 / 255,
                                    16 + (20 * y + 3 * x) * 219 / 255 + 1);
        av_frame_free(&f);
        free(raw.data);
        free(b.data);
    }
}

/* The chunks type of which 64 MB are unpacked. */
static void bomb_chunk(struct bytes *b, const char *type, const char *head, size_t nb_head)
{
    static uint8_t zeros[1 << 16], out[1 << 16];
    struct bytes data = { 0 };
    z_stream z = { 0 };
    add(&data, head, nb_head);
    assert_int_equal(deflateInit(&z, 1), Z_OK);
    for (int i = 0; i < 1024; i++) {
        z.next_in = zeros;
        z.avail_in = sizeof zeros;
        z.next_out = out;
        z.avail_out = sizeof out;
        assert_true(deflate(&z, i < 1023 ? Z_NO_FLUSH : Z_FINISH) >= 0);
        add(&data, out, sizeof out - z.avail_out);
    }
    deflateEnd(&z);
    chunk(b, type, data.data, data.n);
    free(data.data);
}

static long peak_kb(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

/* Text and profiles are never unpacked; picture data no farther than the picture. First of all tests, as memory
 * is measured at its highest. */
static void test_png_bombs(void **state)
{
    (void)state;
    struct bytes b = { 0 };
    png_begin(&b, 2, 2, 8, GREY, false);
    bomb_chunk(&b, "zTXt", "Comment\0\0", 9);
    bomb_chunk(&b, "iCCP", "name\0\0", 6);
    bomb_chunk(&b, "iTXt", "Comment\0\1\0\0\0", 12);
    png_end(&b, "\0\1\2\0\3\4", 6);
    const long before = peak_kb();
    AVFrame *f = load(b.data, b.n);
    assert_int_equal(at(f, 0, 1, 1), 19);
    av_frame_free(&f);
    b.n = 0;
    png_begin(&b, 2, 2, 8, GREY, false);
    bomb_chunk(&b, "IDAT", "", 0);
    chunk(&b, "IEND", NULL, 0);
    const clock_t begin = clock();
    refused(b.data, b.n, "damaged PNG");
    assert_true(clock() - begin < CLOCKS_PER_SEC / 20);
    assert_true(peak_kb() - before < 30000);
    free(b.data);
}

static void test_png_refused(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {
        { 50000, 50000 }, { 2561, 1 }, { 1, 2561 }, { 0xffffffff, 1 }, { 65536, 65536 }
    };
    struct bytes b = { 0 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        b.n = 0;
        png_begin(&b, sizes[i][0], sizes[i][1], 8, RGB, false);
        png_end(&b, "\0\0\0\0", 4);
        refused(b.data, b.n, "is larger than 2560x2560");
    }
    b.n = 0;
    png_begin(&b, 0, 2, 8, RGB, false);
    refused(b.data, b.n, "has no size");
    b.n = 0;
    png_begin(&b, 2, 2, 8, GREY, false);
    png_begin(&b, 3, 3, 8, GREY, false);
    memmove(b.data + 33, b.data + 41, b.n - 41); /* its signature */
    b.n -= 8;
    png_end(&b, "\0\1\2\0\3\4", 6);
    refused(b.data, b.n, "or with two");
    static const int kinds[][2] = { { 3, GREY }, { 16, PALETTE }, { 4, RGB },
                                    { 0, GREY }, { 8, 1 },        { 8, 7 } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        b.n = 0;
        png_begin(&b, 2, 2, kinds[i][0], kinds[i][1], false);
        png_end(&b, "\0\1\2\0\3\4", 6);
        refused(b.data, b.n, "damaged PNG");
    }
    /* less than the picture, more than it, no palette, a wrong sum */
    b.n = 0;
    png_begin(&b, 2, 2, 8, GREY, false);
    png_end(&b, "\0\1\2\0\3", 5);
    refused(b.data, b.n, "truncated PNG");
    b.n = 0;
    png_begin(&b, 2, 2, 8, GREY, false);
    png_end(&b, "\0\1\2\0\3\4\5", 7);
    refused(b.data, b.n, "damaged PNG");
    b.n = 0;
    png_begin(&b, 2, 2, 8, PALETTE, false);
    png_end(&b, "\0\1\2\0\3\4", 6);
    refused(b.data, b.n, "damaged PNG");
    b.n = 0;
    png_begin(&b, 2, 2, 8, GREY, false);
    png_end(&b, "\0\1\2\0\3\4", 6);
    for (size_t n = 8; n < b.n; n++)
        refused(b.data, n, "truncated PNG");
    for (size_t n = 0; n < 8; n++)
        refused(b.data, n, n ? "neither a PNG nor a JPEG" : "an empty file");
    b.data[b.n - 14] ^= 1; /* the sum of IDAT */
    refused(b.data, b.n, "cannot be decoded");
    free(b.data);
}

/* ---- JPEG ---- */

/* A flat picture. */
static AVFrame *flat(enum AVPixelFormat format, int w, int h, int y, int u, int v)
{
    AVFrame *f = av_frame_alloc();
    f->format = format;
    f->width = w;
    f->height = h;
    assert_true(av_frame_get_buffer(f, 0) >= 0);
    for (int i = 0; i < 3; i++) {
        const bool low = i && (format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P);
        const int lines = low ? (h + 1) / 2 : h;
        memset(f->data[i], i == 0 ? y : i == 1 ? u : v, (size_t)f->linesize[i] * (size_t)lines);
    }
    return f;
}

/* The same as FFmpeg's encoder writes it. */
static void jpeg(struct bytes *out, enum AVPixelFormat format, int w, int h, int y, int u, int v)
{
    AVCodecContext *e = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MJPEG));
    AVFrame *f = flat(format, w, h, y, u, v);
    AVPacket *p = av_packet_alloc();
    e->width = w;
    e->height = h;
    e->pix_fmt = format;
    e->time_base = (AVRational){ 1, 1 };
    e->thread_count = 1;
    f->quality = FF_QP2LAMBDA * 2;
    e->flags |= AV_CODEC_FLAG_QSCALE;
    assert_true(avcodec_open2(e, NULL, NULL) >= 0);
    assert_true(avcodec_send_frame(e, f) >= 0);
    avcodec_send_frame(e, NULL);
    assert_true(avcodec_receive_packet(e, p) >= 0);
    out->n = 0;
    add(out, p->data, (size_t)p->size);
    av_packet_free(&p);
    av_frame_free(&f);
    avcodec_free_context(&e);
}

static void test_jpeg_kinds(void **state)
{
    (void)state;
    static const enum AVPixelFormat formats[] = { AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P,
                                                  AV_PIX_FMT_YUVJ444P };
    struct bytes b = { 0 };
    for (size_t i = 0; i < 3; i++) {
        jpeg(&b, formats[i], 37, 21, 255, 128, 128);
        AVFrame *f = load(b.data, b.n);
        assert_int_equal(f->format, AV_PIX_FMT_YUV420P);
        assert_int_equal(f->width, 37);
        assert_int_equal(f->height, 21);
        assert_int_in_range(at(f, 0, 20, 10), 234, 235); /* white, not 255 */
        av_frame_free(&f);
        jpeg(&b, formats[i], 37, 21, 76, 85, 255); /* red */
        f = load(b.data, b.n);
        assert_int_in_range(at(f, 0, 20, 10), 80, 82);
        assert_int_in_range(at(f, 1, 10, 5), 89, 92);
        assert_int_in_range(at(f, 2, 10, 5), 238, 240);
        av_frame_free(&f);
    }
    free(b.data);
}

#define DQT    "\xff\xdb\0\x43\0" EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT
#define EIGHT  "\10\10\10\10\10\10\10\10"
#define DHT_DC "\xff\xc4\0\x14\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7" /* "0": seven bits follow */
#define SOF(kind, precision, height, width, n) \
    "\xff" kind "\0\x0b" precision height width n "\1\x11\0"
#define SOS    "\xff\xda\0\x08\1\1\0\0\0\0"
#define EOI    "\xff\xd9"
#define LIT(s) s, sizeof(s) - 1

/* Grey, progressive, one block of 200: made by hand. */
static const char progressive[] =
    "\xff\xd8" DQT SOF("\xc2", "\10", "\0\10", "\0\10", "\1") DHT_DC SOS "\x48" EOI;

static void test_jpeg_progressive(void **state)
{
    (void)state;
    AVFrame *f = load(LIT(progressive));
    assert_int_equal(f->width, 8);
    for (int i = 0; i < 64; i++)
        assert_int_equal(at(f, 0, i % 8, i / 8), 188);
    assert_int_equal(at(f, 1, 0, 0), 128);
    av_frame_free(&f);
}

/* What programs write besides the picture does not matter, nor what follows it. */
static void test_jpeg_beside(void **state)
{
    (void)state;
    struct bytes b = { 0 };
    add(&b, "\xff\xd8", 2);
    add(&b, LIT("\xff\xe1\0\x0c"
                "Exif\0\0\xff\xd9\xff\xda"));
    add(&b, LIT("\xff\xfe\0\x06"
                "AVID"));
    add(&b, LIT("\xff\xe0\0\x10"
                "AVI1\1\0\0\0\0\0\0\0\0\0"));
    add(&b, progressive + 2, sizeof progressive - 3);
    add(&b, LIT("trailing\xff\xd8\xff"));
    AVFrame *f = load(b.data, b.n);
    assert_int_equal(at(f, 0, 4, 4), 188);
    av_frame_free(&f);
    free(b.data);
}

static void test_jpeg_refused(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t n;
        const char *why;
    } t[] = {
        { LIT("\xff\xd8\xff"), "truncated JPEG" },
        { LIT("\xff\xd8" EOI), "a JPEG without a picture" },
        { LIT("\xff\xd8" DQT "junk"), "damaged JPEG" },
        { LIT("\xff\xd8\xff\xdb\0\1" EOI), "damaged JPEG" },
        { LIT("\xff\xd8" DQT SOF("\xc0", "\10", "\xff\xff", "\xff\xff", "\1")),
          "is larger than 2560x2560" },
        { LIT("\xff\xd8" DQT SOF("\xc2", "\10", "\12\1", "\0\10", "\1")), "8x2561 is larger than" },
        { LIT("\xff\xd8" DQT SOF("\xc0", "\10", "\0\0", "\0\10", "\1")), "has no size" },
        { LIT("\xff\xd8" DQT SOF("\xc0", "\14", "\0\10", "\0\10", "\1")), "more than 8 bits" },
        { LIT("\xff\xd8" DQT SOF("\xc0", "\10", "\0\10", "\0\10", "\4")), "a CMYK JPEG" },
        { LIT("\xff\xd8" DQT SOF("\xc0", "\10", "\0\10", "\0\10", "\2")), "neither 1 nor 3" },
        { LIT("\xff\xd8" DQT SOF("\xc3", "\10", "\0\10", "\0\10", "\1")), "rare kind" },
        { LIT("\xff\xd8" DQT SOF("\xc9", "\10", "\0\10", "\0\10", "\1")), "rare kind" },
        { LIT("\xff\xd8" DQT SOF("\xc2", "\10", "\0\10", "\0\10", "\1")
                  SOF("\xc2", "\10", "\0\20", "\0\10", "\1")),
          "two frames" },
        { LIT("\xff\xd8" DQT SOS "\x48" EOI), "damaged JPEG" },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        refused(t[i].data, t[i].n, t[i].why);
    for (size_t n = 3; n < sizeof progressive - 1; n++)
        refused(progressive, n, "truncated JPEG");

    struct bytes b = { 0 };
    const size_t head = sizeof progressive - 1 - sizeof(SOS "\x48" EOI) + 1;
    for (int scans = 100; scans <= 101; scans++) {
        b.n = 0;
        add(&b, progressive, head);
        for (int i = 0; i < scans; i++)
            add(&b, LIT(SOS "\x48"));
        add(&b, LIT(EOI));
        if (scans > 100) {
            refused(b.data, b.n, "more than 100 scans");
        } else {
            struct trtc_err err = { 0 };
            write_file(b.data, b.n);
            AVFrame *f = read_image(&err);
            assert_true(f || !strstr(err.msg, "scans"));
            av_frame_free(&f);
        }
    }
    /* of a real one only the whole */
    jpeg(&b, AV_PIX_FMT_YUVJ420P, 64, 48, 76, 85, 255);
    for (size_t n = 3; n < b.n; n += 7)
        refused(b.data, n, "truncated JPEG");
    free(b.data);
}

/* ---- files of all kinds ---- */

static void test_files(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    refused(LIT("GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"), "neither a PNG nor a JPEG");
    refused(LIT("<svg xmlns='http://www.w3.org/2000/svg'/>"), "neither a PNG nor a JPEG");
    write_file("", 0);
    assert_int_equal(truncate(path, 6 << 20), 0);
    assert_null(trtc_image_load(path, NULL, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_non_null(strstr(err.msg, "larger than 5 MB"));
    assert_int_equal(unlink(path), 0);
    assert_null(trtc_image_load(path, NULL, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_non_null(strstr(err.msg, "No such file"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(trtc_image_load(path, NULL, &err)); /* does not wait for a writer */
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_non_null(strstr(err.msg, "not a regular file"));
    assert_int_equal(unlink(path), 0);
    assert_null(trtc_image_load(dir, NULL, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_non_null(strstr(err.msg, "a directory"));
    assert_null(trtc_image_load("/dev/zero", NULL, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_null(trtc_image_load("no\x1b[2Jpe", NULL, &err));
    assert_non_null(strstr(err.msg, "'no\\x1B[2Jpe'"));
}

/* Damage at any place: a picture or a reason, and no crash. */
static void test_damage(void **state)
{
    (void)state;
    struct bytes png = { 0 }, jpg = { 0 };
    png_begin(&png, 2, 2, 8, PALETTE, false);
    chunk(&png, "PLTE", "\xff\0\0\0\xff\0\0\0\xff", 9);
    chunk(&png, "tRNS", "\xff\x30", 2);
    png_end(&png, "\0\0\1\0\2\0", 6);
    jpeg(&jpg, AV_PIX_FMT_YUVJ444P, 24, 16, 76, 85, 255);
    uint32_t seed = 7;
    int shown = 0;
    for (int i = 0; i < 600; i++) {
        const struct bytes *b = i % 2 ? &png : &jpg;
        uint8_t *copy = malloc(b->n);
        memcpy(copy, b->data, b->n);
        for (int k = 0; k < 1 + i % 3; k++) {
            seed = seed * 1664525 + 1013904223;
            copy[(seed >> 8) % b->n] = (uint8_t)(seed >> 24);
        }
        write_file(copy, b->n);
        struct trtc_err err = { 0 };
        AVFrame *f = read_image(&err);
        if (!f)
            assert_int_equal(err.code, TRTC_EX_NOINPUT);
        shown += !!f;
        av_frame_free(&f);
        free(copy);
    }
    assert_int_in_range(shown, 5, 595);
    free(png.data);
    free(jpg.data);
}

/* ---- stills ---- */

static void test_png_encode(void **state)
{
    (void)state;
    static const struct {
        int y, u, v;
    } t[] = { { 235, 128, 128 }, { 16, 128, 128 }, { 81, 90, 240 }, { 126, 128, 128 } };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        AVFrame *f = flat(AV_PIX_FMT_YUV420P, 18, 10, t[i].y, t[i].u, t[i].v);
        struct trtc_err err = { 0 };
        uint8_t *png;
        size_t n;
        assert_int_equal(trtc_png_encode(f, &png, &n, &err), 0);
        AVFrame *again = load(png, n);
        assert_int_equal(again->format, AV_PIX_FMT_YUV420P);
        assert_int_equal(again->width, 18);
        assert_int_equal(again->height, 10);
        assert_int_in_range(at(again, 0, 9, 5), t[i].y - 1, t[i].y + 1);
        assert_int_in_range(at(again, 1, 4, 2), t[i].u - 1, t[i].u + 1);
        assert_int_in_range(at(again, 2, 4, 2), t[i].v - 1, t[i].v + 1);
        av_frame_free(&again);
        av_frame_free(&f);
        free(png);
    }
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/picture.png", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_bombs),
        cmocka_unit_test(test_png_kinds),
        cmocka_unit_test(test_png_colour_by_alpha),
        cmocka_unit_test(test_png_interlaced),
        cmocka_unit_test(test_png_refused),
        cmocka_unit_test(test_jpeg_kinds),
        cmocka_unit_test(test_jpeg_progressive),
        cmocka_unit_test(test_jpeg_beside),
        cmocka_unit_test(test_jpeg_refused),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_png_encode),
    };
    return cmocka_run_group_tests_name("image", tests, setup, teardown);
}
