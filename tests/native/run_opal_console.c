/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's console: a transmitter that takes what it likes, input that must not be lost, bad arguments.
 *
 * Include: firmware/opal hypervisor/include lib/include .
 * Define: OPAL_IO_H
 * Link: lib/format.c
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static uint64_t ticks;
static jmp_buf stopped;

static uint64_t timebase(void)
{
    return ticks += 10000;
}

static void cpu_relax(void)
{
    longjmp(stopped, 1);
}

#include "../../firmware/opal/console.c"

#include "check.h"

static uint64_t self = 16;

uint64_t cpu_self(void)
{
    return self;
}

/* The transmitter takes `budget` bytes in all, at most `burst` at once. */
static char sent[1 << 16];
static size_t sent_size, budget, burst;

size_t board_uart_write(const char *text, size_t size)
{
    size_t count = size < burst ? size : burst;

    count = count < budget ? count : budget;
    budget -= count;
    memcpy(sent + sent_size, text, count);
    sent_size += count;
    return count;
}

static const char *typed = "";
static bool listening = true;

size_t board_uart_read(char *text, size_t size)
{
    size_t count = strnlen(typed, size);

    memcpy(text, typed, count);
    typed += count;
    return count;
}

void board_uart_listen(bool on)
{
    listening = on;
}

/* Addresses: 1 is the length, 2 the buffer, nothing else is memory. */
static be64_t length;
static char buffer[2 * CONSOLE_RING_SIZE];

void *caller_memory(uint64_t address, size_t size)
{
    if (address == 1)
        return size <= sizeof(length) ? &length : NULL;
    return address == 2 && size <= sizeof(buffer) ? buffer : NULL;
}

int64_t caller_put_u64(uint64_t address, uint64_t value)
{
    if (address != 1)
        return OPAL_PARAMETER;
    be64_set(&length, value);
    return OPAL_SUCCESS;
}

static void reset(size_t new_budget, size_t new_burst)
{
    memset(&ring, 0, sizeof(ring));
    memset(&input, 0, sizeof(input));
    sent_size = 0;
    budget = new_budget;
    burst = new_burst;
    listening = true;
    typed = "";
}

static int64_t write_bytes(size_t size)
{
    be64_set(&length, size);
    return opal_console_write(0, 1, 2);
}

static void fill_buffer(void)
{
    for (size_t i = 0; i < sizeof(buffer); i++)
        buffer[i] = (char)('a' + i % 23);
}

static void test_all_that_was_taken_arrives_in_order(void)
{
    size_t taken = 0;

    fill_buffer();
    reset(0, 7);
    CHECK(write_bytes(CONSOLE_RING_SIZE - 1) == OPAL_SUCCESS);
    CHECK(be64_get(length) == CONSOLE_RING_SIZE - 1);
    taken = CONSOLE_RING_SIZE - 1;
    CHECK(opal_console_flush(0) == OPAL_BUSY);
    CHECK(opal_console_write_buffer_space(0, 1) == OPAL_SUCCESS);
    CHECK(be64_get(length) == 1);
    be64_set(&length, 5);
    CHECK(opal_console_write(0, 1, 2) == OPAL_SUCCESS);
    CHECK(be64_get(length) == 1);
    CHECK(write_bytes(3) == OPAL_BUSY_EVENT);
    CHECK(be64_get(length) == 0);
    CHECK(write_bytes(0) == OPAL_SUCCESS);
    budget = 10;
    CHECK(opal_console_flush(0) == OPAL_BUSY);
    CHECK(sent_size == 10);
    CHECK(write_bytes(10) == OPAL_SUCCESS && be64_get(length) == 10);
    budget = SIZE_MAX;
    CHECK(opal_console_flush(0) == OPAL_SUCCESS);
    CHECK(sent_size == taken + 11);
    CHECK(memcmp(sent, buffer, taken) == 0 && sent[taken] == 'a' && memcmp(sent + taken + 1, buffer, 10) == 0);
}

