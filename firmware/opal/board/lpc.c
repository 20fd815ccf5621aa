/* SPDX-License-Identifier: BSD-2-Clause */
/* The LPC bus behind POWER8's ECCB registers: QEMU, hw/ppc/pnv_lpc.c. */
#include "board.h"
#include "calls.h"
#include "config.h"
#include "io.h"
#include "owned_lock.h"

#define ECCB_CTL 0xb0020
#define ECCB_STAT 0xb0022
#define ECCB_DATA 0xb0023

#define CTL_MAGIC UINT64_C(0xd000000000000000)
#define CTL_READ (UINT64_C(1) << (63 - 15))
#define CTL_SIZE_SHIFT (63 - 7)
#define STAT_DONE (UINT64_C(1) << (63 - 52))
#define STAT_DATA_SHIFT (63 - 37)

/* The three spaces in the on-chip bus that the ECCB reaches. */
static const struct {
    uint32_t base;
    uint32_t size;
} spaces[] = {
    [LPC_MEMORY] = { 0xe0000000, 0x10000000 },
    [LPC_IO] = { 0xd0010000, 0x00010000 },
    [LPC_FIRMWARE] = { 0xf0000000, 0x10000000 },
};

static struct owned_lock lock;

void lpc_abandon(void)
{
    if (owned_lock_is_mine(&lock)) {
        owned_lock_release(&lock);
    }
}

static int64_t wait_done(uint64_t *status)
{
    uint64_t start = timebase();

    do {
        int64_t result = xscom_read(0, ECCB_STAT, status);

        if (result != OPAL_SUCCESS) {
            return result;
        }
        if ((*status & STAT_DONE) != 0) {
            return OPAL_SUCCESS;
        }
    } while (timebase() - start < TICKS_PER_MS);
    return OPAL_HARDWARE;
}

static bool is_valid(enum lpc_space space, uint32_t address, uint32_t size)
{
    return space <= LPC_FIRMWARE && (size == 1 || size == 2 || size == 4) && address < spaces[space].size
           && size <= spaces[space].size - address;
}

/* Data travels in the upper bytes of a word of 32 bits. */
static int64_t transfer(uint64_t control, uint32_t size, uint32_t write, uint32_t *read)
{
    uint32_t unused_bits = 8 * (4 - size);
    uint64_t status;
    int64_t result = OPAL_SUCCESS;

    if (read == NULL) {
        result = xscom_write(0, ECCB_DATA, (uint64_t)(write << unused_bits) << 32);
    }
    if (result == OPAL_SUCCESS) {
        result = xscom_write(0, ECCB_CTL, CTL_MAGIC | (uint64_t)size << CTL_SIZE_SHIFT | control);
    }
    if (result == OPAL_SUCCESS) {
        result = wait_done(&status);
    }
    if (result == OPAL_SUCCESS && read != NULL) {
        *read = (uint32_t)(status >> STAT_DATA_SHIFT) >> unused_bits;
    }
    return result;
}

static int64_t locked_transfer(uint64_t control, uint32_t size, uint32_t write, uint32_t *read)
{
    int64_t result;

    owned_lock_take(&lock);
    result = transfer(control, size, write, read);
    owned_lock_release(&lock);
    return result;
}

int64_t lpc_read(enum lpc_space space, uint32_t address, uint32_t size, uint32_t *value)
{
    if (!is_valid(space, address, size)) {
        return OPAL_PARAMETER;
    }
    return locked_transfer(CTL_READ | (spaces[space].base + address), size, 0, value);
}

int64_t lpc_write(enum lpc_space space, uint32_t address, uint32_t size, uint32_t value)
{
    if (!is_valid(space, address, size)) {
        return OPAL_PARAMETER;
    }
    return locked_transfer(spaces[space].base + address, size, value, NULL);
}

uint8_t lpc_io_read(uint32_t port)
{
    uint32_t value;

    return lpc_read(LPC_IO, port, 1, &value) == OPAL_SUCCESS ? (uint8_t)value : 0xff;
}

void lpc_io_write(uint32_t port, uint8_t value)
{
    lpc_write(LPC_IO, port, 1, value);
}
