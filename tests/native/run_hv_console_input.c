/* SPDX-License-Identifier: BSD-2-Clause */
/* What is typed: to the focused domain or the prompt, each byte once and in order; three Ctrl-A's always switch.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Link: lib/format.c
 */
#include "../../hypervisor/core/console.c"

#include "hv_console.h"

#define ESCAPE_KEYS "\x01\x01\x01"

/* What has to become of typed bytes: three Ctrl-A's in a row switch, fewer are the domain's like all others. */
static void type(const char *bytes, size_t size)
{
    static unsigned held;
    static bool at_prompt;

    if (bytes == NULL) {
        held = 0;
        at_prompt = false;
        return;
    }
    stream_add(&typed, bytes, size);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\x01') {
            if (++held == 3) {
                at_prompt = !at_prompt;
                held = 0;
            }
            continue;
        }
        for (; held != 0; held--) {
            if (!at_prompt) {
                stream_add(&received, "\x01", 1);
            }
        }
        stream_add(at_prompt ? &prompted : &received, bytes + i, 1);
    }
}

static void start_typing(void)
{
    start();
    type(NULL, 0);
}

static struct terminal *keyboard(void)
{
    return &domains[FOCUSED].terminal;
}

static size_t guest_read(size_t most)
{
    char text[64];
    size_t count = terminal_read(&domains[FOCUSED], text, most);

    CHECK(count <= most && console.lock.held == 0);
    stream_see(&received, text, count);
    CHECK(levels[FOCUSED] == (ring_used(&keyboard()->input) != 0));
    return count;
}

static void poll_input(void)
{
    size_t before = typed.seen;
    bool more = console_poll();

    CHECK(more || (typed.seen == before && (prompt_answers || ring_used(&console.output) == 0)));
    CHECK(ring_used(&keyboard()->input) <= RING_SIZE);
    CHECK(levels[FOCUSED] == (ring_used(&keyboard()->input) != 0));
}

static void input_finish(void)
{
    while (typed.seen < typed.length || guest_read(64) != 0) {
        poll_input();
        while (guest_read(64) != 0) {
        }
    }
    CHECK(received.seen == received.length);
    CHECK(prompted.seen == prompted.length);
}

/* The domain has this much room left for what is typed. */
static void leave_room(size_t room)
{
    while (ring_space(&keyboard()->input) > room) {
        ring_put(&keyboard()->input, 'f');
        stream_add(&received, "f", 1);
    }
    levels[FOCUSED] = true;
}

static void test_escape(void)
{
    static const char *const typing[] = {
        "ab",       "\x01", "x",    "\x01\x01", "y",    ESCAPE_KEYS, "help\r", "\x01", "no",
        "\x01\x01", "not",  ESCAPE_KEYS, "back", ESCAPE_KEYS ESCAPE_KEYS, ESCAPE_KEYS "\x01",
        "z" ESCAPE_KEYS, ESCAPE_KEYS "\x01", "end" ESCAPE_KEYS,
    };

    for (int rounds = 0; rounds < 200; rounds++) {
        start_typing();
        for (size_t i = 0; i < ARRAY_SIZE(typing); i++) {
            type(typing[i], strlen(typing[i]));
            if (random_one_in(2)) {
                poll_input();
            }
        }
        input_finish();
        CHECK(switches_to_prompt == 4 && switches_back == 4);
        CHECK(!console.prompt);
    }
    CHECK(memcmp(received.bytes, "ab\x01x\x01\x01y", 7) == 0);
}

/* Held-back Ctrl-A's take no room away from bytes that are already promised it. */
static void test_escape_before_a_full_queue(void)
{
    for (size_t left = 0; left < 10; left++) {
        char byte;

        start_typing();
        leave_room(left);
        for (int i = 0; i < 20; i++) {
            type("\x01\x01q", 3);
        }
        for (int i = 0; i < 100; i++) {
            poll_input();
        }
        CHECK(typed.seen < typed.length);
        CHECK(ring_get(&keyboard()->input, &byte));
        stream_see(&received, &byte, 1);
        input_finish();
    }
}

