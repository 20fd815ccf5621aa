/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine decides in a domain's tree: corrected in place where the planner left it, in any tree.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Include: build/third_party/libfdt
 * Link: hypervisor/core/fdt_reader.c build/third_party/libfdt
 */
#include "../../hypervisor/core/tree_fixup.c"

#include "check.h"
#include "hv_domain.h"
#include "hv_messages.h"
#include "hv_processor.h"
#include "hv_random.h"
#include "hv_tree.h"

#define PVR 0x004d0200u
#define TIMEBASE 512000000u
#define CLOCK 3000000000u
#define END (UINT64_C(2) << EXTENT_SHIFT)

/* Behind the first extent comes nobody's memory, and so it does behind the second. */
static const uint32_t extents[] = { 30, 20 };
static struct domain *guest;
static gpa_t loaded_at;
static size_t loaded_size;

static void add_cpu(const char *name, uint32_t version)
{
    int node = tree_add("/cpus", name);

    tree_text(node, "device_type", "cpu");
    tree_u32(node, "timebase-frequency", 1);
    tree_u32(node, "clock-frequency", 2);
    tree_u32(node, "cpu-version", version);
    tree_u32(node, "reservation-granule-size", 128);
}

/* What the machine's own tree says. */
static void machine_tree(uint32_t timebase, uint32_t clock)
{
    int node;

    timebase_frequency = clock_frequency = 0;
    tree_start();
    tree_add("/", "cpus");
    tree_text(tree_add("/cpus", "l3-cache@0"), "device_type", "cache");
    node = tree_add("/cpus", "PowerPC,POWER8@20");
    tree_text(node, "device_type", "cpu");
    if (timebase != 0) {
        tree_u32(node, "timebase-frequency", timebase);
    }
    if (clock != 0) {
        tree_u32(node, "clock-frequency", clock);
    }
    tree_fixup_init(tree);
}

static void domain_tree(void)
{
    tree_start();
    tree_text(tree_add("/", "chosen"), "bootargs", "planned words");
    tree_add("/", "cpus");
    add_cpu("PowerPC,POWER8@0", 0x004b0201);
}

/* Puts the tree into the domain with `room` bytes to grow in, so that it ends at `end`, and corrects it there. */
static void fixup(gpa_t end, size_t room)
{
    static uint8_t copy[TREE_ROOM];

    CHECK(fdt_pack(tree) == 0);
    loaded_size = fdt_totalsize(tree) + room;
    CHECK(fdt_open_into(tree, copy, (int)loaded_size) == 0);
    loaded_at = (end - loaded_size) & ~UINT64_C(7);
    CHECK(domain_write(guest, loaded_at, copy, loaded_size));
    guest->plan.modules[MODULE_DEVICE_TREE].segments[0].file_size = loaded_size;
    messages_clear();
    tree_fixup(guest, loaded_at);
}

/* The tree as the domain finds it. */
static const void *corrected(void)
{
    const void *fdt = domain_byte(guest, loaded_at);

    CHECK(fdt_check_full(fdt, loaded_size) == 0 && fdt_totalsize(fdt) == loaded_size);
    return fdt;
}

static uint32_t number(const char *path, const char *name)
{
    const void *fdt = corrected();
    const fdt32_t *cell = fdt_getprop(fdt, fdt_path_offset(fdt, path), name, NULL);

    CHECK(cell != NULL);
    return fdt32_to_cpu(*cell);
}

static void check_cpu(const char *path, uint32_t timebase, uint32_t clock, uint32_t version)
{
    CHECK(number(path, "timebase-frequency") == timebase && number(path, "clock-frequency") == clock);
    CHECK(number(path, "cpu-version") == version && number(path, "reservation-granule-size") == 128);
}

