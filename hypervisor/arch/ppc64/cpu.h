/* SPDX-License-Identifier: BSD-2-Clause */
/* One instruction each: the only way C code outside arch/ reaches the processor. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "regs.h"

struct guest_context;

/* How far the time base is ahead of PURR, between two bounds (timebase.h). */
struct timebase_lead {
    uint64_t least, most;
};

/* Per-processor data; HSPRG0 points to it. The entry code knows the offsets (asm_offsets.c). */
struct percpu {
    struct guest_context *context; /* the guest that this processor runs */
    uint64_t stack;                /* top of the stack that exits run on */
    uint64_t fault_stack;          /* top of the stack that hypervisor faults run on */
    uint64_t scratch[6];           /* entry code: r9 to r12, cr, cfar */
    uint64_t nap_stack;            /* entry code: r1 of a napping processor */
    struct vcpu *vcpu;             /* the owner of context */
    bool reschedule;               /* choose again before the next entry */
    bool lead_known;               /* guests could set the time base, and lead tells when one has */
    struct timebase_lead lead;
    uint64_t fault_gpr[32];
    uint64_t fault_pc, fault_msr, fault_lr, fault_ctr, fault_cr, fault_trap;
};

#define cpu_mfspr(number) \
    __extension__({ \
        uint64_t value_; \
        __asm__ volatile("mfspr %0,%1" : "=r"(value_) : "i"(number)); \
        value_; \
    })

#define cpu_mtspr(number, value) __asm__ volatile("mtspr %0,%1" : : "i"(number), "r"((uint64_t)(value)) : "memory")

static inline struct percpu *percpu_this(void)
{
    return (struct percpu *)(uintptr_t)cpu_mfspr(SPR_HSPRG0);
}

static inline uint64_t cpu_msr(void)
{
    uint64_t value;

    __asm__ volatile("mfmsr %0" : "=r"(value));
    return value;
}

/* The time base, in ticks of the tree's timebase-frequency. */
static inline uint64_t cpu_timebase(void)
{
    uint64_t value;

    __asm__ volatile("mftb %0" : "=r"(value));
    return value;
}

static inline void cpu_isync(void)
{
    __asm__ volatile("isync" : : : "memory");
}

/* Clears whole cache lines: at and size are multiples of 128. */
void cpu_clear(void *at, uint64_t size);

/* Makes stores to [at, at + size) visible to instruction fetch; any alignment. */
void cpu_sync_icache(const void *at, uint64_t size);

/* Cache-inhibited access in real mode, for device registers (Power ISA 2.07, Book III-S 4.4.1). */
uint8_t cpu_io_read8(uint64_t address);
uint32_t cpu_io_read32(uint64_t address);
void cpu_io_write8(uint64_t address, uint8_t value);
void cpu_io_write32(uint64_t address, uint32_t value);

/*
 * The same by plain loads and stores, for processors and emulators that do not mind (real mode before POWER5 has
 * no cache-inhibited form).
 */
uint8_t cpu_memory_read8(uint64_t address);
void cpu_memory_write8(uint64_t address, uint8_t value);

/* Sleeps until the decrementer turns negative; returns on the same stack. */
void cpu_nap(void);

/* Puts a number where a debugger finds it and stops this processor for good. */
void cpu_stop(uint64_t reason) __attribute__((noreturn));

/* Why domains cannot run on this processor; NULL when they can. */
const char *cpu_unfit(void);

/* Gives this processor its data, on which even reporting a fault depends; nothing without hypervisor mode. */
void cpu_percpu_set(struct percpu *percpu);

/* Registers that belong to the hypervisor, once per processor that cpu_unfit() lets through; emulated: by QEMU. */
void cpu_init(bool emulated);

#endif
