/* SPDX-License-Identifier: MIT */
/* The XML of stores: elements are found, their texts taken, and nothing worse happens to what is no
 * XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "storage/xml_priv.h"

static struct trtc_bytes bytes(const char *s)
{
    return (struct trtc_bytes){ (const uint8_t *)s, strlen(s) };
}

static void texts(void **state)
{
    static const struct {
        const char *xml, *name, *text; /* NULL: no such element */
    } list[] = {
        { "<a>1</a>", "a", "1" },
        { "<?xml version='1.0'?>\n<r x=\"y\"><ab>0</ab><a z='1'>1</a><a>2</a></r>", "a", "1" },
        { "<a/>", "a", "" },
        { "<a></a>", "a", "" },
        { "<a >\n t </a >", "a", "\n t " },
        { "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</a>", "a", "<>&\"'AB" },
        { "<a>&none;&#0;&#300;&#x;&;&</a>", "a", "&none;&#0;&#300;&#x;&;&" },
        { "<a>&#34567890123;&amp</a>", "a", "&#34567890123;&amp" },
        { "", "a", NULL },
        { "<a>", "a", NULL },
        { "<a", "a", NULL },
        { "</a>", "a", NULL },
        { "<ab>1</ab>", "a", NULL },
        { "<A>1</A>", "a", NULL },
        { "<a>1</ab>", "a", NULL },
    };
    char out[64], small[3];

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const bool found = trtc_xml_text(bytes(list[i].xml), list[i].name, out, sizeof out);

        if (found != (list[i].text != NULL) || strcmp(out, list[i].text ? list[i].text : ""))
            fail_msg("%s: '%s'", list[i].xml, out);
    }
    assert_true(trtc_xml_text(bytes("<a>12345</a>"), "a", small, sizeof small));
    assert_string_equal(small, "12");
}

static void one_after_the_other(void **state)
{
    struct trtc_bytes rest = bytes("<l><P><N>1</N></P><P/><P><N>3</N></P></l>"), one;
    char text[4], all[16] = "";

    (void)state;
    while (trtc_xml_find(rest, "P", &one, &rest)) {
        trtc_xml_text(one, "N", text, sizeof text);
        strcat(strcat(all, text), ",");
    }
    assert_string_equal(all, "1,,3,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(one_after_the_other),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
