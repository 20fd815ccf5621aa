/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's memory in extents of 16 MiB. An extent belongs to firmware and boot images, to the hypervisor, or
 * to one domain, and never changes hands while the machine is up.
 */
#ifndef HV_MEMORY_H
#define HV_MEMORY_H

#include "hv/types.h"

/* Reads /memory, the reservations and what firmware keeps; hypervisor_end is the first byte behind our own image. */
void memory_init(const void *fdt, paddr_t hypervisor_end);

/*
 * count extents in a row for a domain, the first at a multiple of align_extents, their guest numbers from
 * guest_first on. Returns the first's number, or UINT32_MAX when there is no such row.
 */
uint32_t memory_alloc(uint32_t domain_id, uint64_t count, uint64_t align_extents, uint64_t guest_first);

/* Gives back everything that a domain holds: for one that could not be built. */
void memory_release(uint32_t domain_id);

/* Memory for the hypervisor itself, cleared, aligned to a power of two; NULL when there is none. Never freed. */
void *memory_alloc_hypervisor(uint64_t size, uint64_t align);

/* The guest's number of the extent that holds a machine address of this domain; asking for another's is a bug. */
uint64_t memory_guest_extent(uint32_t domain_id, paddr_t address);

/*
 * True when all of [base, base + size) is RAM that is neither ours nor ever handed out: what the stub put there
 * stays. No byte is no such range.
 */
bool memory_is_kept(paddr_t base, uint64_t size);

/* Bytes: all RAM, what is free, what the hypervisor took. */
uint64_t memory_total(void);
uint64_t memory_free(void);
uint64_t memory_hypervisor(void);

/* The map, one line a range. */
void memory_print(void);

#endif
