/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's completion of the machine's tree, on the tree that QEMU gives it; libfdt reads the result.
 *
 * Include: firmware/opal hypervisor/include lib/include build/third_party/libfdt .
 * Link: lib/format.c build/third_party/libfdt
 */
#include <setjmp.h>

#include "../../firmware/opal/tree.c"

#include "check.h"

#define MACHINE_TREE "tests/data/devicetrees/pnv8.dtb"
#define CPUS_END (FIRMWARE_BASE + 0x1234000UL)
#define BOOT_PIR 0x18

static jmp_buf stopped;
static uint64_t arena[TREE_SIZE / sizeof(uint64_t)];
static uint64_t machine[0x2000];

void *arena_alloc(size_t size, size_t align)
{
    CHECK(size <= sizeof(arena) && align <= sizeof(uint64_t));
    memset(arena, 0, sizeof(arena));
    return arena;
}

void give_up(const char *text, ...)
{
    (void)text;
    longjmp(stopped, 1);
}

uintptr_t cpus_end(void)
{
    return CPUS_END;
}

uint64_t cpu_self(void)
{
    return BOOT_PIR;
}

static void read_machine(void)
{
    FILE *file = fopen(MACHINE_TREE, "rb");

    CHECK(file != NULL && fread(machine, 1, sizeof(machine), file) > 0);
    fclose(file);
}

static uint64_t u64_of(const void *tree, const char *path, const char *name)
{
    int size;
    const fdt64_t *value = fdt_getprop(tree, fdt_path_offset(tree, path), name, &size);

    check_context = name;
    CHECK(value != NULL && size == sizeof(*value));
    return fdt64_ld(value);
}

static void test_completion(void)
{
    void *tree = tree_open(machine);
    uint64_t base, size;
    int node;

    CHECK(tree_memory_end(tree) == 0x40000000);
    tree_complete(tree);
    CHECK(fdt_check_full(tree, TREE_SIZE) == 0);
    CHECK(fdt_boot_cpuid_phys(tree) == BOOT_PIR);
    CHECK(u64_of(tree, "/ibm,opal", "opal-base-address") == FIRMWARE_BASE);
    CHECK(u64_of(tree, "/ibm,opal", "opal-entry-address") == FIRMWARE_BASE + ENTRY_OFFSET);
    CHECK(u64_of(tree, "/ibm,opal", "opal-runtime-size") == CPUS_END - FIRMWARE_BASE);
    CHECK(fdt_num_mem_rsv(tree) == 1 && fdt_get_mem_rsv(tree, 0, &base, &size) == 0);
    CHECK(base == FIRMWARE_BASE && base + size == CPUS_END);
    node = fdt_path_offset(tree, "/reserved-memory/ibm,firmware@30000000");
    CHECK(node >= 0 && tree_get_cell(tree, node, "reg", 1, 0) == FIRMWARE_BASE);
    CHECK(strcmp(fdt_getprop(tree, 0, "reserved-names", NULL), "ibm,firmware@30000000") == 0);
    CHECK(tree_get_cell(tree, 0, "reserved-ranges", 3, 0) == CPUS_END - FIRMWARE_BASE);
    node = fdt_path_offset(tree, fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "linux,stdout-path", NULL));
    CHECK(node >= 0 && fdt_node_check_compatible(tree, node, "ibm,opal-console-raw") == 0);
    CHECK(tree_get_u32(tree, node, "#write-buffer-size", 0) == CONSOLE_RING_SIZE);
    CHECK(fdt_node_check_compatible(tree, fdt_path_offset(tree, "/ibm,opal"), "ibm,opal-v3") == 0);
    /* What the machine said is still there. */
    node = fdt_node_offset_by_compatible(tree, -1, "ns16550");
    CHECK(node >= 0 && tree_get_cell(tree, node, "reg", 1, 0) == 0x3f8);
}

static void test_helpers(void)
{
    static const uint32_t cells[] = {1, 0xffffffff, 3};
    static const uint32_t apart[] = {1, 0, 0, 0x1000};
    void *tree = tree_open(machine);
    int node = tree_add_node(tree, 0, "new"), same = tree_add_node(tree, 0, "new");
    uint32_t phandle;

    CHECK(node == same);
    tree_set_cells(tree, node, "cells", cells, 3);
    CHECK(tree_get_cell(tree, node, "cells", 1, 7) == 0xffffffff);
    CHECK(tree_get_cell(tree, node, "cells", 3, 7) == 7);
    CHECK(tree_get_u32(tree, node, "none", 9) == 9);
    tree_set_u32(tree, node, "cells", 4);
    CHECK(tree_get_u32(tree, node, "cells", 0) == 4 && tree_get_cell(tree, node, "cells", 1, 7) == 7);
    tree_set_string(tree, node, "text", "abc");
    CHECK(strcmp(fdt_getprop(tree, node, "text", NULL), "abc") == 0);
    phandle = tree_phandle(tree, node);
    CHECK(phandle != 0 && tree_phandle(tree, node) == phandle);
    CHECK(fdt_node_offset_by_phandle(tree, phandle) == node);

    node = tree_add_node(tree, 0, "memory@40000000");
    tree_set_string(tree, node, "device_type", "memory");
    tree_set_cells(tree, node, "reg", apart, 4);
    CHECK(tree_memory_end(tree) == 0x40000000);
}

static void test_nodes_of_memory_in_any_order(void)
{
    static const uint32_t upper[] = {0, 0x40000000, 0, 0x20000000};
    void *tree = tree_open(machine);
    int node = tree_add_node(tree, 0, "memory@40000000");

    tree_set_string(tree, node, "device_type", "memory");
    tree_set_cells(tree, node, "reg", upper, 4);
    CHECK(tree_memory_end(tree) == 0x60000000);
}

static void test_names(void)
{
    char list[8];
    size_t used = tree_add_name(list, sizeof(list), 0, "abc");

    CHECK(used == 4 && tree_add_name(list, sizeof(list), used, "def") == 8);
    CHECK(memcmp(list, "abc\0def", 8) == 0);
    if (setjmp(stopped) == 0) {
        tree_add_name(list, sizeof(list), 8, "");
        CHECK(!"a full list was added to");
    }
}

static void test_bad_trees(void)
{
    static uint64_t garbage[8];

    if (setjmp(stopped) == 0) {
        tree_open(garbage);
        CHECK(!"garbage was taken for a tree");
    }
    if (setjmp(stopped) == 0) {
        void *tree = tree_open(machine);

        for (;;)
            tree_set_bytes(tree, tree_add_node(tree, 0, "full"), "more", arena, sizeof(arena));
    }
}

int main(void)
{
    read_machine();
    test_completion();
    test_helpers();
    test_nodes_of_memory_in_any_order();
    test_names();
    test_bad_trees();
    return 0;
}
