/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses for BARs and bridge windows.
 *
 * Each bus gets one piece of each window, and what is on the bus is packed into it in the order of alignment,
 * largest first: with sizes that are powers of two that leaves no holes.  The packing runs twice, once from 0 to
 * learn how large the piece must be, once from where the piece came to lie.  A piece starts at a multiple of the
 * largest alignment in it, so both come out the same.
 */
#include <stddef.h>

#include "hv/types.h"
#include "pci/pci.h"

#define ALIGNMENT_MAX (1ULL << 63)
#define BRIDGE_GRANULE (1ULL << 20)

/* The ranges of one kind that a device asks its bus for: its BARs, then its own window.  NULL when `index` is
 * behind the last. */
static struct pci_range *range_at(struct pci_device *device, enum pci_window_kind kind, uint32_t index)
{
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        struct pci_bar *bar = &device->bars[i];

        if (bar->assigned && bar->kind == kind && index-- == 0) {
            return &bar->range;
        }
    }
    return device->windows[kind].size != 0 && index == 0 ? &device->windows[kind] : NULL;
}

/* Place what has exactly this alignment, from `at` on; returns the end. */
static uint64_t bus_place(struct pci_device *bus, enum pci_window_kind kind, uint64_t alignment, uint64_t at)
{
    for (struct pci_device *device = bus; device != NULL; device = device->next) {
        struct pci_range *range;

        for (uint32_t i = 0; (range = range_at(device, kind, i)) != NULL; i++) {
            if (range->alignment == alignment) {
                range->base = align_up(at, alignment);
                at = range->base + range->size;
            }
        }
    }
    return at;
}

/* Place everything of one kind on a bus; returns the end. */
static uint64_t bus_pack(struct pci_device *bus, enum pci_window_kind kind, uint64_t base)
{
    for (uint64_t alignment = ALIGNMENT_MAX; alignment != 0; alignment >>= 1) {
        base = bus_place(bus, kind, alignment, base);
    }
    return base;
}

static uint64_t bus_alignment(struct pci_device *bus, enum pci_window_kind kind, uint64_t least)
{
    for (struct pci_device *device = bus; device != NULL; device = device->next) {
        const struct pci_range *range;

        for (uint32_t i = 0; (range = range_at(device, kind, i)) != NULL; i++) {
            least = range->alignment > least ? range->alignment : least;
        }
    }
    return least;
}

/* Size and alignment of every bridge's window on and below a bus, the lowest buses first. */
static void windows_measure(struct pci_device *bus, enum pci_window_kind kind, uint64_t granule)
{
    for (struct pci_device *device = bus; device != NULL; device = device->next) {
        struct pci_range *window = &device->windows[kind];

        if (device->is_bridge) {
            windows_measure(device->children, kind, granule);
            window->size = align_up(bus_pack(device->children, kind, 0), granule);
            window->alignment = bus_alignment(device->children, kind, granule);
        }
    }
}

/* What the whole host needs of one kind, and where it would begin in its window. */
static struct pci_range host_measure(struct pci_host *host, enum pci_window_kind kind)
{
    const struct pci_window *window = &host->windows[kind];
    uint64_t granule = window->granule > BRIDGE_GRANULE ? window->granule : BRIDGE_GRANULE;
    struct pci_range need = { 0 };

    windows_measure(host->root_bus, kind, granule);
    need.size = bus_pack(host->root_bus, kind, 0);
    need.alignment = bus_alignment(host->root_bus, kind, granule);
    need.base = align_up(window->pci, need.alignment);
    return need;
}

static bool host_fits(const struct pci_host *host, enum pci_window_kind kind, const struct pci_range *need)
{
    const struct pci_window *window = &host->windows[kind];
    uint64_t usable = window->size - window->reserved;

    return need->size == 0 || range_inside(need->base, need->size, window->pci, usable);
}

