/* SPDX-License-Identifier: BSD-2-Clause */
/* IODA2 tables: who is which PE, where a PE's DMA goes, which processor addresses belong to whom. */
#include <string.h>

#include "board/phb3.h"
#include "calls.h"
#include "hv/types.h"
#include "io.h"
#include "pci/opal_pci.h"

/* TVE, which says what a PE's DMA window is: IODA2, as QEMU has it in pnv_phb3_translate_tve(). */
#define TVE_TABLE(address) PHB3_PUT(0, 47, (address) >> 12)
#define TVE_LEVELS(levels) PHB3_PUT(48, 50, (levels) - 1)
#define TVE_TABLE_SIZE(log2) PHB3_PUT(51, 55, (log2) - 11)
#define TVE_PAGE_SIZE(log2) PHB3_PUT(59, 63, (log2) - 11)
/* Without translation (page size 0): first and last 16 MiB in 26 bits each, of which the upper two stand apart. */
#define TVE_BYPASS PHB3_BIT(51)
#define TVE_BYPASS_FIRST(address) (PHB3_PUT(0, 23, (address) >> 24) | PHB3_PUT(52, 53, (address) >> 48))
#define TVE_BYPASS_END(address) (PHB3_PUT(24, 47, (address) >> 24) | PHB3_PUT(54, 55, (address) >> 48))

/* M64 BARs: QEMU, pnv_phb3_check_m64(). */
#define M64_ENABLE PHB3_BIT(0)
#define M64_SINGLE_PE PHB3_BIT(1)
#define M64_SHARED_BASE(address) PHB3_PUT(2, 31, (address) >> 20)
#define M64_SHARED_MASK(size) PHB3_PUT(34, 63, ~(((size) - 1) >> 20))
#define M64_SINGLE_BASE(address) PHB3_PUT(2, 26, (address) >> 25)
#define M64_SINGLE_MASK(size) PHB3_PUT(34, 58, ~(((size) - 1) >> 25))
#define M64_PE(pe) (PHB3_PUT(27, 31, (pe) >> 5) | PHB3_PUT(59, 63, (pe) & 0x1f))
#define M64_PE_BITS (PHB3_MASK(27, 31) | PHB3_MASK(59, 63))
#define M64_SHARED_BASE_OF(entry) (PHB3_GET(2, 31, entry) << 20)
#define M64_SHARED_SIZE_OF(entry) ((PHB3_GET(34, 63, ~(entry)) + 1) << 20)
#define M64_SINGLE_BASE_OF(entry) (PHB3_GET(2, 26, entry) << 25)
#define M64_SINGLE_SIZE_OF(entry) ((PHB3_GET(34, 58, ~(entry)) + 1) << 25)
#define M64_SHARED_GRANULE (1ULL << 20)
#define M64_SINGLE_GRANULE (1ULL << 25)

#define KILL_ADDRESS_BITS 0x0ffffffffffff000ULL

static void table_select(const struct phb3 *phb, uint32_t table, uint32_t entry)
{
    phb3_write(phb, PHB3_IODA_ADDRESS, PHB3_IODA_ADVANCE | PHB3_IODA_TABLE(table) | PHB3_IODA_ENTRY(entry));
}

uint64_t phb3_table_read(const struct phb3 *phb, uint32_t table, uint32_t entry)
{
    table_select(phb, table, entry);
    return phb3_read(phb, PHB3_IODA_DATA);
}

void phb3_table_write(const struct phb3 *phb, uint32_t table, uint32_t entry, uint64_t value)
{
    table_select(phb, table, entry);
    phb3_write(phb, PHB3_IODA_DATA, value);
}

void phb3_table_fill(const struct phb3 *phb, uint32_t table, uint32_t count, uint64_t value)
{
    table_select(phb, table, 0);
    for (uint32_t i = 0; i < count; i++) {
        phb3_write(phb, PHB3_IODA_DATA, value);
    }
}

/* The bridge forgets which PE a requester is; it looks it up again. */
static void requesters_forget(const struct phb3 *phb)
{
    memory_sync();
    phb3_write(phb, PHB3_RTC_INVALIDATE, PHB3_RTC_INVALIDATE_ALL);
}

