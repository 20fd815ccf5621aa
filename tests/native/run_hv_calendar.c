/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates as seconds, and the clock that carries on what the machine's said once.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 */
#include "../../hypervisor/core/calendar.c"
#include "../../hypervisor/core/clock.c"

#include <time.h>

#include "check.h"
#include "hv_processor.h"
#include "hv_random.h"

#define FIRST_YEAR 1600u
#define DAY 86400

static struct calendar machine_date;
static unsigned machine_reads;
static bool machine_has_clock;

static bool machine_clock_read(struct calendar *now)
{
    machine_reads++;
    *now = machine_date;
    return machine_has_clock;
}

static const struct platform machine = { .clock_read = machine_clock_read };
const struct platform *platform = &machine;

uint64_t sched_timebase_frequency(void)
{
    return 512000000;
}

static bool same(const struct calendar *a, const struct calendar *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second;
}

static int64_t seconds_of(uint32_t year, uint32_t month, uint32_t day)
{
    struct calendar date = { year, month, day, 0, 0, 0 };

    CHECK(calendar_is_valid(&date));
    return calendar_seconds(&date);
}

/* The months of a year, spelled out. */
static uint32_t month_length(uint32_t year, uint32_t month)
{
    static const uint32_t lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);

    return lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* One whole cycle of the calendar: each day is one day after the one before, and comes back from its seconds. */
static void test_every_day_of_400_years(void)
{
    int64_t expected = seconds_of(FIRST_YEAR, 1, 1);
    unsigned days = 0;

    for (uint32_t year = FIRST_YEAR; year < FIRST_YEAR + 400; year++) {
        for (uint32_t month = 1; month <= 12; month++) {
            for (uint32_t day = 1; day <= month_length(year, month); day++, days++, expected += DAY) {
                struct calendar date = { year, month, day, (uint32_t)random_below(24), (uint32_t)random_below(60),
                                         (uint32_t)random_below(60) };
                int64_t time_of_day = date.hour * 3600 + date.minute * 60 + date.second;
                struct calendar back;

                CHECK(calendar_is_valid(&date));
                CHECK(calendar_seconds(&date) == expected + time_of_day);
                calendar_from_seconds(expected + time_of_day, &back);
                CHECK(same(&date, &back));
            }
            CHECK(!calendar_is_valid(&(struct calendar){ year, month, month_length(year, month) + 1, 0, 0, 0 }));
        }
    }
    CHECK(days == 146097);
    CHECK(expected == seconds_of(FIRST_YEAR + 400, 1, 1));
}

static void test_first_and_last_second_of_every_day(void)
{
    for (int64_t day = seconds_of(1999, 12, 1); day < seconds_of(2001, 4, 1); day += DAY) {
        struct calendar first, last;

        calendar_from_seconds(day, &first);
        calendar_from_seconds(day + DAY - 1, &last);
        CHECK(first.hour == 0 && first.minute == 0 && first.second == 0);
        CHECK(last.hour == 23 && last.minute == 59 && last.second == 59);
        CHECK(first.year == last.year && first.month == last.month && first.day == last.day);
    }
}

/* Differences that are known from elsewhere: Unix time. */
static void test_known_dates(void)
{
    int64_t epoch = seconds_of(1970, 1, 1);

    CHECK(seconds_of(2000, 3, 1) - epoch == INT64_C(951868800));
    CHECK(seconds_of(2001, 9, 9) + 6400 - epoch == INT64_C(1000000000));
    CHECK(seconds_of(2038, 1, 19) + 11647 - epoch == INT64_C(2147483647));
    CHECK(seconds_of(1900, 1, 1) - epoch == INT64_C(-2208988800));
    CHECK(seconds_of(1, 1, 1) - epoch == INT64_C(-62135596800));
    CHECK(seconds_of(9999, 12, 31) - epoch == INT64_C(253402214400));
    CHECK(seconds_of(1, 1, 1) > 0);
}

