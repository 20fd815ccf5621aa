/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flat device tree the payload gets: the machine's own, completed.  Additions cannot fail for a reason a caller could
 * mend: they end in give_up(), which names the path.
 */
#ifndef OPAL_TREE_H
#define OPAL_TREE_H

#include <stddef.h>
#include <stdint.h>

/* A copy of the machine's tree with room to grow, TREE_SIZE bytes. */
void *tree_open(const void *machine_tree);

/* What the firmware itself has to say; devices have added theirs before. */
void tree_complete(void *tree);

/* The node `name` below `parent`, made if it is not there. */
int tree_add_node(void *tree, int parent, const char *name);

/* Properties; they replace what is there. */
void tree_set_u32(void *tree, int node, const char *name, uint32_t value);
void tree_set_u64(void *tree, int node, const char *name, uint64_t value);
void tree_set_cells(void *tree, int node, const char *name, const uint32_t *cells, size_t count);
void tree_set_string(void *tree, int node, const char *name, const char *text);
void tree_set_bytes(void *tree, int node, const char *name, const void *bytes, size_t size);

/* The node's phandle; it gets one when it has none. */
uint32_t tree_phandle(void *tree, int node);

/* The first cell of a property, or `otherwise`. */
uint32_t tree_get_u32(const void *tree, int node, const char *name, uint32_t otherwise);

/* Cell `index` of a property, or `otherwise`. */
uint32_t tree_get_cell(const void *tree, int node, const char *name, int index, uint32_t otherwise);

/* Appends a string to a list in `list`, of which `used` bytes are taken; returns the new length. */
size_t tree_add_name(char *list, size_t size, size_t used, const char *name);

/* The next node behind `node` (-1: the first) that is compatible; negative at the end. */
int tree_next_compatible(const void *tree, int node, const char *compatible);

/* The end of the memory that begins at 0. */
uint64_t tree_memory_end(const void *tree);

/* Memory [base, base + size) that is not the payload's, with a name for people: "/reserved-memory", "reserved-ranges"
 * and the reservation block. */
void tree_reserve(void *tree, const char *name, uint64_t base, uint64_t size);

#endif
