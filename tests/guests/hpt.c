/* SPDX-License-Identifier: BSD-2-Clause */
/* Translations through the hash table that hypercalls fill: what was entered is what the processor uses. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/mmu.h"
#include "lib/regs.h"
#include "lib/timer.h"
#include "lib/trap.h"

#define TEST_SEGMENT 2
#define HIGH_SEGMENT 3
#define TEST_ADDRESS (UINT64_C(5) << 40)
#define HIGH_ADDRESS (UINT64_C(0xc) << 60)
#define SLB_KP UINT64_C(0x400)
#define TWO_BLR UINT64_C(0x4e8000204e800020)
#define REAL_64K UINT64_C(0x10000)

const char guest_name[] = "hpt";

/* Pages of 4 and 64 KiB map the middle of this, those of 16 MiB the 16 MiB that it lies in. */
static struct {
    uint8_t below[REAL_64K];
    uint64_t page[REAL_64K / sizeof(uint64_t)];
    uint8_t above[REAL_64K];
} memory __attribute__((aligned(0x10000)));

struct mapping {
    struct mmu_page page;
    const char *name; /* of size and segment, for the results */
    uint64_t real;    /* start of the page */
    uint64_t slot;
    uint64_t address; /* effective address of memory.page */
};

static bool mapping_enter(struct mapping *mapping, uint64_t bits)
{
    struct hcall call;

    mapping->real = (uintptr_t)memory.page >> mapping->page.size->shift << mapping->page.size->shift;
    mapping->address = mapping->page.address + ((uintptr_t)memory.page - mapping->real);
    mmu_segment(TEST_SEGMENT, &mapping->page);
    call = mmu_enter(&mapping->page, mapping->real, bits, &mapping->slot);
    return check_status(call, H_SUCCESS, "%s: H_ENTER", mapping->name);
}

static int64_t mapping_remove(const struct mapping *mapping)
{
    return HCALL(H_REMOVE, H_AVPN, mapping->slot, mmu_pte_v(&mapping->page) & PTE_V_AVPN_MASK).status;
}

static uint64_t mapping_bits(const struct mapping *mapping)
{
    return mmu_read_r(mapping->slot) & (PTE_R_REFERENCED | PTE_R_CHANGED);
}

/* Accesses happen with translation on, everything else with it off. */
static struct trap load_at(uint64_t address)
{
    struct trap trap;

    mmu_on();
    trap = trap_load(address);
    mmu_off();
    return trap;
}

static struct trap store_at(uint64_t address, uint64_t value)
{
    struct trap trap;

    mmu_on();
    trap = trap_store(address, value);
    mmu_off();
    return trap;
}

static struct trap execute_at(uint64_t address)
{
    struct trap trap;

    mmu_on();
    trap = trap_execute(address);
    mmu_off();
    return trap;
}

static void check_access(struct mapping *mapping)
{
    const char *name = mapping->name;

    check_equal(mmu_read_r(mapping->slot) & PTE_R_ADDRESS_MASK & ~UINT64_C(0xffff), mapping->real & ~UINT64_C(0xffff),
                "xen-7 %s: guest-real address in the table", name);
    check_equal(mapping_bits(mapping), 0, "%s: R and C are clear at first", name);
    memory.page[0] = 0;
    check_equal(load_at(mapping->address).vector, 0, "%s: load", name);
    check_equal(mapping_bits(mapping), PTE_R_REFERENCED, "%s: a load sets R only", name);
    check_equal(store_at(mapping->address + 8, 0x1122334455667788).vector, 0, "%s: store", name);
    check_equal(memory.page[1], 0x1122334455667788, "%s: the store reached the page", name);
    check_equal(mapping_bits(mapping), PTE_R_REFERENCED | PTE_R_CHANGED, "%s: a store sets C", name);
    HCALL(H_CLEAR_MOD, 0, mapping->slot);
    check_equal(mapping_bits(mapping), PTE_R_REFERENCED, "%s: H_CLEAR_MOD", name);
    store_at(mapping->address, 1);
    check_equal(mapping_bits(mapping), PTE_R_REFERENCED | PTE_R_CHANGED, "%s: a store sets C again", name);
    HCALL(H_CLEAR_REF, 0, mapping->slot);
    HCALL(H_CLEAR_MOD, 0, mapping->slot);
    load_at(mapping->address);
    check_equal(mapping_bits(mapping), PTE_R_REFERENCED, "xen-6 %s: a load sets R again", name);
}

