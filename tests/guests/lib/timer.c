/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer.h"

#include "fdt.h"
#include "hcall.h"
#include "regs.h"
#include "trap.h"

#define FAR_OFF UINT64_C(0x7fffffff)

static struct {
    volatile uint64_t count;
    volatile uint64_t last;
} timer;

static void timer_fired(struct trap_frame *frame)
{
    (void)frame;
    timer.last = timebase_read();
    timer.count++;
    timer_set(FAR_OFF);
}

void timer_init(void)
{
    timer_set(FAR_OFF);
    trap_set_handler(VECTOR_DECREMENTER, timer_fired);
}

uint64_t timer_count(void)
{
    return timer.count;
}

uint64_t timer_last(void)
{
    return timer.last;
}

void timer_set(uint64_t ticks)
{
    SPR_WRITE(SPR_DEC, ticks);
}

uint64_t timer_ticks(uint64_t microseconds)
{
    return microseconds * fdt_number("PowerPC,", "timebase-frequency", 512000000) / 1000000;
}

unsigned timer_sleep(uint64_t ticks)
{
    uint64_t before = timer.count;
    unsigned calls = 0;

    timer_set(ticks);
    while (timer.count == before) {
        HCALL(H_CEDE);
        msr_write(msr_read() & ~MSR_EE);
        calls++;
    }
    return calls;
}

void timer_spin(uint64_t ticks)
{
    uint64_t start = timebase_read();

    while (timebase_read() - start < ticks)
        continue;
}
