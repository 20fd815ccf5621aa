/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing up the PHB3s that the machine's tree names: addresses, windows, tables, routing of interrupts.
 *
 * The queue in front of each bridge (PBCQ) already has its addresses, from the emulator or from what ran before us on
 * metal.  A PHB3 of metal wants more than this before its link trains (credits, buffers, which errors freeze, fence or
 * interrupt); the emulator has none of those registers, so that nothing written here for them could be tested.
 */
#include "board/phb3.h"

#include <libfdt.h>
#include <stddef.h>

#include "arena.h"
#include "board/board.h"
#include "board/units.h"
#include "calls.h"
#include "console.h"
#include "hv/types.h"
#include "io.h"
#include "pci/bridges.h"
#include "pci/opal_pci.h"
#include "tree.h"

/* A chip has 8192 interrupt numbers, the first 2048 for itself, then 2048 for each of its bridges. */
#define CHIP_SOURCES_SHIFT 13
#define BRIDGE_SOURCES_SHIFT 11

/* The M32 window on the bus: 2 GiB below 4 GiB. */
#define M32_BASE 0x80000000ULL

#define PBCQ_ADDRESS_BITS 50

static const struct phb3_times times_emulator = { .train = 1000 };
static const struct phb3_times times_metal = { .hold = 100, .presence = 100, .train = 1000, .settle = 100 };

uint64_t phb3_read(const struct phb3 *phb, uint32_t offset)
{
    return io_read64(phb->registers + offset);
}

void phb3_write(const struct phb3 *phb, uint32_t offset, uint64_t value)
{
    io_write64(phb->registers + offset, value);
}

/* The PE of the requester is told as well: an access that fails freezes it. */
static void config_select(const struct phb3 *phb, uint16_t bdfn, uint32_t offset)
{
    phb3_write(phb, PHB3_CONFIG_ADDRESS,
               PHB3_CONFIG_ENABLE | PHB3_CONFIG_BDFN(bdfn) | PHB3_CONFIG_REGISTER(offset & ~3U)
                   | PHB3_CONFIG_PE(phb->tables->rtt[bdfn][1]));
}

static uint32_t config_read(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size)
{
    const struct phb3 *phb = phb3_of(host);
    uint64_t data = phb->registers + PHB3_CONFIG_DATA + (offset & 3);

    config_select(phb, bdfn, offset);
    switch (size) {
    case 1:
        return io_read8(data);
    case 2:
        return __builtin_bswap16(io_read16(data));
    default:
        return __builtin_bswap32(io_read32(data));
    }
}

static void config_write(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size, uint32_t value)
{
    const struct phb3 *phb = phb3_of(host);
    uint64_t data = phb->registers + PHB3_CONFIG_DATA + (offset & 3);

    config_select(phb, bdfn, offset);
    switch (size) {
    case 1:
        io_write8(data, (uint8_t)value);
        break;
    case 2:
        io_write16(data, __builtin_bswap16((uint16_t)value));
        break;
    default:
        io_write32(data, __builtin_bswap32(value));
    }
}

static const struct pci_host_ops phb3_ops = {
    .config_read = config_read,
    .config_write = config_write,
    .link_is_up = phb3_link_is_up,
    .requesters_map = phb3_requesters_map,
    .freeze_link = phb3_freeze_link,
    .freeze_get = phb3_freeze_get,
    .freeze_change = phb3_freeze_change,
    .freeze_find = phb3_freeze_find,
    .segment_map = phb3_segment_map,
    .m64_set = phb3_m64_set,
    .m64_enable = phb3_m64_enable,
    .m64_map = phb3_m64_map,
    .dma_map = phb3_dma_map,
    .dma_bypass = phb3_dma_bypass,
    .tce_forget_all = phb3_tce_forget_all,
    .tce_forget_pe = phb3_tce_forget_pe,
    .tce_forget_page = phb3_tce_forget_page,
    .xive_get = phb3_xive_get,
    .xive_set = phb3_xive_set,
    .message_set_pe = phb3_message_set_pe,
    .message_end = phb3_message_end,
    .reset = phb3_reset,
    .poll = phb3_poll,
    .diagnostics_size = PHB3_DIAGNOSTICS_SIZE,
    .diagnostics = phb3_diagnostics,
};

