/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's calls that reach a bus behind the chip directly. */
#include "board/board.h"
#include "calls.h"

/* What the buses take in 32 bits must not become another number on the way. */
static bool is_narrow(uint64_t number)
{
    return number <= UINT32_MAX;
}

int64_t opal_xscom_read(uint64_t chip, uint64_t pcba, uint64_t value_address)
{
    uint64_t value;
    int64_t result;

    if (!is_narrow(chip) || caller_memory(value_address, sizeof(value)) == NULL) {
        return OPAL_PARAMETER;
    }
    result = xscom_read((uint32_t)chip, pcba, &value);
    return result == OPAL_SUCCESS ? caller_put_u64(value_address, value) : result;
}

int64_t opal_xscom_write(uint64_t chip, uint64_t pcba, uint64_t value)
{
    return is_narrow(chip) ? xscom_write((uint32_t)chip, pcba, value) : OPAL_PARAMETER;
}

/* The bus hangs on chip 0. */
static bool is_place(uint64_t chip, uint64_t space, uint64_t address, uint64_t size)
{
    return chip == 0 && is_narrow(space) && is_narrow(address) && is_narrow(size);
}

int64_t opal_lpc_read(uint64_t chip, uint64_t space, uint64_t address, uint64_t value_address, uint64_t size)
{
    uint32_t value;
    int64_t result;

    if (!is_place(chip, space, address, size) || caller_memory(value_address, sizeof(value)) == NULL) {
        return OPAL_PARAMETER;
    }
    result = lpc_read((uint32_t)space, (uint32_t)address, (uint32_t)size, &value);
    return result == OPAL_SUCCESS ? caller_put_u32(value_address, value) : result;
}

int64_t opal_lpc_write(uint64_t chip, uint64_t space, uint64_t address, uint64_t value, uint64_t size)
{
    if (!is_place(chip, space, address, size)) {
        return OPAL_PARAMETER;
    }
    return lpc_write((uint32_t)space, (uint32_t)address, (uint32_t)size, (uint32_t)value);
}
