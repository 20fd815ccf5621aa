/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's memory as generated trees describe it, against a map that is worked out extent by extent.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Include: build/third_party/libfdt
 * Link: hypervisor/core/fdt_reader.c build/third_party/libfdt
 */
#include "../../hypervisor/core/memory.c"

#include "check.h"
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

static void add_property(uint64_t base, uint64_t size)
{
    TREE_U64(0, "reserved-ranges", base, size);
}

static bool overlaps(const struct model_range *range, uint64_t base, uint64_t size)
{
    return range->size != 0 && range->base < base + size && base < range->base + range->size;
}

static uint8_t owner_by_the_tree(uint64_t extent)
{
    uint64_t base = extent * EXTENT_SIZE, covered = 0;
    uint8_t owner;

    for (size_t i = 0; i < model.ram_count; i++) { /* they do not overlap */
        uint64_t first = model.ram[i].base > base ? model.ram[i].base : base;
        uint64_t end = model.ram[i].base + model.ram[i].size;

        end = end < base + EXTENT_SIZE ? end : base + EXTENT_SIZE;
        covered += first < end ? end - first : 0;
    }
    owner = covered == EXTENT_SIZE ? OWNER_FREE : OWNER_NONE;
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
    range->size = 1 + (random_one_in(3) ? random_below(3) : random_edge(3));
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
            tree_add_ram(name, range->base, range->size);
            next += range->size + (random_one_in(3) ? 0 : random_edge(6));
        }
        for (uint64_t count = random_below(12); count != 0; count--) {
            random_reservation();
        }
        if (random_one_in(2)) {
            struct model_range firmware = { random_edge(100), 1 + random_edge(8) };
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
    tree_add_ram("memory@0", 0, 64 * MIB);
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
        tree_add_ram("memory@0", 0, 32 * MIB);
        tree_text(tree_add("/", "memory@4000000"), "device_type", "memory");
        tree_bytes(tree_find("/memory@4000000"), "reg", bytes, size);
        init(0);
        CHECK(memory_free() == (size >= 16 ? 64 : 32) * MIB);
        CHECK(is_ram(64 * MIB, 32 * MIB) == (size >= 16));
    }
}

/* Cells that no address of ours fits: nothing can be told from such a tree. */
static void refuse_cells(uint32_t address_cells, uint32_t size_cells)
{
    start();
    tree_add_ram("memory@0", 0, 64 * MIB);
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
    tree_add_ram("memory@0", 0, 0);
    CHECK_PANICS(memory_init(tree, 0));
}

/* More ranges than there is room for are left out, and said to be. */
static void test_many_ranges(void)
{
    char name[32];

    start();
    for (uint64_t i = 0; i < MAX_RAM_RANGES + 3; i++) {
        snprintf(name, sizeof(name), "memory@%lu", i);
        tree_add_ram(name, i * 64 * MIB, 32 * MIB);
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
    tree_add_ram("memory@0", limit - 64 * MIB, 256 * MIB);
    tree_add_ram("memory@1", limit << 4, 64 * MIB);
    add_property(limit << 4, 1);
    add_property(limit - 1, 1);
    init(0);
    CHECK(memory_total() == 320 * MIB && memory_free() == 48 * MIB);
    CHECK(memory_is_kept(limit << 4, 64 * MIB));
    CHECK(memory_alloc(1, 4, 1, 0) == UINT32_MAX);
    CHECK(memory_alloc(1, 3, 1, 0) == MAX_EXTENTS - 4);
}

/* A reservation that reaches to the end of all addresses, or beyond it, takes everything from its beginning on. */
static void test_reservation_without_end(void)
{
    static const uint64_t sizes[] = { 0 - 32 * MIB, 1 - 32 * MIB, UINT64_MAX };

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        start();
        tree_add_ram("memory@0", 0, 128 * MIB);
        add_property(32 * MIB, sizes[i]);
        init(0);
        CHECK(memory_free() == 32 * MIB);
        CHECK(memory_alloc(1, 3, 1, 0) == UINT32_MAX);
    }
}

static void test_empty_reservation(void)
{
    start();
    tree_add_ram("memory@0", 0, 128 * MIB);
    add_property(40 * MIB, 0);
    init(0);
    CHECK(memory_free() == 128 * MIB);
}