static void test_own_messages(void)
{
    reset(SIZE_MAX, 16);
    say("%s is %d", "answer", 42);
    CHECK(sent_size == strlen("opal: answer is 42\r\n") && memcmp(sent, "opal: answer is 42\r\n", sent_size) == 0);
    /* A dead transmitter: the message ends, the ring keeps what fits. */
    reset(0, 16);
    for (int i = 0; i < 1000; i++)
        say("line %d", i);
    CHECK(ring.head - ring.tail <= CONSOLE_RING_SIZE);
    reset(SIZE_MAX, 16);
    if (setjmp(stopped) == 0)
        give_up("because of %s", "that");
    CHECK(memcmp(sent, "opal: stopped: because of that\r\n", sent_size) == 0);
}

static bool has_to_wait(void (*action)(void))
{
    if (setjmp(stopped) == 0) {
        action();
        return false;
    }
    return true;
}

static void say_one(void)
{
    say("one");
}

static void seize(void)
{
    CHECK(console_seize());
}

static void test_whoever_reports_has_the_console_alone(void)
{
    /* the exception came inside the console: the lock is this processor's */
    reset(SIZE_MAX, 16);
    ring_lock();
    CHECK(console_seize());
    say("one");
    self = 8;
    CHECK(has_to_wait(say_one) && has_to_wait(seize));
    self = 16;
    say("two");
    CHECK(!console_seize()); /* an exception inside the report */
    console_give_back();
    self = 8;
    CHECK(!has_to_wait(say_one) && !has_to_wait(seize));
    CHECK(sent_size == 33 && memcmp(sent, "opal: one\r\nopal: two\r\nopal: one\r\n", sent_size) == 0);
    /* the lock is another's, who goes on */
    reset(SIZE_MAX, 16);
    ring_lock();
    self = 16;
    CHECK(has_to_wait(seize));
}

static void test_input_is_kept_and_bounded(void)
{
    static char text[CONSOLE_INPUT_SIZE + 11];
    size_t got = 0;

    memset(text, 'x', sizeof(text) - 1);
    text[CONSOLE_INPUT_SIZE] = 'y';
    reset(SIZE_MAX, 16);
    CHECK(!console_has_input());
    typed = text;
    CHECK(console_has_input());
    CHECK(strlen(typed) == 10 && !listening);
    CHECK(console_has_input() && !listening);
    while (got < sizeof(text) - 1) {
        be64_set(&length, 100);
        CHECK(opal_console_read(0, 1, 2) == OPAL_SUCCESS);
        CHECK(be64_get(length) > 0 && be64_get(length) <= 100);
        CHECK(memcmp(buffer, text + got, be64_get(length)) == 0);
        got += be64_get(length);
        CHECK(listening);
    }
    CHECK(got == sizeof(text) - 1 && !console_has_input());
    be64_set(&length, 100);
    CHECK(opal_console_read(0, 1, 2) == OPAL_SUCCESS && be64_get(length) == 0);
}

static void test_bad_arguments(void)
{
    reset(SIZE_MAX, 16);
    be64_set(&length, 4);
    CHECK(opal_console_write(1, 1, 2) == OPAL_PARAMETER);
    CHECK(opal_console_write(0, 3, 2) == OPAL_PARAMETER);
    CHECK(opal_console_write(0, 1, 3) == OPAL_PARAMETER);
    CHECK(opal_console_read(1, 1, 2) == OPAL_PARAMETER);
    CHECK(opal_console_read(0, 3, 2) == OPAL_PARAMETER);
    CHECK(opal_console_read(0, 1, 3) == OPAL_PARAMETER);
    CHECK(opal_console_write_buffer_space(1, 1) == OPAL_PARAMETER);
    CHECK(opal_console_write_buffer_space(0, 3) == OPAL_PARAMETER);
    CHECK(opal_console_flush(1) == OPAL_PARAMETER);
    be64_set(&length, UINT64_MAX);
    CHECK(opal_console_write(0, 1, 2) == OPAL_PARAMETER);
    CHECK(opal_console_read(0, 1, 2) == OPAL_PARAMETER);
    CHECK(sent_size == 0);
}

int main(void)
{
    test_all_that_was_taken_arrives_in_order();
    test_own_messages();
    test_whoever_reports_has_the_console_alone();
    test_input_is_kept_and_bounded();
    test_bad_arguments();
    return 0;
}