/* A domain that is busy for a while leaves what is typed in the machine. */
static void test_backpressure(void)
{
    start_typing();
    for (unsigned i = 0; i < 3 * RING_SIZE; i++) {
        char byte = (char)(' ' + i % 95);

        type(&byte, 1);
    }
    for (int i = 0; i < 5000; i++) {
        poll_input();
        keyboard()->read_time = processor.timebase;
    }
    CHECK(typed.seen < RING_SIZE && typed.seen > RING_SIZE - 16);
    input_finish();
}

/* Back from the prompt to a domain that does not read: what follows the escape in the same batch waits as well. */
static void test_switch_back_to_a_full_queue(void)
{
    char text[64];

    memset(text, 't', sizeof(text));
    for (int rounds = 0; rounds < 200; rounds++) {
        start_typing();
        leave_room((size_t)rounds % 70);
        type(ESCAPE_KEYS "prompt" ESCAPE_KEYS, 12);
        type(text, sizeof(text));
        if (rounds % 70 <= ESCAPES) { /* the way to the prompt is not what this is about */
            typed.seen = 3;
            console.prompt = true;
        }
        for (int i = 0; i < 100; i++) {
            poll_input();
            keyboard()->read_time = processor.timebase;
        }
        input_finish();
    }
}

/* A domain that never reads does not keep the keyboard from the prompt for long. */
static void test_prompt_beside_a_deaf_domain(void)
{
    start_typing();
    leave_room(0);
    type("not read by anybody", 19);
    type(ESCAPE_KEYS "?", 4);
    for (int i = 0; i < 10000 && prompted.seen == 0; i++) {
        poll_input();
    }
    CHECK(switches_to_prompt == 1 && prompted.seen == 1);
}

/* One that runs no more gets nothing and holds nothing up. */
static void test_prompt_beside_a_dead_domain(enum domain_state state, size_t room)
{
    start_typing();
    domains[FOCUSED].state = state;
    leave_room(room);
    type("nobody's", 8);
    type(ESCAPE_KEYS "?", 4);
    for (int i = 0; i < 100 && prompted.seen == 0; i++) {
        poll_input();
        keyboard()->read_time = processor.timebase;
    }
    CHECK(switches_to_prompt == 1 && prompted.seen == 1);
    CHECK(ring_space(&keyboard()->input) == room);
}

static void test_no_patience_is_needed_to_leave_the_prompt(void)
{
    start_typing();
    leave_room(0);
    console.prompt = true;
    type(ESCAPE_KEYS "typed at the prompt" ESCAPE_KEYS, 25);
    typed.seen = 3; /* it is there already */
    for (int i = 0; i < 400 && switches_back == 0; i++) {
        poll_input();
        keyboard()->read_time = processor.timebase;
    }
    CHECK(switches_back == 1 && prompted.seen == prompted.length);
    input_finish();
}

static void test_random(void)
{
    start_typing();
    prompt_answers = true;
    for (int step = 0; step < 50000; step++) {
        char bytes[16];
        size_t size = random_below(sizeof(bytes));

        for (size_t i = 0; i < size; i++) {
            bytes[i] = random_one_in(3) ? '\x01' : (char)random_below(256);
        }
        type(bytes, size);
        poll_input();
        for (uint64_t reads = random_below(2); reads != 0; reads--) {
            guest_read(random_below(9));
        }
    }
    CHECK(ring_used(&keyboard()->input) > RING_SIZE / 2);
    input_finish();
    CHECK(switches_to_prompt > 100);
    flush();
}

/* Without a domain to type to, the prompt is still within reach. */
static void test_no_focus(void)
{
    start_typing();
    console_focus(NULL);
    type(ESCAPE_KEYS "?", 4);
    stream_add(&typed, ESCAPE_KEYS "lost", 7);
    for (int i = 0; i < 200; i++) {
        console_poll();
    }
    CHECK(typed.seen == typed.length && prompted.seen == 1);
    CHECK(switches_to_prompt == 1 && switches_back == 1);
}

int main(void)
{
    test_escape();
    test_escape_before_a_full_queue();
    test_backpressure();
    test_switch_back_to_a_full_queue();
    test_prompt_beside_a_deaf_domain();
    test_prompt_beside_a_dead_domain(DOMAIN_CRASHED, 0);
    test_prompt_beside_a_dead_domain(DOMAIN_OFF, 100);
    test_no_patience_is_needed_to_leave_the_prompt();
    test_random();
    test_no_focus();
    return 0;
}
