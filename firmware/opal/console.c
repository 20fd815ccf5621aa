/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include <stdarg.h>
#include <string.h>

#include "board/board.h"
#include "calls.h"
#include "config.h"
#include "hv/format.h"
#include "hv/lock.h"
#include "io.h"
#include "owned_lock.h"

#define LINE_SIZE 256

/* The slowest terminal empties a full ring in half a second. */
#define DRAIN_TICKS (2000 * (uint64_t)TICKS_PER_MS)

/* head and tail count bytes since the start; the difference never exceeds the size, a power of two. */
static struct {
    struct owned_lock lock;
    bool seized; /* by the holder, for more than one line */
    size_t head;
    size_t tail;
    char bytes[CONSOLE_RING_SIZE];
} ring;

static bool is_seized_by_us(void)
{
    return owned_lock_is_mine(&ring.lock) && ring.seized;
}

static void ring_lock(void)
{
    if (!is_seized_by_us()) {
        owned_lock_take(&ring.lock);
    }
}

static void ring_unlock(void)
{
    if (!is_seized_by_us()) {
        owned_lock_release(&ring.lock);
    }
}

bool console_seize(void)
{
    if (is_seized_by_us()) {
        return false;
    }
    if (!owned_lock_is_mine(&ring.lock)) {
        owned_lock_take(&ring.lock);
    }
    ring.seized = true;
    return true;
}

void console_give_back(void)
{
    ring.seized = false;
    owned_lock_release(&ring.lock);
}

static size_t ring_free(void)
{
    return CONSOLE_RING_SIZE - (ring.head - ring.tail);
}

static size_t ring_put(const char *text, size_t size)
{
    size_t count = size < ring_free() ? size : ring_free();

    for (size_t i = 0; i < count; i++) {
        ring.bytes[ring.head++ % CONSOLE_RING_SIZE] = text[i];
    }
    return count;
}

/* The lock is held. */
static void ring_pump(void)
{
    while (ring.tail != ring.head) {
        size_t from = ring.tail % CONSOLE_RING_SIZE;
        size_t run = ring.head - ring.tail;
        size_t sent;

        if (run > CONSOLE_RING_SIZE - from) {
            run = CONSOLE_RING_SIZE - from;
        }
        sent = board_uart_write(ring.bytes + from, run);
        ring.tail += sent;
        if (sent == 0) {
            return;
        }
    }
}

bool console_pump(void)
{
    bool empty;

    ring_lock();
    ring_pump();
    empty = ring.tail == ring.head;
    ring_unlock();
    return empty;
}

/* Everything goes out; a terminal that takes nothing for two seconds loses the rest. */
static void console_print(const char *text, size_t size)
{
    uint64_t start = timebase();

    ring_lock();
    while (size > 0 || ring.tail != ring.head) {
        size_t count = ring_put(text, size);

        text += count;
        size -= count;
        ring_pump();
        if (timebase() - start > DRAIN_TICKS) {
            break;
        }
    }
    ring_unlock();
}

static void say_line(const char *prefix, const char *text, va_list arguments)
{
    char line[LINE_SIZE];
    size_t used = format(line, sizeof(line), "%s", prefix);

    used += format_text(line + used, sizeof(line) - used, text, arguments);
    used += format(line + used, sizeof(line) - used, "\r\n");
    console_print(line, used);
}

void say(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    say_line("opal: ", text, arguments);
    va_end(arguments);
}

void give_up(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    say_line("opal: stopped: ", text, arguments);
    va_end(arguments);
    for (;;) {
        cpu_relax();
    }
}

/* OPAL_CONSOLE_WRITE: as much as fits; the length that was taken replaces the one that was asked for. */
int64_t opal_console_write(uint64_t terminal, uint64_t length, uint64_t buffer)
{
    be64_t *stored = caller_memory(length, sizeof(*stored));
    const char *text;
    size_t size, taken;

    if (terminal != 0 || stored == NULL) {
        return OPAL_PARAMETER;
    }
    size = be64_get(*stored);
    text = caller_memory(buffer, size);
    if (text == NULL) {
        return OPAL_PARAMETER;
    }
    ring_lock();
    ring_pump();
    taken = ring_put(text, size);
    ring_pump();
    ring_unlock();
    be64_set(stored, taken);
    return taken > 0 || size == 0 ? OPAL_SUCCESS : OPAL_BUSY_EVENT;
}

/* OPAL_CONSOLE_WRITE_BUFFER_SPACE: how much the next write would take. */
int64_t opal_console_write_buffer_space(uint64_t terminal, uint64_t length)
{
    size_t space;

    if (terminal != 0) {
        return OPAL_PARAMETER;
    }
    ring_lock();
    ring_pump();
    space = ring_free();
    ring_unlock();
    return caller_put_u64(length, space);
}

/*
 * What was typed goes from the hardware into memory at once: the hardware's interrupt stays raised until it is read, and
 * a payload that has not opened its terminal yet would be interrupted for ever.  Only a full ring makes it wait.
 */
static struct {
    struct lock lock;
    bool deaf; /* the hardware's interrupt is off because the ring is full */
    size_t head;
    size_t tail;
    char bytes[CONSOLE_INPUT_SIZE];
} input;

/* The lock is held. */
static void input_collect(void)
{
    size_t room;

    while ((room = CONSOLE_INPUT_SIZE - (input.head - input.tail)) > 0) {
        size_t from = input.head % CONSOLE_INPUT_SIZE;
        size_t run = room < CONSOLE_INPUT_SIZE - from ? room : CONSOLE_INPUT_SIZE - from;
        size_t count = board_uart_read(input.bytes + from, run);

        input.head += count;
        if (count < run) {
            break;
        }
    }
    if (input.deaf != (room == 0)) {
        input.deaf = room == 0;
        board_uart_listen(!input.deaf);
    }
}

bool console_has_input(void)
{
    bool has;

    lock_take(&input.lock);
    input_collect();
    has = input.head != input.tail;
    lock_release(&input.lock);
    return has;
}

/* OPAL_CONSOLE_READ: what has been typed, perhaps nothing. */
int64_t opal_console_read(uint64_t terminal, uint64_t length, uint64_t buffer)
{
    be64_t *stored = caller_memory(length, sizeof(*stored));
    size_t size, count = 0;
    char *text;

    if (terminal != 0 || stored == NULL) {
        return OPAL_PARAMETER;
    }
    size = be64_get(*stored);
    text = caller_memory(buffer, size);
    if (text == NULL) {
        return OPAL_PARAMETER;
    }
    lock_take(&input.lock);
    input_collect();
    while (count < size && input.tail != input.head) {
        text[count++] = input.bytes[input.tail++ % CONSOLE_INPUT_SIZE];
    }
    input_collect();
    lock_release(&input.lock);
    be64_set(stored, count);
    return OPAL_SUCCESS;
}

/* OPAL_CONSOLE_FLUSH: OPAL_SUCCESS once the hardware has everything. */
int64_t opal_console_flush(uint64_t terminal)
{
    if (terminal != 0) {
        return OPAL_PARAMETER;
    }
    return console_pump() ? OPAL_SUCCESS : OPAL_BUSY;
}
