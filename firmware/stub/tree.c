/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes and properties: Devicetree Specification 0.4, chapters 2 and 3; reserved-ranges and ibm,opal: skiboot,
 * doc/device-tree. */
#include "tree.h"

#include <libfdt.h>
#include <string.h>

#include "boot_image.h"

#define MAX_CELLS 2

static bool bad(struct refusal *refusal, const char *problem, const char *detail)
{
    return refuse(refusal, STUB_REASON_BAD_DEVICE_TREE, "the firmware's device tree: %s%s", problem, detail);
}

const char *tree_error(int result)
{
    /* One string, because a table of pointers would need relocations; in the order of libfdt.h's FDT_ERR_*. */
    static const char texts[] = "no error\0"
                                "not found\0"
                                "exists already\0"
                                "no space\0"
                                "bad offset\0"
                                "bad path\0"
                                "bad phandle\0"
                                "bad state\0"
                                "truncated\0"
                                "bad magic\0"
                                "bad version\0"
                                "bad structure\0"
                                "bad layout\0"
                                "internal error\0"
                                "bad cell counts\0"
                                "bad value\0"
                                "bad overlay\0"
                                "no phandles left\0"
                                "bad flags\0"
                                "bad alignment\0";
    const char *text = texts;

    for (; result < 0 && *text != '\0'; result++)
        text += strlen(text) + 1;
    return *text != '\0' ? text : "unknown error";
}

int tree_validate(const void *tree, uint64_t size)
{
    /* Devicetree Specification 5.6; fdt_check_full() takes it for granted. */
    if (size >= sizeof(struct fdt_header) && (fdt_off_dt_struct(tree) % sizeof(fdt32_t) != 0 ||
                                              fdt_off_mem_rsvmap(tree) % sizeof(fdt64_t) != 0))
        return -FDT_ERR_ALIGNMENT;
    return fdt_check_full(tree, size);
}

bool tree_check(const void *tree, struct refusal *refusal)
{
    int result;

    if (tree == NULL || fdt_magic(tree) != FDT_MAGIC)
        return refuse(refusal, STUB_REASON_NO_DEVICE_TREE, "the firmware passed no flat device tree");
    if (fdt_totalsize(tree) > TREE_MAX_SIZE)
        return bad(refusal, "too large", "");
    result = tree_validate(tree, fdt_totalsize(tree));
    if (result != 0)
        return bad(refusal, "", tree_error(result));
    return true;
}

/* The number in `cells` (at most 2) big-endian cells. */
static uint64_t read_cells(const fdt32_t *cells, int count)
{
    uint64_t value = 0;

    for (int i = 0; i < count; i++)
        value = value << 32 | fdt32_ld(&cells[i]);
    return value;
}

static bool add_range(struct range_set *set, uint64_t base, uint64_t size, struct refusal *refusal)
{
    struct range range;

    if (!range_from_size(base, size, &range))
        return bad(refusal, "a memory range wraps around", "");
    if (!range_set_add(set, range))
        return bad(refusal, "too many memory ranges", "");
    return true;
}

bool tree_add_pairs(const fdt32_t *cells, int length, int address_cells, int size_cells, const char *name,
                    struct range_set *set, struct refusal *refusal)
{
    int pair = (address_cells + size_cells) * (int)sizeof(*cells);

    if (address_cells < 1 || address_cells > MAX_CELLS || size_cells < 1 || size_cells > MAX_CELLS)
        return bad(refusal, "cell counts other than 1 or 2 around ", name);
    if (length % pair != 0)
        return bad(refusal, "wrong length of ", name);
    for (; length > 0; length -= pair, cells += address_cells + size_cells) {
        if (!add_range(set, read_cells(cells, address_cells), read_cells(cells + address_cells, size_cells), refusal))
            return false;
    }
    return true;
}

