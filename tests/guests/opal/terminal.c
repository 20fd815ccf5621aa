/* SPDX-License-Identifier: BSD-2-Clause */
/* The console calls. tests/boot/test_opal_calls.py checks that lines that begin with "TEXT"
 * arrived whole. */
#include "../../../abi/types.h"
#include "../lib/memory.h"
#include "cases.h"

/* More than any firmware's buffer. */
#define LONG_LINES 400
#define LINE_SIZE 64

static be64_t length;
static char text[LONG_LINES * LINE_SIZE];

static int64_t move(uint64_t token, uint64_t terminal, uint64_t size, void *buffer)
{
    be64_set(&length, size);
    return OPAL(token, terminal, opal_address(&length), opal_address(buffer));
}

static void check_invalid_terminals(void)
{
    static const struct {
        const char *name;
        uint64_t number;
    } terminals[] = {{"1", 1}, {"2^32", UINT64_C(1) << 32}, {"-1", WORD_MAX}};
    char byte = '!';

    for (size_t i = 0; i < ARRAY_COUNT(terminals); i++) {
        uint64_t number = terminals[i].number;
        const char *name = terminals[i].name;

        check_answer(move(OPAL_CONSOLE_WRITE, number, 1, &byte), OPAL_PARAMETER,
                     "OPAL_CONSOLE_WRITE: terminal %s", name);
        check_answer(move(OPAL_CONSOLE_READ, number, 1, &byte), OPAL_PARAMETER, "OPAL_CONSOLE_READ: terminal %s", name);
        check_answer(move(OPAL_CONSOLE_WRITE_BUFFER_SPACE, number, 1, 0), OPAL_PARAMETER,
                     "OPAL_CONSOLE_WRITE_BUFFER_SPACE: terminal %s", name);
        check_answer(OPAL(OPAL_CONSOLE_FLUSH, number), OPAL_PARAMETER, "OPAL_CONSOLE_FLUSH: terminal %s", name);
    }
}

static int64_t flush(void)
{
    int64_t status;

    do
        status = OPAL(OPAL_CONSOLE_FLUSH, 0);
    while (status == OPAL_PARTIAL || status == OPAL_BUSY);
    return status;
}

/* Location 0 holds a length of 0, so that a firmware that follows the pointer does nothing. */
static void check_null_length(void)
{
    static char byte = '!';

    memset(real_memory(0), 0, 8);
    check_answer(OPAL(OPAL_CONSOLE_WRITE, 0, 0, opal_address(&byte)), OPAL_PARAMETER, "OPAL_CONSOLE_WRITE: no length");
    memset(real_memory(0), 0, 8);
    check_answer(OPAL(OPAL_CONSOLE_READ, 0, 0, opal_address(&byte)), OPAL_PARAMETER, "OPAL_CONSOLE_READ: no length");
}

static unsigned put_line(char *at, unsigned number)
{
    static const char pattern[] = "TEXT 000 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRST end\r\n";

    memcpy(at, pattern, sizeof(pattern) - 1);
    at[5] = (char)('0' + number / 100);
    at[6] = (char)('0' + number / 10 % 10);
    at[7] = (char)('0' + number % 10);
    return sizeof(pattern) - 1;
}

/* Offers everything that is left in each call; the firmware takes what it has room for. */
static void check_flood(void)
{
    unsigned size = 0, done = 0;
    bool is_success = true, is_honest = true;

    for (unsigned i = 0; i < LONG_LINES; i++)
        size += put_line(text + size, i);
    while (done < size && is_success && is_honest) {
        int64_t status = move(OPAL_CONSOLE_WRITE, 0, size - done, text + done);

        if (status == OPAL_BUSY_EVENT) {
            opal_poll();
            continue;
        }
        is_success = status == OPAL_SUCCESS || status == OPAL_PARTIAL;
        is_honest = be64_get(length) <= size - done;
        done += (unsigned)be64_get(length);
        opal_poll();
    }
    check_true(is_success, "OPAL_CONSOLE_WRITE: more than fits, status");
    check_true(is_honest && done == size, "OPAL_CONSOLE_WRITE: more than fits, lengths");
}

/* As much as there is space for goes out in one call. */
static void check_space(void)
{
    uint64_t space;
    uint64_t size = LINE_SIZE - 2;

    flush();
    check_answer(move(OPAL_CONSOLE_WRITE_BUFFER_SPACE, 0, 0, 0), OPAL_SUCCESS,
                 "OPAL_CONSOLE_WRITE_BUFFER_SPACE: status");
    space = be64_get(length);
    check_true(space >= 256 && space <= UINT32_MAX, "OPAL_CONSOLE_WRITE_BUFFER_SPACE: room for lines when flushed");
    put_line(text, LONG_LINES);
    check_answer(move(OPAL_CONSOLE_WRITE, 0, size, text), OPAL_SUCCESS, "OPAL_CONSOLE_WRITE: a line");
    check_equal(be64_get(length), size, "OPAL_CONSOLE_WRITE: a line that fits goes at once");
}

void cases_terminal(void)
{
    char byte = '!';

    check_invalid_terminals();
    check_null_length();
    check_answer(move(OPAL_CONSOLE_WRITE, 0, 0, &byte), OPAL_SUCCESS, "OPAL_CONSOLE_WRITE: nothing");
    check_equal(be64_get(length), 0, "OPAL_CONSOLE_WRITE: nothing, length");
    check_flood();
    check_space();
    check_answer(flush(), OPAL_SUCCESS, "OPAL_CONSOLE_FLUSH: in the end");
    check_answer(OPAL(OPAL_CONSOLE_FLUSH, 0), OPAL_SUCCESS, "OPAL_CONSOLE_FLUSH: nothing left");
    check_answer(move(OPAL_CONSOLE_READ, 0, 1, &byte), OPAL_SUCCESS, "OPAL_CONSOLE_READ: nobody typed");
    check_equal(be64_get(length), 0, "OPAL_CONSOLE_READ: nobody typed, length");
    check_answer((uint8_t)byte, '!', "OPAL_CONSOLE_READ: nobody typed, buffer");
}