static void test_every_processor(void)
{
    machine_tree(TIMEBASE, CLOCK);
    domain_tree();
    tree_text(tree_add("/cpus", "l2-cache@0"), "device_type", "cache");
    tree_u32(tree_find("/cpus/l2-cache@0"), "clock-frequency", 7);
    add_cpu("PowerPC,POWER8@8", 0x004e1202);
    add_cpu("PowerPC,POWER8@10", 0x0f000004); /* an architecture level stays */
    fixup(END, 0);
    CHECK(messages_length == 0);
    check_cpu("/cpus/PowerPC,POWER8@0", TIMEBASE, CLOCK, PVR);
    check_cpu("/cpus/PowerPC,POWER8@8", TIMEBASE, CLOCK, PVR);
    check_cpu("/cpus/PowerPC,POWER8@10", TIMEBASE, CLOCK, 0x0f000004);
    CHECK(number("/cpus/l2-cache@0", "clock-frequency") == 7);
}

/* What all processors share may be said once, in their parent; and in two cells (Devicetree Specification 0.4, 3.7, 3.8). */
static void test_shared_frequencies(void)
{
    uint64_t hertz;

    machine_tree(0, 0);
    CHECK(!fdt_read_frequency(tree, "timebase-frequency", &hertz));
    tree_u32(tree_find("/cpus"), "timebase-frequency", TIMEBASE);
    CHECK(fdt_setprop_u64(tree, tree_find("/cpus/PowerPC,POWER8@20"), "clock-frequency", CLOCK) == 0);
    tree_u32(0, "timebase-frequency", 7);
    tree_u32(0, "bus-frequency", 7); /* nothing of theirs */
    tree_fixup_init(tree);
    CHECK(timebase_frequency == TIMEBASE && clock_frequency == CLOCK);
    CHECK(!fdt_read_frequency(tree, "bus-frequency", &hertz));
    tree_u32(tree_find("/cpus/PowerPC,POWER8@20"), "timebase-frequency", TIMEBASE + 1);
    CHECK(fdt_setprop_u64(tree, tree_find("/cpus/PowerPC,POWER8@20"), "clock-frequency", UINT64_C(5) << 32) == 0);
    tree_fixup_init(tree);
    CHECK(timebase_frequency == TIMEBASE + 1 && clock_frequency == 0); /* the nearer; and too large for a domain's tree */
    CHECK(fdt_read_frequency(tree, "clock-frequency", &hertz) && hertz == UINT64_C(5) << 32);
    tree_start();
    CHECK(!fdt_read_frequency(tree, "timebase-frequency", &hertz));
}

/* What the machine does not say stays as planned; what the planner left out stays out. */
static void test_what_is_missing(void)
{
    int node;

    machine_tree(TIMEBASE, 0);
    domain_tree();
    fixup(END, 0);
    check_cpu("/cpus/PowerPC,POWER8@0", TIMEBASE, 2, PVR);
    machine_tree(0, CLOCK);
    domain_tree();
    fixup(END, 0);
    check_cpu("/cpus/PowerPC,POWER8@0", 1, CLOCK, PVR);

    machine_tree(TIMEBASE, CLOCK);
    domain_tree();
    node = tree_find("/cpus/PowerPC,POWER8@0");
    CHECK(fdt_delprop(tree, node, "timebase-frequency") == 0 && fdt_delprop(tree, node, "cpu-version") == 0);
    tree_bytes(node, "clock-frequency", "8 bytes.", 8);
    fixup(END, 0);
    node = fdt_path_offset(corrected(), "/cpus/PowerPC,POWER8@0");
    CHECK(fdt_getprop(corrected(), node, "timebase-frequency", NULL) == NULL);
    CHECK(fdt_getprop(corrected(), node, "cpu-version", NULL) == NULL);
    CHECK(memcmp(fdt_getprop(corrected(), node, "clock-frequency", NULL), "8 bytes.", 8) == 0);
}

