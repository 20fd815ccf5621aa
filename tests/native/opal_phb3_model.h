/* SPDX-License-Identifier: BSD-2-Clause */
/* A make-believe PHB3 with its queue: registers, tables on the chip, and messages that come whenever the test says.
 *
 * It does what QEMU's model does (hw/pci-host/pnv_phb3*.c), written anew from the meaning of the registers, so that
 * what the firmware puts into them is read back by other code than wrote it.
 */
#ifndef TESTS_NATIVE_OPAL_PHB3_MODEL_H
#define TESTS_NATIVE_OPAL_PHB3_MODEL_H

#include <stdarg.h>
#include <stdlib.h>

#include "opal_pci_bus.h"

#define MODEL_BASE 0x3fffe40000000ULL
#define MODEL_NEST 0x2012000U
#define MODEL_PCI 0x9012000U
#define MODEL_MESSAGES 64
#define MODEL_PIECES 16

static uint64_t model_registers[0x1000 / 8];
static uint64_t model_tables[32][512];
static uint64_t model_nest[0x46];
static uint64_t model_pci_bar;
static uint32_t model_bar_enables; /* how often the queue was opened */
static uint64_t model_time;
static uint64_t model_train;
static uint32_t model_presented[MODEL_MESSAGES]; /* how often each message reached its server */
static void (*model_hook)(void);                 /* before every access, and where stores become visible */

static void model_reset(void)
{
    memset(model_registers, 0, sizeof(model_registers));
    memset(model_tables, 0xa5, sizeof(model_tables)); /* nobody clears them for us */
    memset(model_nest, 0, sizeof(model_nest));
    memset(model_presented, 0, sizeof(model_presented));
    model_nest[0x40] = 0x3d00000000000ULL << 14;
    model_nest[0x41] = 0x3ff8000000000ULL << 14;
    model_nest[0x42] = MODEL_BASE << 14;
    model_nest[0x43] = 0x3fff000000000ULL << 14;
    model_nest[0x44] = 0x3ffff80000000ULL << 14;
    model_bar_enables = 0;
    model_pci_bar = 0;
    model_time = 0;
    model_train = 1ULL << (63 - 23);
    model_hook = NULL;
}

static uint64_t *model_register(uint32_t offset)
{
    CHECK(offset % 8 == 0 && offset < 0x1000);
    return &model_registers[offset / 8];
}

/* A message, in memory at the table the registers point to. */
static uint8_t *model_ive(uint32_t source)
{
    uint64_t bar = *model_register(0x150);

    CHECK(bar >> 63 == 1 && source < (bar & 0xfff));
    return (uint8_t *)(uintptr_t)(bar & 0x7fffffffffff8000ULL) + (size_t)16 * source;
}

static void model_message_try(uint32_t source)
{
    uint8_t *ive = model_ive(source);
    bool masked = ive[3] == 0xff, presented = (ive[4] & 1) != 0, queued = (ive[5] & 1) != 0;

    if (presented && !queued) {
        ive[5] = 1;
    } else if (!presented && !queued) {
        if (masked) {
            ive[5] = 1;
        } else {
            ive[4] |= 1;
            model_presented[source]++;
        }
    }
}

/* The PE that a requester is in, out of the table in memory. */
static uint32_t model_pe(uint16_t bdfn)
{
    uint64_t bar = *model_register(0x168);
    const uint8_t *entry = (const uint8_t *)(uintptr_t)(bar & 0x7ffffffffffe0000ULL) + (size_t)2 * bdfn;

    CHECK(bar >> 63 == 1);
    return (uint32_t)entry[0] << 8 | entry[1];
}

static uint64_t *model_table_entry(void)
{
    uint64_t *address = model_register(0x220);
    uint32_t table = *address >> 48 & 0x1f, entry = *address & 0x1ff;

    if (*address >> 63 != 0)
        *address = (*address & ~0x1ffULL) | ((entry + 1) & 0x1ff);
    return &model_tables[table][entry];
}

static uint16_t model_config_bdfn(void)
{
    uint64_t address = *model_register(0x140);

    CHECK(address >> 63 == 1);
    return (uint16_t)(address >> 44);
}

