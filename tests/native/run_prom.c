/* SPDX-License-Identifier: BSD-2-Clause */
/* Booting from Open Firmware: memory, claims, RTAS, the console, the last calls, over a made-up client interface.
 *
 * Include: firmware/stub abi tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt firmware/stub/place.c firmware/stub/range.c firmware/stub/refusal.c
 * Link: firmware/stub/tree.c
 */
#include "client_boot.h"

#define TREE_SIZE (UINT32_C(256) << 10)

/* The root's `compatible` as G5s have it; or as SLOF says it of a blade, with its own type. */
static void become_power_macintosh(const char *family)
{
    char list[64];
    int length = snprintf(list, sizeof(list), "PowerMac7,3%c%s", 0, family) + 1;

    CHECK(fdt_setprop(firmware.tree, 0, "compatible", list, length) == 0);
}

static void become_blade(void)
{
    static const char list[] = "IBM,JS21\0Momentum,Maple";

    CHECK(fdt_setprop(firmware.tree, 0, "compatible", list, sizeof(list)) == 0);
    CHECK(fdt_setprop_string(firmware.tree, 0, "device_type", "chrp SLOF based 970 blade") == 0);
}

/* Registers hold an initrd, or what was left in them. */
static void test_registers(void)
{
    struct range image = {0x40000000, 0x40100000};
    struct range found;

    start(FIRMWARE_MSR);
    CHECK(prom_find_memory(&places, &refusal));
    found = prom_ramdisk(&places, 0x40100000, 0x1234, image);
    CHECK(found.base == 0x40100000 && found.end == 0x40101234);
    found = prom_ramdisk(&places, 0x40100000, FIRMWARE_MEMORY_SIZE - 0x100000, image);
    CHECK(found.end == 0x40000000 + FIRMWARE_MEMORY_SIZE);
    found = prom_ramdisk(&places, 0x40100000, FIRMWARE_MEMORY_SIZE - 0x100000 + 1, image);
    CHECK(found.base == found.end);
    found = prom_ramdisk(&places, 0x400fffff, 0x1234, image);
    CHECK(found.base == found.end);
    found = prom_ramdisk(&places, 0xffff0000, 0x20000, image);
    CHECK(found.base == found.end);
    CHECK(range_set_add(&places.memory, (struct range){0, UINT64_C(1) << 33}));
    found = prom_ramdisk(&places, 0xffff0000, 0x20000, image);
    CHECK(found.end == 0x100010000);
    found = prom_ramdisk(&places, 0x41000000, 0xdeadbeef, image);
    CHECK(found.base == found.end);
    found = prom_ramdisk(&places, 0, 0x20000, image);
    CHECK(found.base == found.end);
}

