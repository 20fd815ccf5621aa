/* SPDX-License-Identifier: BSD-2-Clause */
/* Flat device trees for the hypervisor's readers, built node by node in one buffer. */
#ifndef TESTS_NATIVE_HV_TREE_H
#define TESTS_NATIVE_HV_TREE_H

#include <libfdt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define TREE_ROOM 0x10000

static char tree[TREE_ROOM];

/* How many cells of 32 bits the children's reg properties have. */
static inline void tree_cells(int node, uint32_t address_cells, uint32_t size_cells)
{
    CHECK(fdt_setprop_u32(tree, node, "#address-cells", address_cells) == 0);
    CHECK(fdt_setprop_u32(tree, node, "#size-cells", size_cells) == 0);
}

static inline void tree_start(void)
{
    CHECK(fdt_create_empty_tree(tree, TREE_ROOM) == 0);
    tree_cells(0, 2, 2);
}

static inline int tree_find(const char *path)
{
    int node = fdt_path_offset(tree, path);

    check_context = path;
    CHECK(node >= 0);
    check_context = "";
    return node;
}

/* Adds a node below the one at a path and returns it; any earlier node number is void then. */
static inline int tree_add(const char *parent, const char *name)
{
    int node = fdt_add_subnode(tree, tree_find(parent), name);

    CHECK(node >= 0);
    return node;
}

static inline void tree_bytes(int node, const char *name, const void *bytes, size_t size)
{
    CHECK(fdt_setprop(tree, node, name, bytes, (int)size) == 0);
}

static inline void tree_text(int node, const char *name, const char *text)
{
    tree_bytes(node, name, text, strlen(text) + 1);
}

static inline void tree_u32(int node, const char *name, uint32_t value)
{
    CHECK(fdt_setprop_u32(tree, node, name, value) == 0);
}

/* Appends 64-bit numbers to a property. */
static inline void tree_u64s(int node, const char *name, const uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(fdt_appendprop_u64(tree, node, name, values[i]) == 0);
    }
}

#define TREE_U64(node, name, ...) \
    tree_u64s(node, name, (const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8)

/* Appends one range to a node's reg, in the cells that its parent has. */
static inline void tree_reg(int node, uint64_t base, uint64_t size)
{
    int parent = fdt_parent_offset(tree, node);
    int cells[2] = { fdt_address_cells(tree, parent), fdt_size_cells(tree, parent) };

    for (int i = 0; i < 2; i++) {
        if (cells[i] == 2) {
            CHECK(fdt_appendprop_u64(tree, node, "reg", i == 0 ? base : size) == 0);
        } else {
            CHECK(cells[i] == 1 && (i == 0 ? base : size) <= UINT32_MAX);
            CHECK(fdt_appendprop_u32(tree, node, "reg", (uint32_t)(i == 0 ? base : size)) == 0);
        }
    }
}

/* A node of device_type memory with one range. */
static inline void tree_add_ram(const char *name, uint64_t base, uint64_t size)
{
    int node = tree_add("/", name);

    tree_text(node, "device_type", "memory");
    tree_reg(node, base, size);
}

/* A copy of just its size, so that the sanitizer sees a read behind it; the caller frees it. */
static inline void *tree_copy(void)
{
    void *copy;

    CHECK(fdt_pack(tree) == 0);
    copy = malloc(fdt_totalsize(tree));
    memcpy(copy, tree, fdt_totalsize(tree));
    CHECK(fdt_open_into(tree, tree, TREE_ROOM) == 0);
    return copy;
}

#endif
