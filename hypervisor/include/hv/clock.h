/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of day. The machine's clock is read once, when somebody first asks, and carried on by the time base:
 * asking the firmware takes tens of milliseconds each time, and one that does not answer is not asked again.
 */
#ifndef HV_CLOCK_H
#define HV_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds as calendar.h counts them, UTC; false when the machine has no clock. */
bool clock_seconds(int64_t *now);

#endif
