/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash table entries as the processor wants them: fields, the order of stores and instructions, what tlbie is told.
 *
 * Include: tests/native hypervisor/arch/ppc64 lib/ppc64
 */
#include <stdbool.h>
#include <stdio.h>

#include "hv_hpte.h"

#include "check.h"
#include "hv_random.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static const uint64_t *watched; /* an entry whose state at each instruction goes into the log */
static char log_text[256];

static void instruction(const char *text, uint64_t address)
{
    static const char *const names[] = { "eieio", "tlbie", "tlbsync", "ptesync" };

    CHECK(address == (strstr(text, "tlbie") != NULL ? tlbie_rb(0x21, watched[1], 8) : 0));
    for (const char *at = text; *at != '\0'; at++) {
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            if (strncmp(at, names[i], strlen(names[i])) == 0) {
                snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "%s(%lx,%lx) ", names[i],
                         watched[0], watched[1]);
            }
        }
    }
}

/* The processor never sees half of an entry, and an entry is gone before its translation is. */
static void test_order(void)
{
    uint64_t entry[2] = { 0, 0x1111 };
    struct hpte_removal removals[2] = { { .hpte = entry, .index = 8 }, { .hpte = entry, .index = 8, .v = 0x21 } };

    watched = entry;
    hpte_write(entry, 0x21, 0x2222);
    CHECK(strcmp(log_text, "eieio(0,2222) ptesync(21,2222) ") == 0);
    log_text[0] = '\0';
    hpte_invalidate(&removals[0]);
    CHECK(entry[0] == 0x20 && removals[0].v == 0x21 && log_text[0] == '\0');
    hpte_flush(removals, 2);
    CHECK(strcmp(log_text, "ptesync(20,2222) tlbie(20,2222) tlbie(20,2222) "
                           "eieio(20,2222) tlbsync(20,2222) ptesync(20,2222) ") == 0);
    CHECK(entry[1] == 0x2222);
}

/* RB of tlbie from the virtual address itself, for any address, segment and page size and either hash. */
static void test_invalidation_address(void)
{
    static const unsigned shifts[] = { 12, 16, 24 };
    static const uint64_t encodings[] = { 0, 0x1000, 0 };

    for (int step = 0; step < 200000; step++) {
        unsigned kind = (unsigned)random_below(3), shift = shifts[kind];
        bool large_segment = random_one_in(2), secondary = random_one_in(2);
        unsigned segment_shift = large_segment ? 40 : 28;
        uint64_t group_mask = (UINT64_C(1) << (11 + random_below(12))) - 1;
        /* 78 bits of virtual address: as many as the segment number has here, and the offset. */
        uint64_t segment = random_next() & (large_segment ? UINT64_C(0x3fffffffff) : UINT64_C(0x3ffffffffffff));
        uint64_t offset = random_next() & ((UINT64_C(1) << segment_shift) - 1);
        uint64_t low64 = segment << segment_shift | offset;
        uint64_t avpn = (segment << (segment_shift - 23) | offset >> 23) & ~(uint64_t)(shift == 24 ? 1 : 0);
        uint64_t hash = large_segment ? segment ^ segment << 25 ^ offset >> shift : segment ^ offset >> shift;
        uint64_t group = (secondary ? ~hash : hash) & group_mask;
        uint64_t v = (large_segment ? HPTE_V_SEGMENT_1T : 0) | avpn << 7 | (shift == 12 ? 0 : HPTE_V_LARGE) |
                     (secondary ? HPTE_V_SECONDARY : 0) | HPTE_V_VALID;
        uint64_t size_bits = large_segment ? 0x100 : 0, page = low64 & ~((UINT64_C(1) << shift) - 1);
        uint64_t expected = shift == 12 ? page | size_bits
                                        : page | encodings[kind] | size_bits | (page >> 12 & 0xfe) | 1;

        CHECK(tlbie_rb(v, encodings[kind], group * HPTES_PER_GROUP + random_below(8)) == expected);
    }
}

static void test_page_sizes(void)
{
    for (uint64_t lp = 0; lp < 256; lp++) {
        unsigned expected = (lp & 0xf) == 1 ? 16 : lp == 0 ? 24 : 0;

        CHECK(hpte_page_shift(HPTE_V_VALID, lp << 12) == 12);
        CHECK(hpte_page_shift(HPTE_V_LARGE, lp << 12 | 0x1ff) == expected);
    }
}

/* The bolted entries of the real-mode area: their address, and the group that hashing it gives. */
static void test_real_mode_area(void)
{
    CHECK(hpt_sdr1(0x40000000, 18) == 0x40000000);
    CHECK(hpt_sdr1(0x40000000, 24) == 0x40000006);
    for (uint64_t page = 0; page < 4096; page += 7) {
        uint64_t v = vrma_hpte_v(page), vsid = 0x1ffffff;

        CHECK(v >> 62 == 1 && (v & HPTE_V_VALID) != 0 && (v & HPTE_V_OWNED) != 0 && (v & HPTE_V_LARGE) != 0);
        CHECK((v & UINT64_C(0x3fffffffffffff80)) >> 7 == (vsid << 17 | page << 1));
        CHECK(vrma_group(page, 2048) == ((vsid ^ vsid << 25 ^ page) & 2047));
        CHECK(tlbie_rb(v, 0, vrma_group(page, 2048) * 8) == (vsid << 40 | page << 24 | 0x101));
    }
}

int main(void)
{
    test_order();
    test_invalidation_address();
    test_page_sizes();
    test_real_mode_area();
    return 0;
}
