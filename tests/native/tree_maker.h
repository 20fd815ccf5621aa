/* SPDX-License-Identifier: BSD-2-Clause */
/* Flat device trees for native tests: the one skiboot makes on powernv8, and boot overlays. */
#ifndef TESTS_NATIVE_TREE_MAKER_H
#define TESTS_NATIVE_TREE_MAKER_H

#include <libfdt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

#define TREE_ROOM 0x8000
#define SKIBOOT_TREE "tests/data/devicetrees/skiboot-powernv8.dtb"

/* skiboot's tree with room for changes, in a fresh buffer of TREE_ROOM bytes. */
static inline void *tree_load(void)
{
    FILE *file = fopen(SKIBOOT_TREE, "rb");
    void *tree = calloc(1, TREE_ROOM);
    size_t size;

    CHECK(file != NULL);
    size = fread(tree, 1, TREE_ROOM, file);
    fclose(file);
    CHECK(size > 0 && size < TREE_ROOM);
    CHECK(fdt_open_into(tree, tree, TREE_ROOM) == 0);
    return tree;
}

/* A copy in a buffer of exactly the tree's size, so that the sanitizer sees a read too far. */
static inline void *tree_shrink(const void *tree)
{
    void *copy = malloc(fdt_totalsize(tree));

    memcpy(copy, tree, fdt_totalsize(tree));
    CHECK(fdt_pack(copy) == 0);
    copy = realloc(copy, fdt_totalsize(copy));
    return copy;
}

static inline int tree_node(const void *tree, const char *path)
{
    int node = fdt_path_offset(tree, path);

    if (node < 0)
        fprintf(stderr, "no node %s\n", path);
    CHECK(node >= 0);
    return node;
}

/* Add node `name` below `parent` and return it. */
static inline int tree_add(void *tree, int parent, const char *name)
{
    int node = fdt_add_subnode(tree, parent, name);

    CHECK(node >= 0);
    return node;
}

/* A module node with `reg` = (offset, size). */
static inline int overlay_add_module(void *overlay, int parent, const char *name, uint64_t offset, uint64_t size)
{
    static const char compatible[] = "multiboot,kernel\0multiboot,module";
    fdt64_t reg[2] = {cpu_to_fdt64(offset), cpu_to_fdt64(size)};
    int node = tree_add(overlay, parent, name);

    CHECK(fdt_setprop(overlay, node, "compatible", compatible, sizeof(compatible)) == 0);
    CHECK(fdt_setprop(overlay, node, "reg", reg, sizeof(reg)) == 0);
    return node;
}

/* An overlay for /chosen with an empty domain dom0, in a fresh buffer of TREE_ROOM bytes. */
static inline void *overlay_make(void)
{
    void *overlay = calloc(1, TREE_ROOM);
    int fragment, content;

    CHECK(fdt_create_empty_tree(overlay, TREE_ROOM) == 0);
    fragment = tree_add(overlay, 0, "fragment@0");
    CHECK(fdt_setprop_string(overlay, fragment, "target-path", "/chosen") == 0);
    content = tree_add(overlay, fragment, "__overlay__");
    CHECK(fdt_setprop_u32(overlay, content, "#address-cells", 2) == 0);
    CHECK(fdt_setprop_u32(overlay, content, "#size-cells", 2) == 0);
    tree_add(overlay, content, "dom0");
    return overlay;
}

#define OVERLAY_DOMAIN "/fragment@0/__overlay__/dom0"

#endif
