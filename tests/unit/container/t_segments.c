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
static void give(struct trtc_segment_list *list, const char *in, const char *out, bool anew)
{
    size_t n = strlen(in);
    char *text = malloc(n);
    bool is_anew = false, growing;

    assert_non_null(text);
    memcpy(text, in, n);
    assert_int_equal(trtc_segment_renumber(list, &text, &n, &is_anew, &growing), 0);
    assert_int_equal(n, strlen(out));
    assert_memory_equal(text, out, n);
    assert_int_equal(is_anew, anew);
    assert_int_equal(growing, !strstr(in, "ENDLIST"));
    free(text);
}

static void test_renumber(void **state)
{
    static const struct {
        const char *before, *in, *out;
        bool anew;
    } t[] = {
        /* it goes on */
        { NUMBER "7\na\nb\n", NUMBER "8\nb\nc\n", NUMBER "8\nb\nc\n", false },
        { NUMBER "7\na\nb\n", NUMBER "9\nc\nd\n", NUMBER "9\nc\nd\n", false },
        { NUMBER "7\na\nb\n", NUMBER "7\n", NUMBER "7\n", false },
        { NUMBER "7\na\n", NUMBER "7\na\n#EXT-X-ENDLIST\n", NUMBER "7\na\n#EXT-X-ENDLIST\n",
          false },
        /* some have expired */
        { NUMBER "7\na\nb\n", NUMBER "19\nm\nn\n", NUMBER "19\nm\nn\n", false },
        /* the same segments under other numbers; signed anew */
        { NUMBER "7\na?1\nb?1\n", NUMBER "0\nb?2\nc?2\n", NUMBER "8\nb?2\nc?2\n", false },
        { NUMBER "7\na\nb\n", NUMBER "100\r\nb\r\nc\r\n", NUMBER "8\r\nb\r\nc\r\n", false },
        /* a server that is behind */
        { NUMBER "7\na\nb\nc\n", NUMBER "6\nz\na\nb\n", NUMBER "6\nz\na\nb\n", false },
        /* others; the first number may not be stated */
        { NUMBER "7\na\nb\n", NUMBER "0\nk\nl\n", NUMBER "9\nk\nl\n", true },
        { NUMBER "7\na\nb\n", HEAD "k\nl\n",
          "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:9\n#EXT-X-TARGETDURATION:10\nk\nl\n", true },
        { HEAD "a\nb\nc\n", HEAD "k\n",
          "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-TARGETDURATION:10\nk\n", true },
        /* others of the same names: they are shorter, other parts of a file, of another time, or far behind */
        { NUMBER "1\n#EXTINF:2,\na\nb\n", NUMBER "1\n#EXTINF:1,\na\n", NUMBER "3\n#EXTINF:1,\na\n",
          true },
        { NUMBER "1\n#EXT-X-BYTERANGE:8@0\na\nb\n", NUMBER "1\n#EXT-X-BYTERANGE:9@0\na\n",
          NUMBER "3\n#EXT-X-BYTERANGE:9@0\na\n", true },
        { NUMBER "1\n#EXT-X-PROGRAM-DATE-TIME:1\na\nb\n",
          NUMBER "1\n#EXT-X-PROGRAM-DATE-TIME:2\na\n", NUMBER "3\n#EXT-X-PROGRAM-DATE-TIME:2\na\n",
          true },
        { NUMBER "1\na\nb\nc\nd\ne\nf\ng\nh\ni\n", NUMBER "1\na\nb\n", NUMBER "10\na\nb\n", true },
        { NUMBER "1\na\nb\nc\nd\ne\nf\ng\nh\n", NUMBER "1\na\nb\n", NUMBER "1\na\nb\n", false },
        /* what makes no sense */
        { NUMBER "7\na\nb\n", NUMBER "x\na\n", NUMBER "7x\na\n", false },
        { NUMBER "7\na\n", NUMBER "99999999999999999999\nb\n", NUMBER "99999999999999999999\nb\n",
          false },
        { NUMBER "7\na\n", "", "", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_segment_list list = { 0 };
        give(&list, t[i].before, t[i].before, false);
        give(&list, t[i].in, t[i].out, t[i].anew);
        drop(&list);
    }
}

/* A server that begins anew more than once. */
static void test_often(void **state)
{
    struct trtc_segment_list list = { 0 };
    (void)state;
    give(&list, NUMBER "40\na\nb\n", NUMBER "40\na\nb\n", false);
    give(&list, NUMBER "0\nc\n", NUMBER "42\nc\n", true);
    give(&list, NUMBER "0\nc\nd\n", NUMBER "42\nc\nd\n", false);
    give(&list, NUMBER "1\nd\ne\n", NUMBER "43\nd\ne\n", false);
    give(&list, NUMBER "0\nf\n", NUMBER "45\nf\n", true);
    give(&list, NUMBER "1\ng\n", NUMBER "46\ng\n", false);
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
