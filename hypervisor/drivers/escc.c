/* SPDX-License-Identifier: BSD-2-Clause */
#include "escc.h"

#include "cpu.h"

#define ESCC_CONTROL 0x00 /* reading register 0: status */
#define ESCC_DATA 0x10
#define STATUS_TRANSMIT_EMPTY 0x04

static uint64_t registers;

void escc_init(uint64_t channel)
{
    registers = channel;
}

size_t escc_write(const char *text, size_t size)
{
    size_t sent = 0;

    while (sent < size && (cpu_memory_read8(registers + ESCC_CONTROL) & STATUS_TRANSMIT_EMPTY) != 0) {
        cpu_memory_write8(registers + ESCC_DATA, (uint8_t)text[sent++]);
    }
    return sent;
}
