/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stub reads from the firmware's device tree, on the tree skiboot makes and on broken variants of it.
 *
 * Include: firmware/stub abi tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt
 */
#include "../../firmware/stub/range.c"
#include "../../firmware/stub/refusal.c"
#include "../../firmware/stub/tree.c"

#include "check.h"
#include "refusal_check.h"
#include "tree_maker.h"

static struct range_set set;
static struct refusal refusal;

static void reset(void)
{
    memset(&set, 0, sizeof(set));
    memset(&refusal, 0, sizeof(refusal));
}

static bool find_memory(const void *tree)
{
    reset();
    return tree_find_memory(tree, &set, &refusal);
}

static bool find_reserved(const void *tree)
{
    reset();
    return tree_find_reserved(tree, &set, &refusal);
}

static bool touches(uint64_t address)
{
    return range_set_touches(&set, (struct range){address, address + 1});
}

static void expect_bad(bool result, const char *part)
{
    check_context = part;
    CHECK(!result);
    check_refusal(&refusal, STUB_REASON_BAD_DEVICE_TREE, part);
}

static void test_skiboot(void)
{
    void *tree = tree_load();

    CHECK(tree_check(tree, &refusal));
    CHECK(tree_has_opal(tree));
    CHECK(find_memory(tree) && set.count == 1);
    CHECK(set.ranges[0].base == 0 && set.ranges[0].end == 0x80000000);
    CHECK(find_reserved(tree) && set.count == 3);
    CHECK(set.ranges[0].base == 0x30000000 && set.ranges[0].end == 0x31ef0000);
    CHECK(!touches(0x2fffffff) && touches(0x7ffd800000) && touches(0x7fffffffff));
    free(tree);
}

static void test_each_source_of_reservations(void)
{
    void *tree = tree_load();
    fdt64_t buffer[2] = {cpu_to_fdt64(0x7000), cpu_to_fdt64(0x1000)};
    int chosen = tree_node(tree, "/chosen");
    int node;

    CHECK(fdt_add_mem_rsv(tree, 0x1000, 0x1000) == 0);
    CHECK(fdt_setprop_u32(tree, chosen, "linux,initrd-start", 0x28000000) == 0);
    CHECK(fdt_setprop_u64(tree, chosen, "linux,initrd-end", 0x28000010) == 0);
    CHECK(fdt_setprop_u64(tree, tree_node(tree, "/ibm,opal"), "opal-runtime-size", 0x2000000) == 0);
    CHECK(fdt_appendprop_u64(tree, 0, "reserved-ranges", 0x5000) == 0);
    CHECK(fdt_appendprop_u64(tree, 0, "reserved-ranges", 0x1000) == 0);
    CHECK(fdt_setprop_u64(tree, tree_add(tree, tree_node(tree, "/reserved-memory"), "pool"), "size", 0x1000) == 0);
    node = tree_add(tree, tree_node(tree, "/reserved-memory"), "buffer@7000");
    CHECK(fdt_setprop(tree, node, "reg", buffer, sizeof(buffer)) == 0);
    CHECK(find_reserved(tree));
    CHECK(!touches(0xfff) && touches(0x1000) && touches(0x1fff) && !touches(0x2000));
    CHECK(!touches(0x27ffffff) && touches(0x28000000) && touches(0x2800000f) && !touches(0x28000010));
    CHECK(touches(0x31ffffff) && !touches(0x32000000));
    CHECK(touches(0x5000) && !touches(0x6000));
    CHECK(!touches(0x6fff) && touches(0x7000) && touches(0x7fff) && !touches(0x8000));
    CHECK(fdt_del_node(tree, tree_node(tree, "/reserved-memory")) == 0);
    CHECK(fdt_delprop(tree, 0, "reserved-ranges") == 0);
    CHECK(find_reserved(tree) && touches(0x30000000) && !touches(0x5000));
    CHECK(fdt_del_node(tree, tree_node(tree, "/chosen")) == 0);
    CHECK(fdt_del_node(tree, tree_node(tree, "/ibm,opal")) == 0);
    CHECK(!tree_has_opal(tree));
    CHECK(find_reserved(tree) && !touches(0x28000000));
    free(tree);
}

static void test_no_tree(void)
{
    static const uint64_t words[8];

    CHECK(!tree_check(NULL, &refusal) && refusal.reason == STUB_REASON_NO_DEVICE_TREE);
    CHECK(!tree_check(words, &refusal) && refusal.reason == STUB_REASON_NO_DEVICE_TREE);
}

static void test_bad_trees(void)
{
    void *tree = tree_load();

    fdt_set_totalsize(tree, TREE_MAX_SIZE + 1);
    expect_bad(tree_check(tree, &refusal), "too large");
    fdt_set_totalsize(tree, 16);
    expect_bad(tree_check(tree, &refusal), "truncated");
    fdt_set_totalsize(tree, TREE_ROOM);
    fdt_set_version(tree, 99);
    fdt_set_last_comp_version(tree, 99);
    expect_bad(tree_check(tree, &refusal), "bad version");
    free(tree);

    tree = tree_load();
    memset((char *)tree + fdt_off_dt_struct(tree) + 8, 0x55, 4);
    expect_bad(tree_check(tree, &refusal), "bad structure");
    free(tree);
}

