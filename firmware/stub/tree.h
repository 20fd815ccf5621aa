/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stub reads from the firmware's flat device tree. */
#ifndef STUB_TREE_H
#define STUB_TREE_H

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "range.h"
#include "refusal.h"

/* Check the flat device tree in [tree, tree + size) in full; returns 0 or one of libfdt's negative errors. */
int tree_validate(const void *tree, uint64_t size);

/* Check that `tree` is a sound flat device tree of at most TREE_MAX_SIZE bytes. */
#define TREE_MAX_SIZE (UINT32_C(16) << 20)
bool tree_check(const void *tree, struct refusal *refusal);

/* Add to `set` every (address, size) pair in the `length` bytes at `cells`, numbers of so many cells each; `name` is the
 * property's. */
bool tree_add_pairs(const fdt32_t *cells, int length, int address_cells, int size_cells, const char *name,
                    struct range_set *set, struct refusal *refusal);

/* Collect the memory nodes' ranges. */
bool tree_find_memory(const void *tree, struct range_set *memory, struct refusal *refusal);

/* Collect what must stay untouched: the reservation map, /reserved-memory, reserved-ranges, the initrd, OPAL. */
bool tree_find_reserved(const void *tree, struct range_set *reserved, struct refusal *refusal);

/* The initrd that the firmware has loaded; false when there is none. */
bool tree_find_ramdisk(const void *tree, struct range *ramdisk);

/* What a negative result of libfdt means. */
const char *tree_error(int result);

/* True when the firmware offers OPAL calls. */
bool tree_has_opal(const void *tree);

#endif
