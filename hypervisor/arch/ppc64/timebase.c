/* SPDX-License-Identifier: BSD-2-Clause */
#include "timebase.h"

#include "cpu.h"

/* The time base less PURR, as closely as can be told when they are read one after the other. */
static struct timebase_lead lead_read(void)
{
    uint64_t before = cpu_mfspr(SPR_PURR), timebase = cpu_timebase(), after = cpu_mfspr(SPR_PURR);

    return (struct timebase_lead){ .least = timebase - after, .most = timebase - before };
}

/* Both may be readings of the same distance. */
static bool leads_agree(struct timebase_lead a, struct timebase_lead b)
{
    return (int64_t)(a.most - b.least) >= 0 && (int64_t)(b.most - a.least) >= 0;
}

void timebase_guard(void)
{
    struct timebase_lead lead = lead_read();

    /* The longer one looks the better: an emulator that counts PURR in another way is left alone. */
    for (uint64_t start = cpu_timebase(); cpu_timebase() - start < 10000;) {
    }
    percpu_this()->lead = lead;
    percpu_this()->lead_known = leads_agree(lead, lead_read());
}

/* A moment behind what it would be, but not behind what anybody has read of it. */
static void timebase_set(uint64_t lead)
{
    uint64_t value = cpu_mfspr(SPR_PURR) + lead;

    cpu_mtspr(SPR_TBL_WRITE, 0); /* no carry between the two halves */
    cpu_mtspr(SPR_TBU_WRITE, value >> 32);
    cpu_mtspr(SPR_TBL_WRITE, value & UINT32_MAX);
}

bool timebase_restore(void)
{
    struct percpu *percpu = percpu_this();

    if (!percpu->lead_known || leads_agree(percpu->lead, lead_read())) {
        return false;
    }
    timebase_set(percpu->lead.most);
    percpu->lead = lead_read();
    return true;
}
