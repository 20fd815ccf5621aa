/* SPDX-License-Identifier: BSD-2-Clause */
/* A pattern in all memory that is not the guest's image, device tree or RTAS: one word in each cache line. */
#ifndef GUEST_PATTERN_H
#define GUEST_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

/* Leaves [start, start + size) out as well; at most a few calls, before pattern_fill(). */
void pattern_exclude(uint64_t start, uint64_t size);

/* True when [start, start + size) touches what is filled. */
bool pattern_covers(uint64_t start, uint64_t size);

/* Doublewords of that memory in the real-mode area that are not zero; the first few are printed. */
uint64_t pattern_count_nonzero(void);

/* Both need mmu_map_identity(): memory beyond the real-mode area is reached with translation on. */
void pattern_fill(uint64_t seed);

/* Words that are not as pattern_fill(seed) left them; the first few are printed. */
uint64_t pattern_count_bad(uint64_t seed);

#endif
