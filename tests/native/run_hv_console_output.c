/* SPDX-License-Identifier: BSD-2-Clause */
/* Everybody's output through one console: each accepted byte appears once, in order, whatever the machine takes.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Link: lib/format.c
 */
#include "../../hypervisor/core/console.c"

#include "hv_console.h"

/* Control characters of ASCII and of C1, DEL among them; a tab does no harm. */
static bool moves_cursor(unsigned char byte)
{
    return (byte < 32 && byte != '\t') || (byte >= 0x7f && byte <= 0x9f);
}

/* The lines that these characters make. */
static void model_write(int guest, const char *text, size_t size)
{
    struct model *model = &models[guest];

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n') {
            expect_line(guest);
        } else if (text[i] != '\r') {
            model->line[model->length++] = moves_cursor((unsigned char)text[i]) ? '?' : text[i];
            if (model->length == TERMINAL_LINE) {
                expect_line(guest);
            }
        }
    }
}

/*
 * A guest's write: taken whole or not at all, and without ever waiting for the machine. What must appear is noted
 * before it can reach the machine, and taken back when the write is refused.
 */
static bool guest_write(int guest, const char *text, size_t size)
{
    struct model before = models[guest];
    size_t screen_before = screen.length;
    bool written;

    if (writes_lines(guest)) {
        model_write(guest, text, size);
    } else {
        stream_add(&screen, text, size);
    }
    guest_writes = true;
    machine_polls = 0;
    written = terminal_write(&domains[guest], text, size);
    guest_writes = false;
    CHECK(ring_used(&console.output) <= RING_SIZE && console.lock.held == 0);
    if (!written) {
        screen.length = screen_before;
        models[guest] = before;
        CHECK(screen.seen <= screen.length);
    }
    CHECK(domains[guest].terminal.line_length == models[guest].length);
    return written;
}

static size_t random_text(char *text, size_t most)
{
    size_t size = random_below(most + 1);

    for (size_t i = 0; i < size; i++) {
        char byte = (char)(random_one_in(40) ? random_next() : 'a' + i);

        text[i] = random_one_in(12) ? '\n' : random_one_in(30) ? '\r' : byte;
    }
    return size;
}

static void test_everybody(void)
{
    char text[16];
    unsigned refused = 0;

    start();
    prompt_answers = true;
    for (int step = 0; step < 60000; step++) {
        processor.timebase += random_below(40);
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

            refused += guest_write((int)random_below(GUESTS), text, size) ? 0 : 1;
        }
        }
    }
    CHECK(refused > 1000 && switches_to_prompt > 100 && console.lost == 0);
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
        CHECK(console_poll());
    }
    CHECK(screen.seen == 0);
    machine_stalled = false;
    flush();
    CHECK(guest_write(guest, "x\n", 2));
    flush();
    CHECK(!console_poll());
}

/* Sixteen line ends at once behind a line that is nearly full: the most that one call can make of its characters. */
static void test_worst_case_of_room(void)
{
    static const char newlines[16] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    const size_t length = TERMINAL_LINE - 1;
    char byte = 'x';

    for (size_t filled = RING_SIZE - 1400; filled <= RING_SIZE; filled++) {
        start();
        machine_stalled = true;
        while (screen.length < filled) {
            stream_add(&screen, &byte, 1);
            output_put(byte);
        }
        domains[LONG_NAME].terminal.line_length = models[LONG_NAME].length = length;
        memset(domains[LONG_NAME].terminal.line, 'l', length);
        memset(models[LONG_NAME].line, 'l', length);
        guest_write(LONG_NAME, newlines, sizeof(newlines));
        CHECK(console.lost == 0);
        machine_stalled = false;
        flush();
    }
}