static void test_memory(void)
{
    start(FIRMWARE_MSR);
    CHECK(prom_find_memory(&places, &refusal) && places.memory.count == 1);
    CHECK(places.memory.ranges[0].base == (uintptr_t)firmware.memory && places.limit == ADDRESS_LIMIT);

    /* A range at 0 is all that a partition reaches. */
    start(FIRMWARE_MSR);
    int node = fdt_path_offset(firmware.tree, "/memory@0");
    fdt64_t reg[2] = {0, cpu_to_fdt64(0x50000000)};
    uint8_t *large;

    CHECK(fdt_setprop(firmware.tree, node, "reg", reg, sizeof(reg)) == 0);
    CHECK(prom_find_memory(&places, &refusal) && places.limit == 0x50000000);

    /* The firmware's addresses have 32 bits, whatever there is. */
    start(FIRMWARE_MSR);
    reg[1] = cpu_to_fdt64(UINT64_C(5) << 30);
    CHECK(fdt_setprop(firmware.tree, node, "reg", reg, sizeof(reg)) == 0);
    CHECK(prom_find_memory(&places, &refusal) && places.limit == ADDRESS_LIMIT);
    start(FIRMWARE_MSR);
    reg[1] = cpu_to_fdt64(0x50000000);
    CHECK(fdt_setprop(firmware.tree, node, "reg", reg, sizeof(reg)) == 0);
    CHECK(prom_find_memory(&places, &refusal));
    start(FIRMWARE_MSR);
    CHECK(fdt_setprop(firmware.tree, node, "reg", NULL, 0) == 0);
    expect_refusal(prom_find_memory(&places, &refusal), STUB_REASON_OPEN_FIRMWARE, "no memory node");
    CHECK(places.limit == ADDRESS_LIMIT);
    start(FIRMWARE_MSR);
    CHECK(fdt_setprop_placeholder(firmware.tree, node, "reg", REG_SIZE + 16, (void **)&large) == 0);
    memset(large, 0, REG_SIZE + 16);
    expect_refusal(prom_find_memory(&places, &refusal), STUB_REASON_OPEN_FIRMWARE, "too large");

    start(FIRMWARE_MSR);
    CHECK(fdt_setprop(firmware.tree, fdt_path_offset(firmware.tree, "/memory@0"), "reg", reg, 12) == 0);
    expect_refusal(prom_find_memory(&places, &refusal), STUB_REASON_BAD_DEVICE_TREE, "wrong length of reg");
    start(FIRMWARE_MSR);
    CHECK(fdt_delprop(firmware.tree, fdt_path_offset(firmware.tree, "/memory@0"), "reg") == 0);
    expect_refusal(prom_find_memory(&places, &refusal), STUB_REASON_OPEN_FIRMWARE, "reg is missing");
    start(FIRMWARE_MSR);
    CHECK(fdt_del_node(firmware.tree, fdt_path_offset(firmware.tree, "/memory@0")) == 0);
    expect_refusal(prom_find_memory(&places, &refusal), STUB_REASON_OPEN_FIRMWARE, "no memory node");
    start(FIRMWARE_MSR);
    firmware.missing = "child";
    expect_refusal(prom_find_memory(&places, &refusal), STUB_REASON_OPEN_FIRMWARE, "no memory node");
    start(FIRMWARE_MSR);
    firmware.missing = "peer";
    expect_refusal(prom_find_memory(&places, &refusal), STUB_REASON_OPEN_FIRMWARE, "no memory node");
}

/* Addresses and sizes of one cell; two memory nodes, of which only the first begins at 0. */
static void test_one_cell(void)
{
    fdt32_t reg[2] = {0, cpu_to_fdt32(0x10000000)};
    int node;

    start(FIRMWARE_MSR);
    CHECK(fdt_setprop_u32(firmware.tree, 0, "#address-cells", 1) == 0);
    CHECK(fdt_setprop_u32(firmware.tree, 0, "#size-cells", 1) == 0);
    CHECK(fdt_setprop(firmware.tree, fdt_path_offset(firmware.tree, "/memory@0"), "reg", reg, sizeof(reg)) == 0);
    node = fdt_add_subnode(firmware.tree, 0, "memory@20000000");
    reg[0] = cpu_to_fdt32(0x20000000);
    CHECK(fdt_setprop_string(firmware.tree, node, "device_type", "memory") == 0);
    CHECK(fdt_setprop(firmware.tree, node, "reg", reg, sizeof(reg)) == 0);
    prom_open(FIRMWARE_ENTRY, FIRMWARE_MSR | MSR_DR);
    CHECK(prom_find_memory(&places, &refusal) && places.memory.count == 2 && places.limit == 0x10000000);
    CHECK(places.memory.ranges[1].base == 0x20000000 && places.memory.ranges[1].end == 0x30000000);
    CHECK(prom_is_real((struct range){0x1000, 0x2000}));
    firmware.moved = 0x1000;
    CHECK(!prom_is_real((struct range){0x1000, 0x2000}));
}

static void test_calls(void)
{
    uint32_t number = 5;

    start(FIRMWARE_MSR);
    firmware.missing = "yield";
    CHECK(client_call("yield", 0, 1) == CLIENT_ERROR);
    CHECK(client_find_node("/nonsense") == 0);
    CHECK(!client_get_number(client_find_node("/memory@0"), "reg", &number) && number == 5);
    CHECK(!client_get_number(client_find_node("/memory@0"), "nonsense", &number) && number == 5);
    CHECK(client_call("quiesce", 0, 0) == 0);
}

