/* SPDX-License-Identifier: BSD-2-Clause */
/* Host bridges and what is behind them, as every board has them: addresses, devices, windows.
 *
 * Registers and headers of configuration space: PCI Local Bus Specification 3.0, chapter 6; PCI-to-PCI Bridge
 * Architecture 1.2, chapter 3; PCI Express Base Specification 3.0, chapter 7.  Values are in the processor's byte
 * order, sizes in bytes.
 */
#ifndef OPAL_PCI_PCI_H
#define OPAL_PCI_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/lock.h"

#define PCI_BARS 6
#define PCI_DEVICES_PER_HOST 64 /* behind one host bridge, bridges and functions counted */
#define PCI_MAX_DEPTH 16        /* bridges between a device and its host bridge */
#define PCI_CONFIG_SIZE 4096

/* Bus, device and function in the 16 bits of a requester ID. */
#define PCI_BDFN(bus, device, function) ((uint16_t)((bus) << 8 | (device) << 3 | (function)))
#define PCI_BUS(bdfn) ((uint8_t)((bdfn) >> 8))
#define PCI_SLOT(bdfn) ((uint8_t)((bdfn) >> 3 & 0x1f))

#define PCI_VENDOR_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_COMMAND_DECODE 0x0003 /* I/O and memory */
#define PCI_COMMAND_MASTER 0x0004
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES 0x0010
#define PCI_CLASS_REVISION 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_HEADER_MULTIFUNCTION 0x80
#define PCI_HEADER_BRIDGE 0x01
#define PCI_BAR0 0x10
#define PCI_BAR_IO 0x1
#define PCI_BAR_64 0x4
#define PCI_BAR_PREFETCH 0x8
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_BRIDGE_BUSES 0x18 /* primary, secondary, subordinate, latency timer */
#define PCI_BRIDGE_IO 0x1c    /* base and limit of the I/O window, a byte each */
#define PCI_BRIDGE_MEMORY 0x20
#define PCI_BRIDGE_PREFETCH 0x24
#define PCI_BRIDGE_PREFETCH_64 0x1
#define PCI_BRIDGE_PREFETCH_BASE_UPPER 0x28
#define PCI_BRIDGE_PREFETCH_LIMIT_UPPER 0x2c
#define PCI_BRIDGE_CONTROL 0x3e
#define PCI_BRIDGE_CONTROL_RESET 0x0040
#define PCI_CAPABILITY_EXPRESS 0x10
#define PCI_EXPRESS_FLAGS 0x02
#define PCI_EXPRESS_TYPE(flags) ((flags) >> 4 & 0xf)
#define PCI_EXPRESS_ROOT_PORT 4
#define PCI_EXPRESS_DOWNSTREAM 6
#define PCI_EXPRESS_CONTROL 0x08
#define PCI_EXPRESS_CONTROL_PAYLOAD 0x00e0 /* log2(bytes) - 7 */

/* The two kinds of memory window: below 4 GiB for everything, above for 64-bit prefetchable BARs. */
enum pci_window_kind {
    PCI_M32,
    PCI_M64,
    PCI_WINDOW_KINDS,
};

/* [pci, pci + size) on the bus is [cpu, cpu + size) for processors.  Segments of `granule` bytes belong to one
 * partitionable endpoint (PE) each; no two buses share one.  Filled by the board. */
struct pci_window {
    uint64_t cpu;
    uint64_t pci;
    uint64_t size;
    uint64_t reserved; /* that many bytes at its end are for no device */
    uint64_t granule;
};

/* [base, base + size) on the bus, base a multiple of `alignment`; size 0: none. */
struct pci_range {
    uint64_t base;
    uint64_t size;
    uint64_t alignment; /* a power of two */
};

/* A base address register that wants memory.  `range.size` is 0 where there is none; `assigned` says that
 * `range.base` has been chosen and written. */
struct pci_bar {
    struct pci_range range;
    enum pci_window_kind kind;
    bool wide;     /* takes the next register as well */
    bool prefetch; /* reads have no side effects */
    bool assigned;
};

/* One function.  Filled by the bus walk, ranges by the assignment. */
struct pci_device {
    struct pci_device *next;     /* on the same bus, ascending */
    struct pci_device *children; /* on the secondary bus */
    struct pci_device *parent;   /* the bridge above, or NULL on the root bus */
    uint16_t bdfn;
    uint16_t vendor;
    uint16_t device;
    uint32_t class_code; /* 24 bits: class, subclass, programming interface */
    uint8_t revision;
    uint8_t interrupt_pin; /* 1 to 4 for INTA to INTD, 0: none */
    uint8_t express;       /* offset of the PCI Express capability, 0: none */
    uint8_t express_type;
    bool is_bridge;
    bool prefetch_is_64; /* of a bridge: its prefetchable window can be above 4 GiB */
    uint8_t secondary;   /* of a bridge: its buses, both included */
    uint8_t subordinate;
    struct pci_bar bars[PCI_BARS];
    struct pci_range windows[PCI_WINDOW_KINDS]; /* of a bridge: what it forwards downwards */
};

/* The PCI view of one host bridge.  The board's own structure contains it. */
struct pci_host {
    const struct pci_host_ops *ops;
    struct lock lock; /* held around every operation once OPAL's callers are there */
    uint32_t id; /* "ibm,opal-phbid" */
    uint32_t pe_count;
    uint32_t reserved_pe; /* never given to a device: whatever belongs nowhere is there, and may do nothing */
    uint32_t irq_base;    /* the first interrupt number: messages, then pins */
    uint32_t msi_count;
    uint32_t lsi_base; /* INTA; B, C and D follow */
    uint32_t lsi_count;
    struct pci_window windows[PCI_WINDOW_KINDS];
    struct pci_device *root_bus;
    uint8_t last_bus;
    uint32_t device_count;
    bool walk_was_cut; /* there is more than the pool, the bus numbers or the depth allow */
    struct pci_device pool[PCI_DEVICES_PER_HOST];
};

/* `size` (1, 2, 4) bytes of configuration space, all ones where no function answers.  `offset` is a multiple of `size`
 * and below PCI_CONFIG_SIZE. */
uint32_t pci_config_read(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size);

void pci_config_write(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size, uint32_t value);

/* Find everything behind the host bridge and number the buses; every device ends with decoding and bus mastering
 * off. */
void pci_walk(struct pci_host *host);

/* Give addresses out of the host's windows to every BAR and every bridge and write them.  Where not everything
 * fits, the largest BARs get nothing; returns how many that are. */
uint32_t pci_assign(struct pci_host *host);

/* How many devices can be on the bus behind a bridge, or with NULL on the root bus: one hangs on a link, and only
 * what is no link has slots. */
uint32_t pci_slots(const struct pci_device *bridge);

/* The device behind `host` with this address, or NULL. */
struct pci_device *pci_find(struct pci_host *host, uint16_t bdfn);

/* The device that follows `device` in the order parents, children, siblings; NULL behind the last. */
struct pci_device *pci_next(const struct pci_device *device);

/* Set what firmware decides for a function: the payload size that every function can take.  Used at the first walk and
 * after a reset of the function. */
void pci_device_configure(struct pci_host *host, const struct pci_device *device);

#endif
