/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's calls for partitionable endpoints (PEs): who belongs to one, what it may reach, whether it is frozen. */
#include <stddef.h>

#include "calls.h"
#include "pci/bridges.h"
#include "pci/host_ops.h"
#include "pci/opal_pci.h"
#include "pci/pci.h"

#define PAGE_4K 0x1000ULL
#define PAGE_64K 0x10000ULL
#define PAGE_16M 0x1000000ULL
#define PAGE_256M 0x10000000ULL

#define TABLE_SIZE_MIN PAGE_4K
#define TABLE_SIZE_MAX (1ULL << 42)
#define TABLE_LEVELS_MAX 5
#define REAL_ADDRESS_END (1ULL << 50)

#define BYPASS_BASE (1ULL << 59)
#define BYPASS_GRANULE PAGE_16M

static bool power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* The host bridge, locked, when it has such a PE; else NULL. */
static struct pci_host *endpoint_take(uint64_t id, uint64_t pe)
{
    struct pci_host *host = bridge_take(id);

    if (host != NULL && pe >= host->pe_count) {
        bridge_release(host);
        return NULL;
    }
    return host;
}

/* Which bits of a requester ID count; false for a comparison that does not exist. */
static bool compare_mask(uint64_t bus, uint64_t device, uint64_t function, uint16_t *mask)
{
    uint32_t bus_bits;

    if (bus == OPAL_BUS_ANY) {
        bus_bits = 0;
    } else if (bus >= OPAL_BUS_3_BITS && bus <= OPAL_BUS_ALL) {
        bus_bits = (uint32_t)bus + 1;
    } else {
        return false;
    }
    if (device > 1 || function > 1) {
        return false;
    }
    *mask = (uint16_t)(0xff00U << (8 - bus_bits) | (device != 0 ? 0x00f8U : 0) | (function != 0 ? 0x0007U : 0));
    return true;
}

int64_t opal_pci_set_pe(uint64_t id, uint64_t pe, uint64_t bdfn, uint64_t bus, uint64_t device, uint64_t function,
                        uint64_t action)
{
    struct pci_host *host;
    uint16_t mask;

    if (action > OPAL_MAP_PE || bdfn > UINT16_MAX || !compare_mask(bus, device, function, &mask)) {
        return OPAL_PARAMETER;
    }
    host = endpoint_take(id, pe);
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    host->ops->requesters_map(host, (uint32_t)pe, (uint16_t)bdfn & mask, mask, action == OPAL_MAP_PE);
    return bridge_done(host, OPAL_SUCCESS);
}

int64_t opal_pci_set_peltv(uint64_t id, uint64_t parent, uint64_t child, uint64_t action)
{
    struct pci_host *host;

    if (action > OPAL_ADD_PE_TO_DOMAIN) {
        return OPAL_PARAMETER;
    }
    host = endpoint_take(id, parent);
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    if (child >= host->pe_count) {
        return bridge_done(host, OPAL_PARAMETER);
    }
    host->ops->freeze_link(host, (uint32_t)parent, (uint32_t)child, action == OPAL_ADD_PE_TO_DOMAIN);
    return bridge_done(host, OPAL_SUCCESS);
}

int64_t opal_pci_eeh_freeze_status(uint64_t id, uint64_t pe, uint64_t state_address, uint64_t error_address,
                                   uint64_t status_address)
{
    struct pci_host *host = endpoint_take(id, pe);
    struct pci_freeze freeze;
    int64_t result;

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    host->ops->freeze_get(host, (uint32_t)pe, &freeze);
    bridge_release(host);
    result = caller_put_u8(state_address, freeze.state);
    if (result == OPAL_SUCCESS) {
        result = caller_put_u16(error_address, freeze.error);
    }
    if (result == OPAL_SUCCESS && status_address != 0) {
        result = caller_put_u64(status_address, 0); /* was for another host bridge */
    }
    return result;
}

static int64_t freeze_change(uint64_t id, uint64_t pe, uint64_t actions, bool freeze)
{
    struct pci_host *host;

    if (actions < OPAL_EEH_ACTION_MMIO || actions > OPAL_EEH_ACTION_ALL) {
        return OPAL_PARAMETER;
    }
    host = endpoint_take(id, pe);
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    host->ops->freeze_change(host, (uint32_t)pe, (uint32_t)actions, freeze);
    return bridge_done(host, OPAL_SUCCESS);
}

int64_t opal_pci_eeh_freeze_clear(uint64_t id, uint64_t pe, uint64_t actions)
{
    return freeze_change(id, pe, actions, false);
}

int64_t opal_pci_eeh_freeze_set(uint64_t id, uint64_t pe, uint64_t actions)
{
    return freeze_change(id, pe, actions, true);
}

/* Only M64 windows can be moved and switched; M32 is where the tree says, and there is no I/O. */
static int64_t check_window(uint64_t type, uint64_t window)
{
    if (type == OPAL_M32_WINDOW_TYPE || type == OPAL_IO_WINDOW_TYPE) {
        return OPAL_UNSUPPORTED;
    }
    return type == OPAL_M64_WINDOW_TYPE && window <= UINT32_MAX ? OPAL_SUCCESS : OPAL_PARAMETER;
}