/* Add every pair of a property, whose cells `parent` counts; a property that is absent adds nothing. */
static bool add_pairs(const void *tree, int node, const char *name, int parent, struct range_set *set,
                      struct refusal *refusal)
{
    int length;
    const fdt32_t *cells = fdt_getprop(tree, node, name, &length);

    return cells == NULL || tree_add_pairs(cells, length, fdt_address_cells(tree, parent), fdt_size_cells(tree, parent),
                                           name, set, refusal);
}

/* The number of one or two cells in a property; false when it is absent or of another length. */
static bool read_number(const void *tree, int node, const char *name, uint64_t *value)
{
    int length;
    const fdt32_t *cells = fdt_getprop(tree, node, name, &length);

    if (cells == NULL || (length != sizeof(*cells) && length != 2 * sizeof(*cells)))
        return false;
    *value = read_cells(cells, length / (int)sizeof(*cells));
    return true;
}

bool tree_find_memory(const void *tree, struct range_set *memory, struct refusal *refusal)
{
    int node;

    fdt_for_each_subnode(node, tree, 0) {
        if (fdt_stringlist_search(tree, node, "device_type", "memory") >= 0 &&
            !add_pairs(tree, node, "reg", 0, memory, refusal))
            return false;
    }
    if (memory->count == 0)
        return bad(refusal, "no memory node", "");
    return true;
}

static bool add_reservation_map(const void *tree, struct range_set *reserved, struct refusal *refusal)
{
    for (int i = 0; i < fdt_num_mem_rsv(tree); i++) {
        uint64_t base;
        uint64_t size;

        if (fdt_get_mem_rsv(tree, i, &base, &size) != 0)
            return bad(refusal, "unreadable reservation map", "");
        if (!add_range(reserved, base, size, refusal))
            return false;
    }
    return true;
}

static bool add_reserved_memory(const void *tree, struct range_set *reserved, struct refusal *refusal)
{
    int parent = fdt_path_offset(tree, "/reserved-memory");
    int node;

    if (parent < 0)
        return true;
    fdt_for_each_subnode(node, tree, parent) {
        if (!add_pairs(tree, node, "reg", parent, reserved, refusal))
            return false;
    }
    return true;
}

bool tree_find_ramdisk(const void *tree, struct range *ramdisk)
{
    int chosen = fdt_path_offset(tree, "/chosen");

    return chosen >= 0 && read_number(tree, chosen, "linux,initrd-start", &ramdisk->base) &&
           read_number(tree, chosen, "linux,initrd-end", &ramdisk->end) && ramdisk->base != ramdisk->end;
}

static bool add_initrd(const void *tree, struct range_set *reserved, struct refusal *refusal)
{
    struct range ramdisk;

    if (!tree_find_ramdisk(tree, &ramdisk))
        return true;
    if (ramdisk.end < ramdisk.base)
        return bad(refusal, "the initrd ends before it starts", "");
    return add_range(reserved, ramdisk.base, ramdisk.end - ramdisk.base, refusal);
}

static bool add_opal(const void *tree, struct range_set *reserved, struct refusal *refusal)
{
    int opal = fdt_path_offset(tree, "/ibm,opal");
    uint64_t base;
    uint64_t size;

    if (opal < 0 || !read_number(tree, opal, "opal-base-address", &base) ||
        !read_number(tree, opal, "opal-runtime-size", &size))
        return true;
    return add_range(reserved, base, size, refusal);
}

bool tree_find_reserved(const void *tree, struct range_set *reserved, struct refusal *refusal)
{
    return add_reservation_map(tree, reserved, refusal) && add_reserved_memory(tree, reserved, refusal) &&
           add_pairs(tree, 0, "reserved-ranges", 0, reserved, refusal) && add_initrd(tree, reserved, refusal) &&
           add_opal(tree, reserved, refusal);
}

bool tree_has_opal(const void *tree)
{
    return fdt_path_offset(tree, "/ibm,opal") >= 0;
}
