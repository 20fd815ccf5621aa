/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that sets the time base is noticed whatever it sets, honest time never is, and time does not go back.
 *
 * Include: tests/native tests/native/hv_standins hypervisor/include lib/ppc64 hypervisor/arch/ppc64
 */
#include "check.h"
#include "hv_processor.h"
#include "hv_random.h"

/* A processor on which every look at a clock takes time; mtspr moves the time base. */
#define LONGEST_LOOK 1000

static uint64_t elapsed, timebase_offset, purr_offset, purr_speed;

static uint64_t clock_read(uint64_t speed, uint64_t offset)
{
    elapsed += 1 + random_below(LONGEST_LOOK);
    return elapsed * speed + offset;
}

static uint64_t spr_read(unsigned number)
{
    CHECK(number == SPR_PURR);
    return clock_read(purr_speed, purr_offset);
}

static void spr_write(unsigned number, uint64_t value)
{
    uint64_t now = clock_read(1, timebase_offset);

    CHECK(number == SPR_TBL_WRITE || number == SPR_TBU_WRITE);
    CHECK(value <= UINT32_MAX);
    now = number == SPR_TBL_WRITE ? (now & ~(uint64_t)UINT32_MAX) | value : (now & UINT32_MAX) | value << 32;
    timebase_offset = now - elapsed;
}

#undef cpu_mfspr
#undef cpu_mtspr
#define cpu_mfspr(number) spr_read(number)
#define cpu_mtspr(number, value) spr_write(number, value)
#define cpu_timebase() clock_read(1, timebase_offset)
#include "../../hypervisor/arch/ppc64/timebase.c"

static void start(uint64_t timebase, uint64_t purr, uint64_t speed)
{
    memset(&processor, 0, sizeof(processor));
    elapsed = 0;
    timebase_offset = timebase;
    purr_offset = purr;
    purr_speed = speed;
    timebase_guard();
}

static void test_honest(void)
{
    static const uint64_t starts[] = { 0, 12345, UINT32_MAX - 100, UINT64_MAX - 100 };

    for (unsigned i = 0; i < 16; i++) {
        start(starts[i % 4], starts[i / 4], 1);
        CHECK(processor.percpu.lead_known);
        for (unsigned round = 0; round < 1000; round++) {
            elapsed += random_below(100000);
            CHECK(!timebase_restore());
        }
    }
}

/* Forth and back, by any distance that one look cannot explain; time goes on from where it was. */
static void test_moved(void)
{
    static const uint64_t moves[] = { 4 * LONGEST_LOOK, UINT64_C(1) << 32, UINT64_C(1) << 62, UINT64_C(1) << 63 };

    for (unsigned i = 0; i < 8; i++) {
        start(UINT32_MAX - 5000, 77, 1);
        for (unsigned round = 0; round < 100; round++) {
            uint64_t before = elapsed + timebase_offset, move = moves[i / 2];

            timebase_offset += i % 2 == 0 ? move : -move;
            CHECK(timebase_restore());
            CHECK(elapsed + timebase_offset - before < 20 * LONGEST_LOOK);
            elapsed += random_below(100000);
            CHECK(!timebase_restore());
        }
    }
}

/* To just before the lower half wraps around: no carry reaches the upper half while the two are written. */
static void test_no_carry(void)
{
    start(0, 0, 1);
    for (unsigned round = 0; round < 1000; round++) {
        uint64_t before = elapsed + timebase_offset;

        timebase_offset = (UINT64_C(1) << 62) + UINT32_MAX - random_below(20 * LONGEST_LOOK) - elapsed;
        CHECK(timebase_restore());
        CHECK(elapsed + timebase_offset - before < 20 * LONGEST_LOOK);
    }
}

/* In steps that are too small to see. */
static void test_creeping(void)
{
    start(0, 0, 1);
    for (unsigned step = 0; !timebase_restore(); step++) {
        CHECK(step < 4 * LONGEST_LOOK);
        timebase_offset++;
    }
}

/* Hardware does not let guests set it, and an emulator that counts PURR differently cannot tell. */
static void test_unguarded(void)
{
    start(0, 0, 2);
    CHECK(!processor.percpu.lead_known);
    timebase_offset += UINT64_C(1) << 62;
    CHECK(!timebase_restore() && timebase_offset == UINT64_C(1) << 62);
}

int main(void)
{
    test_honest();
    test_moved();
    test_no_carry();
    test_creeping();
    test_unguarded();
    return 0;
}
