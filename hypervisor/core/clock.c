/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/clock.h"

#include "cpu.h"
#include "hv/calendar.h"
#include "hv/platform.h"
#include "hv/sched.h"

static bool known;
static int64_t base_seconds;
static uint64_t base_timebase;

bool clock_seconds(int64_t *now)
{
    struct calendar calendar;

    if (!known) {
        if (!platform->clock_read(&calendar) || !calendar_is_valid(&calendar)) {
            return false;
        }
        base_timebase = cpu_timebase();
        base_seconds = calendar_seconds(&calendar);
        known = true;
    }
    *now = base_seconds + (int64_t)((cpu_timebase() - base_timebase) / sched_timebase_frequency());
    return true;
}