static void test_against_the_c_library(void)
{
    int64_t epoch = seconds_of(1970, 1, 1);

    for (int step = 0; step < 100000; step++) {
        time_t now = (time_t)(seconds_of(1, 1, 1) - epoch) + (time_t)random_below(UINT64_C(315537897600));
        struct tm *expected = gmtime(&now);
        struct calendar date;

        calendar_from_seconds(epoch + now, &date);
        CHECK(date.year == (uint32_t)expected->tm_year + 1900 && date.month == (uint32_t)expected->tm_mon + 1 &&
              date.day == (uint32_t)expected->tm_mday && date.hour == (uint32_t)expected->tm_hour &&
              date.minute == (uint32_t)expected->tm_min && date.second == (uint32_t)expected->tm_sec);
    }
}

static void test_invalid_dates(void)
{
    static const struct calendar bad[] = {
        { 0, 1, 1, 0, 0, 0 },         { 10000, 1, 1, 0, 0, 0 },     { UINT32_MAX, 1, 1, 0, 0, 0 },
        { 2024, 0, 1, 0, 0, 0 },      { 2024, 13, 1, 0, 0, 0 },     { 2024, UINT32_MAX, 1, 0, 0, 0 },
        { 2024, 1, 0, 0, 0, 0 },      { 2024, 1, 32, 0, 0, 0 },     { 2024, 4, 31, 0, 0, 0 },
        { 2024, 2, 30, 0, 0, 0 },     { 2023, 2, 29, 0, 0, 0 },     { 1900, 2, 29, 0, 0, 0 },
        { 2024, 1, UINT32_MAX, 0, 0, 0 }, { 2024, 1, 1, 24, 0, 0 }, { 2024, 1, 1, 0, 60, 0 },
        { 2024, 1, 1, 0, 0, 60 },     { 2024, 1, 1, UINT32_MAX, UINT32_MAX, UINT32_MAX },
    };
    static const struct calendar good[] = {
        { 1, 1, 1, 0, 0, 0 }, { 9999, 12, 31, 23, 59, 59 }, { 2000, 2, 29, 0, 0, 0 }, { 2024, 2, 29, 0, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(!calendar_is_valid(&bad[i]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        CHECK(calendar_is_valid(&good[i]));
    }
}

/* The machine's clock is asked once: without one, or with nonsense from it, there is none for good. */
static void test_no_clock(void)
{
    int64_t now = -1;

    machine_date = (struct calendar){ 2024, 2, 28, 23, 59, 58 };
    CHECK(!clock_seconds(&now) && now == -1);
    machine_has_clock = true;
    CHECK(!clock_seconds(&now) && machine_reads == 1);
    state = CLOCK_UNASKED;
    machine_date.month = 0;
    CHECK(!clock_seconds(&now) && now == -1);
    machine_date.month = 2;
    CHECK(!clock_seconds(&now) && now == -1 && machine_reads == 2);
}

/* Then the time base carries it on. */
static void test_clock(void)
{
    int64_t now = -1;

    state = CLOCK_UNASKED;
    machine_reads = 0;
    processor.timebase = UINT64_C(0xfffffffffff00000); /* the counter wraps while the clock runs */
    CHECK(clock_seconds(&now) && now == seconds_of(2024, 2, 29) - 2);
    processor.timebase += 512000000 - 1;
    CHECK(clock_seconds(&now) && now == seconds_of(2024, 2, 29) - 2);
    processor.timebase += 1;
    CHECK(clock_seconds(&now) && now == seconds_of(2024, 2, 29) - 1);
    processor.timebase += UINT64_C(512000000) * DAY;
    CHECK(clock_seconds(&now) && now == seconds_of(2024, 3, 1) - 1);
    CHECK(machine_reads == 1);
}

int main(void)
{
    test_every_day_of_400_years();
    test_first_and_last_second_of_every_day();
    test_known_dates();
    test_against_the_c_library();
    test_invalid_dates();
    test_no_clock();
    test_clock();
    return 0;
}