static void check_protection(struct mapping *mapping)
{
    const char *name = mapping->name;
    struct trap trap;

    memory.page[0] = TWO_BLR;
    instructions_changed(memory.page, sizeof(uint64_t));
    check_equal(execute_at(mapping->address).vector, 0, "%s: fetch", name);
    check_status(HCALL(H_PROTECT, H_PROTECT_N | PTE_R_READ_ONLY, mapping->slot, 0), H_SUCCESS, "%s: H_PROTECT", name);
    check_equal(load_at(mapping->address).vector, 0, "%s: read-only, load", name);
    trap = store_at(mapping->address, 0);
    check_equal(trap.vector, VECTOR_DATA_STORAGE, "%s: read-only, store", name);
    check_equal(trap.dar, mapping->address, "%s: read-only, DAR", name);
    check_equal(trap.dsisr, DSISR_PROTECTION | DSISR_STORE, "%s: read-only, DSISR", name);
    check_equal(memory.page[0], TWO_BLR, "%s: read-only, nothing stored", name);
    trap = execute_at(mapping->address);
    check_equal(trap.vector, VECTOR_INSTRUCTION_STORAGE, "%s: no-execute, fetch", name);
    check_equal(trap.srr0, mapping->address, "%s: no-execute, SRR0", name);
    check_true(trap.srr1 & DSISR_GUARDED, "%s: no-execute, SRR1", name);
    HCALL(H_PROTECT, PTE_R_READ_WRITE, mapping->slot, 0);
    check_equal(store_at(mapping->address, 2).vector, 0, "%s: writable again", name);
}

static void check_removed(struct mapping *mapping)
{
    struct trap trap;

    check_equal((uint64_t)mapping_remove(mapping), H_SUCCESS, "%s: H_REMOVE", mapping->name);
    trap = load_at(mapping->address);
    check_equal(trap.vector, VECTOR_DATA_STORAGE, "%s: removed, load", mapping->name);
    check_equal(trap.dsisr, DSISR_NO_TRANSLATION, "%s: removed, DSISR", mapping->name);
    trap = execute_at(mapping->address);
    check_equal(trap.vector, VECTOR_INSTRUCTION_STORAGE, "%s: removed, fetch", mapping->name);
    mmu_segment_clear(TEST_SEGMENT);
    trap = load_at(mapping->address);
    check_equal(trap.vector, VECTOR_DATA_SEGMENT, "%s: no segment, load", mapping->name);
    check_equal(trap.dar, mapping->address, "%s: no segment, DAR", mapping->name);
    check_equal(execute_at(mapping->address).vector, VECTOR_INSTRUCTION_SEGMENT, "%s: no segment, fetch", mapping->name);
}

static void check_sizes(void)
{
    static struct mapping mappings[] = {
        {.page = {&mmu_4k, false, 0x777, TEST_ADDRESS}, .name = "4K in 256M"},
        {.page = {&mmu_4k, true, 0x778, TEST_ADDRESS}, .name = "4K in 1T"},
        {.page = {&mmu_64k, false, 0x779, TEST_ADDRESS}, .name = "64K in 256M"},
        {.page = {&mmu_64k, true, 0x77a, TEST_ADDRESS}, .name = "64K in 1T"},
        {.page = {&mmu_16m, false, 0x77b, TEST_ADDRESS}, .name = "16M in 256M"},
        {.page = {&mmu_16m, true, 0x77c, TEST_ADDRESS}, .name = "16M in 1T"},
        {.page = {&mmu_4k, true, 0xabcdef, TEST_ADDRESS + (UINT64_C(0xfedcba) << 16)}, .name = "4K high in 1T"},
        {.page = {&mmu_64k, true, 0xfedcb, TEST_ADDRESS + (UINT64_C(0xffffff) << 16)}, .name = "64K at the end of 1T"},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(mappings); i++) {
        if (!mapping_enter(&mappings[i], PTE_R_DEFAULT))
            continue;
        check_access(&mappings[i]);
        check_protection(&mappings[i]);
        check_removed(&mappings[i]);
    }
}

/* A full primary group: the entry goes to the secondary one and is found there. */
static void check_secondary(void)
{
    struct mmu_page page = {&mmu_4k, false, 0x1234, TEST_ADDRESS};
    uint64_t slot;
    struct hcall call = HCALL(H_ENTER, 0, mmu_group(&page, true), mmu_pte_v(&page) | PTE_V_SECONDARY,
                              (uintptr_t)memory.page | PTE_R_DEFAULT);

    check_status(call, H_SUCCESS, "secondary group: H_ENTER");
    slot = call.out[0];
    mmu_segment(TEST_SEGMENT, &page);
    check_equal(store_at(TEST_ADDRESS, 0x5ec).vector, 0, "secondary group: store");
    check_equal(memory.page[0], 0x5ec, "secondary group: it reached the page");
    check_status(HCALL(H_REMOVE, 0, slot, 0), H_SUCCESS, "secondary group: H_REMOVE");
    check_equal(load_at(TEST_ADDRESS).vector, VECTOR_DATA_STORAGE, "secondary group: removed");
}

