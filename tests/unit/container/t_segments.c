/* SPDX-License-Identifier: MIT */
/* The numbers of the segments in a playlist that has come again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "container/segments_priv.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HEAD     "#EXTM3U\n#EXT-X-TARGETDURATION:10\n"
#define NUMBER   HEAD "#EXT-X-MEDIA-SEQUENCE:"

static void drop(struct trtc_segment_list *list)
{
    free(list->marks);
    *list = (struct trtc_segment_list){ 0 };
}

/* Gives the list a text; out: what libavformat is to see. */
static void give(struct trtc_segment_list *list, const char *in, const char *out, bool anew,
                 int nb_missed)
{
    struct trtc_segments g = { 0 };
    size_t n = strlen(in);
    char *text = malloc(n + 1);

    assert_non_null(text);
    memcpy(text, in, n);
    assert_int_equal(trtc_segment_renumber(&g, list, &text, &n), 0);
    assert_int_equal(n, strlen(out));
    assert_memory_equal(text, out, n);
    assert_int_equal(g.anew, anew);
    assert_int_equal(g.growing, !strstr(in, "ENDLIST"));
    assert_int_equal(g.nb_unfetched, nb_missed);
    free(text);
}

static void test_renumber(void **state)
{
    static const struct {
        const char *before, *in, *out;
        bool anew;
        int nb_missed;
    } t[] = {
        /* it goes on */
        { NUMBER "7\na\nb\n", NUMBER "8\nb\nc\n", NUMBER "8\nb\nc\n", false, 0 },
        { NUMBER "7\na\nb\n", NUMBER "9\nc\nd\n", NUMBER "9\nc\nd\n", false, 0 },
        { NUMBER "7\na\nb\n", NUMBER "7\n", NUMBER "7\n", false, 0 },
        { NUMBER "7\na\n", NUMBER "7\na\n#EXT-X-ENDLIST\n", NUMBER "7\na\n#EXT-X-ENDLIST\n", false,
          0 },
        /* some have expired */
        { NUMBER "7\na\nb\n", NUMBER "19\nm\nn\n", NUMBER "19\nm\nn\n", false, 0 },
        /* the same segments under other numbers; signed anew */
        { NUMBER "7\na?1\nb?1\n", NUMBER "0\nb?2\nc?2\n", NUMBER "8\nb?2\nc?2\n", false, 0 },
        { NUMBER "7\na\nb\n", NUMBER "100\r\nb\r\nc\r\n", NUMBER "8\r\nb\r\nc\r\n", false, 0 },
        /* a server that is behind */
        { NUMBER "7\na\nb\nc\n", NUMBER "6\nz\na\nb\n", NUMBER "6\nz\na\nb\n", false, 0 },
        /* others; the first number may not be stated */
        { NUMBER "7\na\nb\n", NUMBER "0\nk\nl\n", NUMBER "9\nk\nl\n", true, 0 },
        { NUMBER "7\na\nb\n", HEAD "k\nl\n",
          "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:9\n#EXT-X-TARGETDURATION:10\nk\nl\n", true, 0 },
        { HEAD "a\nb\nc\n", HEAD "k\n",
          "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-TARGETDURATION:10\nk\n", true, 0 },
        /* others of the same names: they are shorter, other parts of a file, of another time, or far behind */
        { NUMBER "1\n#EXTINF:2,\na\nb\n", NUMBER "1\n#EXTINF:1,\na\n", NUMBER "3\n#EXTINF:1,\na\n",
          true, 0 },
        { NUMBER "1\n#EXT-X-BYTERANGE:8@0\na\nb\n", NUMBER "1\n#EXT-X-BYTERANGE:9@0\na\n",
          NUMBER "3\n#EXT-X-BYTERANGE:9@0\na\n", true, 0 },
        { NUMBER "1\n#EXT-X-PROGRAM-DATE-TIME:1\na\nb\n",
          NUMBER "1\n#EXT-X-PROGRAM-DATE-TIME:2\na\n", NUMBER "3\n#EXT-X-PROGRAM-DATE-TIME:2\na\n",
          true, 0 },
        { NUMBER "1\na\nb\nc\nd\ne\nf\ng\nh\ni\n", NUMBER "1\na\nb\n", NUMBER "10\na\nb\n", true,
          0 },
        { NUMBER "1\na\nb\nc\nd\ne\nf\ng\nh\n", NUMBER "1\na\nb\n", NUMBER "1\na\nb\n", false, 0 },
        /* others, the first of which have expired; the second playlist counts from a large number */
        { NUMBER "7\na\nb\n", NUMBER "4\nk\n", NUMBER "9\nk\n", true, 3 },
        { NUMBER "7000\na\nb\n", NUMBER "4000\nk\n", NUMBER "7002\nk\n", true, 0 },
        /* what makes no sense */
        { NUMBER "7\na\nb\n", NUMBER "x\na\n", NUMBER "7x\na\n", false, 0 },
        { NUMBER "7\na\n", NUMBER "99999999999999999999\nb\n", NUMBER "99999999999999999999\nb\n",
          false, 0 },
        { NUMBER "7\na\n", "", "", false, 0 },
        { NUMBER "7\na\n", "#EXTM3U", "#EXTM3U", false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_segment_list list = { 0 };
        give(&list, t[i].before, t[i].before, false, 0);
        give(&list, t[i].in, t[i].out, t[i].anew, t[i].nb_missed);
        drop(&list);
    }
}

/* A server that begins anew more than once. */
static void test_often(void **state)
{
    struct trtc_segment_list list = { 0 };
    (void)state;
    give(&list, NUMBER "40\na\nb\n", NUMBER "40\na\nb\n", false, 0);
    give(&list, NUMBER "0\nc\n", NUMBER "42\nc\n", true, 0);
    give(&list, NUMBER "0\nc\nd\n", NUMBER "42\nc\nd\n", false, 0);
    give(&list, NUMBER "1\nd\ne\n", NUMBER "43\nd\ne\n", false, 0);
    give(&list, NUMBER "0\nf\n", NUMBER "45\nf\n", true, 0);
    give(&list, NUMBER "1\ng\n", NUMBER "46\ng\n", false, 0);
    drop(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renumber),
        cmocka_unit_test(test_often),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("segments", tests, NULL, NULL);
}
