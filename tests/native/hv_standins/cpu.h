/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for hypervisor/arch/ppc64/cpu.h: the same names over an ordinary structure, which tests read and set.
 * hv_processor.h defines what this declares.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "regs.h"

#define STANDIN_SPRS 1024

struct guest_context;
struct vcpu;

struct timebase_lead {
    uint64_t least, most;
};

struct percpu {
    struct guest_context *context;
    struct vcpu *vcpu;
    bool reschedule;
    bool lead_known;
    struct timebase_lead lead;
    uint64_t fault_gpr[32];
    uint64_t fault_pc, fault_msr, fault_lr, fault_ctr, fault_cr, fault_trap;
};

struct standin_processor {
    uint64_t spr[STANDIN_SPRS];
    unsigned last_written; /* number of the register that was written last */
    uint64_t msr;
    uint64_t timebase;
    struct percpu percpu;
    unsigned icache_syncs; /* how often, and which range was last */
    const void *icache_at;
    uint64_t icache_size;
};

extern struct standin_processor processor;

#define cpu_mfspr(number) (processor.spr[number])
#define cpu_mtspr(number, value) \
    ((void)(processor.spr[number] = (uint64_t)(value)), (void)(processor.last_written = (number)))

static inline struct percpu *percpu_this(void)
{
    return &processor.percpu;
}

static inline uint64_t cpu_msr(void)
{
    return processor.msr;
}

static inline uint64_t cpu_timebase(void)
{
    return processor.timebase;
}

static inline void cpu_isync(void)
{
}

/* Clears whole cache lines, as the real one does: at and size have to be multiples of 128. */
void cpu_clear(void *at, uint64_t size);

/* Fails when the range is not all the caller's. */
void cpu_sync_icache(const void *at, uint64_t size);

#endif
