/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for the firmware's io.h: device registers are functions of the test, time stands still until the test moves
 * it.
 */
#ifndef TESTS_NATIVE_OPAL_PCI_IO_H
#define TESTS_NATIVE_OPAL_PCI_IO_H

#include <stdint.h>

uint8_t io_read8(uint64_t address);
uint16_t io_read16(uint64_t address);
uint32_t io_read32(uint64_t address);
uint64_t io_read64(uint64_t address);
void io_write8(uint64_t address, uint8_t value);
void io_write16(uint64_t address, uint16_t value);
void io_write32(uint64_t address, uint32_t value);
void io_write64(uint64_t address, uint64_t value);
uint64_t timebase(void);
void memory_sync(void);
void cpu_relax(void);

#endif
