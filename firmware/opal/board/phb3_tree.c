/* SPDX-License-Identifier: BSD-2-Clause */
/* The node of a PHB3, as skiboot makes it for kernels: its doc/device-tree, and the tree it hands over. */
#include <stddef.h>

#include "board/phb3.h"
#include "hv/format.h"
#include "hv/types.h"
#include "pci/bridges.h"
#include "tree.h"

#define NAME_SIZE 32
#define MEMORY_32 0x02000000U

#define HIGH(value) ((uint32_t)((value) >> 32))
#define LOW(value) ((uint32_t)(value))

static void windows_describe(void *tree, int node, const struct pci_host *host)
{
    const struct pci_window *low = &host->windows[PCI_M32], *high = &host->windows[PCI_M64];
    uint64_t size = low->size - low->reserved;
    const uint32_t ranges[7] = {MEMORY_32, HIGH(low->pci), LOW(low->pci), HIGH(low->cpu), LOW(low->cpu), HIGH(size),
                                LOW(size)};
    const uint32_t m64[6] = {HIGH(high->pci), LOW(high->pci), HIGH(high->cpu), LOW(high->cpu), HIGH(high->size),
                             LOW(high->size)};
    const uint32_t mmio[8] = {HIGH(high->cpu), LOW(high->cpu), HIGH(high->size), LOW(high->size),
                              HIGH(low->cpu), LOW(low->cpu), HIGH(low->size), LOW(low->size)};

    tree_set_cells(tree, node, "ranges", ranges, ARRAY_SIZE(ranges));
    tree_set_cells(tree, node, "ibm,opal-m64-window", m64, ARRAY_SIZE(m64));
    tree_set_cells(tree, node, "ibm,mmio-window", mmio, ARRAY_SIZE(mmio));
}

/* What the bridge has of everything, and in which numbers. */
static void resources_describe(void *tree, int node, const struct phb3 *phb)
{
    static const uint32_t page_shifts[4] = { 12, 16, 24, 28 };
    const struct pci_host *host = &phb->host;
    const uint32_t messages[2] = { host->irq_base, host->msi_count };

    tree_set_u64(tree, node, "ibm,opal-phbid", host->id);
    tree_set_u32(tree, node, "ibm,opal-num-pes", host->pe_count);
    tree_set_u32(tree, node, "ibm,opal-reserved-pe", host->reserved_pe);
    tree_set_cells(tree, node, "ibm,opal-msi-ranges", messages, ARRAY_SIZE(messages));
    tree_set_string(tree, node, "ibm,msi-eoi-method", "ioda2");
    tree_set_u64(tree, node, "ibm,opal-tce-kill", phb->registers + PHB3_TCE_KILL);
    tree_set_cells(tree, node, "ibm,supported-tce-sizes", page_shifts, ARRAY_SIZE(page_shifts));
    tree_set_u32(tree, node, "ibm,phb-diag-data-size", PHB3_DIAGNOSTICS_SIZE);
}

static void tables_describe(void *tree, int node, const struct phb3_tables *tables)
{
    const struct {
        const char *name;
        const void *base;
        uint32_t size;
    } list[] = {
        { "ibm,opal-rtt-table", tables->rtt, sizeof(tables->rtt) },
        { "ibm,opal-peltv-table", tables->peltv, sizeof(tables->peltv) },
        { "ibm,opal-pest-table", tables->pest, sizeof(tables->pest) },
        { "ibm,opal-ivt-table", tables->ivt, sizeof(tables->ivt) },
        { "ibm,opal-rba-table", tables->rba, sizeof(tables->rba) },
    };

    for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
        const uint32_t cells[3] = { HIGH((uintptr_t)list[i].base), LOW((uintptr_t)list[i].base), list[i].size };

        tree_set_cells(tree, node, list[i].name, cells, ARRAY_SIZE(cells));
    }
    tree_set_u32(tree, node, "ibm,opal-ive-stride", sizeof(tables->ivt[0]));
}

void phb3_describe(struct phb3 *phb, void *tree, uint32_t controller)
{
    static const char compatible[] = "ibm,power8-pciex\0ibm,ioda2-phb";
    const uint32_t reg[4] = { HIGH(phb->registers), LOW(phb->registers), 0, PHB3_REGISTERS_SIZE };
    const uint32_t scoms[3] = { phb->nest, phb->spci, phb->pci };
    const uint32_t buses[2] = { 0, 255 };
    char name[NAME_SIZE];
    int node;

    format(name, sizeof(name), "pciex@%lx", (unsigned long)phb->registers);
    node = tree_add_node(tree, 0, name);
    tree_set_bytes(tree, node, "compatible", compatible, sizeof(compatible));
    tree_set_string(tree, node, "device_type", "pciex");
    tree_set_cells(tree, node, "reg", reg, ARRAY_SIZE(reg));
    tree_set_cells(tree, node, "ibm,xscom-bases", scoms, ARRAY_SIZE(scoms));
    tree_set_u32(tree, node, "ibm,phb-index", phb->index);
    tree_set_u32(tree, node, "ibm,chip-id", phb->chip);
    tree_set_u32(tree, node, "ibm,pbcq", phb->queue);
    tree_set_u32(tree, node, "#address-cells", 3);
    tree_set_u32(tree, node, "#size-cells", 2);
    tree_set_u32(tree, node, "#interrupt-cells", 1);
    tree_set_u32(tree, node, "interrupt-parent", controller);
    tree_set_cells(tree, node, "bus-range", buses, ARRAY_SIZE(buses));
    windows_describe(tree, node, &phb->host);
    resources_describe(tree, node, phb);
    tables_describe(tree, node, phb->tables);
    bridge_describe(&phb->host, tree, node, controller);
}