static void test_bad_memory_nodes(void)
{
    void *tree = tree_load();
    int memory = tree_node(tree, "/memory@0");
    fdt64_t wrapping[2] = {cpu_to_fdt64(0x1000), cpu_to_fdt64(UINT64_MAX)};

    CHECK(fdt_setprop(tree, memory, "reg", wrapping, 12) == 0);
    expect_bad(find_memory(tree), "wrong length of reg");
    CHECK(fdt_setprop(tree, memory, "reg", wrapping, sizeof(wrapping)) == 0);
    expect_bad(find_memory(tree), "wraps around");
    CHECK(fdt_setprop(tree, memory, "device_type", "memory", 6) == 0);
    expect_bad(find_memory(tree), "no memory node");
    CHECK(fdt_setprop_u32(tree, 0, "#address-cells", 3) == 0);
    CHECK(fdt_setprop_string(tree, memory, "device_type", "memory") == 0);
    expect_bad(find_memory(tree), "cell counts");
    CHECK(fdt_setprop_u32(tree, 0, "#address-cells", 99) == 0);
    expect_bad(find_memory(tree), "cell counts");
    CHECK(fdt_setprop_u32(tree, 0, "#address-cells", 1) == 0);
    CHECK(fdt_setprop_u32(tree, 0, "#size-cells", 1) == 0);
    CHECK(fdt_setprop_u64(tree, memory, "reg", 0x1000000002000) == 0);
    CHECK(find_memory(tree) && set.count == 1 && set.ranges[0].base == 0x10000 && set.ranges[0].end == 0x12000);
    free(tree);
}

static void test_bad_reservations(void)
{
    void *tree = tree_load();
    int chosen = tree_node(tree, "/chosen");

    CHECK(fdt_setprop_u64(tree, chosen, "linux,initrd-start", 2) == 0);
    CHECK(fdt_setprop_u64(tree, chosen, "linux,initrd-end", 1) == 0);
    expect_bad(find_reserved(tree), "initrd ends before");
    CHECK(fdt_setprop(tree, chosen, "linux,initrd-end", "x", 1) == 0);
    CHECK(find_reserved(tree));
    CHECK(fdt_appendprop_u32(tree, 0, "reserved-ranges", 1) == 0);
    expect_bad(find_reserved(tree), "wrong length of reserved-ranges");
    free(tree);

    tree = tree_load();
    for (uint64_t i = 0; i < RANGE_SET_CAPACITY; i++)
        CHECK(fdt_add_mem_rsv(tree, 0x10000 * i, 0x1000) == 0);
    expect_bad(find_reserved(tree), "too many memory ranges");
    CHECK(fdt_add_mem_rsv(tree, UINT64_MAX, 2) == 0);
    free(tree);
}

static void test_errors_have_names(void)
{
    CHECK(strcmp(tree_error(0), "no error") == 0);
    CHECK(strcmp(tree_error(-FDT_ERR_NOTFOUND), "not found") == 0);
    CHECK(strcmp(tree_error(-FDT_ERR_BADOVERLAY), "bad overlay") == 0);
    CHECK(strcmp(tree_error(-FDT_ERR_ALIGNMENT), "bad alignment") == 0);
    CHECK(FDT_ERR_MAX == FDT_ERR_ALIGNMENT);
    CHECK(strcmp(tree_error(-FDT_ERR_MAX - 1), "unknown error") == 0);
    CHECK(strcmp(tree_error(INT32_MIN), "unknown error") == 0);
}

/* Wild bytes anywhere: a tree that passes the check is read without an access outside of it. */
static void test_random(void)
{
    void *loaded = tree_load();
    void *good = tree_shrink(loaded);
    size_t size = fdt_totalsize(good);
    uint8_t *tree = malloc(size);
    unsigned int sound = 0;

    srand(1);
    for (int i = 0; i < 5000; i++) {
        memcpy(tree, good, size);
        for (int j = rand() % 4; j >= 0; j--)
            tree[(size_t)rand() % (i % 2 ? size : 0x100)] = (uint8_t)rand();
        if (fdt_totalsize(tree) > size || !tree_check(tree, &refusal))
            continue;
        sound++;
        find_memory(tree);
        find_reserved(tree);
        tree_has_opal(tree);
    }
    CHECK(sound > 300);
    free(tree);
    free(good);
    free(loaded);
}

int main(void)
{
    test_skiboot();
    test_each_source_of_reservations();
    test_no_tree();
    test_bad_trees();
    test_bad_memory_nodes();
    test_bad_reservations();
    test_errors_have_names();
    test_random();
    return 0;
}