static uint32_t model_config_offset(uint64_t address)
{
    return ((uint32_t)(*model_register(0x140) >> 32) & 0xffc) | (uint32_t)(address & 3);
}

static void model_step(void)
{
    if (model_hook != NULL)
        model_hook();
}

uint64_t io_read64(uint64_t address)
{
    uint32_t offset = (uint32_t)(address - MODEL_BASE);
    uint64_t value;

    model_step();
    if (offset == 0x228)
        return *model_table_entry();
    if (offset == 0x640)
        return model_train;
    value = *model_register(offset);
    if (offset == 0x240)
        *model_register(offset) |= 1ULL << 63;
    return value;
}

void io_write64(uint64_t address, uint64_t value)
{
    uint32_t offset = (uint32_t)(address - MODEL_BASE);

    model_step();
    *model_register(offset) = value;
    if (offset == 0x228)
        *model_table_entry() = value;
    if (offset == 0x238) {
        CHECK(*model_register(0x240) >> 63 == 1); /* the lock was taken */
        model_message_try((uint32_t)(value >> 4) & 0x7ff);
        *model_register(0x240) = 0;
    }
}

/* Data registers of configuration space are little-endian behind a big-endian bus. */
uint8_t io_read8(uint64_t address)
{
    return (uint8_t)fake_config_read(NULL, model_config_bdfn(), model_config_offset(address), 1);
}

uint16_t io_read16(uint64_t address)
{
    return __builtin_bswap16((uint16_t)fake_config_read(NULL, model_config_bdfn(), model_config_offset(address), 2));
}

uint32_t io_read32(uint64_t address)
{
    return __builtin_bswap32(fake_config_read(NULL, model_config_bdfn(), model_config_offset(address), 4));
}

void io_write8(uint64_t address, uint8_t value)
{
    fake_config_write(NULL, model_config_bdfn(), model_config_offset(address), 1, value);
}

void io_write16(uint64_t address, uint16_t value)
{
    fake_config_write(NULL, model_config_bdfn(), model_config_offset(address), 2, __builtin_bswap16(value));
}

void io_write32(uint64_t address, uint32_t value)
{
    fake_config_write(NULL, model_config_bdfn(), model_config_offset(address), 4, __builtin_bswap32(value));
}

uint64_t timebase(void)
{
    return model_time;
}

void memory_sync(void)
{
    model_step();
}

void cpu_relax(void)
{
    model_time += 512000;
}

int64_t xscom_read(uint32_t chip, uint64_t pcba, uint64_t *value)
{
    CHECK(chip == 0 && pcba >= MODEL_NEST && pcba < MODEL_NEST + 0x46);
    *value = model_nest[pcba - MODEL_NEST];
    return 0;
}

int64_t xscom_write(uint32_t chip, uint64_t pcba, uint64_t value)
{
    CHECK(chip == 0);
    if (pcba == MODEL_PCI + 0x0b) {
        model_pci_bar = value;
        return 0;
    }
    CHECK(pcba >= MODEL_NEST && pcba < MODEL_NEST + 0x46);
    model_nest[pcba - MODEL_NEST] = value;
    model_bar_enables += pcba - MODEL_NEST == 0x45;
    return 0;
}

static void *model_arena[MODEL_PIECES];
static uint32_t model_pieces;

void *arena_alloc(size_t size, size_t align)
{
    size_t rounded = (size + align - 1) / align * align;
    void *memory = aligned_alloc(align, rounded);

    CHECK(memory != NULL && model_pieces < MODEL_PIECES);
    memset(memory, 0, rounded);
    model_arena[model_pieces++] = memory;
    return memory;
}

/* Whatever was handed out is gone. */
static void model_arena_free(void)
{
    while (model_pieces > 0)
        free(model_arena[--model_pieces]);
}

static char model_said[4096];

void say(const char *text, ...)
{
    size_t used = strlen(model_said);
    va_list list;

    va_start(list, text);
    vsnprintf(model_said + used, sizeof(model_said) - used, text, list);
    va_end(list);
}

#endif
