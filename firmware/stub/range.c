/* SPDX-License-Identifier: BSD-2-Clause */
#include "range.h"

#include <string.h>

static uint64_t lower(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static uint64_t higher(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

bool range_from_size(uint64_t base, uint64_t size, struct range *range)
{
    range->base = base;
    return !__builtin_add_overflow(base, size, &range->end);
}

bool range_overlaps(struct range left, struct range right)
{
    return left.base < right.end && right.base < left.end && left.base < left.end && right.base < right.end;
}

/* Replace the `old_count` ranges from `first` on by `fresh`. */
static bool range_set_replace(struct range_set *set, size_t first, size_t old_count, const struct range *fresh,
                              size_t fresh_count)
{
    size_t behind = set->count - first - old_count;

    if (set->count - old_count + fresh_count > RANGE_SET_CAPACITY)
        return false;
    memmove(&set->ranges[first + fresh_count], &set->ranges[first + old_count], behind * sizeof(set->ranges[0]));
    for (size_t i = 0; i < fresh_count; i++)
        set->ranges[first + i] = fresh[i];
    set->count = set->count - old_count + fresh_count;
    return true;
}

bool range_set_add(struct range_set *set, struct range range)
{
    size_t first = 0;
    size_t last;

    if (range.base >= range.end)
        return true;
    while (first < set->count && set->ranges[first].end < range.base)
        first++;
    for (last = first; last < set->count && set->ranges[last].base <= range.end; last++) {
        range.base = lower(range.base, set->ranges[last].base);
        range.end = higher(range.end, set->ranges[last].end);
    }
    return range_set_replace(set, first, last - first, &range, 1);
}

bool range_set_remove(struct range_set *set, struct range range)
{
    struct range rest[2];
    size_t rest_count = 0;
    size_t first = 0;
    size_t last;

    if (range.base >= range.end)
        return true;
    while (first < set->count && set->ranges[first].end <= range.base)
        first++;
    for (last = first; last < set->count && set->ranges[last].base < range.end; last++)
        ;
    if (first == last)
        return true;
    if (set->ranges[first].base < range.base)
        rest[rest_count++] = (struct range){set->ranges[first].base, range.base};
    if (set->ranges[last - 1].end > range.end)
        rest[rest_count++] = (struct range){range.end, set->ranges[last - 1].end};
    return range_set_replace(set, first, last - first, rest, rest_count);
}

bool range_set_contains(const struct range_set *set, struct range range)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->ranges[i].base <= range.base && range.end <= set->ranges[i].end)
            return true;
    }
    return range.base >= range.end;
}

bool range_set_touches(const struct range_set *set, struct range range)
{
    for (size_t i = 0; i < set->count; i++) {
        if (range_overlaps(set->ranges[i], range))
            return true;
    }
    return false;
}

bool range_set_find(const struct range_set *set, uint64_t size, uint64_t alignment, uint64_t from, uint64_t *base)
{
    for (size_t i = 0; i < set->count; i++) {
        uint64_t start = higher(set->ranges[i].base, from);
        uint64_t aligned = (start + alignment - 1) & ~(alignment - 1);

        if (aligned >= start && aligned <= set->ranges[i].end && set->ranges[i].end - aligned >= size) {
            *base = aligned;
            return true;
        }
    }
    return false;
}
