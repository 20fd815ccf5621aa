/* SPDX-License-Identifier: BSD-2-Clause */
#include "hpt.h"

/* The segment of the virtual real mode area, which is the processor's choice; how far a 1 TiB segment's id is moved in its hash. */
#define VRMA_VSID UINT64_C(0x1ffffff)
#define HASH_1T_SHIFT 25

/* LP for what /cpus offers (ibm,segment-page-sizes). Of 64 KiB pages its upper four bits are the page number's. */
#define LP_64K UINT64_C(0x1000)
#define LP_64K_MASK UINT64_C(0x0f000)
#define LP_16M UINT64_C(0x0000)

unsigned hpte_page_shift(uint64_t v, uint64_t r)
{
    if ((v & HPTE_V_LARGE) == 0) {
        return 12;
    }
    if ((r & LP_64K_MASK) == LP_64K) {
        return 16;
    }
    if ((r & HPTE_R_LP) == LP_16M) {
        return 24;
    }
    return 0;
}

void hpte_write(uint64_t *hpte, uint64_t v, uint64_t r)
{
    __atomic_store_n(&hpte[1], r, __ATOMIC_RELAXED);
    __asm__ volatile("eieio" : : : "memory");
    __atomic_store_n(&hpte[0], v, __ATOMIC_RELAXED);
    __asm__ volatile("ptesync" : : : "memory");
}

/*
 * RB of tlbie for an entry (Power ISA 2.07, Book III-S 5.9.3.3): segment size, page size and the abbreviated
 * virtual address. The entry does not hold the address's low bits; the group number does, as their hash with the
 * segment id.
 */
static uint64_t tlbie_rb(uint64_t v, uint64_t r, uint64_t index)
{
    unsigned shift = hpte_page_shift(v, r);
    unsigned segment_id_shift = (v & HPTE_V_SEGMENT_MASK) == HPTE_V_SEGMENT_1T ? 24 : 12;
    uint64_t hash = index / HPTES_PER_GROUP;
    uint64_t page = (((v & HPTE_V_SECONDARY) != 0 ? ~hash : hash) ^ v >> segment_id_shift) & 0x7ff;
    uint64_t size = (v & HPTE_V_SEGMENT_MASK) >> 54;
    uint64_t address = (v & HPTE_V_AVPN) << 16;

    if (shift == 12) {
        return address | page << 12 | size;
    }
    address |= page << shift & 0x7ff000;
    address &= ~((UINT64_C(1) << shift) - 1);
    return address | (page << (shift - 12) & 0xfe) | size | (shift == 16 ? LP_64K : LP_16M) | 1;
}

void hpte_invalidate(struct hpte_removal *removal)
{
    removal->v = removal->hpte[0];
    __atomic_store_n(&removal->hpte[0], removal->v & ~HPTE_V_VALID, __ATOMIC_RELAXED);
}

void hpte_flush(const struct hpte_removal *removals, uint64_t count)
{
    uint64_t lpid;

    __asm__ volatile("mfspr %0,319" : "=r"(lpid)); /* LPIDR */
    __asm__ volatile("ptesync" : : : "memory");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t rb = tlbie_rb(removals[i].v, removals[i].hpte[1], removals[i].index);

        __asm__ volatile(".machine push\n\t.machine power8\n\ttlbie %0,%1\n\t.machine pop"
                         :
                         : "r"(rb), "r"(lpid)
                         : "memory");
    }
    __asm__ volatile("eieio\n\ttlbsync\n\tptesync" : : : "memory");
}

uint64_t hpt_sdr1(uint64_t base, unsigned shift)
{
    return base | (shift - 18);
}

uint64_t vrma_hpte_v(uint64_t page)
{
    uint64_t low = (page << (VRMA_PAGE_SHIFT - 16)) & ~UINT64_C(0x7f);

    return HPTE_V_SEGMENT_1T | VRMA_VSID << 24 | low | HPTE_V_BOLTED | HPTE_V_LARGE | HPTE_V_VALID | HPTE_V_OWNED;
}

uint64_t vrma_group(uint64_t page, uint64_t group_count)
{
    return (page ^ VRMA_VSID ^ VRMA_VSID << HASH_1T_SHIFT) & (group_count - 1);
}
