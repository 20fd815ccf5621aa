/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets which memory, against a plain search; pieces for the hypervisor are aligned, clear and nobody else's.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Include: build/third_party/libfdt
 * Link: hypervisor/core/fdt_reader.c build/third_party/libfdt
 */
#include "../../hypervisor/core/memory.c"

#include "check.h"
#include "hv_machine.h"
#include "hv_messages.h"
#include "hv_random.h"
#include "hv_tree.h"

static struct extent model[MAX_EXTENTS];

/* RAM where the host has some for it, and nothing reserved. */
static void start_machine(void)
{
    void *copy;

    memset(&memory, 0, sizeof(memory));
    memset(model, 0, sizeof(model));
    tree_start();
    tree_add_ram("memory@0", MACHINE_BASE, MACHINE_END - MACHINE_BASE);
    copy = tree_copy();
    memory_init(copy, 0);
    free(copy);
    for (uint32_t i = MACHINE_FIRST; i < MACHINE_FIRST + MACHINE_EXTENTS; i++) {
        model[i].owner = OWNER_FREE;
    }
}

static uint32_t model_search(uint64_t count, uint64_t align)
{
    for (uint64_t first = 0; first + count <= MAX_EXTENTS; first += align) {
        uint64_t found = 0;

        while (found < count && model[first + found].owner == OWNER_FREE) {
            found++;
        }
        if (found == count) {
            return (uint32_t)first;
        }
    }
    return UINT32_MAX;
}

static void check_owners(void)
{
    for (uint32_t i = 0; i < MAX_EXTENTS; i++) {
        CHECK(memory.extents[i].owner == model[i].owner);
        if (model[i].owner == OWNER_DOMAIN) {
            CHECK(memory.extents[i].domain == model[i].domain);
            CHECK(memory_guest_extent(model[i].domain, ((uint64_t)i << EXTENT_SHIFT) + random_below(EXTENT_SIZE)) ==
                  model[i].guest);
        }
    }
    CHECK(memory.lock.held == 0);
}

static void op_alloc(void)
{
    uint32_t id = (uint32_t)random_below(4), guest = (uint32_t)random_below(4096);
    uint64_t count = 1 + random_below(8), align = UINT64_C(1) << random_below(5);
    uint32_t expected = model_search(count, align);

    CHECK(memory_alloc(id, count, align, guest) == expected);
    for (uint32_t i = 0; expected != UINT32_MAX && i < count; i++) {
        model[expected + i] = (struct extent){ OWNER_DOMAIN, (uint8_t)id, guest + i };
    }
}

static void op_release(void)
{
    uint32_t id = (uint32_t)random_below(4);

    memory_release(id);
    for (uint32_t i = 0; i < MAX_EXTENTS; i++) {
        if (model[i].owner == OWNER_DOMAIN && model[i].domain == id) {
            model[i] = (struct extent){ .owner = OWNER_FREE };
        }
    }
}

static void test_random_allocation(void)
{
    for (int round = 0; round < 20; round++) {
        start_machine();
        for (int i = 0; i < 6; i++) { /* holes */
            uint32_t hole = MACHINE_FIRST + (uint32_t)random_below(MACHINE_EXTENTS);

            memory.extents[hole].owner = model[hole].owner = OWNER_RESERVED;
        }
        for (int step = 0; step < 60; step++) {
            if (random_one_in(6)) {
                op_release();
            } else {
                op_alloc();
            }
            check_owners();
        }
    }
}

/* Turning a machine address back is for the owner alone. */
static void test_foreign_address(void)
{
    uint32_t first;

    start_machine();
    first = memory_alloc(3, 1, 1, 7);
    CHECK(memory_guest_extent(3, (uint64_t)first << EXTENT_SHIFT) == 7);
    CHECK_PANICS(memory_guest_extent(2, (uint64_t)first << EXTENT_SHIFT));
    CHECK_PANICS(memory_guest_extent(3, (uint64_t)(first + 1) << EXTENT_SHIFT));
    CHECK_PANICS(memory_guest_extent(3, 0));
    CHECK_PANICS(memory_guest_extent(3, UINT64_MAX));
    CHECK_PANICS(memory_guest_extent(3, (uint64_t)MAX_EXTENTS << EXTENT_SHIFT));
}