void phb3_tables_reset(struct phb3 *phb)
{
    uint8_t nobody = (uint8_t)phb->host.reserved_pe;

    for (uint32_t i = 0; i < 0x10000; i++) {
        phb->tables->rtt[i][0] = 0;
        phb->tables->rtt[i][1] = nobody;
    }
    memset(phb->tables->peltv, 0, sizeof(phb->tables->peltv));
    memset(phb->tables->pest, 0, sizeof(phb->tables->pest));
    memset(phb->tables->rba, 0, sizeof(phb->tables->rba));
    memset(phb->m64, 0, sizeof(phb->m64));
    phb3_table_fill(phb, PHB3_TABLE_TVT, PHB3_TVES, 0);
    phb3_table_fill(phb, PHB3_TABLE_M64BT, PHB3_M64_BARS, 0);
    phb3_table_fill(phb, PHB3_TABLE_M32DT, PHB3_M32_SEGMENTS, PHB3_M32DT_PE(nobody));
    phb3_table_fill(phb, PHB3_TABLE_PESTA, PHB3_PES, 0);
    phb3_table_fill(phb, PHB3_TABLE_PESTB, PHB3_PES, 0);
    phb3_table_fill(phb, PHB3_TABLE_PEEV, PHB3_PEEV_WORDS, 0);
    phb3_tce_forget_all(&phb->host);
    requesters_forget(phb);
}

void phb3_requesters_map(struct pci_host *host, uint32_t pe, uint16_t bdfn, uint16_t mask, bool add)
{
    struct phb3 *phb = phb3_of(host);
    uint32_t owner = add ? pe : host->reserved_pe;

    for (uint32_t id = 0; id < 0x10000; id++) {
        if ((id & mask) == bdfn) {
            phb->tables->rtt[id][0] = (uint8_t)(owner >> 8);
            phb->tables->rtt[id][1] = (uint8_t)owner;
        }
    }
    requesters_forget(phb);
}

int64_t phb3_segment_map(struct pci_host *host, uint32_t pe, uint32_t segment)
{
    if (segment >= PHB3_M32_SEGMENTS) {
        return OPAL_PARAMETER;
    }
    phb3_table_write(phb3_of(host), PHB3_TABLE_M32DT, segment, PHB3_M32DT_PE(pe));
    return OPAL_SUCCESS;
}

static void m64_write(struct phb3 *phb, uint32_t index)
{
    phb3_table_write(phb, PHB3_TABLE_M64BT, index, phb->m64[index]);
}

static bool m64_is_single(const struct phb3 *phb, uint32_t index)
{
    return (phb->m64[index] & M64_SINGLE_PE) != 0;
}

/* A register is shared by all PEs, a 256th of its range for each, until it is given to one, and again once it is switched
 * off.  That comes before the range, whose borders are coarser then. */
int64_t phb3_m64_map(struct pci_host *host, uint32_t pe, uint32_t index)
{
    struct phb3 *phb = phb3_of(host);

    if (index >= PHB3_M64_BARS) {
        return OPAL_PARAMETER;
    }
    if ((phb->m64[index] & M64_ENABLE) != 0) {
        return OPAL_PARTIAL;
    }
    phb->m64[index] = (phb->m64[index] & ~M64_PE_BITS) | M64_SINGLE_PE | M64_PE(pe);
    m64_write(phb, index);
    return OPAL_SUCCESS;
}

int64_t phb3_m64_set(struct pci_host *host, uint32_t index, uint64_t base, uint64_t size)
{
    struct phb3 *phb = phb3_of(host);
    uint64_t granule;

    if (index >= PHB3_M64_BARS) {
        return OPAL_PARAMETER;
    }
    granule = m64_is_single(phb, index) ? M64_SINGLE_GRANULE : M64_SHARED_GRANULE;
    if (size < granule || (size & (size - 1)) != 0 || (base & (size - 1)) != 0) {
        return OPAL_PARAMETER;
    }
    if (m64_is_single(phb, index)) {
        phb->m64[index] &= M64_ENABLE | M64_SINGLE_PE | M64_PE_BITS;
        phb->m64[index] |= M64_SINGLE_BASE(base) | M64_SINGLE_MASK(size);
    } else {
        phb->m64[index] = (phb->m64[index] & M64_ENABLE) | M64_SHARED_BASE(base) | M64_SHARED_MASK(size);
    }
    m64_write(phb, index);
    return OPAL_SUCCESS;
}

