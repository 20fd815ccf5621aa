/* SPDX-License-Identifier: BSD-2-Clause */
/* Open Firmware's tree as a flat one: node by node the same, however large, odd or broken it is.
 *
 * Include: firmware/stub abi tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt firmware/stub/place.c firmware/stub/range.c firmware/stub/refusal.c
 * Link: firmware/stub/tree.c
 */
#include "client_boot.h"

/* The buffer that is tried first. */
#define TREE_SIZE (UINT32_C(256) << 10)

static unsigned int count_properties(const void *tree, int node)
{
    unsigned int count = 0;
    int property;

    fdt_for_each_property_offset(property, tree, node)
        count++;
    return count;
}

/* Every property of the firmware's node is in ours with the same bytes, in the same order; ours has nothing but a phandle
 * more. */
static void check_node(const void *tree, int node, int original)
{
    bool had_phandle = fdt_getprop(firmware.tree, original, "phandle", NULL) != NULL;
    int mine = fdt_first_property_offset(tree, node);
    int property;

    CHECK(strcmp(fdt_get_name(tree, node, NULL), fdt_get_name(firmware.tree, original, NULL)) == 0);
    fdt_for_each_property_offset(property, firmware.tree, original) {
        const char *name, *my_name;
        int length, my_length;
        const void *value = fdt_getprop_by_offset(firmware.tree, property, &name, &length);
        const void *my_value = fdt_getprop_by_offset(tree, mine, &my_name, &my_length);

        check_context = name;
        if (strcmp(name, "name") == 0)
            continue;
        CHECK(strcmp(my_name, name) == 0 && my_length == length && memcmp(my_value, value, (size_t)length) == 0);
        mine = fdt_next_property_offset(tree, mine);
    }
    check_context = "";
    if (!had_phandle) {
        CHECK(fdt_get_phandle(tree, node) == firmware_handle(original));
        mine = fdt_next_property_offset(tree, mine);
    }
    CHECK(mine < 0);
}

static void test_whole_tree(void)
{
    const void *tree;
    int original = 0, node = 0, depth = 0, my_depth = 0;
    unsigned int nodes = 0;

    start(FIRMWARE_MSR);
    CHECK(make_tree((struct range){0, 0}, &tree));
    CHECK(fdt_check_full(tree, fdt_totalsize(tree)) == 0 && fdt_num_mem_rsv(tree) == 0);
    CHECK(fdt_boot_cpuid_phys(tree) == 2);
    for (; original >= 0 && depth >= 0; nodes++) {
        CHECK(depth == my_depth);
        check_node(tree, node, original);
        original = fdt_next_node(firmware.tree, original, &depth);
        node = fdt_next_node(tree, node, &my_depth);
    }
    CHECK(my_depth < 0 && nodes > 15);
}

static void test_names_stay_out(void)
{
    const void *tree;

    start(FIRMWARE_MSR);
    CHECK(fdt_setprop_string(firmware.tree, fdt_path_offset(firmware.tree, "/chosen"), "name", "chosen") == 0);
    CHECK(make_tree((struct range){0, 0}, &tree));
    CHECK(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "name", NULL) == NULL);
}

static void test_initrd(void)
{
    const void *tree;
    struct range found;

    start(FIRMWARE_MSR);
    CHECK(make_tree((struct range){0x41000000, 0x41000123}, &tree));
    CHECK(tree_find_ramdisk(tree, &found) && found.base == 0x41000000 && found.end == 0x41000123);
}

static void test_zeros_in_paths(void)
{
    const void *tree;

    start(FIRMWARE_MSR);
    firmware.zeroed = "r"; /* /cpus/PowerPC,POWER8@2 is one of them */
    CHECK(make_tree((struct range){0, 0}, &tree));
    CHECK(fdt_path_offset(tree, "/cpus/PowePC,POWER8@2") > 0 && fdt_path_offset(tree, "/tas") > 0);
}

static void test_property_that_vanished(void)
{
    const void *tree;

    start(FIRMWARE_MSR);
    firmware.vanished = "rtas-size";
    CHECK(make_tree((struct range){0, 0}, &tree));
    CHECK(fdt_getprop(tree, fdt_path_offset(tree, "/rtas"), "rtas-size", NULL) == NULL);
}

static void test_large_tree(void)
{
    static uint8_t large[0x8000];
    const void *tree;

    start(FIRMWARE_MSR);
    memset(large, 0xa5, sizeof(large));
    for (int i = 0; i < 10; i++) {
        char name[32];

        snprintf(name, sizeof(name), "large-%d", i);
        firmware.tree = realloc(firmware.tree, FIRMWARE_TREE_ROOM + 0x60000);
        CHECK(fdt_open_into(firmware.tree, firmware.tree, FIRMWARE_TREE_ROOM + 0x60000) == 0);
        CHECK(fdt_setprop(firmware.tree, fdt_path_offset(firmware.tree, "/rtas"), name, large, sizeof(large)) == 0);
    }
    CHECK(make_tree((struct range){0, 0}, &tree));
    CHECK(fdt_totalsize(tree) > TREE_SIZE && firmware.claim_count == 2);
    CHECK(count_properties(tree, fdt_path_offset(tree, "/rtas")) ==
          count_properties(firmware.tree, fdt_path_offset(firmware.tree, "/rtas")) + 1);
}

static void test_bad_trees(void)
{
    static const char *const needed[] = {"package-to-path", "getprop"};
    const void *tree;

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        start(FIRMWARE_MSR);
        CHECK(prom_find_memory(&places, &refusal));
        firmware.missing = needed[i];
        expect_refusal(prom_make_tree(&places, (uintptr_t)firmware.memory, (struct range){0, 0}, &tree, &refusal),
                       STUB_REASON_OPEN_FIRMWARE, "Open Firmware's device tree at ");
    }
    start(FIRMWARE_MSR);
    firmware.odd_path = "memory@0";
    firmware.odd_length = 8;
    expect_refusal(make_tree((struct range){0, 0}, &tree), STUB_REASON_OPEN_FIRMWARE, "at memory@0: bad path");
    firmware.odd_path = "/memory@0";
    firmware.odd_length = PATH_SIZE - 1;
    expect_refusal(make_tree((struct range){0, 0}, &tree), STUB_REASON_OPEN_FIRMWARE, "at /memory@0: bad path");
    start(FIRMWARE_MSR);
    firmware.no_end = true;
    CHECK(make_tree((struct range){0, 0}, &tree));
    start(FIRMWARE_MSR);
    firmware.largest_length = 1;
    expect_refusal(make_tree((struct range){0, 0}, &tree), STUB_REASON_OPEN_FIRMWARE, "bad value");
    start(FIRMWARE_MSR);
    firmware.largest_length = TREE_MAX_SIZE;
    expect_refusal(make_tree((struct range){0, 0}, &tree), STUB_REASON_OPEN_FIRMWARE, "at /: bad value");
}

int main(void)
{
    test_whole_tree();
    test_names_stay_out();
    test_initrd();
    test_zeros_in_paths();
    test_property_that_vanished();
    test_bad_trees();
    test_large_tree();
    free(firmware.tree);
    return 0;
}
