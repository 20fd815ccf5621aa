/* SPDX-License-Identifier: BSD-2-Clause */
/* The bus walk: depth first, so that every bridge's buses are a closed range when it is left. */
#include <stddef.h>

#include "pci/host_ops.h"
#include "pci/pci.h"

#define LAST_BUS 255
#define FUNCTIONS 8
#define SLOTS 32
#define CAPABILITIES_MAX 48 /* as many as fit; ends the walk through a list that bites its own tail */
#define ALL_ONES 0xffffffffU

uint32_t pci_config_read(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size)
{
    return host->ops->config_read(host, bdfn, offset, size);
}

void pci_config_write(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size, uint32_t value)
{
    host->ops->config_write(host, bdfn, offset, size, value);
}

static uint8_t capability_find(struct pci_host *host, uint16_t bdfn, uint8_t wanted)
{
    uint32_t place;

    if ((pci_config_read(host, bdfn, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES) == 0) {
        return 0;
    }
    place = pci_config_read(host, bdfn, PCI_CAPABILITIES, 1) & 0xfc;
    for (uint32_t i = 0; i < CAPABILITIES_MAX && place >= 0x40; i++) {
        uint32_t head = pci_config_read(host, bdfn, place, 2);

        if ((head & 0xff) == wanted) {
            return (uint8_t)place;
        }
        place = head >> 8 & 0xfc;
    }
    return 0;
}

/* The low word of a BAR says what it is, and the bits that stay zero under all ones how large. */
static void bar_measure(struct pci_host *host, struct pci_device *device, uint32_t index, uint32_t registers)
{
    uint32_t offset = PCI_BAR0 + 4 * index;
    struct pci_bar *bar = &device->bars[index];
    uint64_t mask;

    pci_config_write(host, device->bdfn, offset, 4, ALL_ONES);
    mask = pci_config_read(host, device->bdfn, offset, 4);
    pci_config_write(host, device->bdfn, offset, 4, 0);
    if (mask == 0 || mask == ALL_ONES || (mask & PCI_BAR_IO) != 0) {
        return;
    }
    bar->prefetch = (mask & PCI_BAR_PREFETCH) != 0;
    bar->wide = (mask & PCI_BAR_64) != 0 && index + 1 < registers;
    mask &= 0xfffffff0U;
    if (bar->wide) {
        pci_config_write(host, device->bdfn, offset + 4, 4, ALL_ONES);
        mask |= (uint64_t)pci_config_read(host, device->bdfn, offset + 4, 4) << 32;
        pci_config_write(host, device->bdfn, offset + 4, 4, 0);
    } else {
        mask |= (uint64_t)ALL_ONES << 32;
    }
    bar->range.size = mask & -mask;
    bar->range.alignment = bar->range.size;
}

static void bars_measure(struct pci_host *host, struct pci_device *device)
{
    uint32_t registers = device->is_bridge ? 2 : PCI_BARS;
    bool high = true;

    for (const struct pci_device *bridge = device->parent; bridge != NULL; bridge = bridge->parent) {
        high = high && bridge->prefetch_is_64;
    }
    for (uint32_t i = 0; i < registers; i++) {
        struct pci_bar *bar = &device->bars[i];

        bar_measure(host, device, i, registers);
        bar->kind = bar->wide && bar->prefetch && high ? PCI_M64 : PCI_M32;
        i += bar->wide ? 1 : 0;
    }
}

/* Everything the header says about a function that is there.  Decoding goes off first: BARs are measured by writing to
 * them. */
static void device_read(struct pci_host *host, struct pci_device *device)
{
    uint16_t bdfn = device->bdfn;
    uint32_t word = pci_config_read(host, bdfn, PCI_CLASS_REVISION, 4);
    uint32_t command = pci_config_read(host, bdfn, PCI_COMMAND, 2);

    pci_config_write(host, bdfn, PCI_COMMAND, 2, command & ~(uint32_t)(PCI_COMMAND_DECODE | PCI_COMMAND_MASTER));
    device->revision = (uint8_t)word;
    device->class_code = word >> 8;
    device->is_bridge = (pci_config_read(host, bdfn, PCI_HEADER_TYPE, 1) & 0x7f) == PCI_HEADER_BRIDGE;
    device->interrupt_pin = (uint8_t)pci_config_read(host, bdfn, PCI_INTERRUPT_PIN, 1);
    device->express = capability_find(host, bdfn, PCI_CAPABILITY_EXPRESS);
    if (device->express != 0) {
        uint32_t flags = pci_config_read(host, bdfn, device->express + PCI_EXPRESS_FLAGS, 2);

        device->express_type = (uint8_t)PCI_EXPRESS_TYPE(flags);
    }
    if (device->is_bridge) {
        uint32_t base = pci_config_read(host, bdfn, PCI_BRIDGE_PREFETCH, 2);

        device->prefetch_is_64 = (base & 0xf) == PCI_BRIDGE_PREFETCH_64;
    }
    bars_measure(host, device);
}

void pci_device_configure(struct pci_host *host, const struct pci_device *device)
{
    uint32_t control;

    if (device->express == 0) {
        return;
    }
    /* 128 bytes: the one size that everything on a path takes */
    control = pci_config_read(host, device->bdfn, device->express + PCI_EXPRESS_CONTROL, 2);
    pci_config_write(host, device->bdfn, device->express + PCI_EXPRESS_CONTROL, 2,
                     control & ~(uint32_t)PCI_EXPRESS_CONTROL_PAYLOAD);
}

/* The function at `bdfn` as a new device of the pool, or NULL when nothing answers or the pool is used up. */
static struct pci_device *device_probe(struct pci_host *host, struct pci_device *parent, uint16_t bdfn)
{
    uint32_t id = pci_config_read(host, bdfn, PCI_VENDOR_ID, 4);
    struct pci_device *device;

    if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0) {
        return NULL;
    }
    if (host->device_count == PCI_DEVICES_PER_HOST) {
        host->walk_was_cut = true;
        return NULL;
    }
    device = &host->pool[host->device_count++];
    *device = (struct pci_device){
        .parent = parent,
        .bdfn = bdfn,
        .vendor = (uint16_t)id,
        .device = (uint16_t)(id >> 16),
    };
    device_read(host, device);
    pci_device_configure(host, device);
    return device;
}