/* Whether the register's range is one that the bridge has above 4 GiB; without a range it begins at 0. */
static bool m64_is_inside(const struct phb3 *phb, uint32_t index)
{
    const struct pci_window *window = &phb->host.windows[PCI_M64];
    uint64_t entry = phb->m64[index], base, size;

    if (m64_is_single(phb, index)) {
        base = M64_SINGLE_BASE_OF(entry);
        size = M64_SINGLE_SIZE_OF(entry);
    } else {
        base = M64_SHARED_BASE_OF(entry);
        size = M64_SHARED_SIZE_OF(entry);
    }
    return range_inside(base, size, window->cpu, window->size);
}

int64_t phb3_m64_enable(struct pci_host *host, uint32_t index, uint32_t mode)
{
    struct phb3 *phb = phb3_of(host);

    if (index >= PHB3_M64_BARS) {
        return OPAL_PARAMETER;
    }
    if (mode == OPAL_DISABLE_M64) {
        phb->m64[index] &= ~(M64_ENABLE | M64_SINGLE_PE);
    } else if (m64_is_single(phb, index) != (mode == OPAL_ENABLE_M64_NON_SPLIT)) {
        return OPAL_PARAMETER;
    } else if (!m64_is_inside(phb, index)) {
        return OPAL_PARTIAL;
    } else {
        phb->m64[index] |= M64_ENABLE;
    }
    m64_write(phb, index);
    return OPAL_SUCCESS;
}

static uint32_t log2_of(uint64_t power)
{
    return 63 - (uint32_t)__builtin_clzll(power);
}

static void window_write(struct phb3 *phb, uint32_t pe, uint32_t index, uint64_t tve)
{
    phb3_table_write(phb, PHB3_TABLE_TVT, 2 * pe + index, tve);
    phb3_tce_forget_pe(&phb->host, pe);
}

int64_t phb3_dma_map(struct pci_host *host, const struct pci_dma_window *window)
{
    uint64_t tve = 0;

    if (window->table_size != 0) {
        tve = TVE_TABLE(window->table) | TVE_LEVELS(window->levels) | TVE_TABLE_SIZE(log2_of(window->table_size))
              | TVE_PAGE_SIZE(log2_of(window->page_size));
    }
    window_write(phb3_of(host), window->pe, window->index, tve);
    return OPAL_SUCCESS;
}

int64_t phb3_dma_bypass(struct pci_host *host, const struct pci_dma_bypass *bypass)
{
    uint64_t tve = 0;

    if (bypass->size != 0) {
        tve = TVE_BYPASS | TVE_BYPASS_FIRST(bypass->base) | TVE_BYPASS_END(bypass->base + bypass->size);
    }
    window_write(phb3_of(host), bypass->pe, 1, tve);
    return OPAL_SUCCESS;
}

void phb3_tce_forget_all(struct pci_host *host)
{
    memory_sync();
    phb3_write(phb3_of(host), PHB3_TCE_KILL, PHB3_TCE_KILL_ALL);
}

void phb3_tce_forget_pe(struct pci_host *host, uint32_t pe)
{
    memory_sync();
    phb3_write(phb3_of(host), PHB3_TCE_KILL, PHB3_TCE_KILL_PE | pe);
}

void phb3_tce_forget_page(struct pci_host *host, uint32_t pe, uint64_t address)
{
    memory_sync();
    phb3_write(phb3_of(host), PHB3_TCE_KILL, PHB3_TCE_KILL_ONE | (address & KILL_ADDRESS_BITS) | pe);
}