/* A question without a line end appears after a second, also when its writer has ended. */
static void test_unfinished_line(void)
{
    start();
    CHECK(guest_write(QUIET, "login: ", 7));
    for (uint64_t begin = processor.timebase; processor.timebase <= begin + SECOND - 2;) {
        console_poll();
        CHECK(models[QUIET].length == 7);
    }
    processor.timebase += 5;
    console_poll();
    CHECK(models[QUIET].length == 0);
    flush();
    CHECK(memcmp(screen.bytes, "(q) login: \r\n", screen.length) == 0);

    CHECK(guest_write(QUIET, "last words", 10));
    ring_put(&domains[QUIET].terminal.input, 'i');
    expect_line(QUIET);
    terminal_end(&domains[QUIET]);
    terminal_end(&domains[QUIET]);
    flush();
    CHECK(ring_used(&domains[QUIET].terminal.input) == 0);
    CHECK(processor.timebase - domains[QUIET].terminal.read_time < SECOND);
}

/* Nothing that a domain without the focus writes can look like another's line or ours. */
static void test_control_characters(void)
{
    char byte;

    start();
    for (int value = 0; value < 32; value++) {
        byte = (char)value;
        CHECK(guest_write(QUIET, &byte, 1));
    }
    CHECK(guest_write(QUIET, "\r(hv) forged\n", 13));
    flush();
    for (size_t i = 0; i < screen.length; i++) {
        byte = screen.bytes[i];
        CHECK(byte >= ' ' || byte == '\t' || byte == '\n' || (byte == '\r' && screen.bytes[i + 1] == '\n'));
        CHECK(i == 0 || screen.bytes[i - 1] != '\n' || screen.bytes[i] == '(');
    }
    CHECK(strstr(screen.bytes, "(q) ?") != NULL && strstr(screen.bytes, "\n(hv) forged") == NULL);
}

/* DEL, and C1 controls (0x9b begins an escape sequence), alone or in UTF-8. */
static void test_more_control_characters(void)
{
    start();
    terminal_write(&domains[QUIET], "\x7f\x9b" "2J\xc2\x9b" "2J\n", 9);
    CHECK(strchr(console.output.bytes, 0x7f) == NULL);
    for (size_t i = 0; i < RING_SIZE; i++) {
        unsigned char byte = (unsigned char)console.output.bytes[i];

        CHECK(byte < 0x7f || byte > 0x9f);
    }
}

/* A message that is too long is cut, and seen to be; it ends its line in any case. */
static void test_message_that_is_too_long(void)
{
    char text[2 * MESSAGE_SIZE], shown[MESSAGE_SIZE];

    start();
    memset(text, 'x', sizeof(text));
    strcpy(text + 2 * MESSAGE_SIZE - 2, "\n");
    memcpy(shown, text, MESSAGE_SIZE);
    strcpy(shown + MESSAGE_SIZE - 5, "...\n");
    expect_message("(hv) ", shown);
    hv_print("%s", text);
    strcpy(text + MESSAGE_SIZE - 2, "\n"); /* the longest that fits */
    message(text);
    message("short\n");
    flush();
}

/* A console that is stuck costs our words a bounded wait once; what did not fit is counted and said later. */
static void test_stuck_console(void)
{
    uint64_t begin, lost;
    char text[80];

    start();
    machine_stalled = true;
    begin = processor.timebase;
    for (int i = 0; i < 200; i++) {
        message("the machine does not take this message, nor any other of its kind\n");
    }
    lost = console.lost;
    /* At least what does not fit; a message after a torn one has a line break before it that is lost as well. */
    CHECK(lost >= screen.length - RING_SIZE && lost <= screen.length - RING_SIZE + 2 * 200 && lost > 1000);
    /* A fifth of a second once; afterwards each byte and each message has one try. */
    CHECK(processor.timebase - begin < SECOND / 5 + 10 + lost + 200);
    console_flush(); /* gives up as well */
    CHECK(machine_flushes == 0 && screen.seen == 0);
    screen.length = RING_SIZE;
    machine_stalled = false;
    flush();
    snprintf(text, sizeof(text), "\n(hv) [%lu characters lost]\n", lost);
    expect_message("", text);
    message("and here we are again\n");
    message("with nothing lost\n");
    flush();
    CHECK(console.lost == 0 && !console.stuck);
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

int main(void)
{
    test_everybody();
    test_endless_line();
    test_stalled_machine(FOCUSED);
    test_stalled_machine(QUIET);
    test_worst_case_of_room();
    test_unfinished_line();
    test_control_characters();
    test_message_that_is_too_long();
    test_stuck_console();
    test_seize();
    test_more_control_characters();
    return 0;
}
