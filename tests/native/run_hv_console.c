/* SPDX-License-Identifier: BSD-2-Clause */
/* The console between a machine that takes and gives bytes as it likes and guests that write and read as they like:
 * every byte arrives once and in order.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include hypervisor/arch/ppc64 abi .
 * Link: hypervisor/lib/format.c
 */
#include "../../hypervisor/core/console.c"

#include <stdio.h>

#include "check.h"
#include "hv_random.h"

#define STREAM_SIZE (1u << 22)

/* Bytes on their way: what had to come, and how much of it did. */
struct stream {
    char bytes[STREAM_SIZE];
    size_t length;
    size_t seen;
};

enum { FOCUSED, QUIET, LONG_NAME, DOMAINS };

static struct domain guests[DOMAINS];
static struct stream screen;   /* what the machine's console has to show */
static struct stream typed;    /* what somebody types; seen: what the machine handed out */
static struct stream received; /* what the focused domain has to read */
static struct stream prompted; /* what the prompt has to get */
static size_t machine_room;    /* bytes that the machine takes before its next poll */
static bool machine_stalled;
static bool guest_writes;
static unsigned machine_polls, machine_flushes; /* polls: since the guest's write began */
static unsigned switches_to_prompt, switches_back;
static bool prompt_answers;
static bool levels[DOMAINS];

static void stream_add(struct stream *stream, const char *bytes, size_t size)
{
    CHECK(size <= STREAM_SIZE - stream->length);
    memcpy(stream->bytes + stream->length, bytes, size);
    stream->length += size;
}

static void stream_add_text(struct stream *stream, const char *text)
{
    stream_add(stream, text, strlen(text));
}

/* These bytes came: they have to be the next ones. */
static void stream_see(struct stream *stream, const char *bytes, size_t size)
{
    CHECK(size <= stream->length - stream->seen);
    CHECK(memcmp(stream->bytes + stream->seen, bytes, size) == 0);
    stream->seen += size;
}

static size_t machine_write(const char *text, size_t size)
{
    size_t taken = size < machine_room ? size : machine_room;

    CHECK(size != 0);
    if (machine_stalled) {
        return 0;
    }
    taken = random_below(taken + 1);
    machine_room -= taken;
    stream_see(&screen, text, taken);
    return taken;
}

static size_t machine_read(char *text, size_t size)
{
    size_t left = machine_stalled ? 0 : typed.length - typed.seen;
    size_t count = random_below((size < left ? size : left) + 1);

    memcpy(text, typed.bytes + typed.seen, count);
    typed.seen += count;
    return count;
}

static void machine_poll(void)
{
    machine_polls++;
    CHECK(!guest_writes || !machine_stalled || machine_polls < 10); /* a guest's write does not wait for the machine */
    machine_room = random_one_in(2) ? random_below(64) : 0;
}

static void machine_flush(void)
{
    machine_flushes++;
}

static const struct platform machine = {
    .console_write = machine_write,
    .console_read = machine_read,
    .console_flush = machine_flush,
    .poll = machine_poll,
};
const struct platform *platform = &machine;

void xics_set_level(struct domain *domain, uint32_t irq, bool level)
{
    CHECK(irq == VTY_IRQ);
    levels[domain - guests] = level;
}

/* What a message of the hypervisor has to look like: lines end in \r\n, the first begins on a line of its own. */
static void expect_message(const char *mark, const char *text)
{
    if (*mark != '\0' && screen.length != 0 && screen.bytes[screen.length - 1] != '\n') {
        stream_add_text(&screen, "\r\n");
    }
    stream_add_text(&screen, mark);
    for (; *text != '\0'; text++) {
        stream_add(&screen, *text == '\n' ? "\r\n" : text, *text == '\n' ? 2 : 1);
    }
}

static void message(const char *text)
{
    expect_message("(hv) ", text);
    hv_print("%s", text);
}

