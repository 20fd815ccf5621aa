/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's access to configuration space. */
#include <stddef.h>

#include "calls.h"
#include "pci/bridges.h"
#include "pci/pci.h"

/* The host bridge, locked, when the place is one that configuration space has; else NULL. */
static struct pci_host *config_take(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t size)
{
    if (bdfn > UINT16_MAX || offset >= PCI_CONFIG_SIZE || offset % size != 0) {
        return NULL;
    }
    return bridge_take(id);
}

static int64_t config_read(uint64_t id, uint64_t bdfn, uint64_t offset, uint32_t size, uint32_t *value)
{
    struct pci_host *host = config_take(id, bdfn, offset, size);

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    *value = pci_config_read(host, (uint16_t)bdfn, (uint32_t)offset, size);
    return bridge_done(host, OPAL_SUCCESS);
}

static int64_t config_write(uint64_t id, uint64_t bdfn, uint64_t offset, uint32_t size, uint64_t value)
{
    struct pci_host *host = config_take(id, bdfn, offset, size);

    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    pci_config_write(host, (uint16_t)bdfn, (uint32_t)offset, size, (uint32_t)value);
    return bridge_done(host, OPAL_SUCCESS);
}

int64_t opal_pci_config_read_byte(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t address)
{
    uint32_t value;
    int64_t result = config_read(id, bdfn, offset, 1, &value);

    return result == OPAL_SUCCESS ? caller_put_u8(address, (uint8_t)value) : result;
}

int64_t opal_pci_config_read_half_word(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t address)
{
    uint32_t value;
    int64_t result = config_read(id, bdfn, offset, 2, &value);

    return result == OPAL_SUCCESS ? caller_put_u16(address, (uint16_t)value) : result;
}

int64_t opal_pci_config_read_word(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t address)
{
    uint32_t value;
    int64_t result = config_read(id, bdfn, offset, 4, &value);

    return result == OPAL_SUCCESS ? caller_put_u32(address, value) : result;
}

int64_t opal_pci_config_write_byte(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t value)
{
    return config_write(id, bdfn, offset, 1, value);
}

int64_t opal_pci_config_write_half_word(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t value)
{
    return config_write(id, bdfn, offset, 2, value);
}

int64_t opal_pci_config_write_word(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t value)
{
    return config_write(id, bdfn, offset, 4, value);
}
