/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation as a guest sets it up: segments by slbmte, pages by H_ENTER (Power ISA 2.07 Book III-S 5.7). */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "hcall.h"

/* First doubleword of an entry. */
#define PTE_V_VALID UINT64_C(0x1)
#define PTE_V_SECONDARY UINT64_C(0x2)
#define PTE_V_LARGE UINT64_C(0x4)
#define PTE_V_BOLTED UINT64_C(0x10)
#define PTE_V_1T UINT64_C(0x4000000000000000)
#define PTE_V_AVPN_MASK (~UINT64_C(0x7f))

/* Second doubleword. */
#define PTE_R_PP UINT64_C(0x8000000000000003)
#define PTE_R_READ_WRITE UINT64_C(0x2) /* by all, whatever the key */
#define PTE_R_READ_ONLY UINT64_C(0x3)
#define PTE_R_NO_EXECUTE UINT64_C(0x4)
#define PTE_R_GUARDED UINT64_C(0x8)
#define PTE_R_COHERENT UINT64_C(0x10)
#define PTE_R_INHIBITED UINT64_C(0x20)
#define PTE_R_CHANGED UINT64_C(0x80)
#define PTE_R_REFERENCED UINT64_C(0x100)
#define PTE_R_DEFAULT (PTE_R_COHERENT | PTE_R_READ_WRITE)
#define PTE_R_ADDRESS_MASK UINT64_C(0x0ffffffffffff000)
#define PTE_R_64K UINT64_C(0x1000) /* page size code 1 in the low bits of the page number */

/* Slots per group, and where a mapping lives. */
#define PTEG_SLOTS 8

/* A page size, with base and actual size equal. */
struct mmu_size {
    const char *name;
    unsigned shift;
    uint64_t slb;  /* L and LP bits of the segment */
    uint64_t pte_v;
    uint64_t pte_r;
};

extern const struct mmu_size mmu_4k;
extern const struct mmu_size mmu_64k;
extern const struct mmu_size mmu_16m;

/* One page of a segment of 256 MiB or 1 TiB. */
struct mmu_page {
    const struct mmu_size *size;
    bool is_1t;
    uint64_t vsid;
    uint64_t address; /* effective */
};

/* Entries of the hash table, from ibm,pft-size. */
uint64_t mmu_entry_count(void);

/* First slot of the primary or secondary group of a page, and the first doubleword for it. */
uint64_t mmu_group(const struct mmu_page *page, bool secondary);
uint64_t mmu_pte_v(const struct mmu_page *page);

/* H_ENTER into the primary group, or the secondary if that is full; *slot tells where. */
struct hcall mmu_enter(const struct mmu_page *page, uint64_t real, uint64_t bits, uint64_t *slot);

/* Writes one segment lookaside entry for the page's segment. */
void mmu_segment(unsigned index, const struct mmu_page *page);
void mmu_segment_clear(unsigned index);

/* Maps all memory one to one with 16 MiB pages in one 1 TiB segment (entry 1), usable in problem state too; false after a FAIL. */
bool mmu_map_identity(void);

/* Translation of data and instructions on or off; the identity map must exist. */
void mmu_on(void);
void mmu_off(void);

/* H_READ of one entry: r4 and r5. */
uint64_t mmu_read_v(uint64_t slot);
uint64_t mmu_read_r(uint64_t slot);

/* The first group without a valid entry, at or after group `from`; the number of groups if there is none. */
uint64_t mmu_empty_group(uint64_t from);

#endif