/* A line of a domain that does not have the console to itself goes out behind its name. */
static void expect_line(const struct domain *domain, const char *line, size_t length)
{
    if (screen.length != 0 && screen.bytes[screen.length - 1] != '\n') {
        stream_add_text(&screen, "\r\n");
    }
    stream_add_text(&screen, "(");
    stream_add_text(&screen, domain->plan.name);
    stream_add_text(&screen, ") ");
    stream_add(&screen, line, length);
    stream_add_text(&screen, "\r\n");
}

/* What each domain has of a line that is not finished. */
static struct model {
    char line[2 * TERMINAL_LINE];
    size_t length;
} models[DOMAINS];

void prompt_switched(bool to_prompt)
{
    switches_to_prompt += to_prompt ? 1 : 0;
    switches_back += to_prompt ? 0 : 1;
    if (prompt_answers) {
        message("switched\n");
    }
    if (!to_prompt) { /* what the domain had begun goes on where it is now */
        stream_add(&screen, models[FOCUSED].line, models[FOCUSED].length);
        models[FOCUSED].length = 0;
    }
}

void prompt_byte(char byte)
{
    stream_see(&prompted, &byte, 1);
    if (prompt_answers) {
        char echo[2] = { byte, '\0' };

        expect_message("", echo);
        hv_print_plain("%c", byte);
    }
}

static void start(void)
{
    static const char *const names[DOMAINS] = { "focused", "q", "a-name-of-thirty-one-characters" };

    for (int i = 0; i < DOMAINS; i++) {
        memset(&guests[i], 0, sizeof(guests[i]));
        strcpy(guests[i].plan.name, names[i]);
        levels[i] = false;
    }
    memset(models, 0, sizeof(models));
    console = (struct console){ .at_line_start = true };
    console.output.head = console.output.tail = UINT32_MAX - 5000;
    console_focus(&guests[FOCUSED]);
    screen.length = screen.seen = typed.length = typed.seen = 0;
    received.length = received.seen = prompted.length = prompted.seen = 0;
    machine_stalled = prompt_answers = false;
    machine_flushes = switches_to_prompt = switches_back = 0;
    machine_room = 0;
}

static void flush(void)
{
    unsigned before = machine_flushes;

    console_flush();
    CHECK(screen.seen == screen.length);
    CHECK(ring_used(&console.output) == 0);
    CHECK(machine_flushes == before + 1);
}

/*
 * The lines that these characters make. What must appear is decided before the characters can reach the machine; the
 * caller puts everything back when the write is refused.
 */
static void model_write(struct model *model, const struct domain *domain, const char *text, size_t size)
{
    if (model->length + size > TERMINAL_LINE) {
        expect_line(domain, model->line, model->length);
        model->length = 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n') {
            expect_line(domain, model->line, model->length);
            model->length = 0;
        } else if (text[i] != '\r') {
            model->line[model->length++] = text[i];
        }
    }
}

/* A guest's write: taken whole or not at all, and without ever waiting for the machine. */
static bool guest_write(int index, const char *text, size_t size)
{
    struct domain *domain = &guests[index];
    struct model before = models[index];
    size_t screen_before = screen.length;
    bool by_lines = domain != console.focus || console.prompt, written;

    if (by_lines) {
        model_write(&models[index], domain, text, size);
    } else {
        stream_add(&screen, text, size);
    }
    guest_writes = true;
    machine_polls = 0;
    written = terminal_write(domain, text, size);
    guest_writes = false;
    CHECK(ring_used(&console.output) <= RING_SIZE);
    CHECK(domain->terminal.line_length <= TERMINAL_LINE);
    if (!written) {
        bool line_went = before.length != 0 && by_lines && domain->terminal.line_length == 0;

        screen.length = screen_before;
        models[index] = before;
        if (line_went) { /* it made room for itself first, and will be tried again */
            expect_line(domain, before.line, before.length);
            models[index].length = 0;
        }
        CHECK(screen.seen <= screen.length);
    }
    return written;
}

static size_t random_text(char *text, size_t most)
{
    size_t size = random_below(most + 1);

    for (size_t i = 0; i < size; i++) {
        text[i] = random_one_in(12) ? '\n' : random_one_in(30) ? '\r' : (char)(' ' + random_below(95));
    }
    return size;
}

