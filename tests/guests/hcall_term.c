/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal hypercalls; tests/boot/test_guests.py checks that the lines that begin with "TEXT" arrived whole. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"

/* What a call prints that should have been refused: it must not spoil the next line. */
#define NEWLINE ((uint64_t)'\n' << 56)

const char guest_name[] = "hcall_term";

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static uint64_t pack(const char *text, unsigned length, unsigned first)
{
    uint64_t word = 0;

    for (unsigned i = first; i < first + 8; i++)
        word = word << 8 | (i < length ? (uint8_t)text[i] : 0xee);
    return word;
}

static int64_t put(uint64_t unit, const char *text, unsigned length)
{
    int64_t status;

    do
        status = HCALL(H_PUT_TERM_CHAR, unit, length, pack(text, length, 0), pack(text, length, 8)).status;
    while (status == H_BUSY);
    return status;
}

/* The alphabet in pieces of one length; bytes behind the length must not show. */
static bool put_pieces(unsigned length)
{
    bool is_good = true;

    print("TEXT %02u ", length);
    console_flush();
    for (unsigned at = 0; at < sizeof(alphabet) - 1; at += length) {
        unsigned left = (unsigned)sizeof(alphabet) - 1 - at;

        is_good &= put(console_unit(), alphabet + at, left < length ? left : length) == H_SUCCESS;
    }
    return is_good && put(console_unit(), " end\r\n", 6) == H_SUCCESS;
}

void guest_main(void)
{
    const uint64_t unit = console_unit();
    const struct check_call calls[] = {
        {"H_PUT_TERM_CHAR: nothing", {H_PUT_TERM_CHAR, unit, 0, WORD_MAX, WORD_MAX}, H_SUCCESS},
        {"H_PUT_TERM_CHAR: nothing to terminal 0", {H_PUT_TERM_CHAR, 0, 0, 0, 0}, H_SUCCESS},
        {"H_PUT_TERM_CHAR: 17 characters", {H_PUT_TERM_CHAR, unit, 17, WORD_MAX, WORD_MAX}, H_PARAMETER},
        {"H_PUT_TERM_CHAR: 2^32 characters", {H_PUT_TERM_CHAR, unit, UINT64_C(1) << 32, 0, 0}, H_PARAMETER},
        {"H_PUT_TERM_CHAR: -1 characters", {H_PUT_TERM_CHAR, unit, WORD_MAX, 0, 0}, H_PARAMETER},
        {"H_PUT_TERM_CHAR: terminal 1", {H_PUT_TERM_CHAR, 1, 1, NEWLINE, 0}, H_PARAMETER},
        {"H_PUT_TERM_CHAR: the next terminal", {H_PUT_TERM_CHAR, unit + 1, 1, NEWLINE, 0}, H_PARAMETER},
        {"H_PUT_TERM_CHAR: 2^32 too many", {H_PUT_TERM_CHAR, unit + (UINT64_C(1) << 32), 1, NEWLINE, 0}, H_PARAMETER},
        {"H_PUT_TERM_CHAR: terminal -1", {H_PUT_TERM_CHAR, WORD_MAX, 1, NEWLINE, 0}, H_PARAMETER},
        {"H_GET_TERM_CHAR: terminal 1", {H_GET_TERM_CHAR, 1}, H_PARAMETER},
        {"H_GET_TERM_CHAR: terminal -1", {H_GET_TERM_CHAR, WORD_MAX}, H_PARAMETER},
        {"H_GET_TERM_CHAR", {H_GET_TERM_CHAR, unit}, H_SUCCESS},
        {"H_GET_TERM_CHAR: terminal 0", {H_GET_TERM_CHAR, 0}, H_SUCCESS},
    };

    check_calls(calls, ARRAY_COUNT(calls));
    check_equal(HCALL(H_GET_TERM_CHAR, unit).out[0], 0, "H_GET_TERM_CHAR: nobody typed");
    for (unsigned length = 1; length <= 16; length++)
        check_true(put_pieces(length), "H_PUT_TERM_CHAR: pieces of %u", length);
    check_equal((uint64_t)put(0, "TEXT by 0 end\r\n", 15), H_SUCCESS, "H_PUT_TERM_CHAR: terminal 0 is the same one");
}
