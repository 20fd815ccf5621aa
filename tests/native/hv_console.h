/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What surrounds core/console.c in its tests: a machine that takes and gives bytes as it likes, three domains, a
 * prompt that answers, and byte streams that say what has to arrive where. Included once, behind core/console.c.
 */
#ifndef TESTS_NATIVE_HV_CONSOLE_H
#define TESTS_NATIVE_HV_CONSOLE_H

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "hv_processor.h"
#include "hv_random.h"

#define STREAM_SIZE (1u << 22)
#define SECOND 1000u /* time base ticks; each poll of the machine takes one */

/* Bytes on their way: what had to come, and how much of it did. */
struct stream {
    char bytes[STREAM_SIZE];
    size_t length;
    size_t seen;
};

enum { FOCUSED, QUIET, LONG_NAME, GUESTS };

struct domain domains[MAX_DOMAINS];
uint32_t domain_count = GUESTS;

static struct stream screen;   /* what the machine's console has to show */
static struct stream typed;    /* what somebody types; seen: what the machine handed out */
static struct stream received; /* what the focused domain has to read */
static struct stream prompted; /* what the prompt has to get */
static size_t machine_room;    /* bytes that the machine takes before its next poll */
static bool machine_stalled;   /* it takes and gives nothing */
static bool guest_writes;
static unsigned machine_polls, machine_flushes; /* polls: since the guest's write began */
static unsigned switches_to_prompt, switches_back;
static bool prompt_answers;
static bool levels[GUESTS];

uint64_t sched_timebase_frequency(void)
{
    return SECOND;
}

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

/* ---- what the hypervisor and domains without the console to themselves have to look like ---- */

static void expect_line_start(void)
{
    if (screen.length != 0 && screen.bytes[screen.length - 1] != '\n') {
        stream_add_text(&screen, "\r\n");
    }
}

static void expect_message(const char *mark, const char *text)
{
    if (*mark != '\0') {
        expect_line_start();
    }
    stream_add_text(&screen, mark);
    for (; *text != '\0'; text++) {
        stream_add(&screen, *text == '\n' ? "\r\n" : text, *text == '\n' ? 2 : 1);
    }
}

static inline void message(const char *text)
{
    expect_message("(hv) ", text);
    hv_print("%s", text);
}

/* What each domain has of a line that is not finished. */
static struct model {
    char line[TERMINAL_LINE];
    size_t length;
} models[GUESTS];

static void expect_line(int guest)
{
    struct model *model = &models[guest];

    expect_line_start();
    stream_add_text(&screen, "(");
    stream_add_text(&screen, domains[guest].plan.name);
    stream_add_text(&screen, ") ");
    stream_add(&screen, model->line, model->length);
    stream_add_text(&screen, "\r\n");
    model->length = 0;
}

static bool writes_lines(int guest)
{
    return guest != FOCUSED || console.prompt;
}

/* Lines that wait too long for their end go out as they are: called where they do, before the machine sees them. */
static void expect_unfinished_lines(void)
{
    for (int i = 0; i < GUESTS; i++) {
        const struct terminal *terminal = &domains[i].terminal;
        bool due = models[i].length != 0 && writes_lines(i) && processor.timebase - terminal->line_time > SECOND;

        if (terminal->line_length == models[i].length) {
            CHECK(!due || ring_space(&console.output) < models[i].length + 64);
        } else {
            CHECK(due && terminal->line_length == 0);
            expect_line(i);
        }
    }
}

/* ---- the machine ---- */

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

    expect_unfinished_lines();
    memcpy(text, typed.bytes + typed.seen, count);
    typed.seen += count;
    return count;
}

static void machine_poll(void)
{
    machine_polls++;
    processor.timebase++;
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
    levels[domain - domains] = level;
}

/* ---- the prompt ---- */

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

/* ---- for the tests ---- */

static void start(void)
{
    static const char *const names[GUESTS] = { "focused", "q", "a-name-of-thirty-one-characters" };

    processor.timebase += 100 * SECOND;
    for (int i = 0; i < GUESTS; i++) {
        memset(&domains[i], 0, sizeof(domains[i]));
        strcpy(domains[i].plan.name, names[i]);
        domains[i].state = DOMAIN_RUNNING;
        domains[i].terminal.read_time = processor.timebase;
        levels[i] = false;
    }
    memset(models, 0, sizeof(models));
    console = (struct console){ .at_line_start = true };
    console.output.head = console.output.tail = UINT32_MAX - 5000; /* the counters run over in the middle of a test */
    console_focus(&domains[FOCUSED]);
    screen.length = screen.seen = typed.length = typed.seen = 0;
    received.length = received.seen = prompted.length = prompted.seen = 0;
    machine_stalled = prompt_answers = false;
    machine_flushes = switches_to_prompt = switches_back = 0;
    machine_room = 0;
}

/* All that had to appear has appeared. */
static inline void flush(void)
{
    unsigned before = machine_flushes;

    console_flush();
    CHECK(screen.seen == screen.length);
    CHECK(ring_used(&console.output) == 0);
    CHECK(machine_flushes == before + 1);
}

#endif
