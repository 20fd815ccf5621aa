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

/* The root port is alone on its bus: whatever else is asked for there is not even an access. */
static bool is_beside_root_port(uint64_t bdfn)
{
    return PCI_BUS(bdfn) == 0 && PCI_SLOT(bdfn) != 0;
}

/* OPAL_HARDWARE comes with ones in `value`, as an empty slot gives them. */
static int64_t config_read(uint64_t id, uint64_t bdfn, uint64_t offset, uint32_t size, uint32_t *value)
{
    struct pci_host *host = config_take(id, bdfn, offset, size);

    *value = UINT32_MAX;
    if (host == NULL) {
        return OPAL_PARAMETER;
    }
    if (is_beside_root_port(bdfn)) {
        return bridge_done(host, OPAL_HARDWARE);
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
    if (is_beside_root_port(bdfn)) {
        return bridge_done(host, OPAL_HARDWARE);
    }
    pci_config_write(host, (uint16_t)bdfn, (uint32_t)offset, size, (uint32_t)value);
    return bridge_done(host, OPAL_SUCCESS);
}

/* The worse of what reading and storing the value gave. */
static int64_t worse_of(int64_t read, int64_t stored)
{
    return stored == OPAL_SUCCESS ? read : stored;
}

int64_t opal_pci_config_read_byte(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t address)
{
    uint32_t value;
    int64_t result = config_read(id, bdfn, offset, 1, &value);

    return result == OPAL_PARAMETER ? result : worse_of(result, caller_put_u8(address, (uint8_t)value));
}

int64_t opal_pci_config_read_half_word(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t address)
{
    uint32_t value;
    int64_t result = config_read(id, bdfn, offset, 2, &value);

    return result == OPAL_PARAMETER ? result : worse_of(result, caller_put_u16(address, (uint16_t)value));
}

int64_t opal_pci_config_read_word(uint64_t id, uint64_t bdfn, uint64_t offset, uint64_t address)
{
    uint32_t value;
    int64_t result = config_read(id, bdfn, offset, 4, &value);

    return result == OPAL_PARAMETER ? result : worse_of(result, caller_put_u32(address, value));
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
