/* SPDX-License-Identifier: BSD-2-Clause */
/* Device memory and the few registers of the processor that C code needs: Power ISA 2.07. */
#ifndef OPAL_IO_H
#define OPAL_IO_H

#include <stdint.h>

#include "regs.h"

#define SPR_HMER 336
#define SPR_HID0 1008

#define SPR_READ(number) \
    ({ \
        uint64_t value_; \
        __asm__ volatile("mfspr %0, %1" : "=r"(value_) : "i"(number)); \
        value_; \
    })
#define SPR_WRITE(number, value) __asm__ volatile("mtspr %0, %1" : : "i"(number), "r"((uint64_t)(value)) : "memory")

static inline uint64_t timebase(void)
{
    uint64_t value;

    __asm__ volatile("mftb %0" : "=r"(value));
    return value;
}

/* Leaves the core, or under an emulator the host, to others for a moment. */
static inline void cpu_relax(void)
{
    __asm__ volatile("or 1, 1, 1\n\tor 2, 2, 2" : : : "memory");
}

/* Makes earlier accesses to memory visible before later ones, to devices as well. */
static inline void memory_sync(void)
{
    __asm__ volatile("sync" : : : "memory");
}

/* What was written to the processor's registers counts for the next instruction. */
static inline void instruction_sync(void)
{
    __asm__ volatile("isync" : : : "memory");
}

/* Device registers, big-endian, each access complete before the next; cache-inhibited, which needs HV real mode. */
#define IO_ACCESSORS(bits, load, store) \
    static inline uint##bits##_t io_read##bits(uint64_t address) \
    { \
        uint64_t value; \
        __asm__ volatile("sync\n\t" load " %0, 0, %1\n\ttwi 0, %0, 0\n\tisync" : "=r"(value) : "r"(address) : "memory"); \
        return (uint##bits##_t)value; \
    } \
    static inline void io_write##bits(uint64_t address, uint##bits##_t value) \
    { \
        __asm__ volatile("sync\n\t" store " %0, 0, %1" : : "r"((uint64_t)value), "r"(address) : "memory"); \
    }

IO_ACCESSORS(8, "lbzcix", "stbcix")
IO_ACCESSORS(16, "lhzcix", "sthcix")
IO_ACCESSORS(32, "lwzcix", "stwcix")
IO_ACCESSORS(64, "ldcix", "stdcix")

#endif