static void test_output_of_everybody(void)
{
    char text[16];
    unsigned refused = 0;

    start();
    prompt_answers = true;
    for (int step = 0; step < 60000; step++) {
        /* The hypervisor's own words wait for the machine: not while it takes nothing at all. */
        machine_stalled = (step / 3000) % 4 == 3;
        switch (random_below(12) + (machine_stalled ? 2 : 0)) {
        case 0:
            message("one\ntwo\n");
            break;
        case 1:
            message("no end of line yet");
            break;
        case 2:
            if (random_one_in(4)) {
                stream_add(&typed, "\x01\x01\x01", 3);
            }
            console_poll();
            break;
        default: {
            size_t size = random_text(text, sizeof(text));

            refused += guest_write((int)random_below(DOMAINS), text, size) ? 0 : 1;
        }
        }
    }
    CHECK(refused > 1000 && switches_to_prompt > 100);
    machine_stalled = false;
    flush();
}

/* Lines without an end are cut, not lost. */
static void test_endless_line(void)
{
    static const char digits[] = "0123456789";
    size_t from = 0, digit = 0;

    start();
    for (int i = 0; i < 1000; i++) {
        while (!guest_write(QUIET, digits, 10)) {
            console_poll();
        }
    }
    while (!guest_write(QUIET, "\n", 1)) {
        console_poll();
    }
    flush();
    while (from < screen.length) {
        const char *line = screen.bytes + from, *end = memchr(line, '\n', screen.length - from);

        CHECK(memcmp(line, "(q) ", 4) == 0 && end != NULL && end[-1] == '\r');
        CHECK(end - 1 - (line + 4) <= TERMINAL_LINE);
        for (const char *at = line + 4; at < end - 1; at++) {
            CHECK(*at == digits[digit++ % 10]);
        }
        from = (size_t)(end + 1 - screen.bytes);
    }
    CHECK(digit == 10000);
}

/* With a machine that takes nothing, writers are told so before anything is lost, and go on afterwards. */
static void test_stalled_machine(int guest)
{
    size_t accepted = 0;

    start();
    machine_stalled = true;
    while (guest_write(guest, "0123456789abcde\n", 16)) {
        CHECK(++accepted <= RING_SIZE);
    }
    CHECK(accepted > 50);
    for (int i = 0; i < 10; i++) {
        CHECK(!guest_write(guest, "0123456789abcde\n", 16));
        console_poll();
    }
    CHECK(screen.seen == 0);
    machine_stalled = false;
    flush();
    CHECK(guest_write(guest, "x\n", 2));
    flush();
}

/* Sixteen line ends at once behind a full line: the most that one call can make of its characters. */
static void test_worst_case_of_room(void)
{
    static const char newlines[16] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    char byte = 'x';

    for (size_t filled = RING_SIZE - 1400; filled <= RING_SIZE; filled++) {
        start();
            machine_stalled = true;
        while (screen.length < filled) {
            stream_add(&screen, &byte, 1);
            output_put(byte);
        }
        guests[LONG_NAME].terminal.line_length = models[LONG_NAME].length = TERMINAL_LINE;
        memset(guests[LONG_NAME].terminal.line, 'l', TERMINAL_LINE);
        memset(models[LONG_NAME].line, 'l', TERMINAL_LINE);
        guest_write(LONG_NAME, newlines, sizeof(newlines));
        machine_stalled = false;
        flush();
    }
}