uint32_t pci_slots(const struct pci_device *bridge)
{
    bool link = bridge == NULL || bridge->express_type == PCI_EXPRESS_ROOT_PORT
                || bridge->express_type == PCI_EXPRESS_DOWNSTREAM;

    return link ? 1 : SLOTS;
}

static uint32_t depth_of(const struct pci_device *device)
{
    uint32_t depth = 0;

    for (; device != NULL; device = device->parent) {
        depth++;
    }
    return depth;
}

/* Write the bridge's three bus numbers; the latency timer above them is for conventional PCI and keeps its value. */
static void bridge_number(struct pci_host *host, const struct pci_device *bridge, uint8_t subordinate)
{
    uint32_t old = pci_config_read(host, bridge->bdfn, PCI_BRIDGE_BUSES, 4) & 0xff000000U;

    pci_config_write(host, bridge->bdfn, PCI_BRIDGE_BUSES, 4,
                     old | (uint32_t)subordinate << 16 | (uint32_t)bridge->secondary << 8 | PCI_BUS(bridge->bdfn));
}

static void bus_walk(struct pci_host *host, struct pci_device *bridge, uint8_t bus);

/* Everything behind a bridge.  While its bus is being walked the bridge forwards all numbers that are still free. */
static void bridge_walk(struct pci_host *host, struct pci_device *bridge)
{
    if (host->last_bus == LAST_BUS || depth_of(bridge) >= PCI_MAX_DEPTH) {
        host->walk_was_cut = true;
        return;
    }
    bridge->secondary = ++host->last_bus;
    bridge_number(host, bridge, LAST_BUS);
    if (bridge->parent != NULL || host->ops->link_is_up(host)) {
        bus_walk(host, bridge, bridge->secondary);
    }
    bridge->subordinate = host->last_bus;
    bridge_number(host, bridge, bridge->subordinate);
}

/* The functions of one bus, and with each bridge what is behind it. */
static void bus_walk(struct pci_host *host, struct pci_device *bridge, uint8_t bus)
{
    struct pci_device **link = bridge == NULL ? &host->root_bus : &bridge->children;
    uint32_t slots = pci_slots(bridge);

    for (uint32_t slot = 0; slot < slots; slot++) {
        uint32_t functions = 1;

        for (uint32_t function = 0; function < functions; function++) {
            uint16_t bdfn = PCI_BDFN(bus, slot, function);
            struct pci_device *device = device_probe(host, bridge, bdfn);

            if (device == NULL) {
                continue;
            }
            if (function == 0 && (pci_config_read(host, bdfn, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTIFUNCTION) != 0) {
                functions = FUNCTIONS;
            }
            *link = device;
            link = &device->next;
            if (device->is_bridge) {
                bridge_walk(host, device);
            }
        }
    }
}

void pci_walk(struct pci_host *host)
{
    host->root_bus = NULL;
    host->device_count = 0;
    host->last_bus = 0;
    host->walk_was_cut = false;
    bus_walk(host, NULL, 0);
}

struct pci_device *pci_next(const struct pci_device *device)
{
    if (device->children != NULL) {
        return device->children;
    }
    while (device->next == NULL) {
        device = device->parent;
        if (device == NULL) {
            return NULL;
        }
    }
    return device->next;
}

struct pci_device *pci_find(struct pci_host *host, uint16_t bdfn)
{
    for (struct pci_device *device = host->root_bus; device != NULL; device = pci_next(device)) {
        if (device->bdfn == bdfn) {
            return device;
        }
    }
    return NULL;
}
