/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include <libfdt.h>
#include <string.h>

#include "arena.h"
#include "config.h"
#include "console.h"
#include "cpus.h"
#include "hv/format.h"
#include "messages.h"

#define NAME_SIZE 64

/* How often the payload should poll when nothing happens. */
#define HEARTBEAT_MS 200

/* Flags of /ibm,opal/power-mgt: skiboot, doc/device-tree/ibm,opal/power-mgt. */
#define IDLE_LOSES_USER_STATE 0x1000
#define IDLE_NAP 0x10000

static void check(const void *tree, int node, const char *name, int result)
{
    char path[128] = "?";

    if (result < 0) {
        fdt_get_path(tree, node, path, sizeof(path));
        give_up("device tree: %s: %s: %s", path, name, fdt_strerror(result));
    }
}

int tree_add_node(void *tree, int parent, const char *name)
{
    int node = fdt_subnode_offset(tree, parent, name);

    if (node == -FDT_ERR_NOTFOUND) {
        node = fdt_add_subnode(tree, parent, name);
    }
    check(tree, parent, name, node);
    return node;
}

void tree_set_bytes(void *tree, int node, const char *name, const void *bytes, size_t size)
{
    check(tree, node, name, fdt_setprop(tree, node, name, bytes, (int)size));
}

void tree_set_u32(void *tree, int node, const char *name, uint32_t value)
{
    check(tree, node, name, fdt_setprop_u32(tree, node, name, value));
}

void tree_set_u64(void *tree, int node, const char *name, uint64_t value)
{
    check(tree, node, name, fdt_setprop_u64(tree, node, name, value));
}

void tree_set_string(void *tree, int node, const char *name, const char *text)
{
    tree_set_bytes(tree, node, name, text, strlen(text) + 1);
}

void tree_set_cells(void *tree, int node, const char *name, const uint32_t *cells, size_t count)
{
    fdt32_t *place;

    check(tree, node, name, fdt_setprop_placeholder(tree, node, name, (int)(count * sizeof(*place)), (void **)&place));
    for (size_t i = 0; i < count; i++) {
        place[i] = cpu_to_fdt32(cells[i]);
    }
}

uint32_t tree_phandle(void *tree, int node)
{
    uint32_t phandle = fdt_get_phandle(tree, node);

    if (phandle == 0) {
        check(tree, node, "phandle", fdt_generate_phandle(tree, &phandle));
        tree_set_u32(tree, node, "phandle", phandle);
    }
    return phandle;
}

uint32_t tree_get_cell(const void *tree, int node, const char *name, int index, uint32_t otherwise)
{
    int size;
    const fdt32_t *cells = fdt_getprop(tree, node, name, &size);

    return cells != NULL && index < size / (int)sizeof(*cells) ? fdt32_ld(&cells[index]) : otherwise;
}

uint32_t tree_get_u32(const void *tree, int node, const char *name, uint32_t otherwise)
{
    return tree_get_cell(tree, node, name, 0, otherwise);
}

size_t tree_add_name(char *list, size_t size, size_t used, const char *name)
{
    size_t length = strlen(name) + 1;

    if (length > size - used) {
        give_up("device tree: no room for the name %s", name);
    }
    memcpy(list + used, name, length);
    return used + length;
}

int tree_next_compatible(const void *tree, int node, const char *compatible)
{
    return fdt_node_offset_by_compatible(tree, node, compatible);
}

/* `end`, or further on when a range of memory goes on there. */
static uint64_t extend(const void *tree, uint64_t end)
{
    int node = -1;

    while ((node = fdt_node_offset_by_prop_value(tree, node, "device_type", "memory", sizeof("memory"))) >= 0) {
        int size;
        const fdt64_t *cells = fdt_getprop(tree, node, "reg", &size);

        for (int i = 0; cells != NULL && (i + 2) * (int)sizeof(*cells) <= size; i += 2) {
            uint64_t base = fdt64_ld(&cells[i]), length = fdt64_ld(&cells[i + 1]);

            if (base <= end && length > end - base) {
                end = base + length;
            }
        }
    }
    return end;
}

uint64_t tree_memory_end(const void *tree)
{
    uint64_t end = 0, further;

    while ((further = extend(tree, end)) != end) {
        end = further;
    }
    return end;
}

void *tree_open(const void *machine_tree)
{
    void *tree = arena_alloc(TREE_SIZE, 8);
    int result = fdt_open_into(machine_tree, tree, TREE_SIZE);

    if (result < 0) {
        give_up("the machine's device tree at 0x%lx: %s", (unsigned long)(uintptr_t)machine_tree, fdt_strerror(result));
    }
    return tree;
}