int64_t opal_pci_set_phb_mem_window(uint64_t id, uint64_t type, uint64_t window, uint64_t base, uint64_t bus_base,
                                    uint64_t size)
{
    struct pci_host *host = bridge_take(id);
    int64_t result;

    (void)bus_base; /* the bus has the addresses that processors have */
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    result = check_window(type, window);
    return bridge_done(host, result != OPAL_SUCCESS ? result : host->ops->m64_set(host, (uint32_t)window, base, size));
}

int64_t opal_pci_phb_mmio_enable(uint64_t id, uint64_t type, uint64_t window, uint64_t mode)
{
    struct pci_host *host = mode > OPAL_ENABLE_M64_NON_SPLIT ? NULL : bridge_take(id);
    int64_t result;

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    result = check_window(type, window);
    return bridge_done(host, result != OPAL_SUCCESS ? result
                                                    : host->ops->m64_enable(host, (uint32_t)window, (uint32_t)mode));
}

int64_t opal_pci_map_pe_mmio_window(uint64_t id, uint64_t pe, uint64_t type, uint64_t window, uint64_t segment)
{
    struct pci_host *host;
    int64_t result;

    if (window > UINT32_MAX || segment > UINT32_MAX) {
        return OPAL_PARAMETER;
    }
    host = endpoint_take(id, pe);
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    if (type == OPAL_M32_WINDOW_TYPE && window == 0) {
        result = host->ops->segment_map(host, (uint32_t)pe, (uint32_t)segment);
    } else if (type == OPAL_M64_WINDOW_TYPE && segment == 0) {
        result = host->ops->m64_map(host, (uint32_t)pe, (uint32_t)window);
    } else if (type == OPAL_IO_WINDOW_TYPE) {
        result = OPAL_UNSUPPORTED;
    } else {
        result = OPAL_PARAMETER;
    }
    return bridge_done(host, result);
}

static bool page_size_exists(uint64_t size)
{
    return size == PAGE_4K || size == PAGE_64K || size == PAGE_16M || size == PAGE_256M;
}

static bool dma_table_fits(const struct pci_dma_window *window)
{
    return window->table_size == 0
           || (power_of_two(window->table_size) && window->table_size >= TABLE_SIZE_MIN
               && window->table_size <= TABLE_SIZE_MAX && window->levels >= 1 && window->levels <= TABLE_LEVELS_MAX
               && window->table % PAGE_4K == 0 && window->table < REAL_ADDRESS_END
               && page_size_exists(window->page_size));
}

/* A PE has the windows 2 * PE and 2 * PE + 1.  Translation tables are the caller's, and what they allow is its
 * business; without a table a window is closed. */
int64_t opal_pci_map_pe_dma_window(uint64_t id, uint64_t pe, uint64_t window, uint64_t levels, uint64_t table,
                                   uint64_t size, uint64_t page_size)
{
    struct pci_dma_window dma = { .pe = (uint32_t)pe, .table = table, .table_size = size, .page_size = page_size };
    struct pci_host *host;

    if (levels > TABLE_LEVELS_MAX || window >> 1 != pe) {
        return OPAL_PARAMETER;
    }
    dma.levels = (uint32_t)levels;
    dma.index = window & 1;
    if (!dma_table_fits(&dma)) {
        return OPAL_PARAMETER;
    }
    host = endpoint_take(id, pe);
    return host == NULL ? OPAL_PARAMETER : bridge_done(host, host->ops->dma_map(host, &dma));
}

/* Only the upper window can do without translation. */
int64_t opal_pci_map_pe_dma_window_real(uint64_t id, uint64_t pe, uint64_t window, uint64_t base, uint64_t size)
{
    struct pci_dma_bypass bypass = { .pe = (uint32_t)pe, .base = base, .size = size };
    struct pci_host *host;

    if (window != 2 * pe + 1 || (size != 0 && base != BYPASS_BASE) || size % BYPASS_GRANULE != 0
        || size >= REAL_ADDRESS_END) {
        return OPAL_PARAMETER;
    }
    host = endpoint_take(id, pe);
    return host == NULL ? OPAL_PARAMETER : bridge_done(host, host->ops->dma_bypass(host, &bypass));
}

static void tce_forget_pages(struct pci_host *host, uint32_t pe, uint64_t page_size, uint64_t address, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        host->ops->tce_forget_page(host, pe, address + i * page_size);
    }
}

#define TCE_KILL_PAGES_MAX 512 /* with more of them it is quicker to forget the PE's translations altogether */

int64_t opal_pci_tce_kill(uint64_t id, uint64_t type, uint64_t pe, uint64_t page_size, uint64_t address, uint64_t count)
{
    struct pci_host *host = endpoint_take(id, type == OPAL_PCI_TCE_KILL_ALL ? 0 : pe);

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    if (type == OPAL_PCI_TCE_KILL_ALL) {
        host->ops->tce_forget_all(host);
    } else if (type == OPAL_PCI_TCE_KILL_PE || (type == OPAL_PCI_TCE_KILL_PAGES && count > TCE_KILL_PAGES_MAX)) {
        host->ops->tce_forget_pe(host, (uint32_t)pe);
    } else if (type == OPAL_PCI_TCE_KILL_PAGES && page_size_exists(page_size)) {
        tce_forget_pages(host, (uint32_t)pe, page_size, address, count);
    } else {
        return bridge_done(host, OPAL_PARAMETER);
    }
    return bridge_done(host, OPAL_SUCCESS);
}
