/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/calendar.h"

#define SECONDS_PER_DAY 86400
#define DAYS_PER_ERA 146097 /* 400 years */

/* Years that begin in March have their leap day at the end, and month lengths that follow a line. */
static int64_t days_before_month(int64_t month)
{
    return (153 * month + 2) / 5;
}

static uint32_t days_in_month(uint32_t year, uint32_t month)
{
    if (month == 2) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool calendar_is_valid(const struct calendar *date)
{
    return date->year >= 1 && date->year <= 9999 && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
           date->day <= days_in_month(date->year, date->month) && date->hour < 24 && date->minute < 60 &&
           date->second < 60;
}

int64_t calendar_seconds(const struct calendar *date)
{
    int64_t year = (int64_t)date->year - (date->month < 3 ? 1 : 0);
    int64_t month = ((int64_t)date->month + 9) % 12;
    int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + days_before_month(month) + date->day - 1;

    return days * SECONDS_PER_DAY + (int64_t)date->hour * 3600 + (int64_t)date->minute * 60 + date->second;
}

void calendar_from_seconds(int64_t seconds, struct calendar *date)
{
    int64_t days = seconds / SECONDS_PER_DAY, rest = seconds % SECONDS_PER_DAY;
    int64_t era = days / DAYS_PER_ERA, day = days % DAYS_PER_ERA;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    *date = (struct calendar){
        .year = (uint32_t)(era * 400 + year + (month >= 10 ? 1 : 0)),
        .month = (uint32_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint32_t)(day_of_year - days_before_month(month) + 1),
        .hour = (uint32_t)(rest / 3600),
        .minute = (uint32_t)(rest / 60 % 60),
        .second = (uint32_t)(rest % 60),
    };
}