static void test_message_that_is_too_long(void)
{
    char text[400];

    start();
    memset(text, 'm', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    hv_print("%s", text);
    text[255] = '\0';
    expect_message("(hv) ", text);
    flush();
}

/* A panic inside the console's own code still gets its words out. */
static void test_seize(void)
{
    start();
    lock_take(&console.lock);
    console_seize();
    message("last words\n");
    flush();
}

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
            held = held + 1;
            if (held == 3) {
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

static size_t guest_read(size_t most)
{
    char text[64];
    size_t count = terminal_read(&guests[FOCUSED], text, most);

    CHECK(count <= most);
    stream_see(&received, text, count);
    CHECK(levels[FOCUSED] == (ring_used(&guests[FOCUSED].terminal.input) != 0));
    return count;
}

static void poll_input(void)
{
    size_t before = typed.seen;
    bool more = console_poll();

    CHECK(more || (typed.seen == before && (prompt_answers || ring_used(&console.output) == 0)));
    CHECK(ring_used(&guests[FOCUSED].terminal.input) <= RING_SIZE);
    CHECK(levels[FOCUSED] == (ring_used(&guests[FOCUSED].terminal.input) != 0));
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

static void test_escape(void)
{
    static const char *const typing[] = {
        "ab",       "\x01", "x",      "\x01\x01", "y",      "\x01\x01\x01", "help\r", "\x01", "no",
        "\x01\x01", "not",  "\x01\x01\x01", "back", "\x01\x01\x01\x01\x01\x01", "\x01\x01\x01\x01",
        "z\x01\x01\x01", "\x01\x01\x01\x01", "end\x01\x01\x01",
    };

    for (int rounds = 0; rounds < 200; rounds++) {
        start();
        type(NULL, 0);
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

        start();
        type(NULL, 0);
        while (ring_space(&guests[FOCUSED].terminal.input) > left) {
            ring_put(&guests[FOCUSED].terminal.input, 'f');
            stream_add(&received, "f", 1);
        }
        levels[FOCUSED] = true;
        for (int i = 0; i < 20; i++) {
            type("\x01\x01q", 3);
        }
        for (int i = 0; i < 100; i++) {
            poll_input();
        }
        CHECK(typed.seen < typed.length);
        CHECK(ring_get(&guests[FOCUSED].terminal.input, &byte));
        stream_see(&received, &byte, 1);
        input_finish();
    }
}

/* A domain that does not read leaves what is typed in the machine. */
static void test_backpressure(void)
{
    start();
    type(NULL, 0);
    for (unsigned i = 0; i < 3 * RING_SIZE; i++) {
        char byte = (char)(' ' + i % 95);

        type(&byte, 1);
    }
    for (int i = 0; i < 5000; i++) {
        poll_input();
    }
    CHECK(typed.seen < RING_SIZE && typed.seen > RING_SIZE - 16);
    input_finish();
}

static void test_random_input(void)
{
    start();
    type(NULL, 0);
    prompt_answers = true;
    for (int step = 0; step < 50000; step++) {
        char bytes[16];
        size_t size = random_below(sizeof(bytes));

        for (size_t i = 0; i < size; i++) {
            bytes[i] = random_one_in(3) ? '\x01' : (char)random_below(256);
        }
        type(bytes, size);
        poll_input();
        for (uint64_t reads = random_below(4); reads != 0; reads--) {
            guest_read(random_below(17));
        }
        /* A switch back to a domain whose queue is full is a test of its own. */
        while (console.prompt && guest_read(64) != 0) {
        }
    }
    input_finish();
    CHECK(switches_to_prompt > 100);
    flush();
}

/* Without a domain to type to, the prompt is still within reach. */
static void test_no_focus(void)
{
    start();
    type(NULL, 0);
    console_focus(NULL);
    type("\x01\x01\x01?", 4);
    stream_add(&typed, "\x01\x01\x01lost", 7);
    for (int i = 0; i < 200; i++) {
        console_poll();
    }
    CHECK(typed.seen == typed.length && prompted.seen == 1);
    CHECK(switches_to_prompt == 1 && switches_back == 1);
}

int main(void)
{
    test_output_of_everybody();
    test_endless_line();
    test_stalled_machine(FOCUSED);
    test_stalled_machine(QUIET);
    test_worst_case_of_room();
    test_message_that_is_too_long();
    test_seize();
    test_escape();
    test_escape_before_a_full_queue();
    test_backpressure();
    test_random_input();
    test_no_focus();
    return 0;
}
