/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's boot arguments and initrd on their way to the hypervisor and its domains.
 *
 * Include: firmware/stub abi tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt firmware/stub/range.c firmware/stub/refusal.c firmware/stub/tree.c
 */
#include "../../firmware/stub/handover.c"

#include "refusal_check.h"
#include "tree_maker.h"

static struct refusal refusal;

/* skiboot's tree with two domains: a plain one first, then dom0. */
static void *make_tree(const char *bootargs)
{
    void *tree = tree_load();
    int chosen = tree_node(tree, "/chosen");
    int domain, module;

    if (bootargs != NULL)
        CHECK(fdt_setprop_string(tree, chosen, "bootargs", bootargs) == 0);
    CHECK(fdt_setprop_string(tree, chosen, "xen,xen-bootargs", "loud") == 0);
    domain = tree_add(tree, chosen, "dom0");
    CHECK(fdt_setprop_string(tree, domain, "compatible", "xen,domain") == 0);
    CHECK(fdt_setprop_u32(tree, domain, "capabilities", CAPABILITY_CONTROL | CAPABILITY_HARDWARE) == 0);
    module = overlay_add_module(tree, domain, "module@6000", 0x6000, 0x100);
    CHECK(fdt_setprop_string(tree, module, "bootargs", "console=hvc0") == 0);
    /* libfdt adds in front */
    domain = tree_add(tree, chosen, "guest");
    CHECK(fdt_setprop_string(tree, domain, "compatible", "xen,domain") == 0);
    CHECK(fdt_setprop_u32(tree, domain, "capabilities", CAPABILITY_HARDWARE) == 0);
    overlay_add_module(tree, domain, "module@7000", 0x7000, 0x100);
    return tree;
}

static void expect_refusal(bool result, uint32_t reason, const char *part)
{
    check_context = part;
    CHECK(!result);
    check_refusal(&refusal, reason, part);
}

static void check_lines(const char *bootargs, const char *hypervisor, const char *dom0)
{
    void *tree = make_tree(bootargs);

    check_context = bootargs != NULL ? bootargs : "none";
    CHECK(handover_arguments(tree, &refusal));
    CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen"), "xen,xen-bootargs", NULL), hypervisor) == 0);
    CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen/dom0/module@6000"), "bootargs", NULL), dom0) == 0);
    CHECK(fdt_getprop(tree, tree_node(tree, "/chosen/guest/module@7000"), "bootargs", NULL) == NULL);
    if (bootargs != NULL)
        CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen"), "bootargs", NULL), bootargs) == 0);
    free(tree);
    check_context = "";
}

static void test_arguments(void)
{
    check_lines(NULL, "loud", "console=hvc0");
    check_lines("", "loud", "console=hvc0");
    check_lines("   ", "loud", "console=hvc0");
    check_lines("a=1 b ", "loud a=1 b", "console=hvc0");
    check_lines("a -- b", "loud a", "console=hvc0 b");
    check_lines(" a  b --  c  d  ", "loud a  b", "console=hvc0 c  d");
    check_lines("-- c", "loud", "console=hvc0 c");
    check_lines("a --", "loud a", "console=hvc0");
    check_lines("--", "loud", "console=hvc0");
    check_lines("a -- b -- c", "loud a", "console=hvc0 b -- c");
    check_lines("--a b-- c--d - ---", "loud --a b-- c--d - ---", "console=hvc0");
}

static void test_lines_that_are_not_there(void)
{
    void *tree = make_tree("a -- b");
    int kernel;

    CHECK(fdt_delprop(tree, tree_node(tree, "/chosen"), "xen,xen-bootargs") == 0);
    CHECK(fdt_delprop(tree, tree_node(tree, "/chosen/dom0/module@6000"), "bootargs") == 0);
    CHECK(handover_arguments(tree, &refusal));
    CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen"), "xen,xen-bootargs", NULL), "a") == 0);
    CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen/dom0/module@6000"), "bootargs", NULL), "b") == 0);
    free(tree);

    /* Nobody to give them to: no control domain, no kernel, no domain. */
    tree = make_tree("a -- b");
    CHECK(fdt_setprop_u64(tree, tree_node(tree, "/chosen/dom0"), "capabilities", UINT64_C(7) << 32) == 0);
    CHECK(handover_arguments(tree, &refusal));
    kernel = tree_node(tree, "/chosen/dom0/module@6000");
    CHECK(strcmp(fdt_getprop(tree, kernel, "bootargs", NULL), "console=hvc0") == 0);
    CHECK(fdt_del_node(tree, tree_node(tree, "/chosen/dom0/module@6000")) == 0);
    CHECK(handover_arguments(tree, &refusal));
    CHECK(fdt_del_node(tree, tree_node(tree, "/chosen/dom0")) == 0);
    CHECK(handover_arguments(tree, &refusal));
    free(tree);
}