static bool nest_read(const struct phb3 *phb, uint32_t offset, uint64_t *value)
{
    return xscom_read(phb->chip, phb->nest + offset, value) == OPAL_SUCCESS;
}

static bool nest_write(const struct phb3 *phb, uint32_t offset, uint64_t value)
{
    return xscom_write(phb->chip, phb->nest + offset, value) == OPAL_SUCCESS;
}

/* The larger of the two ranges is for addresses above 4 GiB. */
static bool windows_read(struct phb3 *phb)
{
    struct pci_window *m32 = &phb->host.windows[PCI_M32], *m64 = &phb->host.windows[PCI_M64];

    for (uint32_t i = 0; i < PBCQ_MMIO_BARS; i++) {
        uint64_t bar, mask;
        struct pci_window found = { 0 };

        if (!nest_read(phb, PBCQ_MMIO_BAR + i, &bar) || !nest_read(phb, PBCQ_MMIO_MASK + i, &mask)) {
            return false;
        }
        found.cpu = bar >> PBCQ_ADDRESS_SHIFT;
        found.size = (~mask >> PBCQ_ADDRESS_SHIFT) + 1;
        found.granule = found.size / PHB3_PES;
        found.pci = found.size > M32_BASE ? found.cpu : M32_BASE;
        *(found.size > M32_BASE ? m64 : m32) = found;
    }
    if (m32->size != M32_BASE || m64->size == 0) {
        return false;
    }
    m32->reserved = PHB3_MESSAGES_SIZE;
    m64->reserved = m64->granule; /* the last segment is the reserved PE's */
    return true;
}

/* Interrupt numbers: the bridge adds its own to what it takes for the first, and passes what fits the mask. */
static bool interrupts_route(const struct phb3 *phb)
{
    return nest_write(phb, PBCQ_IRSN_COMPARE, PBCQ_IRSN(phb->host.irq_base))
           && nest_write(phb, PBCQ_IRSN_MASK, PBCQ_IRSN(PBCQ_IRSN_BITS & ~(PHB3_SOURCES - 1U)))
           && nest_write(phb, PBCQ_LSI_SOURCE, PBCQ_LSI_SOURCE_ID(PHB3_MSIS / PHB3_LSIS));
}

/* Addresses and interrupts through the queue.  A running machine that starts anew has them open already. */
static bool queue_open(struct phb3 *phb)
{
    uint64_t bar, open;

    if (!windows_read(phb) || !nest_read(phb, PBCQ_PHB_BAR, &bar) || !nest_read(phb, PBCQ_BAR_ENABLE, &open)
        || xscom_write(phb->chip, phb->pci + PBCQ_PCI_PHB_BAR, bar) != OPAL_SUCCESS || !interrupts_route(phb)) {
        return false;
    }
    phb->registers = bar >> PBCQ_ADDRESS_SHIFT;
    return (open & PBCQ_BAR_ENABLE_ALL) == PBCQ_BAR_ENABLE_ALL || nest_write(phb, PBCQ_BAR_ENABLE, PBCQ_BAR_ENABLE_ALL);
}

static uint64_t table_bar(const void *table)
{
    return PHB3_BAR_ENABLE | (uintptr_t)table;
}

void phb3_setup(struct phb3 *phb)
{
    const struct pci_window *m32 = &phb->host.windows[PCI_M32];

    phb3_write(phb, PHB3_RTT_BAR, table_bar(phb->tables->rtt));
    phb3_write(phb, PHB3_PELTV_BAR, table_bar(phb->tables->peltv));
    phb3_write(phb, PHB3_PEST_BAR, table_bar(phb->tables->pest));
    phb3_write(phb, PHB3_RBA_BAR, table_bar(phb->tables->rba));
    phb3_write(phb, PHB3_IVT_BAR, table_bar(phb->tables->ivt) | PHB3_SOURCES);
    phb3_tables_reset(phb);
    phb3_xives_reset(phb);
    phb3_write(phb, PHB3_LSI_SOURCE_ID, PHB3_LSI_SOURCE(PHB3_MSIS / PHB3_LSIS));
    phb3_write(phb, PHB3_M32_BASE, m32->cpu);
    phb3_write(phb, PHB3_M32_MASK, -m32->size & ((1ULL << PBCQ_ADDRESS_BITS) - 1));
    phb3_write(phb, PHB3_M32_START, m32->pci);
    phb3_write(phb, PHB3_M64_UPPER, 0);
    phb3_write(phb, PHB3_MAIN_CONFIG, PHB3_MAIN_64B_TCE | PHB3_MAIN_MSI_32 | PHB3_MAIN_MSI_64 | PHB3_MAIN_M32);
}

