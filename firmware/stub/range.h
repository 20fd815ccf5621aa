/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of half-open physical address ranges [base, end). */
#ifndef STUB_RANGE_H
#define STUB_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_SET_CAPACITY 128

struct range {
    uint64_t base;
    uint64_t end;
};

/* Ascending, neither empty nor touching each other.  All zeros is the empty set. */
struct range_set {
    size_t count;
    struct range ranges[RANGE_SET_CAPACITY];
};

/* Set `range` to [base, base + size); false when the end does not fit into 64 bits. */
bool range_from_size(uint64_t base, uint64_t size, struct range *range);

bool range_overlaps(struct range left, struct range right);

/* Unite the set with `range`; false, and the set as before, when it would need more than RANGE_SET_CAPACITY ranges. */
bool range_set_add(struct range_set *set, struct range range);

/* Take `range` out of the set; false, and the set as before, when it would need more than RANGE_SET_CAPACITY ranges. */
bool range_set_remove(struct range_set *set, struct range range);

/* True when every address of `range` is in the set. */
bool range_set_contains(const struct range_set *set, struct range range);

/* True when at least one address of `range` is in the set. */
bool range_set_touches(const struct range_set *set, struct range range);

/* Find the lowest multiple of `alignment` (a power of two), not below `from`, at which `size` bytes are in the set. */
bool range_set_find(const struct range_set *set, uint64_t size, uint64_t alignment, uint64_t from, uint64_t *base);

#endif
