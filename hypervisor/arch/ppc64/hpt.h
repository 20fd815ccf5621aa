/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash page table as the processor defines it (Power ISA 2.07, Book III-S 5.7.7): entry fields, the page sizes we
 * offer, and the ordered ways to change an entry that the processor may be reading.
 */
#ifndef ARCH_HPT_H
#define ARCH_HPT_H

#include <stdbool.h>
#include <stdint.h>

#define HPTES_PER_GROUP 8
#define HPTE_SHIFT 4 /* log2 of an entry's bytes */

/* First doubleword */
#define HPTE_V_SEGMENT_1T UINT64_C(0x4000000000000000)
#define HPTE_V_SEGMENT_MASK UINT64_C(0xc000000000000000)
#define HPTE_V_AVPN UINT64_C(0xffffffffffffff80) /* with the segment size */
#define HPTE_V_OWNED UINT64_C(0x40)              /* software bit: the hypervisor's own entry */
#define HPTE_V_RESERVED UINT64_C(0x60)           /* software bits that a guest does not get */
#define HPTE_V_BOLTED UINT64_C(0x10)
#define HPTE_V_LARGE UINT64_C(0x04)
#define HPTE_V_SECONDARY UINT64_C(0x02)
#define HPTE_V_VALID UINT64_C(0x01)

/* Second doubleword */
#define HPTE_R_PP0 UINT64_C(0x8000000000000000)
#define HPTE_R_KEY_HIGH UINT64_C(0x3000000000000000)
#define HPTE_R_RPN UINT64_C(0x0ffffffffffff000)
#define HPTE_R_LP UINT64_C(0x00000000000ff000)
#define HPTE_R_KEY_LOW UINT64_C(0x0000000000000e00)
#define HPTE_R_R UINT64_C(0x0000000000000100)
#define HPTE_R_C UINT64_C(0x0000000000000080)
#define HPTE_R_WIMG UINT64_C(0x0000000000000078)
#define HPTE_R_M UINT64_C(0x0000000000000010)
#define HPTE_R_N UINT64_C(0x0000000000000004)
#define HPTE_R_PP UINT64_C(0x0000000000000003)

/*
 * log2 of the page size that L and LP encode (4 KiB, 64 KiB or 16 MiB in a segment of the same size); 0: none of
 * ours.
 */
unsigned hpte_page_shift(uint64_t v, uint64_t r);

/* Makes an entry valid: second doubleword first, so that the processor never sees half of it. */
void hpte_write(uint64_t *hpte, uint64_t v, uint64_t r);

/* An entry that is being taken out: where it is, and its first doubleword as it was. */
struct hpte_removal {
    uint64_t *hpte;
    uint64_t index;
    uint64_t v;
};

/* Makes an entry invalid; its translation may live on until hpte_flush(). */
void hpte_invalidate(struct hpte_removal *removal);

/*
 * Drops the translations of invalid entries everywhere, with one wait for all. Their R and C bits are final
 * afterwards.
 */
void hpte_flush(const struct hpte_removal *removals, uint64_t count);

/* SDR1 for a table of 2^shift bytes at a machine address aligned to its size. */
uint64_t hpt_sdr1(uint64_t base, unsigned shift);

/* First doubleword and primary group of the entry that maps page number page (16 MiB) of the virtual real mode area. */
#define VRMA_PAGE_SHIFT 24
#define VRMA_LLP UINT64_C(0x10) /* LPCR[VRMASD]: L = 1, LP = 0, 16 MiB */
uint64_t vrma_hpte_v(uint64_t page);
uint64_t vrma_group(uint64_t page, uint64_t group_count);

#endif
