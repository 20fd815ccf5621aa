/* SPDX-License-Identifier: BSD-2-Clause */
/* Read access to the domain's flat device tree (Devicetree Specification 0.4, chapter 5). */
#ifndef GUEST_FDT_H
#define GUEST_FDT_H

#include <stdbool.h>
#include <stdint.h>

struct fdt_property {
    const char *node;    /* the node's name with its unit address; "" is the root */
    const char *name;
    const uint8_t *value;
    uint32_t size;       /* bytes */
};

void fdt_init(uint64_t address);
uint64_t fdt_address(void);
uint64_t fdt_size(void);

/* The first property `name` of a node whose name starts with node_prefix. */
bool fdt_find(const char *node_prefix, const char *name, struct fdt_property *property);

/* The same for node number `index` of those that have it, from 0 in the order of the tree. */
bool fdt_find_at(const char *node_prefix, const char *name, unsigned index, struct fdt_property *property);

/* Cell number `index` of a property, 0 if it is too short. */
uint32_t fdt_cell(const struct fdt_property *property, uint32_t index);

/* One cell found as above, or `otherwise`. */
uint32_t fdt_number(const char *node_prefix, const char *name, uint32_t otherwise);

/* Memory of the domain: bytes in all memory nodes, and in the one at 0, the real-mode area. */
uint64_t fdt_memory_size(void);
uint64_t fdt_rma_size(void);

/* The number behind `name=` in the command line, or `otherwise`. */
uint64_t fdt_option(const char *name, uint64_t otherwise);

#endif
