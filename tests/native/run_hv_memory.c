/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine memory: generated trees against a map that is worked out extent by extent, allocation against a plain search.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include hypervisor/arch/ppc64 abi .
 * Include: build/third_party/libfdt
 * Link: hypervisor/core/fdt_reader.c build/third_party/libfdt
 */
#include "../../hypervisor/core/memory.c"

#include "check.h"
#include "hv_machine.h"
#include "hv_messages.h"
#include "hv_random.h"
#include "hv_tree.h"

#define MIB UINT64_C(0x100000)
#define MAX_RANGES 16

struct model_range {
    uint64_t base, size;
};

static struct {
    struct model_range ram[MAX_RANGES], reserved[4 * MAX_RANGES];
    size_t ram_count, reserved_count;
    struct extent extents[MAX_EXTENTS];
} model;

static void start(void)
{
    memset(&memory, 0, sizeof(memory));
    memset(&model, 0, sizeof(model));
    messages_clear();
    tree_start();
}

static void init(uint64_t hypervisor_end)
{
    void *copy = tree_copy();

    memory_init(copy, hypervisor_end);
    free(copy);
}

static void add_ram(const char *name, uint64_t base, uint64_t size)
{
    int node = tree_add("/", name);

    tree_text(node, "device_type", "memory");
    tree_reg(node, base, size);
}

static void add_property(uint64_t base, uint64_t size)
{
    TREE_U64(0, "reserved-ranges", base, size);
}

/* The simplest machine that has a sanitizer's shadow: MACHINE_EXTENTS of RAM and nothing reserved. */
static void start_machine(void)
{
    start();
    add_ram("memory@0", MACHINE_BASE, MACHINE_END - MACHINE_BASE);
    init(0);
    for (uint32_t i = MACHINE_FIRST; i < MACHINE_FIRST + MACHINE_EXTENTS; i++) {
        model.extents[i].owner = OWNER_FREE;
    }
}

/* ---- what the tree says ---- */

static bool overlaps(const struct model_range *range, uint64_t base, uint64_t size)
{
    return range->size != 0 && range->base < base + size && base < range->base + range->size;
}

static uint8_t owner_by_the_tree(uint64_t extent)
{
    uint64_t base = extent * EXTENT_SIZE;
    uint8_t owner = OWNER_NONE;

    for (size_t i = 0; i < model.ram_count; i++) {
        if (base >= model.ram[i].base && base + EXTENT_SIZE <= model.ram[i].base + model.ram[i].size) {
            owner = OWNER_FREE;
        }
    }
    for (size_t i = 0; owner == OWNER_FREE && i < model.reserved_count; i++) {
        if (overlaps(&model.reserved[i], base, EXTENT_SIZE)) {
            owner = OWNER_RESERVED;
        }
    }
    return owner;
}

static void check_map(void)
{
    uint64_t total = 0, free_bytes = 0;

    for (uint64_t i = 0; i < MAX_EXTENTS; i++) {
        CHECK(memory.extents[i].owner == owner_by_the_tree(i));
        free_bytes += memory.extents[i].owner == OWNER_FREE ? EXTENT_SIZE : 0;
    }
    for (size_t i = 0; i < model.ram_count; i++) {
        total += model.ram[i].size;
    }
    CHECK(memory_total() == total && memory_free() == free_bytes && memory_hypervisor() == 0);
}

/* An address at, right before or right behind the beginning of an extent, or anywhere. */
static uint64_t random_edge(uint64_t limit)
{
    uint64_t base = random_below(limit) * EXTENT_SIZE;

    switch (random_below(4)) {
    case 0:
        return base + random_below(EXTENT_SIZE);
    case 1:
        return base + random_below(2);
    case 2:
        return base == 0 ? 0 : base - random_below(2);
    default:
        return base;
    }
}

static void random_reservation(void)
{
    struct model_range *range = &model.reserved[model.reserved_count++];
    char name[32];

    range->base = random_edge(120);
    range->size = random_one_in(3) ? random_below(3) : random_edge(3);
    switch (random_below(3)) {
    case 0:
        CHECK(fdt_add_mem_rsv(tree, range->base, range->size) == 0);
        break;
    case 1:
        add_property(range->base, range->size);
        break;
    default:
        if (fdt_path_offset(tree, "/reserved-memory") < 0) {
            tree_cells(tree_add("/", "reserved-memory"), 1 + (uint32_t)random_below(2), 1 + (uint32_t)random_below(2));
        }
        snprintf(name, sizeof(name), "r%zu", model.reserved_count);
        tree_reg(tree_add("/reserved-memory", name), range->base, range->size);
    }
}

