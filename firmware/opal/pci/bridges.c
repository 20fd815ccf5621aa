/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci/bridges.h"

#include <stddef.h>

#include "arena.h"
#include "calls.h"
#include "console.h"
#include "io.h"
#include "pci/host_ops.h"
#include "pci/opal_pci.h"
#include "sources.h"

#define BRIDGES_MAX 32

static struct pci_host *bridges[BRIDGES_MAX];
static uint32_t bridge_count;

struct pci_host *bridge_take(uint64_t id)
{
    for (uint32_t i = 0; i < bridge_count; i++) {
        if (bridges[i]->id == id) {
            lock_take(&bridges[i]->lock);
            return bridges[i];
        }
    }
    return NULL;
}

struct pci_host *bridge_take_slot(uint64_t id)
{
    if ((id & OPAL_PCI_SLOT_PREFIX) != 0) {
        if (OPAL_PCI_SLOT_BDFN(id) != 0) {
            return NULL;
        }
        id = OPAL_PCI_SLOT_HOST(id);
    }
    return bridge_take(id);
}

/* The lock's own barrier is for memory; the next holder must find our stores to registers done. */
void bridge_release(struct pci_host *host)
{
    memory_sync();
    lock_release(&host->lock);
}

int64_t bridge_done(struct pci_host *host, int64_t result)
{
    bridge_release(host);
    return result;
}

static int64_t set_xive(const struct source_range *range, uint32_t source, uint16_t server, uint8_t priority)
{
    struct pci_host *host = range->data;

    lock_take(&host->lock);
    host->ops->xive_set(host, source - range->first, (struct pci_xive){ .server = server, .priority = priority });
    return bridge_done(host, OPAL_SUCCESS);
}

static int64_t get_xive(const struct source_range *range, uint32_t source, uint16_t *server, uint8_t *priority)
{
    struct pci_host *host = range->data;
    struct pci_xive xive;

    lock_take(&host->lock);
    host->ops->xive_get(host, source - range->first, &xive);
    *server = xive.server;
    *priority = xive.priority;
    return bridge_done(host, OPAL_SUCCESS);
}

static void devices_say(const struct pci_host *host)
{
    for (const struct pci_device *device = host->root_bus; device != NULL; device = pci_next(device)) {
        say("PCI %04x:%02x:%02x.%x %04x:%04x class %06x", host->id, PCI_BUS(device->bdfn), PCI_SLOT(device->bdfn),
            device->bdfn & 7, device->vendor, device->device, device->class_code);
    }
}

void bridge_start(struct pci_host *host)
{
    struct source_range *range = arena_alloc(sizeof(*range), sizeof(uint64_t));
    uint32_t unassigned;

    if (bridge_count == BRIDGES_MAX) {
        say("PCI %04x is not used: there are more than %u host bridges", host->id, BRIDGES_MAX);
        return;
    }
    pci_walk(host);
    if (host->walk_was_cut) {
        say("PCI %04x: only %u devices are used, there are more or deeper ones", host->id, host->device_count);
    }
    unassigned = pci_assign(host);
    if (unassigned != 0) {
        say("PCI %04x: no addresses left for %u of the largest base address registers", host->id, unassigned);
    }
    devices_say(host);
    *range = (struct source_range){
        .first = host->irq_base,
        .count = host->lsi_base + host->lsi_count - host->irq_base,
        .set_xive = set_xive,
        .get_xive = get_xive,
        .data = host,
    };
    sources_register(range);
    bridges[bridge_count++] = host;
}