void tree_reserve(void *tree, const char *name, uint64_t base, uint64_t size)
{
    const uint32_t range[4] = { (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32), (uint32_t)size };
    char full_name[NAME_SIZE];
    int node = tree_add_node(tree, 0, "reserved-memory");

    tree_set_u32(tree, node, "#address-cells", 2);
    tree_set_u32(tree, node, "#size-cells", 2);
    tree_set_bytes(tree, node, "ranges", NULL, 0);
    format(full_name, sizeof(full_name), "%s@%lx", name, (unsigned long)base);
    tree_set_cells(tree, tree_add_node(tree, node, full_name), "reg", range, 4);

    check(tree, 0, "reserved-names", fdt_appendprop(tree, 0, "reserved-names", full_name, (int)strlen(full_name) + 1));
    for (size_t i = 0; i < 4; i++) {
        check(tree, 0, "reserved-ranges", fdt_appendprop_u32(tree, 0, "reserved-ranges", range[i]));
    }
    check(tree, 0, "reservations", fdt_add_mem_rsv(tree, base, size));
}

/* What an idle processor may do: nap keeps all of its state but for what Linux saves anyway. */
static void describe_idle(void *tree, int node)
{
    tree_set_string(tree, node, "ibm,cpu-idle-state-names", "nap");
    tree_set_u32(tree, node, "ibm,cpu-idle-state-flags", IDLE_NAP | IDLE_LOSES_USER_STATE);
    tree_set_u32(tree, node, "ibm,cpu-idle-state-latencies-ns", 4000);
    tree_set_u32(tree, node, "ibm,cpu-idle-state-residency-ns", 100000);
    tree_set_u64(tree, node, "ibm,cpu-idle-state-pmicr", 0);
    tree_set_u64(tree, node, "ibm,cpu-idle-state-pmicr-mask", 0);
}

static void describe_opal(void *tree)
{
    static const char compatible[] = "ibm,opal-v2\0ibm,opal-v3";
    int node = tree_add_node(tree, 0, "ibm,opal");
    int child;

    tree_set_bytes(tree, node, "compatible", compatible, sizeof(compatible));
    tree_set_u32(tree, node, "#address-cells", 0);
    tree_set_u32(tree, node, "#size-cells", 0);
    tree_set_u64(tree, node, "opal-base-address", FIRMWARE_BASE);
    tree_set_u64(tree, node, "opal-entry-address", FIRMWARE_BASE + ENTRY_OFFSET);
    tree_set_u64(tree, node, "opal-runtime-size", cpus_end() - FIRMWARE_BASE);

    tree_set_u32(tree, node, "opal-msg-size", OPAL_MESSAGE_SIZE);
    tree_set_u32(tree, node, "ibm,heartbeat-ms", HEARTBEAT_MS);

    child = tree_add_node(tree, node, "event");
    tree_set_string(tree, child, "compatible", "ibm,opal-event");
    tree_set_bytes(tree, child, "interrupt-controller", NULL, 0);
    tree_set_u32(tree, child, "#interrupt-cells", 1);

    child = tree_add_node(tree, node, "rtc");
    tree_set_string(tree, child, "compatible", "ibm,opal-rtc");

    describe_idle(tree, tree_add_node(tree, node, "power-mgt"));

    child = tree_add_node(tree, node, "firmware");
    tree_set_string(tree, child, "compatible", "ibm,opal-firmware");
    tree_set_string(tree, child, "version", "roundpeg-0.1");

    node = tree_add_node(tree, fdt_path_offset(tree, "/ibm,opal"), "consoles");
    tree_set_u32(tree, node, "#address-cells", 1);
    tree_set_u32(tree, node, "#size-cells", 0);
    child = tree_add_node(tree, node, "serial@0");
    tree_set_string(tree, child, "compatible", "ibm,opal-console-raw");
    tree_set_string(tree, child, "device_type", "serial");
    tree_set_u32(tree, child, "reg", 0);
    tree_set_u32(tree, child, "#write-buffer-size", CONSOLE_RING_SIZE);
}

void tree_complete(void *tree)
{
    fdt_set_boot_cpuid_phys(tree, (uint32_t)cpu_self());
    tree_reserve(tree, "ibm,firmware", FIRMWARE_BASE, cpus_end() - FIRMWARE_BASE);
    describe_opal(tree);
    tree_set_string(tree, tree_add_node(tree, 0, "chosen"), "linux,stdout-path", "/ibm,opal/consoles/serial@0");
}