/* What the firmware has claimed is never used, however it lies. */
static void test_claims(void)
{
    const void *tree;
    uint64_t base = 0;

    start(FIRMWARE_MSR);
    firmware_claim((uintptr_t)firmware.memory, 0x300000);
    CHECK(make_tree((struct range){0, 0}, &tree));
    CHECK((uintptr_t)tree == (uintptr_t)firmware.memory + 0x300000);
    CHECK(place_find(&places, "it", 0x1000, (uintptr_t)firmware.memory, &base, &refusal));
    CHECK(base > (uintptr_t)tree && firmware.claims[firmware.claim_count - 1].base == base);
    CHECK(range_set_contains(&places.used, (struct range){base, base + 0x1000}));
    places.limit = base + 0x2000;
    CHECK(place_find(&places, "it", 0x1000, (uintptr_t)firmware.memory, &base, &refusal));
    CHECK(base + 0x1000 == places.limit);
    expect_refusal(place_find(&places, "it", 0x1000, base, &base, &refusal), STUB_REASON_MEMORY, "no free memory for");

    start(FIRMWARE_MSR);
    firmware_claim((uintptr_t)firmware.memory, FIRMWARE_MEMORY_SIZE);
    expect_refusal(make_tree((struct range){0, 0}, &tree), STUB_REASON_MEMORY, "no free memory for Open Firmware's");
}

static void test_rtas(void)
{
    const void *flat;
    void *tree;
    int rtas;
    uint32_t size, base;

    start(FIRMWARE_MSR);
    CHECK(make_tree((struct range){0, 0}, &flat));
    tree = malloc(TREE_SIZE);
    CHECK(fdt_open_into(flat, tree, TREE_SIZE) == 0);
    CHECK(prom_make_rtas(&places, (uintptr_t)firmware.memory, tree, &refusal));
    rtas = fdt_path_offset(tree, "/rtas");
    base = fdt32_ld(fdt_getprop(tree, rtas, "linux,rtas-base", NULL));
    size = fdt32_ld(fdt_getprop(tree, rtas, "rtas-size", NULL));
    CHECK(base >= (uintptr_t)firmware.memory && size > 0);
    CHECK(fdt32_ld(fdt_getprop(tree, rtas, "linux,rtas-entry", NULL)) == base + 8);
    CHECK(firmware.claims[firmware.claim_count - 1].base == base);
    CHECK(firmware.claims[firmware.claim_count - 1].size == size);
    uint64_t reserved, reserved_size;
    CHECK(fdt_num_mem_rsv(tree) == 1 && fdt_get_mem_rsv(tree, 0, &reserved, &reserved_size) == 0);
    CHECK(reserved == base && reserved_size == size);

    firmware.no_rtas = true;
    expect_refusal(prom_make_rtas(&places, (uintptr_t)firmware.memory, tree, &refusal), STUB_REASON_OPEN_FIRMWARE,
                   "instantiate-rtas failed");
    CHECK(fdt_setprop_u32(firmware.tree, fdt_path_offset(firmware.tree, "/rtas"), "rtas-size", 0x7fff0000) == 0);
    expect_refusal(prom_make_rtas(&places, (uintptr_t)firmware.memory, tree, &refusal), STUB_REASON_MEMORY,
                   "no free memory for RTAS, 0x7fff0000 bytes");
    /* Nothing to do: size 0, no size, no such machine, no node. */
    CHECK(fdt_setprop_u32(firmware.tree, fdt_path_offset(firmware.tree, "/rtas"), "rtas-size", 0) == 0);
    CHECK(prom_make_rtas(&places, (uintptr_t)firmware.memory, tree, &refusal));
    CHECK(fdt_delprop(firmware.tree, fdt_path_offset(firmware.tree, "/rtas"), "rtas-size") == 0);
    CHECK(prom_make_rtas(&places, (uintptr_t)firmware.memory, tree, &refusal));
    CHECK(fdt_setprop_u32(firmware.tree, fdt_path_offset(firmware.tree, "/rtas"), "rtas-size", 0x1000) == 0);
    become_power_macintosh("MacRISC4");
    CHECK(prom_make_rtas(&places, (uintptr_t)firmware.memory, tree, &refusal));
    CHECK(fdt_num_mem_rsv(tree) == 1);
    become_blade();
    firmware.no_rtas = false;
    CHECK(prom_make_rtas(&places, (uintptr_t)firmware.memory, tree, &refusal));
    CHECK(fdt_num_mem_rsv(tree) == 2);
    free(tree);
}

