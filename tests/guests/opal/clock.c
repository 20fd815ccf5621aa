/* SPDX-License-Identifier: BSD-2-Clause */
/* The real-time clock, if the tree says that the firmware has one. */
#include "../../../abi/types.h"
#include "../lib/fdt.h"
#include "cases.h"

static be32_t date;
static be64_t time;

static int64_t clock_read(void)
{
    return opal_call_until_done(OPAL_RTC_READ, (const uint64_t[8]){opal_address(&date), opal_address(&time)});
}

static int64_t clock_write(uint32_t to_date, uint64_t to_time)
{
    return opal_call_until_done(OPAL_RTC_WRITE, (const uint64_t[8]){to_date, to_time});
}

/* Binary-coded decimal, or something out of range. */
static unsigned decimal(uint64_t field)
{
    unsigned high = field >> 4 & 15, low = field & 15;

    return high > 9 || low > 9 ? 255 : high * 10 + low;
}

static bool is_date(uint32_t value)
{
    return decimal(value >> 24) == 20 && decimal(value >> 16 & 0xff) < 100 && decimal(value >> 8 & 0xff) >= 1 &&
           decimal(value >> 8 & 0xff) <= 12 && decimal(value & 0xff) >= 1 && decimal(value & 0xff) <= 31;
}

static bool is_time(uint64_t value)
{
    return decimal(value >> 56) < 24 && decimal(value >> 48 & 0xff) < 60 && decimal(value >> 40 & 0xff) <= 60;
}

/* From then to what was read last; a midnight between them counts as one day. */
static unsigned minutes_between(uint32_t then_date, uint64_t then_time)
{
    unsigned then = decimal(then_time >> 56) * 60 + decimal(then_time >> 48 & 0xff);
    unsigned now = decimal(be64_get(time) >> 56) * 60 + decimal(be64_get(time) >> 48 & 0xff);

    return now - then + (be32_get(date) == then_date ? 0 : 24 * 60);
}

/*
 * QEMU's controller mirrors a time that is set at its own present one, so that only the present itself reads back as it
 * was written; that writing anything else has an effect shows all the same.
 */
static void check_writing(uint32_t today, uint64_t now)
{
    check_answer(clock_write(0x20010203, UINT64_C(0x0405060000000000)), OPAL_SUCCESS, "OPAL_RTC_WRITE: status");
    check_answer(clock_read(), OPAL_SUCCESS, "OPAL_RTC_READ: after writing");
    check_true(be32_get(date) != today && is_date(be32_get(date)), "OPAL_RTC_WRITE: the date is another one");
    check_answer(clock_write(today, now), OPAL_SUCCESS, "OPAL_RTC_WRITE: back to the present");
    check_answer(clock_read(), OPAL_SUCCESS, "OPAL_RTC_READ: the present");
    check_true(minutes_between(today, now) < 5, "OPAL_RTC_READ: what was written, some seconds later");
}

void cases_clock(void)
{
    bool has_clock = fdt_find("rtc", "compatible", &(struct fdt_property){0});
    uint32_t today;
    uint64_t now;

    check_answer(OPAL(OPAL_CHECK_TOKEN, OPAL_RTC_READ), has_clock, "OPAL_RTC_READ: there when the tree has a clock");
    check_answer(OPAL(OPAL_CHECK_TOKEN, OPAL_RTC_WRITE), has_clock, "OPAL_RTC_WRITE: there when the tree has a clock");
    if (!has_clock)
        return;
    check_answer(clock_read(), OPAL_SUCCESS, "OPAL_RTC_READ: status");
    today = be32_get(date);
    now = be64_get(time);
    check_true(is_date(today), "OPAL_RTC_READ: a date");
    check_true(is_time(now), "OPAL_RTC_READ: a time of day");
    check_answer(OPAL(OPAL_RTC_READ, 0, opal_address(&time)), OPAL_PARAMETER, "OPAL_RTC_READ: nowhere to put the date");
    check_answer(OPAL(OPAL_RTC_READ, opal_address(&date), 0), OPAL_PARAMETER, "OPAL_RTC_READ: nowhere to put the time");
    check_writing(today, now);
}
