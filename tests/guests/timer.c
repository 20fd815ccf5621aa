/* SPDX-License-Identifier: BSD-2-Clause */
/* The decrementer is exact: never early, never lost; how late it is gets printed. */
#include "lib/timer.h"

#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/hcall.h"
#include "lib/regs.h"

#define ROUNDS 20

const char guest_name[] = "timer";

static uint64_t worst;

static void interrupts(bool on)
{
    msr_write(on ? msr_read() | MSR_EE : msr_read() & ~MSR_EE);
}

/* One decrementer interrupt after `ticks`, waited for with interrupts on; false when early or missing. */
static bool fires_after(uint64_t ticks)
{
    uint64_t count = timer_count();
    uint64_t start = timebase_read();
    uint64_t late;

    timer_set(ticks);
    while (timer_count() == count && timebase_read() - start < ticks + timer_ticks(1000000))
        continue;
    late = timer_last() - start - ticks;
    if (timer_count() == count + 1 && timer_last() - start >= ticks && late > worst)
        worst = late;
    return timer_count() == count + 1 && timer_last() - start >= ticks;
}

static void check_running(void)
{
    static const uint64_t microseconds[] = {10, 100, 1000, 3000, 10000, 50000};
    unsigned good;

    interrupts(true);
    for (unsigned i = 0; i < ARRAY_COUNT(microseconds); i++) {
        good = 0;
        for (unsigned round = 0; round < ROUNDS; round++)
            good += fires_after(timer_ticks(microseconds[i]));
        check_equal(good, ROUNDS, "%lu us while running: never early, never lost", microseconds[i]);
    }
    interrupts(false);
    print("worst lateness while running: %lu us\n", worst / timer_ticks(1));
}

static void check_ceding(void)
{
    static const uint64_t microseconds[] = {0, 10, 1000, 10000};

    worst = 0;
    for (unsigned i = 0; i < ARRAY_COUNT(microseconds); i++) {
        uint64_t ticks = timer_ticks(microseconds[i]);
        unsigned good = 0;

        for (unsigned round = 0; round < ROUNDS; round++) {
            uint64_t count = timer_count();
            uint64_t start = timebase_read();

            timer_sleep(ticks);
            good += timer_last() - start >= ticks && timer_count() == count + 1;
            if (timer_last() - start - ticks > worst)
                worst = timer_last() - start - ticks;
        }
        check_equal(good, ROUNDS, "%lu us in H_CEDE: never early, never lost", microseconds[i]);
    }
    print("worst lateness in H_CEDE: %lu us\n", worst / timer_ticks(1));
}

/* Until there were that many interrupts, a second at most: the emulator's timers are late when its host is busy. */
static void wait_count(uint64_t count)
{
    uint64_t start = timebase_read();

    while (timer_count() < count && timebase_read() - start < timer_ticks(1000000))
        continue;
}

static void check_masked(void)
{
    uint64_t count = timer_count();

    timer_set(timer_ticks(1000));
    timer_spin(timer_ticks(20000));
    check_equal(timer_count(), count, "interrupts off: it waits");
    check_true((int32_t)SPR_READ(SPR_DEC) < 0, "interrupts off: it goes on counting below zero");
    interrupts(true);
    wait_count(count + 1);
    check_equal(timer_count(), count + 1, "interrupts on: it comes");
    timer_spin(timer_ticks(20000));
    check_equal(timer_count(), count + 1, "it comes once");
    interrupts(false);
    timer_set(UINT32_MAX);
    timer_set(timer_ticks(1000000));
    interrupts(true);
    timer_spin(timer_ticks(1000));
    check_equal(timer_count(), count + 1, "set anew before interrupts go on: the old one is gone");
    interrupts(false);
}

static void check_timebase(void)
{
    uint64_t last = timebase_read();
    unsigned back = 0;

    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t now = timebase_read();

        back += now < last;
        last = now;
    }
    check_equal(back, 0, "the time base never goes back");
}

/* The decrementer counts with the time base, whatever the hypervisor did between. */
static void check_counting(void)
{
    const int64_t from = 0x70000000;
    uint64_t before_set = timebase_read(), after_set, before_read, after_read;
    int64_t elapsed;

    timer_set((uint64_t)from);
    after_set = timebase_read();
    for (unsigned i = 0; i < 1000; i++)
        HCALL(H_CPPR, 0xff);
    timer_spin(timer_ticks(30000));
    before_read = timebase_read();
    elapsed = from - (int32_t)SPR_READ(SPR_DEC);
    after_read = timebase_read();
    check_true(elapsed >= (int64_t)(before_read - after_set) * 7 / 8, "hypercalls do not stop the decrementer");
    check_true(elapsed - 1 <= (int64_t)(after_read - before_set), "hypercalls do not advance the decrementer");
}

void guest_main(void)
{
    timer_init();
    check_timebase();
    check_counting();
    check_running();
    check_masked();
    check_ceding();
}
