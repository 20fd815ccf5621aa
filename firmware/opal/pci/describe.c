/* SPDX-License-Identifier: BSD-2-Clause */
/* Device tree nodes for what is behind a host bridge: PCI Bus Binding to IEEE 1275, revision 2.1, and what OPAL's
 * kernels read of it.
 */
#include <stddef.h>

#include "hv/format.h"
#include "hv/types.h"
#include "pci/bridges.h"
#include "pci/pci.h"
#include "tree.h"

#define NAME_SIZE 32
#define PINS 4

/* phys.hi: kind of space, where in configuration space */
#define PHYS_NOT_RELOCATABLE 0x80000000U
#define PHYS_PREFETCHABLE 0x40000000U
#define PHYS_MEMORY_32 0x02000000U
#define PHYS_MEMORY_64 0x03000000U
#define PHYS_BDFN(bdfn) ((uint32_t)(bdfn) << 8)

/* Only the lower two bits of a slot's number matter to how its pins are wired. */
#define WIRED_SLOTS 4
#define WIRED_SLOT_MASK 0x1800U
#define SENSE_LEVEL 1
#define MAP_CELLS 7
#define PINS_MASK 7

/* Devices whose class code begins like this, in 6, 4 or 2 hexadecimal digits. */
struct class_name {
    uint32_t class_code;
    uint32_t shift; /* of the digits that do not count */
    const char *name;
};

#define INTERFACE(code, name) { code, 0, name }
#define SUBCLASS(code, name) { code, 8, name }
#define CLASS(code, name) { code, 16, name }

/* The binding's names and those that its recommended practice for USB adds; the first that fits counts. */
static const struct class_name class_names[] = {
    SUBCLASS(0x0100, "scsi"),
    SUBCLASS(0x0101, "ide"),
    SUBCLASS(0x0104, "raid"),
    SUBCLASS(0x0106, "sata"),
    CLASS(0x01, "mass-storage"),
    SUBCLASS(0x0200, "ethernet"),
    SUBCLASS(0x0201, "token-ring"),
    CLASS(0x02, "network"),
    SUBCLASS(0x0300, "vga"),
    CLASS(0x03, "display"),
    CLASS(0x04, "multimedia-device"),
    CLASS(0x05, "memory-controller"),
    SUBCLASS(0x0601, "isa"),
    SUBCLASS(0x0604, "pci"),
    CLASS(0x06, "unknown-bridge"),
    CLASS(0x07, "communication-controller"),
    CLASS(0x08, "system-peripheral"),
    CLASS(0x09, "input-controller"),
    SUBCLASS(0x0c00, "firewire"),
    INTERFACE(0x0c0300, "usb-uhci"),
    INTERFACE(0x0c0310, "usb-ohci"),
    INTERFACE(0x0c0320, "usb-ehci"),
    INTERFACE(0x0c0330, "usb-xhci"),
    SUBCLASS(0x0c03, "usb"),
    SUBCLASS(0x0c04, "fibre-channel"),
    CLASS(0x0c, "serial-bus"),
    CLASS(0x0d, "wireless-controller"),
};

static const char *class_name(const struct pci_device *device)
{
    for (size_t i = 0; i < ARRAY_SIZE(class_names); i++) {
        if (device->class_code >> class_names[i].shift == class_names[i].class_code) {
            return class_names[i].name;
        }
    }
    return "pci-device";
}

/* Where the BARs are. */
static void addresses_describe(void *tree, int node, const struct pci_device *device)
{
    uint32_t cells[5 * PCI_BARS], count = 0;

    for (uint32_t i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &device->bars[i];

        if (bar->assigned) {
            cells[count++] = PHYS_NOT_RELOCATABLE | (bar->prefetch ? PHYS_PREFETCHABLE : 0)
                             | (bar->wide ? PHYS_MEMORY_64 : PHYS_MEMORY_32) | PHYS_BDFN(device->bdfn)
                             | (PCI_BAR0 + 4 * i);
            cells[count++] = (uint32_t)(bar->range.base >> 32);
            cells[count++] = (uint32_t)bar->range.base;
            cells[count++] = (uint32_t)(bar->range.size >> 32);
            cells[count++] = (uint32_t)bar->range.size;
        }
    }
    if (count != 0) {
        tree_set_cells(tree, node, "assigned-addresses", cells, count);
    }
}

