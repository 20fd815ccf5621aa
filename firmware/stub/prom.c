/* SPDX-License-Identifier: BSD-2-Clause */
/* Services and properties: IEEE 1275 and its PowerPC binding; instantiate-rtas: PAPR, chapter on RTAS; linux,* names: what
 * Linux' own boot wrapper hands over. */
#include "prom.h"

#include <libfdt.h>
#include <string.h>

#include "boot_image.h"
#include "client.h"
#include "flatten.h"
#include "tree.h"

#define TREE_FIRST_SIZE (UINT32_C(256) << 10)

/* Room in the flat tree for the initrd's and the boot processor's numbers. */
#define TREE_MARGIN 256

#define REG_SIZE 4096
#define TYPE_SIZE 32
#define COMPATIBLE_SIZE 256
#define ADDRESS_LIMIT (UINT64_C(1) << 32)

/* Some firmware leaves this where the initrd's size would be (Linux, arch/powerpc/kernel/prom_init.c). */
#define NO_SIZE UINT32_C(0xdeadbeef)

/* The standard's defaults. */
#define ADDRESS_CELLS 2
#define SIZE_CELLS 1

static uint32_t root;
static uint32_t console; /* 0 without */
static uint32_t mmu;     /* 0 when translation is off */
static uint32_t address_cells;

static bool bad(struct refusal *refusal, const char *problem, const char *detail)
{
    return refuse(refusal, STUB_REASON_OPEN_FIRMWARE, "Open Firmware: %s%s", problem, detail);
}

void prom_open(uint64_t client, uint64_t msr)
{
    uint32_t chosen;

    client_open(client, msr);
    root = client_call("peer", 1, 1, UINT32_C(0));
    address_cells = ADDRESS_CELLS;
    client_get_number(root, "#address-cells", &address_cells);
    chosen = client_find_node("/chosen");
    console = mmu = 0;
    client_get_number(chosen, "stdout", &console);
    if (client_is_translated())
        client_get_number(chosen, "mmu", &mmu);
}

void prom_console_write(const char *text)
{
    size_t left = strlen(text);

    while (client_is_open() && console != 0 && left > 0) {
        uint32_t written = client_call("write", 3, 1, console, client_cell(text), (uint32_t)left);

        if (written == 0 || written > left)
            return;
        text += written;
        left -= written;
    }
}

/* True when the node's `device_type` is `type`. */
static bool has_type(uint32_t node, const char *type)
{
    static char text[TYPE_SIZE];
    size_t size = strlen(type) + 1;

    return client_get_property(node, "device_type", text, sizeof(text)) == size && memcmp(text, type, size) == 0;
}

/* As Linux tells (prom_find_machine_type).  Everything else may have run-time services: SLOF on a JS20 or JS21 says that
 * its type is "chrp SLOF based 970 blade". */
static bool is_power_macintosh(void)
{
    static char list[COMPATIBLE_SIZE + 1];
    uint32_t length = client_get_property(root, "compatible", list, COMPATIBLE_SIZE);

    if (length == CLIENT_ERROR)
        return false;
    if (length > COMPATIBLE_SIZE)
        length = COMPATIBLE_SIZE;
    list[length] = '\0';
    for (const char *name = list; name < list + length; name += strlen(name) + 1) {
        if (strncmp(name, "MacRISC", sizeof("MacRISC") - 1) == 0 || strcmp(name, "Power Macintosh") == 0)
            return true;
    }
    return false;
}

static bool add_memory(struct places *places, uint32_t node, uint32_t size_cells, struct refusal *refusal)
{
    static fdt32_t reg[REG_SIZE / sizeof(fdt32_t)];
    static struct range_set ranges;
    uint32_t length = client_get_property(node, "reg", reg, sizeof(reg));

    if (length == CLIENT_ERROR || length > sizeof(reg))
        return bad(refusal, "a memory node whose reg is missing or too large", "");
    ranges.count = 0;
    if (!tree_add_pairs(reg, (int)length, (int)address_cells, (int)size_cells, "reg", &ranges, refusal))
        return false;
    if (ranges.count > 0 && ranges.ranges[0].base == 0 && ranges.ranges[0].end < places->limit)
        places->limit = ranges.ranges[0].end;
    for (size_t i = 0; i < ranges.count; i++) {
        if (!range_set_add(&places->memory, ranges.ranges[i]))
            return bad(refusal, "too many memory ranges", "");
    }
    return true;
}

bool prom_find_memory(struct places *places, struct refusal *refusal)
{
    uint32_t size_cells = SIZE_CELLS;

    places->limit = ADDRESS_LIMIT;
    client_get_number(root, "#size-cells", &size_cells);
    for (uint32_t node = client_call("child", 1, 1, root); node != 0 && node != CLIENT_ERROR;
         node = client_call("peer", 1, 1, node)) {
        if (has_type(node, "memory") && !add_memory(places, node, size_cells, refusal))
            return false;
    }
    return places->memory.count > 0 || bad(refusal, "no memory node", "");
}

struct range prom_ramdisk(const struct places *places, uint32_t base, uint32_t size, struct range image)
{
    struct range ramdisk = {base, (uint64_t)base + size};