static void test_is_ram(void)
{
    start();
    tree_add_ram("memory@0", 16 * MIB, 32 * MIB);
    tree_add_ram("memory@1", 64 * MIB, 16 * MIB);
    add_property(16 * MIB, 32 * MIB);
    init(0);
    CHECK(is_ram(16 * MIB, 32 * MIB) && is_ram(48 * MIB - 1, 1) && is_ram(64 * MIB, 16 * MIB));
    CHECK(!is_ram(16 * MIB - 1, 2) && !is_ram(16 * MIB, 32 * MIB + 1) && !is_ram(48 * MIB, 1));
    CHECK(!is_ram(32 * MIB, 48 * MIB)); /* the hole between them */
    CHECK(!is_ram(32 * MIB, UINT64_MAX) && !is_ram(32 * MIB, 0 - 16 * MIB));
    CHECK(!is_ram(UINT64_MAX, 1) && !is_ram(UINT64_MAX, UINT64_MAX) && !is_ram(0, 0));
}

/* Pieces of one range, in any order, overlapping too; the piece that joins two comes last. */
static void test_pieces_of_memory(void)
{
    static const uint64_t pieces[][2] = { { 64, 24 }, { 0, 24 }, { 88, 40 }, { 20, 12 }, { 32, 32 } };
    char name[32];

    start();
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        snprintf(name, sizeof(name), "memory@%zu", i);
        tree_add_ram(name, pieces[i][0] * MIB, pieces[i][1] * MIB);
    }
    add_property(80 * MIB, 32 * MIB);
    init(0);
    CHECK(memory_total() == 128 * MIB && memory_free() == 96 * MIB);
    CHECK(memory_is_kept(80 * MIB, 32 * MIB)); /* across the border at 88 MiB */
}

/* Many small pieces are one range: what counts is how many there are in the end. */
static void test_many_pieces(void)
{
    char name[32];

    start();
    for (uint64_t i = 0; i < 2 * MAX_RAM_RANGES; i++) {
        snprintf(name, sizeof(name), "memory@%lu", i);
        tree_add_ram(name, i * 8 * MIB, 8 * MIB);
    }
    init(0);
    CHECK(memory_total() == 16 * MAX_RAM_RANGES * MIB && memory_free() == memory_total());
    CHECK(!messages_have("left out"));
}

/* What a domain may get, has, or the hypervisor is or has, is no place for a module. */
static void test_is_kept(void)
{
    start();
    tree_add_ram("memory@0", 0, 127 * MIB);
    add_property(33 * MIB, 30 * MIB);
    init(17 * MIB);
    CHECK(memory_is_kept(32 * MIB, 32 * MIB)); /* whole extents are reserved, and never handed out */
    CHECK(memory_is_kept(17 * MIB, 15 * MIB) && memory_is_kept(112 * MIB, 15 * MIB));
    CHECK(!memory_is_kept(17 * MIB - 1, 2) && !memory_is_kept(0, 1)); /* the hypervisor */
    CHECK(!memory_is_kept(64 * MIB - 1, 2) && !memory_is_kept(64 * MIB, 1) && !memory_is_kept(112 * MIB - 1, 2));
    CHECK(!memory_is_kept(32 * MIB, 0) && !memory_is_kept(112 * MIB, 15 * MIB + 1));
    CHECK(!memory_is_kept(32 * MIB, UINT64_MAX) && !memory_is_kept(127 * MIB, 1));
    CHECK(memory_alloc(3, 1, 1, 0) == 4 && !memory_is_kept(64 * MIB, 1));
    memory.extents[6].owner = OWNER_HYPERVISOR;
    CHECK(!memory_is_kept(96 * MIB, 16 * MIB));
}

static void test_print(void)
{
    start();
    tree_add_ram("memory@0", 0, 128 * MIB);
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
    test_random_trees();
    test_memory_nodes();
    test_damaged_reg();
    test_strange_cells();
    test_no_memory();
    test_many_ranges();
    test_large_machine();
    test_reservation_without_end();
    test_is_ram();
    test_pieces_of_memory();
    test_many_pieces();
    test_is_kept();
    test_print();
    test_empty_reservation();
    return 0;
}