static void test_random_trees(void)
{
    for (int round = 0; round < 200; round++) {
        uint64_t next = random_one_in(2) ? 0 : random_edge(10), hypervisor_end = random_edge(4);
        char name[32];

        start();
        tree_cells(0, 1 + (uint32_t)random_below(2), 1 + (uint32_t)random_below(2));
        while (next < 100 * EXTENT_SIZE && model.ram_count < MAX_RANGES) {
            struct model_range *range = &model.ram[model.ram_count++];

            *range = (struct model_range){ next, 1 + random_edge(20) };
            snprintf(name, sizeof(name), "memory@%lx", range->base);
            add_ram(name, range->base, range->size);
            next += range->size + (random_one_in(3) ? 0 : random_edge(6));
        }
        for (uint64_t count = random_below(12); count != 0; count--) {
            random_reservation();
        }
        if (random_one_in(2)) {
            struct model_range firmware = { random_edge(100), random_edge(8) };
            int node = tree_add("/", "ibm,opal");

            TREE_U64(node, "opal-base-address", firmware.base);
            TREE_U64(node, "opal-runtime-size", firmware.size);
            model.reserved[model.reserved_count++] = firmware;
        }
        model.reserved[model.reserved_count++] = (struct model_range){ 0, hypervisor_end };
        init(hypervisor_end);
        check_map();
    }
}

static void test_memory_nodes(void)
{
    int node;

    start();
    add_ram("memory@0", 0, 64 * MIB);
    tree_reg(tree_find("/memory@0"), 128 * MIB, 32 * MIB); /* a second range in one node */
    model.ram[model.ram_count++] = (struct model_range){ 0, 64 * MIB };
    model.ram[model.ram_count++] = (struct model_range){ 128 * MIB, 32 * MIB };
    node = tree_add("/", "not-memory@10000000");
    TREE_U64(node, "reg", 256 * MIB, 64 * MIB);
    node = tree_add("/", "cpus");
    tree_text(node, "device_type", "memory-controller");
    TREE_U64(node, "reg", 256 * MIB, 64 * MIB);
    node = tree_add("/", "unfinished");
    tree_bytes(node, "device_type", "memory", 6); /* no NUL */
    TREE_U64(node, "reg", 256 * MIB, 64 * MIB);
    init(0);
    check_map();
}

/* A reg that is missing or too short for a range names none; with something left over, it names what is whole. */
static void test_damaged_reg(void)
{
    static const uint8_t bytes[40] = { 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0 };

    for (size_t size = 0; size <= sizeof(bytes); size++) {
        start();
        add_ram("memory@0", 0, 32 * MIB);
        tree_text(tree_add("/", "memory@4000000"), "device_type", "memory");
        tree_bytes(tree_find("/memory@4000000"), "reg", bytes, size);
        init(0);
        CHECK(memory_free() == (size >= 16 ? 64 : 32) * MIB);
        CHECK(memory_is_ram(64 * MIB, 32 * MIB) == (size >= 16));
    }
}

/* Cells that no address of ours fits: nothing can be told from such a tree. */
static void refuse_cells(uint32_t address_cells, uint32_t size_cells)
{
    start();
    add_ram("memory@0", 0, 64 * MIB);
    tree_cells(0, address_cells, size_cells);
    CHECK_PANICS(memory_init(tree, 0));
}

static void test_strange_cells(void)
{
    refuse_cells(0, 1);
    refuse_cells(1, 0);
    refuse_cells(3, 2);
    refuse_cells(2, 3);
    refuse_cells(0, 0);
    refuse_cells(UINT32_MAX, 1);
}

static void test_no_memory(void)
{
    start();
    CHECK_PANICS(memory_init(tree, 0));
    CHECK(messages_have("no memory"));
    start();
    add_ram("memory@0", 0, 0);
    CHECK_PANICS(memory_init(tree, 0));
}

/* More ranges than there is room for are left out, and said to be. */
static void test_many_ranges(void)
{
    char name[32];

    start();
    for (uint64_t i = 0; i < MAX_RAM_RANGES + 3; i++) {
        snprintf(name, sizeof(name), "memory@%lu", i);
        add_ram(name, i * 64 * MIB, 32 * MIB);
    }
    CHECK(!messages_have("left out"));
    init(0);
    CHECK(memory_total() == MAX_RAM_RANGES * 32 * MIB && memory_free() == memory_total());
    CHECK(messages_have("left out"));
}

