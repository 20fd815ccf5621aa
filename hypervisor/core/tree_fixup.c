/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/tree_fixup.h"

#include <libfdt.h>
#include <string.h>

#include "cpu.h"
#include "hv/console.h"
#include "hv/domain.h"
#include "hv/fdt_reader.h"

/* Top byte of a cpu-version that names an architecture level instead of a processor (PAPR, logical PVR). */
#define ARCHITECTED_VERSION 0x0f

static uint32_t timebase_frequency;
static uint32_t clock_frequency;

static int cpu_node(const void *fdt, int parent, int node)
{
    do {
        const char *type;

        node = node < 0 ? fdt_first_subnode(fdt, parent) : fdt_next_subnode(fdt, node);
        if (node < 0) {
            return node;
        }
        type = fdt_read_string(fdt, node, "device_type");
        if (type != NULL && strcmp(type, "cpu") == 0) {
            return node;
        }
    } while (true);
}

/* 0 when the machine does not say, or names one that does not fit a domain's tree. */
static uint32_t frequency_read(const void *fdt, const char *name)
{
    uint64_t hertz;

    return fdt_read_frequency(fdt, name, &hertz) && hertz <= UINT32_MAX ? (uint32_t)hertz : 0;
}

void tree_fixup_init(const void *fdt)
{
    timebase_frequency = frequency_read(fdt, "timebase-frequency");
    clock_frequency = frequency_read(fdt, "clock-frequency");
}

/* In place and only where the planner left the property: the tree keeps its size. */
static void correct(void *fdt, int node, const char *name, uint32_t value)
{
    uint32_t planned;

    if (value != 0 && fdt_read_u32(fdt, node, name, &planned) && planned != value) {
        fdt_setprop_inplace_u32(fdt, node, name, value);
    }
}

/* The stub has put what the firmware's user typed behind the recipe's words. */
static void command_line_fixup(const struct domain *domain, void *fdt)
{
    const char *line = domain->plan.command_line;
    int chosen = fdt_path_offset(fdt, "/chosen");
    const char *planned = fdt_read_string(fdt, chosen, "bootargs");

    if (line == NULL || (planned != NULL && strcmp(planned, line) == 0)) {
        return;
    }
    if (fdt_setprop(fdt, chosen, "bootargs", line, (int)strlen(line) + 1) != 0) {
        hv_print("domain %s: no room in its tree for the command line \"%s\"\n", domain->plan.name, line);
    }
}

/* Firmware may have brought a ramdisk of a size of its own, or none at all. */
static void ramdisk_fixup(const struct domain *domain, void *fdt)
{
    const struct module *ramdisk = &domain->plan.modules[MODULE_RAMDISK];
    int chosen = fdt_path_offset(fdt, "/chosen");
    uint64_t planned;

    if (!fdt_read_u64(fdt, chosen, "linux,initrd-end", &planned)) {
        return;
    }
    if (ramdisk->size == 0) {
        fdt_delprop(fdt, chosen, "linux,initrd-start");
        fdt_delprop(fdt, chosen, "linux,initrd-end");
    } else {
        const struct segment *segment = &ramdisk->segments[0];

        fdt_setprop_inplace_u64(fdt, chosen, "linux,initrd-end", segment->target + segment->file_size);
    }
}

void tree_fixup(const struct domain *domain, gpa_t tree)
{
    uint64_t size = domain->plan.modules[MODULE_DEVICE_TREE].segments[0].file_size;
    void *fdt = domain_pointer(domain, tree, size);
    uint32_t version;
    int parent;

    if (fdt == NULL || size < sizeof(struct fdt_header) || fdt_check_header(fdt) != 0 || fdt_totalsize(fdt) > size) {
        hv_print("domain %s: its device tree is damaged or crosses a 16 MiB boundary\n", domain->plan.name);
        return;
    }
    command_line_fixup(domain, fdt);
    ramdisk_fixup(domain, fdt);
    parent = fdt_path_offset(fdt, "/cpus");
    for (int node = cpu_node(fdt, parent, -1); node >= 0; node = cpu_node(fdt, parent, node)) {
        correct(fdt, node, "timebase-frequency", timebase_frequency);
        correct(fdt, node, "clock-frequency", clock_frequency);
        if (fdt_read_u32(fdt, node, "cpu-version", &version) && version >> 24 != ARCHITECTED_VERSION) {
            correct(fdt, node, "cpu-version", (uint32_t)cpu_mfspr(SPR_PVR));
        }
    }
}