static void test_no_processors(void)
{
    timebase_frequency = clock_frequency = 0;
    tree_start();
    tree_fixup_init(tree);
    CHECK(timebase_frequency == 0 && clock_frequency == 0);
    tree_add("/", "cpus");
    tree_fixup_init(tree);
    CHECK(timebase_frequency == 0 && clock_frequency == 0);

    machine_tree(TIMEBASE, CLOCK);
    tree_start();
    tree_add("/", "chosen");
    fixup(END, 0);
    CHECK(messages_length == 0 && fdt_check_full(corrected(), loaded_size) == 0);
}

static const char *boot_arguments(void)
{
    return fdt_getprop(corrected(), fdt_path_offset(corrected(), "/chosen"), "bootargs", NULL);
}

static void test_command_line(void)
{
    char longer[300];

    machine_tree(TIMEBASE, CLOCK);
    domain_tree();
    fixup(END, 0); /* none from the machine: the domain's tree has the last word */
    CHECK(strcmp(boot_arguments(), "planned words") == 0);
    guest->plan.command_line = "planned words";
    fixup(END, 0);
    CHECK(strcmp(boot_arguments(), "planned words") == 0 && messages_length == 0);
    guest->plan.command_line = "planned words and some that were typed";
    fixup(END, 64);
    CHECK(strcmp(boot_arguments(), guest->plan.command_line) == 0 && messages_length == 0);
    check_cpu("/cpus/PowerPC,POWER8@0", TIMEBASE, CLOCK, PVR);
    guest->plan.command_line = "";
    fixup(END, 0);
    CHECK(strcmp(boot_arguments(), "") == 0);

    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    guest->plan.command_line = longer;
    fixup(END, 64); /* no room: said, and nothing torn */
    CHECK(messages_have("domain guest: no room") && strcmp(boot_arguments(), "planned words") == 0);
    check_cpu("/cpus/PowerPC,POWER8@0", TIMEBASE, CLOCK, PVR);
    CHECK(fdt_del_node(tree, tree_find("/chosen")) == 0);
    fixup(END, 1000);
    CHECK(messages_have("no room"));
    check_cpu("/cpus/PowerPC,POWER8@0", TIMEBASE, CLOCK, PVR);
    guest->plan.command_line = NULL;
}

/* The tree's linux,initrd-end; 0 without one. */
static uint64_t ramdisk_end(void)
{
    const fdt64_t *end = fdt_getprop(corrected(), fdt_path_offset(corrected(), "/chosen"), "linux,initrd-end", NULL);

    return end != NULL ? fdt64_ld(end) : 0;
}

static void test_ramdisk(void)
{
    struct module *ramdisk = &guest->plan.modules[MODULE_RAMDISK];

    machine_tree(TIMEBASE, CLOCK);
    domain_tree();
    *ramdisk = (struct module){ .size = 99, .segment_count = 1 };
    ramdisk->segments[0] = (struct segment){ .target = 0x4000, .file_size = 99, .memory_size = 99 };
    fixup(END, 0); /* the planner had none: none is made up */
    CHECK(ramdisk_end() == 0);
    domain_tree();
    CHECK(fdt_setprop_u64(tree, tree_find("/chosen"), "linux,initrd-start", 0x4000) == 0);
    CHECK(fdt_setprop_u64(tree, tree_find("/chosen"), "linux,initrd-end", 0x4010) == 0);
    fixup(END, 0);
    CHECK(ramdisk_end() == 0x4000 + 99 && messages_length == 0);
    *ramdisk = (struct module){ 0 };
    fixup(END, 0); /* the firmware brought none */
    CHECK(ramdisk_end() == 0);
    CHECK(fdt_getprop(corrected(), fdt_path_offset(corrected(), "/chosen"), "linux,initrd-start", NULL) == NULL);
}