/* A page mapped, removed and mapped to another place must not reach the old one; nor may any of many. */
static void check_remapping(void)
{
    struct mapping mapping = {.page = {&mmu_4k, false, 0x4321, TEST_ADDRESS}, .name = "remapping"};
    unsigned good = 0;

    memset(&memory, 0, sizeof(memory));
    mmu_segment(TEST_SEGMENT, &mapping.page);
    for (unsigned i = 0; i < 16; i++) {
        uint64_t real = (uintptr_t)memory.page + 0x1000 * i;

        mmu_enter(&mapping.page, real, PTE_R_DEFAULT, &mapping.slot);
        store_at(TEST_ADDRESS, i + 1);
        good += memory.page[0x1000 / sizeof(uint64_t) * i] == i + 1 && mapping_remove(&mapping) == H_SUCCESS;
    }
    check_equal(good, 16, "one page mapped to 16 places in turn");
}

static void check_bulk(void)
{
    struct mmu_page page[4];
    uint64_t slot[4];
    unsigned faults = 0;

    for (unsigned i = 0; i < 4; i++) {
        page[i] = (struct mmu_page){&mmu_4k, false, 0x9999, TEST_ADDRESS + 0x1000 * i};
        mmu_enter(&page[i], (uintptr_t)memory.page + 0x1000 * i, PTE_R_DEFAULT, &slot[i]);
    }
    mmu_segment(TEST_SEGMENT, &page[0]);
    for (unsigned i = 0; i < 4; i++)
        faults += store_at(page[i].address, 1).vector != 0;
    check_equal(faults, 0, "H_BULK_REMOVE: four pages are mapped");
    HCALL(H_BULK_REMOVE, BULK_REQUEST | slot[0], 0, BULK_REQUEST | slot[1], 0, BULK_REQUEST | slot[2], 0, BULK_REQUEST | slot[3], 0);
    for (unsigned i = 0; i < 4; i++)
        faults += load_at(page[i].address).vector == VECTOR_DATA_STORAGE;
    check_equal(faults, 4, "H_BULK_REMOVE: none of them is mapped any more");
}

static void body_load(uint64_t address)
{
    *(volatile const uint8_t *)real_memory(address);
}

static void check_problem_state(void)
{
    struct mapping mapping = {.page = {&mmu_4k, false, 0x5555, TEST_ADDRESS}, .name = "problem state"};
    struct mmu_size guarded = mmu_4k;
    struct trap trap;

    if (!mapping_enter(&mapping, PTE_R_COHERENT))
        return;
    check_equal(load_at(mapping.address).vector, 0, "problem state: the supervisor may load");
    guarded.slb |= SLB_KP;
    mapping.page.size = &guarded;
    mmu_segment(TEST_SEGMENT, &mapping.page);
    trap = trap_catch_user(body_load, mapping.address);
    check_equal(trap.vector, VECTOR_DATA_STORAGE, "problem state: it may not");
    check_equal(trap.dsisr, DSISR_PROTECTION, "problem state: DSISR");
    HCALL(H_PROTECT, PTE_R_READ_WRITE, mapping.slot, 0);
    check_equal(trap_catch_user(body_load, mapping.address).vector, VECTOR_SYSTEM_CALL, "problem state: after H_PROTECT it may");
    mapping_remove(&mapping);
}

/* Exceptions with translation on at 0xc000000000004000, those that the hypervisor passes on as well. */
static void check_relocated(void)
{
    struct mmu_page high = {&mmu_16m, true, 0x6666, HIGH_ADDRESS};
    struct trap trap;
    uint64_t slot, address;

    check_status(mmu_enter(&high, 0, PTE_R_DEFAULT, &slot), H_SUCCESS, "relocated exceptions: H_ENTER");
    mmu_segment(HIGH_SEGMENT, &high);
    check_status(HCALL(H_SET_MODE, 3, MODE_TRANSLATION, 0, 0), H_SUCCESS, "relocated exceptions: H_SET_MODE");
    trap = trap_instruction(0, &address);
    check_true(trap.vector == VECTOR_PROGRAM && !trap.is_relocated, "relocated exceptions: not in real mode");
    mmu_on();
    trap = trap_load(TEST_ADDRESS + (UINT64_C(1) << 35));
    mmu_off();
    check_true(trap.vector == VECTOR_DATA_SEGMENT && trap.is_relocated, "relocated exceptions: data segment");
    mmu_on();
    trap = trap_instruction(0, &address);
    mmu_off();
    check_equal(trap.vector, VECTOR_PROGRAM, "relocated exceptions: illegal instruction, vector");
    check_true(trap.is_relocated, "relocated exceptions: illegal instruction, place");
    check_equal(trap.srr1 & (MSR_IR | MSR_DR | SRR1_PROGRAM_MASK), MSR_IR | MSR_DR | SRR1_ILLEGAL,
                "relocated exceptions: illegal instruction, SRR1");
    HCALL(H_SET_MODE, 0, MODE_TRANSLATION, 0, 0);
    mmu_on();
    trap = trap_instruction(0, &address);
    mmu_off();
    check_true(trap.vector == VECTOR_PROGRAM && !trap.is_relocated, "relocated exceptions: off again");
}

void guest_main(void)
{
    timer_init();
    if (!mmu_map_identity())
        return;
    check_sizes();
    check_secondary();
    check_remapping();
    check_bulk();
    check_problem_state();
    check_relocated();
}
