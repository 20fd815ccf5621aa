/* SPDX-License-Identifier: BSD-2-Clause */
/* Range sets of the stub against a bitmap.
 *
 * Include: firmware/stub
 */
#include "../../firmware/stub/range.c"

#include <stdio.h>

#include "check.h"

#define UNIVERSE 512U

static bool bitmap[UNIVERSE];

static struct range range_of(uint64_t base, uint64_t end)
{
    return (struct range){base, end};
}

static void check_against_bitmap(const struct range_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        CHECK(set->ranges[i].base < set->ranges[i].end);
        CHECK(i == 0 || set->ranges[i - 1].end < set->ranges[i].base);
    }
    for (uint64_t i = 0; i < UNIVERSE; i++)
        CHECK(range_set_touches(set, range_of(i, i + 1)) == bitmap[i]);
}

static void test_from_size(void)
{
    struct range range;

    CHECK(range_from_size(0x1000, 0x2000, &range) && range.base == 0x1000 && range.end == 0x3000);
    CHECK(range_from_size(UINT64_MAX, 0, &range));
    CHECK(range_from_size(1, UINT64_MAX - 1, &range) && range.end == UINT64_MAX);
    CHECK(!range_from_size(1, UINT64_MAX, &range));
    CHECK(!range_from_size(UINT64_MAX, 1, &range));
}

static void test_overlaps(void)
{
    CHECK(range_overlaps(range_of(0, 10), range_of(9, 20)));
    CHECK(!range_overlaps(range_of(0, 10), range_of(10, 20)));
    CHECK(range_overlaps(range_of(0, 30), range_of(10, 20)));
    CHECK(!range_overlaps(range_of(5, 5), range_of(0, 10)));
    CHECK(!range_overlaps(range_of(0, 10), range_of(5, 5)));
}

/* Random unions and differences; every address is compared after every step. */
static void test_random(void)
{
    struct range_set set = {.count = 0};

    srand(1);
    for (int step = 0; step < 20000; step++) {
        uint64_t base = (uint64_t)rand() % UNIVERSE;
        uint64_t end = base + (uint64_t)rand() % 12;
        bool adds = rand() % 2 == 0;

        if (end > UNIVERSE)
            end = UNIVERSE;
        if (!(adds ? range_set_add(&set, range_of(base, end)) : range_set_remove(&set, range_of(base, end)))) {
            CHECK(set.count == RANGE_SET_CAPACITY);
        } else {
            for (uint64_t i = base; i < end; i++)
                bitmap[i] = adds;
        }
        check_against_bitmap(&set);
    }
}

static void test_full(void)
{
    struct range_set set = {.count = 0};
    struct range_set before;

    for (uint64_t i = 0; i < RANGE_SET_CAPACITY; i++)
        CHECK(range_set_add(&set, range_of(100 * i, 100 * i + 50)));
    before = set;
    CHECK(!range_set_add(&set, range_of(1000000, 1000001)));
    CHECK(!range_set_remove(&set, range_of(10, 20)));
    CHECK(memcmp(&set, &before, sizeof(set)) == 0);
    CHECK(range_set_remove(&set, range_of(0, 20)));
    CHECK(range_set_add(&set, range_of(40, 60)));
    CHECK(range_set_add(&set, range_of(0, UINT64_MAX)) && set.count == 1);
}

static void test_contains(void)
{
    struct range_set set = {.count = 2, .ranges = {{0x1000, 0x2000}, {0x3000, UINT64_MAX}}};

    CHECK(range_set_contains(&set, range_of(0x1000, 0x2000)));
    CHECK(!range_set_contains(&set, range_of(0x1000, 0x2001)));
    CHECK(!range_set_contains(&set, range_of(0xfff, 0x2000)));
    CHECK(!range_set_contains(&set, range_of(0x1800, 0x3800)));
    CHECK(range_set_contains(&set, range_of(0x4000, UINT64_MAX)));
    CHECK(range_set_contains(&set, range_of(0x2800, 0x2800)));
}

static void test_find(void)
{
    struct range_set set = {
        .count = 3,
        .ranges = {{0x1100, 0x3000}, {0x8000, 0xa000}, {UINT64_MAX - 0x100, UINT64_MAX}},
    };
    uint64_t base = 0;

    CHECK(range_set_find(&set, 0x1000, 0x1000, 0, &base) && base == 0x2000);
    CHECK(range_set_find(&set, 0x1f00, 0x100, 0, &base) && base == 0x1100);
    CHECK(range_set_find(&set, 0x2000, 0x1000, 0, &base) && base == 0x8000);
    CHECK(range_set_find(&set, 0x1000, 0x1000, 0x2001, &base) && base == 0x8000);
    CHECK(range_set_find(&set, 0x1000, 0x1000, 0x8001, &base) && base == 0x9000);
    CHECK(!range_set_find(&set, 0x2001, 0x1000, 0, &base));
    CHECK(!range_set_find(&set, 0x10, 0x1000, 0xa000, &base));
    CHECK(!range_set_find(&set, UINT64_MAX, 1, 0, &base));
}

int main(void)
{
    test_from_size();
    test_overlaps();
    test_random();
    test_full();
    test_contains();
    test_find();
    return 0;
}
