/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock with battery, an MC146818 on the LPC bus; its time is UTC. */
#include "board.h"
#include "calls.h"
#include "config.h"
#include "hv/lock.h"
#include "io.h"
#include "tree.h"
#include "units.h"

#define SECOND 0x00
#define MINUTE 0x02
#define HOUR 0x04
#define DAY 0x07
#define MONTH 0x08
#define YEAR 0x09
#define REGISTER_A 0x0a
#define REGISTER_B 0x0b
#define CENTURY 0x32

#define A_UPDATING 0x80
#define B_HALT 0x80
#define B_BINARY 0x04
#define B_24_HOURS 0x02
#define HOUR_AFTERNOON 0x80

#define PATIENCE (100 * (uint64_t)TICKS_PER_MS)

static struct {
    struct lock lock;
    uint32_t base; /* LPC port of the index register; 0: no clock */
} rtc;

void rtc_init(const void *tree)
{
    int node = tree_next_compatible(tree, -1, "pnpPNP,b00");

    if (node >= 0) {
        rtc.base = tree_get_cell(tree, node, "reg", 1, 0);
    }
}

static uint8_t rtc_read(uint8_t reg)
{
    lpc_io_write(rtc.base, reg);
    return lpc_io_read(rtc.base + 1);
}

static void rtc_write(uint8_t reg, uint8_t value)
{
    lpc_io_write(rtc.base, reg);
    lpc_io_write(rtc.base + 1, value);
}

static unsigned int decode(uint8_t value, uint8_t mode)
{
    return (mode & B_BINARY) != 0 ? value : (value >> 4) * 10U + (value & 0xf);
}

static uint8_t encode(unsigned int value, uint8_t mode)
{
    return (uint8_t)((mode & B_BINARY) != 0 ? value : value / 10 % 10 << 4 | value % 10);
}

static unsigned int decode_hour(uint8_t value, uint8_t mode)
{
    unsigned int hour = decode(value & (uint8_t)~HOUR_AFTERNOON, mode);

    if ((mode & B_24_HOURS) != 0) {
        return decode(value, mode);
    }
    return hour % 12 + ((value & HOUR_AFTERNOON) != 0 ? 12 : 0);
}

static uint8_t encode_hour(unsigned int hour, uint8_t mode)
{
    uint8_t afternoon = hour >= 12 ? HOUR_AFTERNOON : 0;

    if ((mode & B_24_HOURS) != 0) {
        return encode(hour, mode);
    }
    return encode((hour + 11) % 12 + 1, mode) | afternoon;
}

/* The registers are good for a fraction of a millisecond after the update ends, and for a second more or less. */
static bool wait_for_update(void)
{
    uint64_t start = timebase();

    while ((rtc_read(REGISTER_A) & A_UPDATING) != 0) {
        if (timebase() - start > PATIENCE) {
            return false;
        }
    }
    return true;
}

static void read_all(struct board_time *time)
{
    uint8_t mode = rtc_read(REGISTER_B);

    time->second = decode(rtc_read(SECOND), mode);
    time->minute = decode(rtc_read(MINUTE), mode);
    time->hour = decode_hour(rtc_read(HOUR), mode);
    time->day = decode(rtc_read(DAY), mode);
    time->month = decode(rtc_read(MONTH), mode);
    time->year = decode(rtc_read(CENTURY), mode) * 100 + decode(rtc_read(YEAR), mode);
}

int64_t board_clock_read(struct board_time *time)
{
    int64_t result = OPAL_SUCCESS;

    if (rtc.base == 0) {
        return OPAL_UNSUPPORTED;
    }
    lock_take(&rtc.lock);
    /* A second that differs afterwards means that an update came in between. */
    do {
        if (!wait_for_update()) {
            result = OPAL_HARDWARE;
            break;
        }
        read_all(time);
    } while (decode(rtc_read(SECOND), rtc_read(REGISTER_B)) != time->second);
    lock_release(&rtc.lock);
    return result;
}

int64_t board_clock_write(const struct board_time *time)
{
    uint8_t mode;

    if (rtc.base == 0) {
        return OPAL_UNSUPPORTED;
    }
    lock_take(&rtc.lock);
    mode = rtc_read(REGISTER_B);
    rtc_write(REGISTER_B, mode | B_HALT);
    rtc_write(SECOND, encode(time->second, mode));
    rtc_write(MINUTE, encode(time->minute, mode));
    rtc_write(HOUR, encode_hour(time->hour, mode));
    rtc_write(DAY, encode(time->day, mode));
    rtc_write(MONTH, encode(time->month, mode));
    rtc_write(YEAR, encode(time->year % 100, mode));
    rtc_write(CENTURY, encode(time->year / 100, mode));
    rtc_write(REGISTER_B, mode & (uint8_t)~B_HALT);
    lock_release(&rtc.lock);
    return OPAL_SUCCESS;
}
