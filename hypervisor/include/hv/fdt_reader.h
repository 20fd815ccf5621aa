/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed reading of device trees over libfdt. Every getter says false when the property is missing or has another
 * size.
 */
#ifndef HV_FDT_READER_H
#define HV_FDT_READER_H

#include "hv/types.h"

bool fdt_read_u32(const void *fdt, int node, const char *name, uint32_t *value);
bool fdt_read_u64(const void *fdt, int node, const char *name, uint64_t *value);

/* The index-th 64-bit number of a property that holds nothing else. */
bool fdt_read_u64_at(const void *fdt, int node, const char *name, uint32_t index, uint64_t *value);

/* How many 64-bit numbers a property holds; 0 when it is missing or its size is odd. */
uint32_t fdt_count_u64(const void *fdt, int node, const char *name);

/* The index-th range of a node's reg property, in the cells that its parent prescribes. */
bool fdt_read_reg(const void *fdt, int parent, int node, uint32_t index, uint64_t *base, uint64_t *size);

/* A property that is one NUL-terminated string; NULL otherwise. */
const char *fdt_read_string(const void *fdt, int node, const char *name);

/*
 * A frequency of the processors, one or two cells: the first processor's own, or for all in their parent (Devicetree
 * Specification 0.4, section 3.7).
 */
bool fdt_read_frequency(const void *fdt, const char *name, uint64_t *hertz);

/* True when the node's compatible list has the string. */
bool fdt_is_compatible(const void *fdt, int node, const char *compatible);

#endif
