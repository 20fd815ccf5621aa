/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates of the Gregorian calendar as seconds, so that a domain's clock can differ from the machine's. */
#ifndef PAPR_CALENDAR_H
#define PAPR_CALENDAR_H

#include "hv/platform.h"

/* True for a date that exists, from year 1 to 9999. */
bool calendar_is_valid(const struct calendar *date);

/* Seconds since 0000-03-01 00:00:00; and back. */
int64_t calendar_seconds(const struct calendar *date);
void calendar_from_seconds(int64_t seconds, struct calendar *date);

#endif
