/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's calls for a host bridge as a whole: resets, slots, errors. */
#include <stddef.h>

#include "calls.h"
#include "pci/bridges.h"
#include "pci/host_ops.h"
#include "pci/opal_pci.h"
#include "pci/pci.h"

/* Asserting does all of a reset, so that there is nothing left to do for the other half of a pair of calls. */
int64_t opal_pci_reset(uint64_t id, uint64_t scope, uint64_t state)
{
    struct pci_host *host;

    if (state > OPAL_ASSERT_RESET || scope < OPAL_RESET_PHB_COMPLETE || scope > OPAL_RESET_PCI_IODA_TABLE) {
        return OPAL_PARAMETER;
    }
    host = bridge_take_slot(id);
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    return bridge_done(host, state == OPAL_ASSERT_RESET ? host->ops->reset(host, (uint32_t)scope) : OPAL_SUCCESS);
}

int64_t opal_pci_poll(uint64_t id)
{
    struct pci_host *host = bridge_take_slot(id);

    return host == NULL ? OPAL_PARAMETER : bridge_done(host, host->ops->poll(host));
}

/* After its reset a function gets again what firmware decides. */
int64_t opal_pci_reinit(uint64_t id, uint64_t scope, uint64_t bdfn)
{
    const struct pci_device *device;
    struct pci_host *host;

    if (scope != OPAL_REINIT_PCI_DEV || bdfn > UINT16_MAX) {
        return OPAL_PARAMETER;
    }
    host = bridge_take(id);
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    device = pci_find(host, (uint16_t)bdfn);
    if (device == NULL) {
        return bridge_done(host, OPAL_PARAMETER);
    }
    pci_device_configure(host, device);
    return bridge_done(host, OPAL_SUCCESS);
}

int64_t opal_pci_get_presence_state(uint64_t id, uint64_t address)
{
    struct pci_host *host = bridge_take_slot(id);
    bool up;

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    up = host->ops->link_is_up(host);
    bridge_release(host);
    return caller_put_u8(address, up ? OPAL_PCI_SLOT_PRESENT : OPAL_PCI_SLOT_EMPTY);
}

/* No slot has a switch. */
int64_t opal_pci_get_power_state(uint64_t id, uint64_t address)
{
    struct pci_host *host = bridge_take_slot(id);

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    bridge_release(host);
    return caller_put_u8(address, OPAL_PCI_SLOT_POWER_ON);
}

/* The next thing that went wrong; an error of the whole bridge is not told apart from errors of PEs. */
int64_t opal_pci_next_error(uint64_t id, uint64_t pe_address, uint64_t error_address, uint64_t severity_address)
{
    struct pci_host *host = bridge_take(id);
    uint32_t pe = 0;
    int64_t result;
    bool frozen;

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    frozen = host->ops->freeze_find(host, &pe);
    bridge_release(host);
    result = caller_put_u64(pe_address, pe);
    if (result == OPAL_SUCCESS) {
        result = caller_put_u16(error_address, frozen ? OPAL_EEH_PE_ERROR : OPAL_EEH_NO_ERROR);
    }
    if (result == OPAL_SUCCESS) {
        result = caller_put_u16(severity_address, frozen ? OPAL_EEH_SEV_PE_ER : OPAL_EEH_SEV_NO_ERROR);
    }
    return result;
}

int64_t opal_pci_get_phb_diag_data2(uint64_t id, uint64_t address, uint64_t size)
{
    struct pci_host *host = bridge_take(id);
    void *buffer;

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    buffer = size < host->ops->diagnostics_size ? NULL : caller_memory(address, host->ops->diagnostics_size);
    if (buffer == NULL) {
        return bridge_done(host, OPAL_PARAMETER);
    }
    host->ops->diagnostics(host, buffer);
    return bridge_done(host, OPAL_SUCCESS);
}
