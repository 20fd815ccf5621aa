/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address kinds and small helpers. A machine's real address (paddr_t) and a domain's real address
 * (gpa_t) never mix: only domain_translate() turns the second into the first.
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* machine real address: what HV real mode dereferences */
typedef uint64_t gpa_t;   /* guest real address: what a domain believes its memory is at */

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define IS_ALIGNED(value, align) (((value) & ((align) - 1)) == 0)

/* Rounds up to a power of two; the caller knows that it cannot wrap. */
static inline uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* True when [base, base + size) lies in [outer, outer + outer_size); no sum can wrap. */
static inline bool range_inside(uint64_t base, uint64_t size, uint64_t outer, uint64_t outer_size)
{
    return base >= outer && base - outer <= outer_size && size <= outer_size - (base - outer);
}

/* True when the two half-open ranges share a byte; each must not wrap by itself. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a_size != 0 && b_size != 0 && (a < b ? b - a < a_size : a - b < b_size);
}

/* Real memory as a pointer: HV real mode reaches every machine address at itself. */
static inline void *paddr_pointer(paddr_t address)
{
    return (void *)(uintptr_t)address;
}

#endif