    if (base == 0 || size == NO_SIZE || !range_set_contains(&places->memory, ramdisk) || range_overlaps(ramdisk, image))
        ramdisk.end = ramdisk.base;
    return ramdisk;
}

/* The PowerPC binding's method of the memory management unit: virtual address to false, or to physical address (lowest cell
 * first on the stack), mode and true.  Results come topmost first.  What it does not know is not translated. */
static bool is_real(uint32_t address)
{
    uint32_t upper = 0;

    if (client_call("call-method", 3, 3 + address_cells, client_cell("translate"), mmu, address) != 0 ||
        client_result(1) == 0)
        return true;
    if (address_cells > 1)
        upper = client_result(3);
    return upper == 0 && client_result(2 + address_cells) == address;
}

bool prom_is_real(struct range range)
{
    if (mmu == 0 || range.base == range.end)
        return true;
    return is_real((uint32_t)range.base) && is_real((uint32_t)range.end - 1);
}

bool prom_claim(uint64_t base, uint64_t size)
{
    uint32_t claimed;

    if (!client_is_open())
        return true;
    claimed = client_call("claim", 3, 1, (uint32_t)base, (uint32_t)size, UINT32_C(0));
    return claimed == base && prom_is_real((struct range){base, base + size});
}

static void set_boot_processor(void *tree)
{
    uint32_t instance;
    uint32_t number;
    uint32_t node;

    if (!client_get_number(client_find_node("/chosen"), "cpu", &instance))
        return;
    node = client_call("instance-to-package", 1, 1, instance);
    if (node != CLIENT_ERROR && client_get_number(node, "reg", &number))
        fdt_set_boot_cpuid_phys(tree, number);
}

static int set_ramdisk(void *tree, struct range ramdisk)
{
    int chosen = fdt_path_offset(tree, "/chosen");
    int result;

    if (chosen < 0 || ramdisk.base == ramdisk.end)
        return 0;
    result = fdt_setprop_u64(tree, chosen, "linux,initrd-start", ramdisk.base);
    return result != 0 ? result : fdt_setprop_u64(tree, chosen, "linux,initrd-end", ramdisk.end);
}

bool prom_make_tree(struct places *places, uint64_t from, struct range ramdisk, const void **tree,
                    struct refusal *refusal)
{
    for (uint32_t size = TREE_FIRST_SIZE; size <= TREE_MAX_SIZE; size *= 2) {
        enum flatten_result result;
        uint64_t base;
        void *flat;

        if (!place_find(places, "Open Firmware's device tree", size, from, &base, refusal))
            return false;
        flat = (void *)(uintptr_t)base;
        result = flatten_tree(flat, size - TREE_MARGIN, refusal);
        if (result == FLATTEN_FAILED)
            return false;
        if (result == FLATTEN_FULL)
            continue;
        set_boot_processor(flat);
        *tree = flat;
        if (fdt_open_into(flat, flat, (int)size) == 0 && set_ramdisk(flat, ramdisk) == 0)
            return true;
    }
    return bad(refusal, "its device tree is too large", "");
}

/* Instantiate RTAS at `base`; returns its entry, 0 when the firmware cannot. */
static uint32_t instantiate_rtas(uint64_t base)
{
    uint32_t instance = client_call("open", 1, 1, client_cell("/rtas"));

    if (instance == 0 || instance == CLIENT_ERROR ||
        client_call("call-method", 3, 2, client_cell("instantiate-rtas"), instance, (uint32_t)base) != 0)
        return 0;
    return client_result(1);
}

bool prom_make_rtas(struct places *places, uint64_t from, void *tree, struct refusal *refusal)
{
    uint32_t node;
    uint32_t size;
    uint32_t entry;
    uint64_t base;
    int rtas = fdt_path_offset(tree, "/rtas");

    /* A Power Macintosh has the node, but nothing to use behind it. */
    if (!client_is_open() || rtas < 0 || is_power_macintosh())
        return true;
    node = client_find_node("/rtas");
    if (!client_get_number(node, "rtas-size", &size) || size == 0)
        return true;
    if (!place_find(places, "RTAS", size, from, &base, refusal))
        return false;
    entry = instantiate_rtas(base);
    if (entry == 0)
        return bad(refusal, "instantiate-rtas failed", "");
    if (fdt_add_mem_rsv(tree, base, size) != 0 || fdt_setprop_u32(tree, rtas, "linux,rtas-base", (uint32_t)base) != 0 ||
        fdt_setprop_u32(tree, rtas, "linux,rtas-entry", entry) != 0)
        return bad(refusal, "no room for RTAS in the device tree", "");
    return true;
}

/* A keyboard on USB may write to memory as long as it is open.  Some Power Macintoshes crash in quiesce when it is closed
 * (Linux, arch/powerpc/kernel/prom_init.c). */
static void close_stdin(void)
{
    uint32_t instance;

    if (!is_power_macintosh() && client_get_number(client_find_node("/chosen"), "stdin", &instance))
        client_call("close", 1, 0, instance);
}

void prom_quiesce(void)
{
    if (client_is_open()) {
        close_stdin();
        client_call("quiesce", 0, 0);
    }
    client_open(0, 0);
    console = mmu = 0;
}

void prom_exit(void)
{
    if (client_is_open())
        client_call("exit", 0, 0);
}
