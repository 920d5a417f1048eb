/* SPDX-License-Identifier: MIT */
/* identity: whatever changes a mix changes its hash, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mix/identity.h"

/* A mix of two users with everything that can be set; each test changes one thing. */
struct sample {
    struct trtc_mix_settings set;
    struct trtc_mix_opts o;
    struct trtc_interval spans[2];
    struct trtc_member members[2];
    struct trtc_participant who[2];
    size_t nb;
    struct trtc_layout_entry windows[2];
    char *blocked[2];
    struct trtc_timed_change changes[2];
};

/* The hash of a file: its name without the directory stands for its contents. */
static uint64_t sum_of(void *opaque, const char *name)
{
    const char *slash = strrchr(name, '/');
    (void)opaque;
    return (uint64_t)(unsigned char)(slash ? slash + 1 : name)[0];
}

static void fill_look(struct sample *s, struct trtc_mix_look *l)
{
    l->list = (struct trtc_layout_list){ s->windows, 2 };
    l->background_image = "/here/sea.png";
    l->placeholder = "/here/hat.png";
    l->nb_marks = 2;
    l->marks[0] = (struct trtc_mark){ .kind = TRTC_MARK_IMAGE, .text = "/here/logo.png" };
    l->marks[1] = (struct trtc_mark){ .kind = TRTC_MARK_TEXT, .text = "hello" };
}

static void make(struct sample *s)
{
    memset(s, 0, sizeof *s);
    trtc_mix_settings_init(&s->set);
    s->windows[0] = (struct trtc_layout_entry){ .rect = { 0, 0, 80, 90 } };
    s->windows[1] = (struct trtc_layout_entry){ .rect = { 80, 0, 80, 90 }, .user = "ben" };
    s->blocked[0] = "cem";
    s->set.sub.block_audio = (struct trtc_user_list){ s->blocked, 1, true };
    fill_look(s, &s->set.look);
    s->o = (struct trtc_mix_opts){ .set = &s->set, .image_sum = sum_of };
    s->nb = 2;
    for (size_t i = 0; i < 2; i++) {
        s->spans[i] = (struct trtc_interval){ 1000000, 9000000 };
        s->members[i].user = i ? "ben" : "anna";
        s->members[i].sound = s->members[i].picture =
            (struct trtc_intervals){ .items = &s->spans[i], .n = 1 };
        s->who[i] = (struct trtc_participant){ .member = &s->members[i], .bytes = 5000 };
    }
    s->changes[0].what = (struct trtc_mix_change){ .at_ms = 2000, .has_look = true };
    s->changes[0].next = &s->changes[1];
    trtc_mix_look_init(&s->changes[0].what.look);
    fill_look(s, &s->changes[0].what.look);
    s->changes[1].what = (struct trtc_mix_change){ .at_ms = 3000, .has_sub = true };
}

static uint64_t identify(const struct sample *s)
{
    return trtc_mix_identify(&s->o, s->who, s->nb, s->changes);
}

#define DIFFERS(change)                                        \
    do {                                                       \
        make(&s);                                              \
        change;                                                \
        if (identify(&s) == whole)                             \
            fail_msg("the same mix, in spite of %s", #change); \
    } while (0)

#define SAME(change)                                        \
    do {                                                    \
        make(&s);                                           \
        change;                                             \
        if (identify(&s) != whole)                          \
            fail_msg("another mix because of %s", #change); \
    } while (0)

static void test_what_counts(void **state)
{
    static struct sample s;
    (void)state;
    make(&s);
    const uint64_t whole = identify(&s);
    DIFFERS(s.set.width_px += 2);
    DIFFERS(s.set.look.mode = TRTC_LAYOUT_CUSTOM);
    DIFFERS(s.set.look.placeholder = NULL);
    DIFFERS(s.set.look.placeholder = "/here/other.png");
    DIFFERS(s.set.look.background_image = "/here/other.png");
    DIFFERS(s.set.look.marks[0].text = "/here/other.png");
    DIFFERS(s.set.look.marks[1].text = "world");
    DIFFERS(s.windows[0].rect.x = 2);
    DIFFERS(s.windows[0].user = "anna");
    DIFFERS(s.windows[1].layer = 1);
    DIFFERS(s.windows[1].placeholder = "/here/hat.png");
    DIFFERS(s.blocked[0] = "dan");
    DIFFERS(s.set.sub.block_audio.given = false);
    DIFFERS(s.nb = 1);
    DIFFERS(s.who[1].bytes++);
    DIFFERS(s.spans[1].end_us++);
    DIFFERS(s.members[0].aux = true);
    DIFFERS(s.o.labels = true);
    DIFFERS(s.o.preset = "slow");
    DIFFERS(s.changes[0].what.at_ms++);
    DIFFERS(s.changes[0].what.look.mode = TRTC_LAYOUT_FLOAT);
    DIFFERS(s.changes[0].what.look.marks[0].text = "/here/other.png");
    DIFFERS(s.changes[1].what.sub.allow_video.given = true);
    DIFFERS(s.changes[0].next = NULL);
}

static void test_what_does_not(void **state)
{
    static struct sample s;
    (void)state;
    make(&s);
    const uint64_t whole = identify(&s);
    SAME((void)0);
    SAME(s.set.look.background_image = "/there/sea.png");
    SAME(s.changes[0].what.look.marks[0].text = "logo.png");
    SAME(s.o.workers = 3);
    SAME(s.o.path = "part.mkv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_counts),
        cmocka_unit_test(test_what_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
