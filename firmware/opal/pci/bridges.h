/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's host bridges, by the number that OPAL's callers know them by. */
#ifndef OPAL_PCI_BRIDGES_H
#define OPAL_PCI_BRIDGES_H

#include <stdint.h>

#include "pci/pci.h"

/* Find and number what is behind a host bridge whose link has been brought up, give it addresses, offer the bridge and
 * its interrupts to OPAL's callers and say what is there.  While the machine starts; `host` stays where it is. */
void bridge_start(struct pci_host *host);

/* Take the lock of the host bridge with this number; NULL when there is none. */
struct pci_host *bridge_take(uint64_t id);

/* The same for the number of a host bridge or of the slot below its root port, which is the only one with a number. */
struct pci_host *bridge_take_slot(uint64_t id);

void bridge_release(struct pci_host *host);

/* The same, and return `result`. */
int64_t bridge_done(struct pci_host *host, int64_t result);

/* Nodes for everything behind the host bridge, below its own `node`.  `controller` is the phandle of the interrupt
 * controller that the pins go to. */
void bridge_describe(struct pci_host *host, void *tree, int node, uint32_t controller);

#endif
