/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts of a PHB3: messages, whose state is in memory and shared with the hardware, and eight pins.
 *
 * A message that comes is presented to its server and marked so; one that comes while it is masked or presented is
 * queued, and the hardware forgets it: software sends it again (FFI) when it unmasks or ends the first.  Both sides
 * change the same 16 bytes, so each of our stores touches one field, and each is followed by a register access
 * before the next field is looked at: that is where the hardware's copy changes, and where everything it had begun
 * is finished.
 */
#include <string.h>

#include "board/phb3.h"
#include "console.h"
#include "io.h"

#define MASKED 0xff
#define STATE_PRESENTED 0x01
#define STATE_GENERATION(state) ((uint32_t)(state) >> 1 & 3)
#define FFI_TRIES 10000

void phb3_xives_reset(struct phb3 *phb)
{
    for (uint32_t i = 0; i < PHB3_SOURCES; i++) {
        struct phb3_ive *ive = &phb->tables->ivt[i];

        memset(ive, 0, sizeof(*ive));
        be32_set(&ive->route, MASKED);
        ive->pe[1] = (uint8_t)phb->host.reserved_pe;
    }
    memory_sync();
    phb3_write(phb, PHB3_IVC_INVALIDATE, PHB3_IVC_INVALIDATE_ALL);
    phb3_table_fill(phb, PHB3_TABLE_LXIVT, PHB3_LSIS, PHB3_LXIVT_PRIORITY(MASKED));
}

static volatile uint8_t *ive_state(struct phb3_ive *ive)
{
    return &ive->state;
}

static volatile uint8_t *ive_queued(struct phb3_ive *ive)
{
    return &ive->queued;
}

/* Send a message as if a device did. */
static void message_send(const struct phb3 *phb, uint32_t source)
{
    for (uint32_t i = 0; i < FFI_TRIES; i++) {
        if ((phb3_read(phb, PHB3_FFI_LOCK) & PHB3_FFI_LOCKED) == 0) {
            phb3_write(phb, PHB3_FFI_REQUEST, PHB3_FFI_SOURCE(source));
            return;
        }
    }
    say("PCI host %u: message %u is lost, the bridge keeps its send register locked", phb->host.id, source);
}

/* What was queued is sent again. */
static void message_requeue(const struct phb3 *phb, struct phb3_ive *ive, uint32_t source)
{
    if (*ive_queued(ive) != 0) {
        *ive_queued(ive) = 0;
        memory_sync();
        phb3_write(phb, PHB3_IVC_UPDATE, PHB3_IVC_UPDATE_Q | PHB3_IVC_SOURCE(source));
        message_send(phb, source);
    }
}

void phb3_xive_get(struct pci_host *host, uint32_t source, struct pci_xive *xive)
{
    struct phb3 *phb = phb3_of(host);

    if (source < PHB3_MSIS) {
        uint32_t route = be32_get(phb->tables->ivt[source].route);

        xive->server = (uint16_t)(route >> 8);
        xive->priority = (uint8_t)route;
    } else {
        uint64_t entry = phb3_table_read(phb, PHB3_TABLE_LXIVT, source - PHB3_MSIS);

        xive->server = (uint16_t)PHB3_GET(8, 23, entry);
        xive->priority = (uint8_t)PHB3_GET(24, 31, entry);
    }
}

static void message_route(struct phb3 *phb, uint32_t source, struct pci_xive xive)
{
    struct phb3_ive *ive = &phb->tables->ivt[source];

    be32_set(&ive->route, (uint32_t)xive.server << 8 | xive.priority);
    memory_sync();
    phb3_write(phb, PHB3_IVC_UPDATE,
               PHB3_IVC_UPDATE_SERVER | PHB3_IVC_UPDATE_PRIORITY | PHB3_IVC_SERVER(xive.server)
                   | PHB3_IVC_PRIORITY(xive.priority) | PHB3_IVC_SOURCE(source));
    if (xive.priority != MASKED && (*ive_state(ive) & STATE_PRESENTED) == 0) {
        message_requeue(phb, ive, source);
    }
}

void phb3_xive_set(struct pci_host *host, uint32_t source, struct pci_xive xive)
{
    struct phb3 *phb = phb3_of(host);

    if (source < PHB3_MSIS) {
        message_route(phb, source, xive);
    } else {
        phb3_table_write(phb, PHB3_TABLE_LXIVT, source - PHB3_MSIS,
                         PHB3_LXIVT_SERVER(xive.server) | PHB3_LXIVT_PRIORITY(xive.priority));
    }
}

void phb3_message_set_pe(struct pci_host *host, uint32_t source, uint32_t pe)
{
    struct phb3 *phb = phb3_of(host);
    struct phb3_ive *ive = &phb->tables->ivt[source];

    ive->pe[0] = (uint8_t)(pe >> 8);
    ive->pe[1] = (uint8_t)pe;
    memory_sync();
    phb3_write(phb, PHB3_IVC_INVALIDATE, PHB3_IVC_INVALIDATE_SOURCE(source));
}

void phb3_message_end(struct pci_host *host, uint32_t source)
{
    struct phb3 *phb = phb3_of(host);
    struct phb3_ive *ive = &phb->tables->ivt[source];
    uint32_t generation = (STATE_GENERATION(*ive_state(ive)) + 1) & 3;

    *ive_state(ive) = (uint8_t)(generation << 1);
    memory_sync();
    phb3_write(phb, PHB3_IVC_UPDATE,
               PHB3_IVC_UPDATE_P | PHB3_IVC_UPDATE_GENERATION | PHB3_IVC_GENERATION(generation)
                   | PHB3_IVC_SOURCE(source));
    if ((be32_get(ive->route) & MASKED) != MASKED) {
        message_requeue(phb, ive, source);
    }
}
