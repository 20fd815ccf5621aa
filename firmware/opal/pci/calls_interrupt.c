/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's calls for messages: who may send them, what to write where, and what to do after one.
 *
 * A device writes data to an address; bits 4 and up of the address with the lower five bits of the data are the number.
 * So a device that is given several numbers, 32 at most, changes the data only.
 */
#include <stddef.h>

#include "calls.h"
#include "pci/bridges.h"
#include "pci/host_ops.h"
#include "pci/pci.h"

#define MESSAGE_32 0xffff0000U
#define MESSAGE_64 (1ULL << 60)
#define MESSAGE_DATA_BITS 0x1fU

/* The host bridge, locked, when it has such a message; else NULL. */
static struct pci_host *message_take(uint64_t id, uint64_t pe, uint64_t message)
{
    struct pci_host *host = bridge_take(id);

    if (host != NULL && (pe >= host->pe_count || message >= host->msi_count)) {
        bridge_release(host);
        return NULL;
    }
    return host;
}

int64_t opal_pci_set_xive_pe(uint64_t id, uint64_t pe, uint64_t message)
{
    struct pci_host *host = message_take(id, pe, message);

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    host->ops->message_set_pe(host, (uint32_t)message, (uint32_t)pe);
    return bridge_done(host, OPAL_SUCCESS);
}

/* Only one message is asked for at a time: OPAL's callers count on from the first themselves. */
static bool message_exists(uint64_t id, uint64_t pe, uint64_t message, uint64_t count)
{
    struct pci_host *host = message_take(id, pe, message);

    if (host == NULL) {
        return false;
    }
    bridge_release(host);
    return count == 1;
}

int64_t opal_get_msi_32(uint64_t id, uint64_t pe, uint64_t message, uint64_t count, uint64_t address, uint64_t data)
{
    int64_t result;

    if (!message_exists(id, pe, message, count)) {
        return OPAL_PARAMETER;
    }
    result = caller_put_u32(address, MESSAGE_32 | (uint32_t)(message & ~(uint64_t)MESSAGE_DATA_BITS) << 4);
    return result == OPAL_SUCCESS ? caller_put_u32(data, (uint32_t)message & MESSAGE_DATA_BITS) : result;
}

int64_t opal_get_msi_64(uint64_t id, uint64_t pe, uint64_t message, uint64_t count, uint64_t address, uint64_t data)
{
    int64_t result;

    if (!message_exists(id, pe, message, count)) {
        return OPAL_PARAMETER;
    }
    result = caller_put_u64(address, MESSAGE_64 | (message & ~(uint64_t)MESSAGE_DATA_BITS) << 4);
    return result == OPAL_SUCCESS ? caller_put_u32(data, (uint32_t)message & MESSAGE_DATA_BITS) : result;
}

/* The interrupt's number on the host bridge or in the machine: Linux has used either. */
int64_t opal_pci_msi_eoi(uint64_t id, uint64_t interrupt)
{
    struct pci_host *host = bridge_take(id);

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    if (interrupt >= host->irq_base) {
        interrupt -= host->irq_base;
    }
    if (interrupt >= host->msi_count) {
        return bridge_done(host, OPAL_PARAMETER);
    }
    host->ops->message_end(host, (uint32_t)interrupt);
    return bridge_done(host, OPAL_SUCCESS);
}
