/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of the real-mode area: the last byte works, the next one faults in the guest. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/regs.h"
#include "lib/trap.h"

#define BLR UINT32_C(0x4e800020)
#define WORD sizeof(uint64_t)

const char guest_name[] = "rma";

static void check_data(uint64_t address, const char *where)
{
    struct trap trap = trap_load(address);

    check_equal(trap.vector, VECTOR_DATA_STORAGE, "load %s: 0x300", where);
    check_equal(trap.dar, address, "load %s: DAR", where);
    check_true(trap.dsisr & (DSISR_NO_TRANSLATION | DSISR_PROTECTION), "load %s: DSISR says why", where);
    check_true(!(trap.dsisr & DSISR_STORE), "load %s: DSISR says load", where);
    trap = trap_store(address, 0);
    check_equal(trap.vector, VECTOR_DATA_STORAGE, "store %s: 0x300", where);
    check_equal(trap.dar, address, "store %s: DAR", where);
    check_true(trap.dsisr & DSISR_STORE, "store %s: DSISR says store", where);
}

static void check_instruction(uint64_t address, const char *where)
{
    struct trap trap = trap_execute(address);

    check_equal(trap.vector, VECTOR_INSTRUCTION_STORAGE, "fetch %s: 0x400", where);
    check_equal(trap.srr0, address, "fetch %s: SRR0", where);
    check_true(trap.srr1 & (DSISR_NO_TRANSLATION | DSISR_PROTECTION), "fetch %s: SRR1 says why", where);
    check_equal(trap.srr1 & (MSR_HV | MSR_EE | MSR_PR | MSR_IR | MSR_DR), 0, "fetch %s: SRR1 says real mode", where);
}

static void check_inside(uint64_t end, const char *when)
{
    static const uint64_t patterns[] = {0, UINT64_C(0x0123456789abcdef), UINT64_MAX};
    volatile uint64_t *last = real_memory(end - WORD);
    uint32_t *code = real_memory(end - sizeof(uint32_t));

    for (unsigned i = 0; i < ARRAY_COUNT(patterns); i++) {
        *last = patterns[i];
        check_equal(*last, patterns[i], "%s: the last doubleword keeps pattern %u", when, i);
    }
    check_equal(trap_load(end - 1).vector, 0, "%s: the last byte is readable", when);
    *code = BLR;
    instructions_changed(code, sizeof(*code));
    check_equal(trap_execute(end - sizeof(uint32_t)).vector, 0, "%s: the last instruction runs", when);
}

/* Every megabyte is its own: no two addresses reach the same memory. */
static void check_distinct(uint64_t end)
{
    const uint64_t step = UINT64_C(1) << 20;
    uint64_t bad = 0;

    for (uint64_t at = 2 * step - WORD; at < end; at += step)
        *(volatile uint64_t *)real_memory(at) = at;
    for (uint64_t at = 2 * step - WORD; at < end; at += step)
        bad += *(volatile uint64_t *)real_memory(at) != at;
    check_equal(bad, 0, "every megabyte is its own");
}

static void check_outside(uint64_t end)
{
    const struct {
        const char *name;
        uint64_t address;
    } places[] = {
        {"at the end", end},
        {"a page behind", end + 0x1000},
        {"16 MiB behind", end + (UINT64_C(16) << 20)},
        {"at 4 GiB", UINT64_C(4) << 30},
        {"at 1 TiB - 8", (UINT64_C(1) << 40) - WORD},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(places); i++) {
        check_data(places[i].address, places[i].name);
        check_instruction(places[i].address, places[i].name);
    }
}

/* An access that begins inside and ends outside. */
static void check_across(uint64_t end)
{
    struct trap trap = trap_store(end - 4, UINT64_MAX);

    check_true(trap.vector == VECTOR_DATA_STORAGE || trap.vector == VECTOR_ALIGNMENT, "a store across the end faults");
}

/*
 * Beyond 1 TiB a limit (RMO) faults, while virtual real mode may ignore the upper bits (Power ISA 2.07, Book III-S 5.7.3.2); either way
 * nothing but the domain's own memory is reached.
 */
static void check_far(void)
{
    static const unsigned shifts[] = {40, 44, 50, 56, 59};
    static uint64_t own;

    for (unsigned i = 0; i < ARRAY_COUNT(shifts); i++) {
        struct trap trap;

        own = 0;
        trap = trap_store((uintptr_t)&own | UINT64_C(1) << shifts[i], UINT64_MAX);
        check_true(trap.vector == VECTOR_DATA_STORAGE || (trap.vector == 0 && *(volatile uint64_t *)&own == UINT64_MAX),
                   "a store at 2^%u faults or reaches own memory", shifts[i]);
    }
}

void guest_main(void)
{
    uint64_t end = fdt_rma_size();

    print("real-mode area of %lu MiB\n", end >> 20);
    check_distinct(end);
    check_inside(end, "first");
    check_outside(end);
    check_far();
    check_across(end);
    check_inside(end, "afterwards");
}
