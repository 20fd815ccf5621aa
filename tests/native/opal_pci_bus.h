/* SPDX-License-Identifier: BSD-2-Clause */
/* A make-believe PCI bus for native tests: functions with configuration space, found by way of the bridges'
 * registers. */
#ifndef TESTS_NATIVE_OPAL_PCI_BUS_H
#define TESTS_NATIVE_OPAL_PCI_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "pci/host_ops.h"
#include "pci/pci.h"

#define FAKE_MAX 400
#define FAKE_ROOT (-1)

/* A function that is really there.  Bits of a BAR that can be written are in `masks`. */
struct fake_device {
    int parent; /* index, or FAKE_ROOT */
    uint8_t devfn;
    bool is_bridge;
    uint8_t config[256];
    uint32_t fixed[PCI_BARS]; /* kind bits of each BAR register */
    uint32_t masks[PCI_BARS];
};

static struct fake_device fake[FAKE_MAX];
static int fake_count;
static bool fake_link = true;

static uint32_t fake_get(const uint8_t *at, uint32_t size)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < size; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static void fake_put(uint8_t *at, uint32_t size, uint32_t value)
{
    for (uint32_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* The bus number below a device, as a request finds it: the root bus is 0, others are what the bridge above says, and
 * every bridge on the way must let it through. */
static bool fake_reaches(int bridge, uint32_t bus)
{
    if (bridge == FAKE_ROOT)
        return bus == 0;
    for (int above = fake[bridge].parent; above != FAKE_ROOT; above = fake[above].parent)
        if (bus <= fake[above].config[0x19] || bus > fake[above].config[0x1a])
            return false;
    return fake[bridge].config[0x19] == bus;
}

static struct fake_device *fake_find(uint16_t bdfn)
{
    for (int i = 0; i < fake_count; i++)
        if (fake[i].devfn == (bdfn & 0xff) && fake_reaches(fake[i].parent, bdfn >> 8) &&
            (fake[i].parent == FAKE_ROOT || fake_link))
            return &fake[i];
    return NULL;
}

static uint32_t fake_config_read(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size)
{
    struct fake_device *device = fake_find(bdfn);

    (void)host;
    CHECK(offset % size == 0 && offset + size <= PCI_CONFIG_SIZE);
    if (device == NULL || offset >= sizeof(device->config))
        return size == 4 ? UINT32_MAX : (1U << 8 * size) - 1;
    return fake_get(&device->config[offset], size);
}

static void fake_config_write(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size, uint32_t value)
{
    struct fake_device *device = fake_find(bdfn);
    uint32_t bar = (offset - PCI_BAR0) / 4;

    (void)host;
    CHECK(offset % size == 0 && offset + size <= PCI_CONFIG_SIZE);
    if (device == NULL || offset >= sizeof(device->config))
        return;
    if (offset >= PCI_BAR0 && bar < (device->is_bridge ? 2 : PCI_BARS)) {
        CHECK(size == 4);
        CHECK((fake_get(&device->config[PCI_COMMAND], 2) & PCI_COMMAND_DECODE) == 0); /* never while it decodes */
        value = (value & device->masks[bar]) | device->fixed[bar];
    } else if (offset == PCI_BRIDGE_PREFETCH && device->is_bridge) {
        value = (value & 0xfff0fff0) | (fake_get(&device->config[offset], 4) & 0x000f000f);
    }
    fake_put(&device->config[offset], size, value);
}

/* Add a function; returns its index. */
static int fake_add(int parent, uint8_t devfn)
{
    struct fake_device *device = &fake[fake_count];

    CHECK(fake_count < FAKE_MAX);
    *device = (struct fake_device){.parent = parent, .devfn = devfn};
    fake_put(&device->config[PCI_VENDOR_ID], 4, 0x10001af4);
    fake_put(&device->config[PCI_CLASS_REVISION], 4, 0x02000001);
    fake_put(&device->config[PCI_COMMAND], 2, PCI_COMMAND_DECODE | PCI_COMMAND_MASTER);
    device->config[PCI_INTERRUPT_PIN] = 1;
    return fake_count++;
}

/* A PCI Express capability of this type at 0x40. */
static void fake_express(int index, uint32_t type)
{
    struct fake_device *device = &fake[index];

    fake_put(&device->config[PCI_STATUS], 2, PCI_STATUS_CAPABILITIES);
    device->config[PCI_CAPABILITIES] = 0x40;
    fake_put(&device->config[0x40], 4, PCI_CAPABILITY_EXPRESS | type << 20);
    fake_put(&device->config[0x40 + PCI_EXPRESS_CONTROL], 2, 0x20ff);
}

static int fake_bridge(int parent, uint8_t devfn, bool prefetch_is_64)
{
    int index = fake_add(parent, devfn);

    fake[index].is_bridge = true;
    fake_put(&fake[index].config[PCI_CLASS_REVISION], 4, 0x06040000);
    fake[index].config[PCI_HEADER_TYPE] = PCI_HEADER_BRIDGE;
    fake_put(&fake[index].config[PCI_BRIDGE_PREFETCH], 4, prefetch_is_64 ? 0x00010001 : 0);
    return index;
}

/* A memory BAR of `size` bytes. */
static void fake_bar(int index, uint32_t bar, uint64_t size, bool wide, bool prefetch)
{
    struct fake_device *device = &fake[index];

    device->fixed[bar] = (wide ? PCI_BAR_64 : 0U) | (prefetch ? PCI_BAR_PREFETCH : 0U);
    device->masks[bar] = (uint32_t)-size & 0xfffffff0U;
    if (wide)
        device->masks[bar + 1] = (uint32_t)(-size >> 32);
    fake_put(&device->config[PCI_BAR0 + 4 * bar], 4, device->fixed[bar]);
}

#endif
