/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's clock: OPAL's form of a date, and the chip in each of its four modes.
 *
 * Include: firmware/opal firmware/opal/board hypervisor/include lib/include .
 * Define: OPAL_IO_H
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static uint64_t ticks;

static uint64_t timebase(void)
{
    return ticks += 1000;
}

#include "../../firmware/opal/board/rtc.c"
#include "../../firmware/opal/clock.c"

#include "check.h"

#define BASE 0x70

static uint8_t chip[128];
static uint8_t chosen;
static int updates_left; /* how often the chip still says that it is busy */

uint8_t lpc_io_read(uint32_t port)
{
    CHECK(port == BASE + 1);
    if (chosen == REGISTER_A)
        return updates_left > 0 && updates_left-- > 0 ? A_UPDATING : 0;
    return chip[chosen];
}

void lpc_io_write(uint32_t port, uint8_t value)
{
    if (port == BASE)
        chosen = value;
    else
        chip[chosen] = value;
}

static bool has_clock = true;

int tree_next_compatible(const void *tree, int node, const char *compatible)
{
    (void)tree;
    CHECK(node == -1 && strcmp(compatible, "pnpPNP,b00") == 0);
    return has_clock ? 1 : -1;
}

uint32_t tree_get_cell(const void *tree, int node, const char *name, int index, uint32_t otherwise)
{
    (void)tree;
    (void)otherwise;
    CHECK(node == 1 && strcmp(name, "reg") == 0 && index == 1);
    return BASE;
}

static be32_t stored_date;
static be64_t stored_time;

/* Pointers to the two numbers above are the caller's whole memory. */
void *caller_memory(uint64_t address, size_t size)
{
    if (address == 1)
        return size <= sizeof(stored_date) ? &stored_date : NULL;
    return address == 2 && size <= sizeof(stored_time) ? &stored_time : NULL;
}

int64_t caller_put_u32(uint64_t address, uint32_t value)
{
    be32_set(caller_memory(address, 4), value);
    return OPAL_SUCCESS;
}

int64_t caller_put_u64(uint64_t address, uint64_t value)
{
    be64_set(caller_memory(address, 8), value);
    return OPAL_SUCCESS;
}

static void expect_time(uint32_t date, uint64_t time)
{
    CHECK(opal_rtc_read(1, 2) == OPAL_SUCCESS);
    CHECK(be32_get(stored_date) == date);
    CHECK(be64_get(stored_time) == time << 40);
}

static void test_modes(void)
{
    for (unsigned int mode = 0; mode < 4; mode++) {
        memset(chip, 0, sizeof(chip));
        chip[REGISTER_B] = (uint8_t)(mode << 1);
        check_context = mode == 0 ? "BCD, 12 hours" : mode == 1 ? "BCD, 24" : mode == 2 ? "binary, 12" : "binary, 24";
        for (uint64_t hour = 0; hour < 24; hour++) {
            uint64_t bcd = hour / 10 << 4 | hour % 10;

            CHECK(opal_rtc_write(0x20241231, (bcd << 16 | 0x5859) << 40) == OPAL_SUCCESS);
            CHECK(chip[REGISTER_B] == mode << 1);
            expect_time(0x20241231, bcd << 16 | 0x5859);
        }
        chip[HOUR] = 0;
    }
    check_context = "the chip's own numbers";
    memset(chip, 0, sizeof(chip));
    chip[REGISTER_B] = 0;
    CHECK(opal_rtc_write(0x19990203, UINT64_C(0x120405) << 40) == OPAL_SUCCESS);
    CHECK(chip[HOUR] == 0x92 && chip[MINUTE] == 4 && chip[YEAR] == 0x99 && chip[CENTURY] == 0x19);
    CHECK(opal_rtc_write(0x19990203, 0) == OPAL_SUCCESS);
    CHECK(chip[HOUR] == 0x12);
}

static void test_bad_dates(void)
{
    static const uint32_t dates[] = {0x20240230, 0x20230229, 0x21000229, 0x20240431, 0x20241301,
                                     0x20240001, 0x20240100, 0x202a0101, 0x2024011a};
    static const uint64_t times[] = {0x240000, 0x006000, 0x000060, 0x0a0000, 0x00000a};

    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
        CHECK(opal_rtc_write(dates[i], 0) == OPAL_PARAMETER);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        CHECK(opal_rtc_write(0x20240101, times[i] << 40) == OPAL_PARAMETER);
    CHECK(opal_rtc_write(0x20240229, 0) == OPAL_SUCCESS);
    CHECK(opal_rtc_write(0x20000229, 0) == OPAL_SUCCESS);
}

static void test_states(void)
{
    updates_left = 5;
    CHECK(opal_rtc_read(1, 2) == OPAL_SUCCESS);
    updates_left = 1 << 30;
    CHECK(opal_rtc_read(1, 2) == OPAL_HARDWARE);
    updates_left = 0;
    CHECK(opal_rtc_read(0, 2) == OPAL_PARAMETER);
    CHECK(opal_rtc_read(1, 0) == OPAL_PARAMETER);
}

int main(void)
{
    has_clock = false;
    rtc_init(NULL);
    CHECK(opal_rtc_read(1, 2) == OPAL_UNSUPPORTED);
    CHECK(opal_rtc_write(0x20240101, 0) == OPAL_UNSUPPORTED);
    has_clock = true;
    rtc_init(NULL);
    test_modes();
    test_bad_dates();
    test_states();
    return 0;
}
