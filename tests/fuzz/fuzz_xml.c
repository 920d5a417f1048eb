/* SPDX-License-Identifier: MIT */
/* What object stores answer, under libFuzzer: elements and their texts. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "storage/xml_priv.h"

static const char *const names[] = { "Error", "Code", "Part", "ETag", "UploadId", "a" };

static void look(struct trtc_bytes text, const char *name)
{
    struct trtc_bytes inner = { 0 }, rest = { 0 };
    char small[5], large[300];

    if (!trtc_xml_find(text, name, &inner, &rest)) {
        check(!trtc_xml_text(text, name, large, sizeof large) && !*large);
        return;
    }
    check(inner.p >= text.p && inner.p + inner.n <= text.p + text.n);
    check(rest.p >= inner.p + inner.n && rest.p + rest.n == text.p + text.n);
    check(trtc_xml_text(text, name, large, sizeof large) && strlen(large) < sizeof large);
    check(trtc_xml_text(text, name, small, sizeof small) && strlen(small) < sizeof small);
    check(!strncmp(small, large, strlen(small)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct trtc_bytes text = { data, size };
    struct trtc_bytes rest = text, part;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        look(text, names[i]);
    while (trtc_xml_find(rest, "Part", &part, &rest))
        look(part, "ETag");
    return 0;
}