static void test_console(void)
{
    start(FIRMWARE_MSR);
    prom_console_write("a line that takes more than one call\r\n");
    CHECK(strcmp(firmware.console, "a line that takes more than one call\r\n") == 0);
    firmware.quiet = true;
    prom_console_write("nobody listens");
    firmware.quiet = false;
    firmware.greedy = true;
    firmware.console[0] = '\0';
    prom_console_write("once");
    CHECK(strcmp(firmware.console, "once") == 0);

    start(FIRMWARE_MSR);
    CHECK(fdt_delprop(firmware.tree, fdt_path_offset(firmware.tree, "/chosen"), "stdout") == 0);
    prom_open(FIRMWARE_ENTRY, FIRMWARE_MSR);
    prom_console_write("nowhere");
    CHECK(firmware.console[0] == '\0');
}

static void test_translation(void)
{
    struct range range = {0x41000000, 0x41002000};

    start(FIRMWARE_MSR | MSR_DR);
    CHECK(prom_is_real(range) && prom_claim(range.base, 0x1000));
    firmware.moved = 0x1000;
    CHECK(!prom_is_real(range) && !prom_claim(range.base + 0x10000, 0x1000));
    CHECK(prom_is_real((struct range){0, 0}));
    firmware.moved_from = range.base;
    firmware.moved_to = (uint32_t)range.base + 1;
    CHECK(!prom_is_real(range));
    firmware.moved_from = (uint32_t)range.end - 1;
    firmware.moved_to = (uint32_t)range.end;
    CHECK(!prom_is_real(range));
    firmware.moved_from = (uint32_t)range.end;
    firmware.moved_to = UINT32_MAX;
    CHECK(prom_is_real(range));
    firmware.moved_from = 0;
    firmware.unmapped = true;
    CHECK(prom_is_real(range));
    firmware.unmapped = false;
    firmware.moved = 0;
    firmware.moved_upper = 1;
    CHECK(!prom_is_real(range));
    /* Without translation nobody is asked. */
    start(FIRMWARE_MSR);
    firmware.moved = 0x1000;
    CHECK(prom_is_real(range) && prom_claim(range.base, 0x1000));
}

static void test_end(void)
{
    uint8_t *list;

    start(FIRMWARE_MSR);
    prom_quiesce();
    CHECK(firmware.quiesced && firmware.stdin_closed && !firmware.left);
    /* client_enter() fails the test from now on. */
    prom_console_write("too late");
    prom_exit();
    prom_quiesce();
    CHECK(prom_claim(0x41000000, 0x1000) && prom_is_real((struct range){1, 2}));
    start(FIRMWARE_MSR);
    prom_exit();
    CHECK(firmware.left);

    /* Not on a Power Macintosh; and without /chosen nobody is asked for the properties of no node. */
    for (int i = 0; i < 2; i++) {
        start(FIRMWARE_MSR);
        become_power_macintosh(i == 0 ? "MacRISC4" : "Power Macintosh");
        prom_quiesce();
        CHECK(firmware.quiesced && !firmware.stdin_closed);
    }
    start(FIRMWARE_MSR);
    become_blade();
    prom_quiesce();
    CHECK(firmware.quiesced && firmware.stdin_closed);
    /* A list without an end, one that is too long, and none. */
    start(FIRMWARE_MSR);
    CHECK(fdt_setprop(firmware.tree, 0, "compatible", "Power Macintos", 14) == 0);
    prom_quiesce();
    CHECK(firmware.stdin_closed);
    start(FIRMWARE_MSR);
    CHECK(fdt_setprop_placeholder(firmware.tree, 0, "compatible", 2 * COMPATIBLE_SIZE, (void **)&list) == 0);
    memset(list, 'M', 2 * COMPATIBLE_SIZE);
    prom_quiesce();
    CHECK(firmware.stdin_closed);
    start(FIRMWARE_MSR);
    CHECK(fdt_delprop(firmware.tree, 0, "compatible") == 0);
    prom_quiesce();
    CHECK(firmware.stdin_closed);
    start(FIRMWARE_MSR);
    CHECK(fdt_del_node(firmware.tree, fdt_path_offset(firmware.tree, "/chosen")) == 0);
    prom_open(FIRMWARE_ENTRY, FIRMWARE_MSR);
    prom_quiesce();
    CHECK(firmware.quiesced && !firmware.stdin_closed);
}

int main(void)
{
    test_registers();
    test_calls();
    test_memory();
    test_one_cell();
    test_claims();
    test_rtas();
    test_console();
    test_translation();
    test_end();
    free(firmware.tree);
    return 0;
}