/* Beyond what the map holds, RAM is known but not used. */
static void test_large_machine(void)
{
    const uint64_t limit = (uint64_t)MAX_EXTENTS << EXTENT_SHIFT;

    start();
    add_ram("memory@0", limit - 64 * MIB, 256 * MIB);
    add_ram("memory@1", limit << 4, 64 * MIB);
    add_property(limit << 4, 1);
    add_property(limit - 1, 1);
    init(0);
    CHECK(memory_total() == 320 * MIB && memory_free() == 48 * MIB);
    CHECK(memory_is_ram(limit << 4, 64 * MIB));
    CHECK(memory_alloc(1, 4, 1, 0) == UINT32_MAX);
    CHECK(memory_alloc(1, 3, 1, 0) == MAX_EXTENTS - 4);
}

static void test_is_ram(void)
{
    start();
    add_ram("memory@0", 16 * MIB, 32 * MIB);
    add_ram("memory@1", 64 * MIB, 16 * MIB);
    add_property(16 * MIB, 32 * MIB);
    init(0);
    CHECK(memory_is_ram(16 * MIB, 32 * MIB) && memory_is_ram(48 * MIB - 1, 1) && memory_is_ram(64 * MIB, 16 * MIB));
    CHECK(!memory_is_ram(16 * MIB - 1, 2) && !memory_is_ram(16 * MIB, 32 * MIB + 1) && !memory_is_ram(48 * MIB, 1));
    CHECK(!memory_is_ram(32 * MIB, 48 * MIB)); /* the hole between them */
    CHECK(!memory_is_ram(32 * MIB, UINT64_MAX) && !memory_is_ram(32 * MIB, 0 - 16 * MIB));
    CHECK(!memory_is_ram(UINT64_MAX, 1) && !memory_is_ram(UINT64_MAX, UINT64_MAX) && !memory_is_ram(0, 0));
}

/* ---- who gets it ---- */

static uint32_t model_search(uint64_t count, uint64_t align)
{
    for (uint64_t first = 0; first + count <= MAX_EXTENTS; first += align) {
        uint64_t found = 0;

        while (found < count && model.extents[first + found].owner == OWNER_FREE) {
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
        CHECK(memory.extents[i].owner == model.extents[i].owner);
        if (model.extents[i].owner == OWNER_DOMAIN) {
            CHECK(memory.extents[i].domain == model.extents[i].domain);
            CHECK(memory_guest_extent(model.extents[i].domain, ((uint64_t)i << EXTENT_SHIFT) + random_below(EXTENT_SIZE)) ==
                  model.extents[i].guest);
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
        model.extents[expected + i] = (struct extent){ OWNER_DOMAIN, (uint8_t)id, guest + i };
    }
}

static void op_release(void)
{
    uint32_t id = (uint32_t)random_below(4);

    memory_release(id);
    for (uint32_t i = 0; i < MAX_EXTENTS; i++) {
        if (model.extents[i].owner == OWNER_DOMAIN && model.extents[i].domain == id) {
            model.extents[i] = (struct extent){ .owner = OWNER_FREE };
        }
    }
}

static void test_random_allocation(void)
{
    for (int round = 0; round < 20; round++) {
        start_machine();
        for (int i = 0; i < 6; i++) { /* holes */
            uint32_t hole = MACHINE_FIRST + (uint32_t)random_below(MACHINE_EXTENTS);

            memory.extents[hole].owner = model.extents[hole].owner = OWNER_RESERVED;
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

static void test_print(void)
{
    start();
    add_ram("memory@0", 0, 128 * MIB);
    add_property(16 * MIB, 1);
    init(1);
    CHECK(memory_alloc(4, 2, 1, 0) == 2);
    CHECK(memory_alloc(5, 1, 1, 0) == 4);
    memory_print();
    CHECK(strcmp(messages, "  0x000000000-0x002000000 reserved\n"
                           "  0x002000000-0x004000000 domain 4\n"
                           "  0x004000000-0x005000000 domain 5\n"
                           "  0x005000000-0x008000000 free\n") == 0);
}

int main(void)
{
    machine_init();
    test_random_trees();
    test_memory_nodes();
    test_damaged_reg();
    test_strange_cells();
    test_no_memory();
    test_many_ranges();
    test_large_machine();
    test_is_ram();
    test_random_allocation();
    test_foreign_address();
    test_hypervisor_memory();
    test_alloc_failure_keeps_all();
    test_print();
    return 0;
}