/* Pieces for the hypervisor: aligned, zero, apart from each other and from every domain, until there are none. */
static void test_hypervisor_memory(void)
{
    for (int round = 0; round < 6; round++) {
        uint64_t given = 0;
        unsigned pieces = 0, failures = 0;

        start_machine();
        machine_allow(MACHINE_BASE, MACHINE_END - MACHINE_BASE);
        for (uint32_t i = MACHINE_FIRST + 12; i < MACHINE_FIRST + MACHINE_EXTENTS; i++) {
            memory.extents[i].owner = OWNER_RESERVED; /* clearing all of it takes long */
        }
        for (uint64_t at = MACHINE_BASE; at < MACHINE_BASE + 12 * EXTENT_SIZE; at += 0x10000) {
            *(uint8_t *)machine_pointer(at) = *(uint8_t *)machine_pointer(at + 0xffff) = 0xee;
        }
        while (failures < 20) {
            uint64_t size = random_one_in(3) ? random_below(2 * EXTENT_SIZE) : 1 + random_below(0x10000);
            uint64_t align = UINT64_C(1) << (3 + random_below(23));
            uint64_t free_before = memory_free(), hypervisor_before = memory_hypervisor();
            uint8_t *piece;

            if (random_one_in(3)) { /* a domain takes some in between */
                uint32_t first = memory_alloc(1, 1, 1, 0);

                if (first != UINT32_MAX) {
                    machine_forbid((uint64_t)first << EXTENT_SHIFT, EXTENT_SIZE);
                    free_before -= EXTENT_SIZE;
                }
            }
            piece = memory_alloc_hypervisor(size, align);
            CHECK(memory_hypervisor() - hypervisor_before == free_before - memory_free());
            CHECK(memory.lock.held == 0);
            if (piece == NULL) {
                failures++;
                continue;
            }
            CHECK((uintptr_t)piece % align == 0);
            for (uint64_t i = 0; i < size; i += size < 4096 ? 1 : 0x10000) {
                CHECK(piece[i] == 0);
                CHECK(memory.extents[(uintptr_t)(piece + i) >> EXTENT_SHIFT].owner == OWNER_HYPERVISOR);
            }
            CHECK(size == 0 || piece[size - 1] == 0);
            CHECK(size == 0 || memory.extents[(uintptr_t)(piece + size - 1) >> EXTENT_SHIFT].owner == OWNER_HYPERVISOR);
            machine_forbid((uintptr_t)piece, align_up(size, 8)); /* nobody may get any of it again */
            given += size;
            pieces++;
        }
        CHECK(pieces > 10 && given <= memory_hypervisor());
        madvise(machine_pointer(MACHINE_BASE), MACHINE_END - MACHINE_BASE, MADV_DONTNEED);
    }
    machine_allow(MACHINE_BASE, MACHINE_END - MACHINE_BASE);
}

static void test_alloc_failure_keeps_all(void)
{
    start_machine();
    CHECK(memory_alloc_hypervisor((uint64_t)MACHINE_EXTENTS * EXTENT_SIZE + 1, 8) == NULL);
    CHECK(memory_alloc_hypervisor(UINT64_C(1) << 34, UINT64_C(1) << 34) == NULL);
    CHECK(memory_alloc(0, MACHINE_EXTENTS + 1, 1, 0) == UINT32_MAX);
    CHECK(memory_alloc(0, UINT64_C(1) << 40, 1, 0) == UINT32_MAX);
    CHECK(memory_free() == (uint64_t)MACHINE_EXTENTS * EXTENT_SIZE);
    check_owners();
}

int main(void)
{
    machine_init();
    test_random_allocation();
    test_foreign_address();
    test_hypervisor_memory();
    test_alloc_failure_keeps_all();
    return 0;
}
