/* SPDX-License-Identifier: BSD-2-Clause */
/* Booting from Open Firmware: what a flat device tree would have told is asked for.  Before prom_open() and after
 * prom_quiesce() nothing here does anything. */
#ifndef STUB_PROM_H
#define STUB_PROM_H

#include <stdbool.h>
#include <stdint.h>

#include "place.h"
#include "range.h"
#include "refusal.h"

/* Use the client interface at `client` in the processor mode `msr`, both as they were at the stub's entry; from then on
 * there may be a console. */
void prom_open(uint64_t client, uint64_t msr);

/* Write `text` to the firmware's console. */
void prom_console_write(const char *text);

/* Collect the memory nodes' ranges, and set the limit: the firmware's addresses are 32-bit, and a partition reaches only
 * the first range before it has a page table. */
bool prom_find_memory(struct places *places, struct refusal *refusal);

/* The initrd in [base, base + size), as the firmware's registers say.  They may as well hold anything: what is not in memory
 * or overlaps `image`, where the image is, gives an empty range. */
struct range prom_ramdisk(const struct places *places, uint32_t base, uint32_t size, struct range image);

/* Take [base, base + size) from the firmware; false when it has other plans.  Without Open Firmware always true. */
bool prom_claim(uint64_t base, uint64_t size);

/* True when the firmware's addresses in `range` are real ones. */
bool prom_is_real(struct range range);

/* Make a flat device tree of the firmware's, in a place from `from` on; `ramdisk`, unless empty, becomes its initrd. */
bool prom_make_tree(struct places *places, uint64_t from, struct range ramdisk, const void **tree,
                            struct refusal *refusal);

/* Put the run-time services (RTAS) that a CHRP or PAPR machine has to a place from `from` on, and say in `tree` where;
 * no such services are no error. */
bool prom_make_rtas(struct places *places, uint64_t from, void *tree, struct refusal *refusal);

/* Stop the firmware's devices.  It is never called again. */
void prom_quiesce(void);

/* Go back to the firmware's prompt; returns when there is no such way. */
void prom_exit(void);

#endif
