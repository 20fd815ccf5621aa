/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's memory, extents in any order, against the byte-by-byte stand-in that other tests use in its place.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include "../../hypervisor/core/domain.c"

/* The stand-in under names of its own. */
#define domain_contains naive_contains
#define domain_translate naive_translate
#define domain_pointer naive_pointer
#define domain_read naive_read
#define domain_write naive_write
#include "hv_domain.h"
#undef domain_contains
#undef domain_translate
#undef domain_pointer
#undef domain_read
#undef domain_write

#include "hv_domain_needs.h"
#include "hv_random.h"

static const uint32_t extents[] = { 70, 20, 33, 32 };
#define END ((uint64_t)ARRAY_SIZE(extents) << EXTENT_SHIFT)

static struct domain *guest;

static uint64_t random_address(void)
{
    switch (random_below(4)) {
    case 0:
        return random_wild();
    case 1:
        return random_below(ARRAY_SIZE(extents) + 2) * EXTENT_SIZE + random_below(17) - 8;
    default:
        return random_below(END + 16);
    }
}

static uint64_t random_size(void)
{
    return random_one_in(5) ? random_wild() : random_one_in(3) ? random_below(2 * EXTENT_SIZE) : random_below(32);
}

static void test_addresses(void)
{
    for (int step = 0; step < 300000; step++) {
        uint64_t at = random_address(), size = random_size();
        paddr_t ours = 1, theirs = 1;

        CHECK(domain_contains(guest, at, size) == naive_contains(guest, at, size));
        CHECK(domain_translate(guest, at, size, &ours) == naive_translate(guest, at, size, &theirs));
        CHECK(ours == theirs);
        CHECK(domain_pointer(guest, at, size) == naive_pointer(guest, at, size));
    }
    CHECK(domain_memory_size(guest) == END);
}

/* Copies of every length across every boundary; what does not fit is refused, and nothing beside it changes. */
static void test_copies(void)
{
    uint8_t out[64], back[64], naive[64];

    for (int step = 0; step < 100000; step++) {
        gpa_t boundary = (1 + random_below(ARRAY_SIZE(extents))) * EXTENT_SIZE;
        gpa_t at = random_one_in(4) ? random_address() : boundary - random_below(64);
        uint64_t size = random_below(sizeof(out) + 1);
        bool inside = size == 0 || naive_contains(guest, at, size);
        uint8_t before = 0, after = 0;

        for (size_t i = 0; i < sizeof(out); i++) {
            out[i] = (uint8_t)random_next();
        }
        naive_read(guest, &before, at - 1, 1);
        naive_read(guest, &after, at + size, 1);
        CHECK(domain_write(guest, at, out, size) == inside);
        CHECK(domain_read(guest, back, at, size) == inside);
        CHECK(naive_read(guest, naive, at, size) == inside);
        if (inside) {
            uint8_t neighbour = before;

            CHECK(memcmp(back, out, size) == 0 && memcmp(naive, out, size) == 0);
            naive_read(guest, &neighbour, at - 1, 1);
            CHECK(neighbour == before);
            neighbour = after;
            naive_read(guest, &neighbour, at + size, 1);
            CHECK(neighbour == after);
        }
    }
}

/* What does not end inside the memory is refused however long it is. */
static void test_huge_copies(void)
{
    static uint8_t buffer[4096];

    memset(buffer, 1, sizeof(buffer));
    CHECK(!domain_write(guest, END - 16, buffer, sizeof(buffer)));
    CHECK(!domain_read(guest, buffer, END - 16, sizeof(buffer)));
    CHECK(!domain_write(guest, END, buffer, UINT64_MAX));
    CHECK(!domain_write(guest, UINT64_MAX, buffer, 2));
    CHECK(!domain_read(guest, buffer, UINT64_MAX - 15, 32));
    CHECK(domain_read(guest, buffer, UINT64_MAX, 0) && domain_write(guest, UINT64_MAX, buffer, 0));
}

/* What is written may be code: every byte of it reaches instruction fetch. */
static void test_instruction_cache(void)
{
    uint8_t bytes[100] = { 0 };

    processor.icache_syncs = 0;
    CHECK(domain_write(guest, EXTENT_SIZE - 60, bytes, sizeof(bytes)));
    CHECK(processor.icache_syncs == 2 && processor.icache_size == 40);
    CHECK(processor.icache_at == domain_byte(guest, EXTENT_SIZE));
}

int main(void)
{
    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    test_addresses();
    test_copies();
    test_huge_copies();
    test_instruction_cache();
    return 0;
}
