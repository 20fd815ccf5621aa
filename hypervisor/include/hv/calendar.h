/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates of the Gregorian calendar as seconds, so that a domain's clock can differ from the machine's. */
#ifndef HV_CALENDAR_H
#define HV_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/* A calendar date and time of day, UTC. */
struct calendar {
    uint32_t year, month, day, hour, minute, second; /* month and day from 1 */
};

/* True for a date that exists, from year 1 to 9999. */
bool calendar_is_valid(const struct calendar *date);

/* Seconds since 0000-03-01 00:00:00; and back. */
int64_t calendar_seconds(const struct calendar *date);
void calendar_from_seconds(int64_t seconds, struct calendar *date);

#endif
