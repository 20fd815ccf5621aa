/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pseudo-random hypercalls (options seed=, calls=), most of them nearly right. What may not be hit by design: powering off, the
 * console's text, and memory outside the arena, which is all that calls may write to; afterwards everything else must be intact and
 * the domain must still work.
 */
#include "fuzz_arguments.h"
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/mmu.h"
#include "lib/pattern.h"
#include "lib/regs.h"
#include "lib/rtas.h"
#include "lib/timer.h"
#include "lib/trap.h"

#define DEFAULT_SEED 0x20061122
#define DEFAULT_CALLS 100000

const char guest_name[] = "fuzz";

static unsigned resets, externals;

static void reset_taken(struct trap_frame *frame)
{
    (void)frame;
    resets++;
}

static void external_taken(struct trap_frame *frame)
{
    uint64_t xirr = HCALL(H_XIRR).out[0];

    (void)frame;
    externals++;
    HCALL(H_IPI, 0, 0xff);
    HCALL(H_EOI, xirr | 0xff000000);
}

/* A watchpoint or breakpoint that a call set and the next instructions met. */
static void debug_taken(struct trap_frame *frame)
{
    (void)frame;
    HCALL(H_SET_MODE, 0, MODE_DAWR, 0, 0);
    HCALL(H_SET_MODE, 0, MODE_CIABR, 0, 0);
}

/* Undoes what would make the guest itself fail: its byte order, where its exceptions go, watchpoints, the timer, interrupts. */
static void restore(uint64_t number)
{
    if (number == H_SET_MODE || number == H_SET_DABR || number == H_SET_XDABR) {
        HCALL(H_SET_MODE, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, MODE_ENDIAN, 0, 0);
        HCALL(H_SET_MODE, 0, MODE_TRANSLATION, 0, 0);
        HCALL(H_SET_MODE, 0, MODE_DAWR, 0, 0);
        HCALL(H_SET_MODE, 0, MODE_CIABR, 0, 0);
    }
    msr_write(msr_read() & ~MSR_EE);
}

struct tally {
    uint64_t calls[FUZZ_KINDS];
    uint64_t successes[FUZZ_KINDS];
};

static void run_calls(struct random *random, uint64_t count, struct tally *tally)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t in[9];
        unsigned kind = fuzz_arguments(random, in);
        struct hcall call;

        timer_set(random_below(random, timer_ticks(100)) + 1);
        call = hcall(in);
        restore(in[0]);
        tally->calls[kind]++;
        tally->successes[kind] += call.status == H_SUCCESS;
    }
}

static void check_tally(const struct tally *tally)
{
    for (unsigned kind = 0; kind < FUZZ_KINDS; kind++) {
        print("%s: %lu calls, %lu succeeded\n", fuzz_name(kind), tally->calls[kind], tally->successes[kind]);
        check_true(tally->calls[kind] > 0, "%s was called", fuzz_name(kind));
        if (fuzz_can_succeed(kind))
            check_true(tally->successes[kind] > 0, "%s succeeded", fuzz_name(kind));
    }
}

/* Takes out every entry that is the guest's; the hypervisor's own refuse. */
static void table_clear(void)
{
    uint64_t entries = mmu_entry_count();

    for (uint64_t slot = 0; slot < entries; slot += 4) {
        struct hcall four = HCALL(H_READ, H_READ_4, slot);

        for (unsigned i = 0; i < 4; i++)
            if (four.out[2 * i] & PTE_V_VALID)
                HCALL(H_REMOVE, 0, slot + i, 0);
    }
}

static void check_afterwards(uint64_t seed)
{
    uint64_t count, start;

    HCALL(H_REGISTER_VPA, VPA_DEREGISTER_SLB_SHADOW, 0, 0);
    HCALL(H_REGISTER_VPA, VPA_DEREGISTER_DTL, 0, 0);
    check_status(HCALL(H_REGISTER_VPA, VPA_DEREGISTER, 0, 0), H_SUCCESS, "afterwards: the processor area goes");
    HCALL(H_IPI, 0, 0xff);
    HCALL(H_EOI, 0xff000000);
    table_clear();
    if (!mmu_map_identity())
        return;
    check_equal(pattern_count_bad(seed), 0, "afterwards: memory that was not given away is intact");
    count = timer_count();
    start = timebase_read();
    timer_sleep(timer_ticks(5000));
    check_true(timer_count() == count + 1 && timebase_read() - start >= timer_ticks(5000), "afterwards: the timer works");
    check_equal(RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, 0).values[1], 2, "afterwards: RTAS works");
    check_equal(HCALL(H_XIRR).out[0] & 0xffffff, 0, "afterwards: no interrupt is left over");
}

void guest_main(void)
{
    uint64_t seed = fdt_option("seed", DEFAULT_SEED);
    uint64_t calls = fdt_option("calls", DEFAULT_CALLS);
    struct random random = {seed};
    static struct tally tally;

    print("seed=0x%lx calls=%lu\n", seed, calls);
    timer_init();
    trap_set_handler(VECTOR_RESET, reset_taken);
    trap_set_handler(VECTOR_EXTERNAL, external_taken);
    trap_set_handler(VECTOR_DATA_STORAGE, debug_taken);
    trap_set_handler(VECTOR_TRACE, debug_taken);
    fuzz_init();
    if (!mmu_map_identity())
        return;
    pattern_fill(seed);
    run_calls(&random, calls, &tally);
    trap_set_handler(VECTOR_DATA_STORAGE, NULL);
    trap_set_handler(VECTOR_TRACE, NULL);
    print("system resets: %u, external interrupts: %u, decrementer interrupts: %lu\n", resets, externals, timer_count());
    check_tally(&tally);
    check_afterwards(seed);
}
