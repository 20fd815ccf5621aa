/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's form of a date: year, month and day in 32 bits, hour, minute and second from the top of 64; all of it BCD. */
#include <stdbool.h>

#include "board/board.h"
#include "calls.h"

static uint64_t to_bcd(unsigned int value)
{
    return value / 10 % 10 << 4 | value % 10;
}

/* Two digits at `shift`; false when they are none. */
static bool from_bcd(uint64_t from, unsigned int shift, unsigned int *value)
{
    unsigned int tens = from >> shift >> 4 & 0xf, ones = from >> shift & 0xf;

    *value = tens * 10 + ones;
    return tens < 10 && ones < 10;
}

static bool is_leap(unsigned int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_date(const struct board_time *time)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return time->month >= 1 && time->month <= 12 && time->day >= 1 && time->hour < 24 && time->minute < 60
           && time->second < 60
           && time->day <= days[time->month - 1] + (time->month == 2 && is_leap(time->year) ? 1U : 0U);
}

/* OPAL_RTC_READ */
int64_t opal_rtc_read(uint64_t date_address, uint64_t time_address)
{
    struct board_time now;
    int64_t result;

    if (caller_memory(date_address, sizeof(uint32_t)) == NULL || caller_memory(time_address, sizeof(uint64_t)) == NULL) {
        return OPAL_PARAMETER;
    }
    result = board_clock_read(&now);
    if (result != OPAL_SUCCESS) {
        return result;
    }
    caller_put_u32(date_address, (uint32_t)(to_bcd(now.year / 100) << 24 | to_bcd(now.year % 100) << 16
                                            | to_bcd(now.month) << 8 | to_bcd(now.day)));
    return caller_put_u64(time_address, to_bcd(now.hour) << 56 | to_bcd(now.minute) << 48 | to_bcd(now.second) << 40);
}

/* OPAL_RTC_WRITE; what the clock cannot keep, a fraction of a second, is dropped. */
int64_t opal_rtc_write(uint64_t date, uint64_t time)
{
    struct board_time then;
    unsigned int century;

    if (!from_bcd(date, 24, &century) || !from_bcd(date, 16, &then.year) || !from_bcd(date, 8, &then.month)
        || !from_bcd(date, 0, &then.day) || !from_bcd(time, 56, &then.hour) || !from_bcd(time, 48, &then.minute)
        || !from_bcd(time, 40, &then.second)) {
        return OPAL_PARAMETER;
    }
    then.year += century * 100;
    return is_date(&then) ? board_clock_write(&then) : OPAL_PARAMETER;
}