static void test_long_arguments(void)
{
    static char text[LINE_SIZE + 2];
    void *tree = make_tree(NULL);
    int chosen = tree_node(tree, "/chosen");

    memset(text, 'x', sizeof(text) - 1);
    text[LINE_SIZE - 6] = '\0';
    CHECK(fdt_setprop_string(tree, chosen, "bootargs", text) == 0);
    CHECK(handover_arguments(tree, &refusal));
    CHECK(strlen(fdt_getprop(tree, chosen, "xen,xen-bootargs", NULL)) == LINE_SIZE - 1);
    expect_refusal(handover_arguments(tree, &refusal), STUB_REASON_BAD_DEVICE_TREE, "too long for xen,xen-bootargs");
    CHECK(fdt_setprop_string(tree, chosen, "xen,xen-bootargs", "loud!") == 0);
    expect_refusal(handover_arguments(tree, &refusal), STUB_REASON_BAD_DEVICE_TREE, "too long for xen,xen-bootargs");
    text[LINE_SIZE - 6] = 'x';
    CHECK(fdt_setprop_string(tree, chosen, "bootargs", text) == 0);
    expect_refusal(handover_arguments(tree, &refusal), STUB_REASON_BAD_DEVICE_TREE, "too long for the stub");
    free(tree);

    /* A property without an end, and a tree without room. */
    tree = make_tree("abc");
    CHECK(fdt_setprop(tree, tree_node(tree, "/chosen"), "bootargs", "abc", 3) == 0);
    CHECK(handover_arguments(tree, &refusal));
    CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen"), "xen,xen-bootargs", NULL), "loud abc") == 0);
    CHECK(fdt_setprop(tree, tree_node(tree, "/chosen"), "xen,xen-bootargs", "1234", 4) == 0);
    CHECK(handover_arguments(tree, &refusal));
    CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen"), "xen,xen-bootargs", NULL), "1234 abc") == 0);
    CHECK(fdt_pack(tree) == 0);
    expect_refusal(handover_arguments(tree, &refusal), STUB_REASON_BAD_DEVICE_TREE, "no room in the device tree");
    free(tree);
}

static void set_initrd(void *tree, uint64_t start, uint64_t end)
{
    CHECK(fdt_setprop_u64(tree, tree_node(tree, "/chosen"), "linux,initrd-start", start) == 0);
    CHECK(fdt_setprop_u64(tree, tree_node(tree, "/chosen"), "linux,initrd-end", end) == 0);
}

static void ask_for_ramdisk(void *tree, const char *path, uint64_t address, uint64_t size)
{
    fdt64_t place[2] = {cpu_to_fdt64(address), cpu_to_fdt64(size)};

    CHECK(fdt_setprop(tree, tree_node(tree, path), PROP_FIRMWARE_RAMDISK, place, sizeof(place)) == 0);
}

static void check_numbers(const void *tree, const char *path, const char *name, const uint64_t *values, int count)
{
    int length;
    const fdt64_t *numbers = fdt_getprop(tree, tree_node(tree, path), name, &length);

    CHECK(numbers != NULL && length == count * 8);
    for (int i = 0; i < count; i++)
        CHECK(fdt64_ld(&numbers[i]) == values[i]);
}

static void test_ramdisk(void)
{
    static const uint64_t reg[] = {0x28000000, 0x500};
    static const uint64_t segments[] = {0, 0x3000000, 0x500, 0x500};
    static const char old[] = RAMDISK_COMPATIBLE "\0multiboot,module";
    void *tree = make_tree(NULL);
    int node;

    ask_for_ramdisk(tree, "/chosen/dom0", 0x3000000, 0x500);
    CHECK(handover_ramdisk(tree, &refusal));
    CHECK(fdt_path_offset(tree, "/chosen/dom0/module@28000000") < 0);

    node = overlay_add_module(tree, tree_node(tree, "/chosen/dom0"), "module@8000", 0x8000, 0x10);
    CHECK(fdt_setprop(tree, node, "compatible", old, sizeof(old)) == 0);
    set_initrd(tree, 0x28000000, 0x28000500);
    CHECK(handover_ramdisk(tree, &refusal));
    CHECK(fdt_path_offset(tree, "/chosen/dom0/module@8000") < 0);
    tree_node(tree, "/chosen/dom0/module@6000");
    node = tree_node(tree, "/chosen/dom0/module@28000000");
    CHECK(fdt_node_check_compatible(tree, node, "multiboot,module") == 0);
    CHECK(fdt_node_check_compatible(tree, node, "multiboot,ramdisk") == 0);
    check_numbers(tree, "/chosen/dom0/module@28000000", "reg", reg, 2);
    check_numbers(tree, "/chosen/dom0/module@28000000", PROP_SEGMENTS, segments, 4);
    CHECK(fdt_path_offset(tree, "/chosen/guest/module@28000000") < 0);
    CHECK(fdt_check_full(tree, TREE_ROOM) == 0);
    free(tree);
}

static void test_ramdisk_refusals(void)
{
    void *tree = make_tree(NULL);

    set_initrd(tree, 0x28000000, 0x28000501);
    ask_for_ramdisk(tree, "/chosen/dom0", 0x3000000, 0x500);
    expect_refusal(handover_ramdisk(tree, &refusal), STUB_REASON_MEMORY, "0x501 bytes, exceeds dom0's 0x500");
    /* Only domains are asked. */
    CHECK(fdt_setprop_string(tree, tree_node(tree, "/chosen/dom0"), "compatible", "domain") == 0);
    CHECK(handover_ramdisk(tree, &refusal));
    CHECK(fdt_setprop_string(tree, tree_node(tree, "/chosen/dom0"), "compatible", "xen,domain") == 0);
    CHECK(fdt_setprop_u64(tree, tree_node(tree, "/chosen/dom0"), PROP_FIRMWARE_RAMDISK, 1) == 0);
    expect_refusal(handover_ramdisk(tree, &refusal), STUB_REASON_OVERLAY, "is not two numbers");
    ask_for_ramdisk(tree, "/chosen/dom0", 0x3000000, 0x600);
    CHECK(fdt_pack(tree) == 0);
    expect_refusal(handover_ramdisk(tree, &refusal), STUB_REASON_OVERLAY, "no space");
    free(tree);
}

int main(void)
{
    test_arguments();
    test_lines_that_are_not_there();
    test_long_arguments();
    test_ramdisk();
    test_ramdisk_refusals();
    return 0;
}
