/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"

#include "check.h"
#include "fdt.h"
#include "regs.h"

#define IDENTITY_VSID 0x2bad
#define SHIFT_256M 28
#define SHIFT_1T 40
#define SLB_B_1T (UINT64_C(1) << 62)
#define SLB_V (UINT64_C(1) << 27)

const struct mmu_size mmu_4k = {"4K", 12, 0, 0, 0};
const struct mmu_size mmu_64k = {"64K", 16, 0x110, PTE_V_LARGE, PTE_R_64K};
const struct mmu_size mmu_16m = {"16M", 24, 0x100, PTE_V_LARGE, 0};

static unsigned segment_shift(const struct mmu_page *page)
{
    return page->is_1t ? SHIFT_1T : SHIFT_256M;
}

static uint64_t segment_offset(const struct mmu_page *page)
{
    return page->address & ((UINT64_C(1) << segment_shift(page)) - 1);
}

uint64_t mmu_entry_count(void)
{
    struct fdt_property property;

    return fdt_find("PowerPC,", "ibm,pft-size", &property) ? UINT64_C(1) << (fdt_cell(&property, 1) - 4) : 0;
}

uint64_t mmu_group(const struct mmu_page *page, bool secondary)
{
    uint64_t hash = page->vsid ^ segment_offset(page) >> page->size->shift;

    if (page->is_1t)
        hash ^= page->vsid << 25;
    if (secondary)
        hash = ~hash;
    return hash * PTEG_SLOTS & (mmu_entry_count() - 1);
}

uint64_t mmu_pte_v(const struct mmu_page *page)
{
    uint64_t avpn = page->vsid << (segment_shift(page) - 23) | segment_offset(page) >> 23;

    if (page->size->shift > 23)
        avpn &= ~((UINT64_C(1) << (page->size->shift - 23)) - 1);
    return (page->is_1t ? PTE_V_1T : 0) | avpn << 7 | page->size->pte_v | PTE_V_VALID;
}

struct hcall mmu_enter(const struct mmu_page *page, uint64_t real, uint64_t bits, uint64_t *slot)
{
    uint64_t r = real | page->size->pte_r | bits;
    struct hcall call = HCALL(H_ENTER, 0, mmu_group(page, false), mmu_pte_v(page), r);

    if (call.status == H_PTEG_FULL)
        call = HCALL(H_ENTER, 0, mmu_group(page, true), mmu_pte_v(page) | PTE_V_SECONDARY, r);
    *slot = call.out[0];
    return call;
}

void mmu_segment(unsigned index, const struct mmu_page *page)
{
    uint64_t vsid = page->vsid << (page->is_1t ? 24 : 12) | (page->is_1t ? SLB_B_1T : 0) | page->size->slb;
    uint64_t esid = (page->address >> segment_shift(page) << segment_shift(page)) | SLB_V | index;

    __asm__ volatile("isync\n\tslbmte %0, %1\n\tisync" ::"r"(vsid), "r"(esid) : "memory");
}

void mmu_segment_clear(unsigned index)
{
    __asm__ volatile("isync\n\tslbmte %0, %1\n\tisync" ::"r"(UINT64_C(0)), "r"((uint64_t)index) : "memory");
}

bool mmu_map_identity(void)
{
    struct mmu_page page = {&mmu_16m, true, IDENTITY_VSID, 0};
    uint64_t end = fdt_memory_size();
    uint64_t slot;

    for (; page.address < end; page.address += UINT64_C(1) << mmu_16m.shift)
        if (mmu_enter(&page, page.address, PTE_R_DEFAULT, &slot).status != H_SUCCESS)
            return check_equal(page.address, end, "identity map of all memory");
    for (unsigned i = 0; i < 32; i++)
        mmu_segment_clear(i);
    page.address = 0;
    mmu_segment(1, &page);
    return check_equal(page.address, 0, "identity map of all memory");
}

void mmu_on(void)
{
    msr_write(msr_read() | MSR_IR | MSR_DR);
}

void mmu_off(void)
{
    msr_write(msr_read() & ~(MSR_IR | MSR_DR));
}

uint64_t mmu_read_v(uint64_t slot)
{
    return HCALL(H_READ, 0, slot).out[0];
}

uint64_t mmu_read_r(uint64_t slot)
{
    return HCALL(H_READ, 0, slot).out[1];
}

static bool group_is_empty(uint64_t group)
{
    for (unsigned i = 0; i < PTEG_SLOTS; i++)
        if (mmu_read_v(group * PTEG_SLOTS + i) & PTE_V_VALID)
            return false;
    return true;
}

uint64_t mmu_empty_group(uint64_t from)
{
    uint64_t groups = mmu_entry_count() / PTEG_SLOTS;

    while (from < groups && !group_is_empty(from))
        from++;
    return from;
}
