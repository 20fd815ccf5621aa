/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/clock.h"

#include "cpu.h"
#include "hv/calendar.h"
#include "hv/platform.h"
#include "hv/sched.h"

static enum { CLOCK_UNASKED, CLOCK_KNOWN, CLOCK_ABSENT } state;
static int64_t base_seconds;
static uint64_t base_timebase;

bool clock_seconds(int64_t *now)
{
    struct calendar calendar;

    if (state == CLOCK_UNASKED) {
        state = CLOCK_ABSENT;
        if (platform->clock_read(&calendar) && calendar_is_valid(&calendar)) {
            base_timebase = cpu_timebase();
            base_seconds = calendar_seconds(&calendar);
            state = CLOCK_KNOWN;
        }
    }
    if (state == CLOCK_ABSENT) {
        return false;
    }
    *now = base_seconds + (int64_t)((cpu_timebase() - base_timebase) / sched_timebase_frequency());
    return true;
}