/* A tree that cannot be used is left as it is, and the domain named. */
static void refuse_word(unsigned word, uint32_t value)
{
    static uint8_t before[TREE_ROOM];
    fdt32_t stored = cpu_to_fdt32(value);

    machine_tree(TIMEBASE, CLOCK);
    domain_tree();
    fixup(END, 16);
    CHECK(domain_write(guest, loaded_at + 4 * word, &stored, sizeof(stored)));
    CHECK(domain_read(guest, before, loaded_at, loaded_size));
    messages_clear();
    processor.spr[SPR_PVR] = 0x12345678;
    tree_fixup(guest, loaded_at);
    processor.spr[SPR_PVR] = PVR;
    CHECK(messages_have("domain guest: its device tree is damaged"));
    CHECK(memcmp(before, domain_byte(guest, loaded_at), loaded_size) == 0);
}

static void test_damaged(void)
{
    refuse_word(0, 0xd00dfeec);              /* magic */
    refuse_word(1, (uint32_t)loaded_size + 1); /* total size */
    refuse_word(1, UINT32_MAX);
    refuse_word(1, 0);
    refuse_word(2, 0x7fffffff); /* where the structure is */
    refuse_word(3, 0x7fffffff); /* where the strings are */
    refuse_word(6, 99);         /* last version that can read it */
}

/* A module too short for a tree's header, at the end of the domain's memory. */
static void test_shorter_than_a_header(void)
{
    fdt32_t magic = cpu_to_fdt32(FDT_MAGIC);

    CHECK(domain_write(guest, END - 8, &magic, sizeof(magic)));
    guest->plan.modules[MODULE_DEVICE_TREE].segments[0].file_size = 8;
    messages_clear();
    tree_fixup(guest, END - 8);
    CHECK(messages_have("domain guest: its device tree is damaged"));
}

static void test_across_extents(void)
{
    machine_tree(TIMEBASE, CLOCK);
    domain_tree();
    fixup(EXTENT_SIZE + 64, 0);
    CHECK(messages_have("domain guest: ") && messages_have("crosses a 16 MiB boundary"));
    fixup(EXTENT_SIZE, 0);
    CHECK(messages_length == 0);
    check_cpu("/cpus/PowerPC,POWER8@0", TIMEBASE, CLOCK, PVR);
    tree_fixup(guest, END); /* not the domain's memory at all */
    CHECK(messages_have("domain guest: "));
}

/* Any bytes of a tree that ends where the domain's memory does: nothing beyond is read or written. */
static void test_random_damage(void)
{
    static uint8_t good[TREE_ROOM];

    machine_tree(TIMEBASE, CLOCK);
    domain_tree();
    add_cpu("PowerPC,POWER8@8", 0x004b0201);
    guest->plan.command_line = "words that are a little longer than planned";
    fixup(EXTENT_SIZE, 40);
    CHECK(domain_read(guest, good, loaded_at, loaded_size));
    for (int round = 0; round < 20000; round++) {
        uint8_t bad[TREE_ROOM];

        memcpy(bad, good, loaded_size);
        for (uint64_t count = 1 + random_below(4); count != 0; count--) {
            size_t at = random_one_in(3) ? random_below(40) : random_below(loaded_size);

            bad[at] = random_one_in(2) ? (uint8_t)random_next() : bad[at] ^ (uint8_t)(1u << random_below(8));
        }
        /* Where the structure begins: libfdt reads whole words there, which PowerPC does at any address. */
        bad[11] &= 0xfc;
        memcpy(domain_byte(guest, loaded_at), bad, loaded_size);
        messages_clear();
        tree_fixup(guest, loaded_at);
    }
    guest->plan.command_line = NULL;
}

int main(void)
{
    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    guest->plan.modules[MODULE_DEVICE_TREE].segment_count = 1;
    processor.spr[SPR_PVR] = PVR;
    test_every_processor();
    test_shared_frequencies();
    test_what_is_missing();
    test_no_processors();
    test_command_line();
    test_ramdisk();
    test_damaged();
    test_across_extents();
    test_random_damage();
    test_shorter_than_a_header();
    return 0;
}