static void host_fill(struct phb3 *phb)
{
    struct pci_host *host = &phb->host;

    host->ops = &phb3_ops;
    host->id = phb->chip << 3 | phb->index;
    host->pe_count = PHB3_PES;
    host->reserved_pe = PHB3_PES - 1;
    host->irq_base = phb->chip << CHIP_SOURCES_SHIFT | (phb->index + 1) << BRIDGE_SOURCES_SHIFT;
    host->msi_count = PHB3_MSIS;
    host->lsi_base = host->irq_base + PHB3_MSIS;
    host->lsi_count = PHB3_LSIS;
}

/* A bridge for the queue that this node of the tree describes; NULL, with a message, when it cannot be used. */
static struct phb3 *phb3_open(const void *tree, int node)
{
    struct phb3 *phb = arena_alloc(sizeof(*phb), sizeof(uint64_t));
    int size;
    const fdt32_t *reg = fdt_getprop(tree, node, "reg", &size); /* three ranges of SCOM addresses */

    if (reg == NULL || size < (int)(6 * sizeof(*reg))) {
        say("PCI: a pbcq node without its three ranges of SCOM addresses is not used");
        return NULL;
    }
    phb->nest = fdt32_ld(&reg[0]);
    phb->pci = fdt32_ld(&reg[2]);
    phb->spci = fdt32_ld(&reg[4]);
    phb->chip = tree_get_u32(tree, node, "ibm,chip-id", 0);
    phb->index = tree_get_u32(tree, node, "ibm,phb-index", 0);
    phb->times = fdt_node_check_compatible(tree, 0, "qemu,powernv") == 0 ? &times_emulator : &times_metal;
    host_fill(phb);
    if (!queue_open(phb)) {
        say("PCI %04x is not used: its queue has no 2 GiB window and a larger one", phb->host.id);
        return NULL;
    }
    phb->tables = arena_alloc(sizeof(*phb->tables), PHB3_TABLES_ALIGNMENT);
    phb3_setup(phb);
    return phb;
}

/* All links train at the same time. */
static void links_start(struct phb3 **phbs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        phb3_reset(&phbs[i]->host, OPAL_RESET_PCI_FUNDAMENTAL);
    }
    for (uint32_t i = 0; i < count; i++) {
        while (phb3_poll(&phbs[i]->host) > 0) {
            cpu_relax();
        }
    }
}

/* By number, whatever the order in the tree is. */
static void phbs_add(struct phb3 **phbs, uint32_t count, struct phb3 *phb)
{
    while (count > 0 && phbs[count - 1]->host.id > phb->host.id) {
        phbs[count] = phbs[count - 1];
        count--;
    }
    phbs[count] = phb;
}

void phb3_init(void *tree, uint32_t controller)
{
    struct phb3 *phbs[PHB3_MAX];
    uint32_t count = 0;
    int node = -1;

    while (count < PHB3_MAX && (node = tree_next_compatible(tree, node, "ibm,power8-pbcq")) >= 0) {
        struct phb3 *phb = phb3_open(tree, node);

        if (phb != NULL) {
            phb->queue = tree_phandle(tree, node);
            phbs_add(phbs, count++, phb);
        }
    }
    if (count == PHB3_MAX && tree_next_compatible(tree, node, "ibm,power8-pbcq") >= 0) {
        say("PCI: only the first %u host bridges are used", PHB3_MAX);
    }
    links_start(phbs, count);
    for (uint32_t i = 0; i < count; i++) {
        bridge_start(&phbs[i]->host);
        phb3_describe(phbs[i], tree, controller);
    }
}
