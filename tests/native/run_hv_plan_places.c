/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans that put two things of a domain in one place, or its tree where it cannot be corrected.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Include: build/third_party/libfdt
 * Link: hypervisor/core/fdt_reader.c lib/format.c build/third_party/libfdt
 */
#include "../../hypervisor/core/plan.c"

#include "hv_plan_tree.h"

/* Every two of a kernel of two segments, ramdisk, tree and RTAS, by one byte and as a whole; side by side is good. */
static void test_overlaps(void)
{
    static const struct {
        const char *module;
        uint64_t segments[8];
    } bad[] = {
        { KERNEL, { 0, 0, 0, 0x3000, 0, 0x2fff, 0, 1 } },
        { KERNEL, { 0, 80 * MIB - 1, 0, 2, 0, 0, 0, 0 } },
        { KERNEL, { 0, 0, 0, 0x3000, 0, 80 * MIB + 0x2fff, 1, 1 } },
        { KERNEL, { 0, 32 * MIB, 0, 0x3000, 0, 0, 0, 0 } },
        { RAMDISK, { 0, 0x2fff, 0, 1, 0, 0, 0, 0 } },
        { RAMDISK, { 0, 32 * MIB - 1, 0, 2, 0, 0, 0, 0 } },
        { RAMDISK, { 0, RTAS_AT + RTAS_SIZE - 1, 0, 1, 0, 0, 0, 0 } },
        { TREE, { 0, RTAS_AT - 1, 2, 2, 0, 0, 0, 0 } },
        { KERNEL, { 0, 0, 0, MEMORY, 0, 0, 0, 0 } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        start_pair();
        set_numbers(bad[i].module, PROP_SEGMENTS, bad[i].segments, ARRAY_SIZE(bad[i].segments));
        expect_refusal("overlap");
    }
    start_pair();
    SET_NUMBERS(KERNEL, PROP_SEGMENTS, 0, 0, 0, 32 * MIB, 0, 32 * MIB + 0x3000, 0, RTAS_AT - 32 * MIB - 0x3000);
    SET_NUMBERS(RAMDISK, PROP_SEGMENTS, 0, RTAS_AT + RTAS_SIZE, 0, MEMORY - RTAS_AT - RTAS_SIZE);
    expect_good();
}

/* The tree is corrected in place, and read before the kernel leaves real mode. */
static void test_tree_in_one_piece(void)
{
    static const uint64_t bad[] = { 32 * MIB - 1, 80 * MIB - 0x3000, RMA, RMA - 1 };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        start_pair();
        SET_NUMBERS(TREE, PROP_SEGMENTS, 0, bad[i], 2, 2);
        SET_NUMBERS(RAMDISK, PROP_SEGMENTS, 0, 100 * MIB, 2, 2);
        expect_refusal("the device tree's " PROP_SEGMENTS);
    }
    start_pair();
    SET_NUMBERS(TREE, PROP_SEGMENTS, 0, RMA - 2, 2, 2);
    expect_good();
}

int main(void)
{
    test_overlaps();
    test_tree_in_one_piece();
    return 0;
}