/* A bridge leads the pins of slot s to its own pins, s further on; so does every bridge above it.  The map of each
 * bridge leads past them all to the controller. */
static void pins_describe(struct pci_host *host, void *tree, int node, const struct pci_device *bridge,
                          uint32_t controller)
{
    uint32_t slots = pci_slots(bridge) == 1 ? 1 : WIRED_SLOTS;
    const uint32_t mask[4] = { slots == 1 ? 0 : WIRED_SLOT_MASK, 0, 0, PINS_MASK };
    uint32_t map[WIRED_SLOTS * PINS * MAP_CELLS], turned = 0, count = 0;

    for (const struct pci_device *above = bridge; above->parent != NULL; above = above->parent) {
        turned += PCI_SLOT(above->bdfn);
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
        for (uint32_t pin = 0; pin < PINS; pin++) {
            map[count++] = slot << 11;
            map[count++] = 0;
            map[count++] = 0;
            map[count++] = pin + 1;
            map[count++] = controller;
            map[count++] = host->lsi_base + (turned + slot + pin) % PINS;
            map[count++] = SENSE_LEVEL;
        }
    }
    tree_set_u32(tree, node, "#interrupt-cells", 1);
    tree_set_cells(tree, node, "interrupt-map-mask", mask, ARRAY_SIZE(mask));
    tree_set_cells(tree, node, "interrupt-map", map, count);
}

static void bridge_node_describe(struct pci_host *host, void *tree, int node, const struct pci_device *bridge,
                                 uint32_t controller)
{
    const uint32_t buses[2] = { bridge->secondary, bridge->subordinate };
    /* the same addresses on both sides */
    const uint32_t ranges[8] = { PHYS_MEMORY_32, 0, 0, PHYS_MEMORY_32, 0, 0, 0xf0000000, 0 };

    tree_set_string(tree, node, "device_type", bridge->express != 0 ? "pciex" : "pci");
    tree_set_u32(tree, node, "#address-cells", 3);
    tree_set_u32(tree, node, "#size-cells", 2);
    tree_set_cells(tree, node, "bus-range", buses, 2);
    tree_set_cells(tree, node, "ranges", ranges, ARRAY_SIZE(ranges));
    pins_describe(host, tree, node, bridge, controller);
}

static void device_describe(struct pci_host *host, void *tree, int parent, const struct pci_device *device,
                            uint32_t controller)
{
    const uint32_t reg[5] = { PHYS_BDFN(device->bdfn), 0, 0, 0, 0 };
    uint32_t function = device->bdfn & 7;
    char name[NAME_SIZE];
    int node;

    format(name, sizeof(name), function == 0 ? "%s@%x" : "%s@%x,%x", class_name(device), PCI_SLOT(device->bdfn),
           function);
    node = tree_add_node(tree, parent, name);
    tree_set_cells(tree, node, "reg", reg, ARRAY_SIZE(reg));
    tree_set_u32(tree, node, "vendor-id", device->vendor);
    tree_set_u32(tree, node, "device-id", device->device);
    tree_set_u32(tree, node, "revision-id", device->revision);
    tree_set_u32(tree, node, "class-code", device->class_code);
    tree_set_u32(tree, node, "ibm,pci-config-space-type", device->express != 0);
    addresses_describe(tree, node, device);
    /* the root port's own pin is not wired to the controller's pins, which the map of a bridge leads to */
    if (device->interrupt_pin != 0 && device->parent != NULL) {
        tree_set_u32(tree, node, "interrupts", device->interrupt_pin);
    }
    if (device->is_bridge) {
        bridge_node_describe(host, tree, node, device, controller);
    }
    for (const struct pci_device *child = device->children; child != NULL; child = child->next) {
        device_describe(host, tree, node, child, controller);
    }
}

void bridge_describe(struct pci_host *host, void *tree, int node, uint32_t controller)
{
    for (const struct pci_device *device = host->root_bus; device != NULL; device = device->next) {
        device_describe(host, tree, node, device, controller);
    }
}