/* Take the largest BAR of a kind out of the plan; false when there is none. */
static bool largest_drop(struct pci_host *host, enum pci_window_kind kind)
{
    struct pci_bar *largest = NULL;

    for (struct pci_device *device = host->root_bus; device != NULL; device = pci_next(device)) {
        for (uint32_t i = 0; i < PCI_BARS; i++) {
            struct pci_bar *bar = &device->bars[i];

            if (bar->assigned && bar->kind == kind && (largest == NULL || bar->range.size > largest->range.size)) {
                largest = bar;
            }
        }
    }
    if (largest != NULL) {
        largest->assigned = false;
    }
    return largest != NULL;
}

/* Addresses for a bus and everything below, from `base` on. */
static void windows_place(struct pci_device *bus, enum pci_window_kind kind, uint64_t base)
{
    bus_pack(bus, kind, base);
    for (struct pci_device *device = bus; device != NULL; device = device->next) {
        if (device->is_bridge) {
            windows_place(device->children, kind, device->windows[kind].base);
        }
    }
}

static void bars_write(struct pci_host *host, const struct pci_device *device)
{
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &device->bars[i];

        if (!bar->assigned) {
            continue;
        }
        pci_config_write(host, device->bdfn, PCI_BAR0 + 4 * i, 4, (uint32_t)bar->range.base);
        if (bar->wide) {
            pci_config_write(host, device->bdfn, PCI_BAR0 + 4 * i + 4, 4, (uint32_t)(bar->range.base >> 32));
        }
    }
}

/* Base and limit as a bridge has them in 32 bits: bits 20 and up of the first and of the last address.  An empty window
 * has its limit below its base. */
static uint32_t bridge_word(const struct pci_range *range)
{
    uint64_t last = range->base + range->size - 1;

    if (range->size == 0) {
        return 0x0000fff0;
    }
    return (uint32_t)(range->base >> 16 & 0xfff0) | (uint32_t)(last & 0xfff00000);
}

static void bridge_write(struct pci_host *host, const struct pci_device *bridge)
{
    const struct pci_range *low = &bridge->windows[PCI_M32], *high = &bridge->windows[PCI_M64];
    uint64_t last = high->base + high->size - 1;

    pci_config_write(host, bridge->bdfn, PCI_BRIDGE_IO, 2, 0x00f0);
    pci_config_write(host, bridge->bdfn, PCI_BRIDGE_MEMORY, 4, bridge_word(low));
    pci_config_write(host, bridge->bdfn, PCI_BRIDGE_PREFETCH, 4, bridge_word(high));
    if (bridge->prefetch_is_64) {
        bool empty = high->size == 0;

        pci_config_write(host, bridge->bdfn, PCI_BRIDGE_PREFETCH_BASE_UPPER, 4,
                         empty ? 0 : (uint32_t)(high->base >> 32));
        pci_config_write(host, bridge->bdfn, PCI_BRIDGE_PREFETCH_LIMIT_UPPER, 4, empty ? 0 : (uint32_t)(last >> 32));
    }
}

static void bars_want(struct pci_device *device)
{
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        device->bars[i].assigned = device->bars[i].range.size != 0;
    }
}

uint32_t pci_assign(struct pci_host *host)
{
    uint32_t dropped = 0;

    for (struct pci_device *device = host->root_bus; device != NULL; device = pci_next(device)) {
        bars_want(device);
    }
    for (enum pci_window_kind kind = PCI_M32; kind < PCI_WINDOW_KINDS; kind++) {
        struct pci_range need = host_measure(host, kind);

        while (!host_fits(host, kind, &need) && largest_drop(host, kind)) {
            dropped++;
            need = host_measure(host, kind);
        }
        windows_place(host->root_bus, kind, need.base);
    }
    for (struct pci_device *device = host->root_bus; device != NULL; device = pci_next(device)) {
        bars_write(host, device);
        if (device->is_bridge) {
            bridge_write(host, device);
        }
    }
    return dropped;
}
