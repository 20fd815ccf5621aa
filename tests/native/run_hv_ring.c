/* SPDX-License-Identifier: BSD-2-Clause */
/* The byte queue against a plain count of what went in and came out.
 *
 * Include: tests/native hypervisor/include lib/include
 */
#include "hv/ring.h"

#include "check.h"
#include "hv_random.h"

static struct ring ring;
static uint64_t written;
static uint64_t taken;

/* The n-th byte that ever went through. */
static char nth(uint64_t n)
{
    return (char)(n * 31 + (n >> 8));
}

static void check_counts(void)
{
    const char *run;
    size_t size = ring_run(&ring, &run);

    CHECK(ring_used(&ring) == written - taken);
    CHECK(ring_space(&ring) == RING_SIZE - (written - taken));
    CHECK((size == 0) == (written == taken));
    CHECK(size <= ring_used(&ring));
    CHECK(run >= ring.bytes && run + size <= ring.bytes + RING_SIZE);
    CHECK(size == ring_used(&ring) || run + size == ring.bytes + RING_SIZE);
    for (size_t i = 0; i < size; i++) {
        CHECK(run[i] == nth(taken + i));
    }
}

static void put(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool fits = written - taken < RING_SIZE;

        CHECK(ring_put(&ring, nth(written)) == fits);
        written += fits ? 1 : 0;
    }
}

static void get(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool there = written != taken;
        char byte = 'x';

        CHECK(ring_get(&ring, &byte) == there);
        CHECK(byte == (there ? nth(taken) : 'x'));
        taken += there ? 1 : 0;
    }
}

static void test_full_and_empty(void)
{
    check_counts();
    get(1);
    put(RING_SIZE);
    check_counts();
    CHECK(ring_space(&ring) == 0);
    put(1);
    check_counts();
    get(RING_SIZE);
    check_counts();
    get(1);
}

/* Few bytes across the buffer's end. */
static void test_runs_at_the_end(void)
{
    for (unsigned at = RING_SIZE - 5; at < RING_SIZE + 2; at++) {
        for (unsigned used = 0; used < 8; used++) {
            get(RING_SIZE);
            ring.head = ring.tail = at;
            put(used);
            check_counts();
        }
    }
}

static void test_random(void)
{
    for (int step = 0; step < 3000; step++) {
        size_t most = random_one_in(4) ? RING_SIZE + 1 : 600;

        if (random_one_in(2)) {
            put(random_below(most));
        } else {
            get(random_below(most));
        }
        check_counts();
    }
}

/* Both counters run on past 32 bits. */
static void test_counters_wrap(void)
{
    get(RING_SIZE);
    ring.head = ring.tail = UINT32_MAX - 100;
    check_counts();
    test_random();
    CHECK(ring.tail < UINT32_MAX - 100);
}

int main(void)
{
    test_full_and_empty();
    test_runs_at_the_end();
    test_random();
    test_counters_wrap();
    return 0;
}
