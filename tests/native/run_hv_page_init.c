/* SPDX-License-Identifier: BSD-2-Clause */
/* H_PAGE_INIT: its bounds, its flags, and that no byte beside the page changes.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include "../../hypervisor/papr/page.c"

#include "check.h"
#include "hv_domain.h"
#include "hv_processor.h"
#include "hv_random.h"

#define FLAG(bit) (UINT64_C(1) << (63 - (bit)))
#define ZERO FLAG(48)
#define COPY FLAG(49)
#define INVALIDATE FLAG(40)
#define SYNCHRONIZE FLAG(41)
#define HINTS (FLAG(28) | FLAG(29) | FLAG(30))
#define PAGE UINT64_C(4096)

static const uint32_t extents[] = { 44, 19, 61 };
#define END ((uint64_t)ARRAY_SIZE(extents) << EXTENT_SHIFT)

static struct domain *guest;

static int64_t call(uint64_t flags, gpa_t page, gpa_t source)
{
    uint64_t *args = &guest->vcpus[0].context.gpr[4];

    args[0] = flags, args[1] = page, args[2] = source;
    return h_page_init(&guest->vcpus[0], args);
}

static void fill(gpa_t at, uint8_t value)
{
    for (uint64_t i = 0; i < PAGE; i++) {
        *domain_byte(guest, at + i) = value;
    }
}

/* The page holds one value, and its neighbours what test_page_init() put there. */
static void page_check(gpa_t at, uint8_t value)
{
    for (uint64_t i = 0; i < PAGE; i++) {
        CHECK(*domain_byte(guest, at + i) == value);
    }
    CHECK(at == 0 || *domain_byte(guest, at - 1) == 1);
    CHECK(at + PAGE == END || *domain_byte(guest, at + PAGE) == 1);
}

static void test_page_init(void)
{
    static const gpa_t good[] = { 0, PAGE, EXTENT_SIZE - PAGE, EXTENT_SIZE, 2 * EXTENT_SIZE, END - PAGE };
    static const gpa_t bad[] = {
        END, END + PAGE, 1, PAGE - 1, PAGE + 8, END - PAGE + 1, UINT64_MAX, UINT64_MAX - PAGE + 1, UINT64_C(1) << 63,
    };
    const gpa_t source = EXTENT_SIZE + 16 * PAGE;

    fill(source, 7);
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        gpa_t at = good[i];

        if (at != 0) {
            *domain_byte(guest, at - 1) = 1;
        }
        if (at + PAGE != END) {
            *domain_byte(guest, at + PAGE) = 1;
        }
        fill(at, 9);
        processor.icache_syncs = 0;
        CHECK(call(0, at, 0) == H_SUCCESS);
        CHECK(call(HINTS, at, 0) == H_SUCCESS);
        page_check(at, 9);
        CHECK(call(COPY, at, source) == H_SUCCESS);
        page_check(at, 7);
        CHECK(processor.icache_syncs == 0);
        CHECK(call(ZERO | SYNCHRONIZE | HINTS, at, 1) == H_SUCCESS);
        page_check(at, 0);
        CHECK(processor.icache_syncs == 1);
        CHECK(processor.icache_at == domain_byte(guest, at) && processor.icache_size == PAGE);
        CHECK(call(COPY | INVALIDATE, at, at) == H_SUCCESS && processor.icache_syncs == 2);
        page_check(at, 0);
        for (size_t j = 0; j < ARRAY_SIZE(bad); j++) {
            CHECK(call(ZERO | SYNCHRONIZE, bad[j], source) == H_PARAMETER);
            CHECK(call(COPY, bad[j], source) == H_PARAMETER);
            CHECK(call(COPY | ZERO | SYNCHRONIZE, at, bad[j]) == H_PARAMETER);
        }
        CHECK(processor.icache_syncs == 2);
        page_check(at, 0);
        fill(at, 1);
    }
}

static void test_page_init_flags(void)
{
    const uint64_t known = ZERO | COPY | INVALIDATE | SYNCHRONIZE | HINTS;

    fill(PAGE, 9);
    for (unsigned bit = 0; bit < 64; bit++) {
        if ((known & FLAG(bit)) == 0) {
            CHECK(call(FLAG(bit) | ZERO, PAGE, 0) == H_PARAMETER);
        }
    }
    CHECK(*domain_byte(guest, PAGE) == 9);
}

static void test_random(void)
{
    for (int step = 0; step < 100000; step++) {
        uint64_t words[2], flags = (random_one_in(2) ? ZERO : COPY) | (random_next() & (HINTS | SYNCHRONIZE));

        for (int i = 0; i < 2; i++) {
            words[i] = random_one_in(3) ? random_wild() : random_below(END / PAGE + 2) * PAGE;
        }
        call(random_one_in(8) ? random_wild() : flags, words[0], words[1]);
    }
}

int main(void)
{
    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    test_page_init();
    test_page_init_flags();
    test_random();
    return 0;
}
