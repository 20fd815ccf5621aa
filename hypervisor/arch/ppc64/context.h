/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a virtual processor consists of, as the entry code and the world switch see it. All registers of the
 * first group are saved at every exit; the rest stays in the processor until another domain runs.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <stdint.h>

#include "guest_sprs.h"

#define SLB_ENTRIES 32

struct vector_state {
    uint64_t vsr[64][2]; /* VSR 0-31 hold the FPRs, 32-63 the VRs */
    uint64_t fpscr;
    uint64_t vscr[2] __attribute__((aligned(16))); /* as stvx stores it, which ignores the low bits of an address */
};

struct slb_entry {
    uint64_t esid; /* RB of slbmte but for the entry's number */
    uint64_t vsid; /* RS of slbmte */
};

struct guest_context {
    uint64_t gpr[32];
    uint64_t pc;
    uint64_t msr;
    uint64_t lr;
    uint64_t ctr;
    uint64_t cr;
    uint64_t xer;
    uint64_t cfar;
    uint64_t mmcr0; /* by trap.c: frozen counters from exit to entry */

#define X(name, number) uint64_t name;
    struct {
        GUEST_SPRS(X)
        GUEST_TM_SPRS(X)
    } spr;
#undef X
    uint64_t ctrl;
    struct vector_state vector __attribute__((aligned(16)));
    struct slb_entry slb[SLB_ENTRIES];

    uint64_t lpcr;
    uint64_t rmor;
    uint64_t sdr1;
    uint64_t lpid;
    uint64_t dec_expiry; /* time base value at which the guest's decrementer turns negative */
};

struct vcpu;

/* Enters the guest and never returns; the next exit runs trap_handle() on this processor's stack. */
void guest_enter(struct guest_context *context) __attribute__((noreturn));

/*
 * Moves the second group between the processor and a context; the caller runs neither guest meanwhile. The
 * decrementer is noted apart, as soon as a guest stops: whoever waits for the next one uses it.
 */
void context_save(struct guest_context *context);
void context_load(const struct guest_context *context);

/* A context as a domain starts with it: all zero but for what the hardware needs. */
void context_reset(struct guest_context *context);

/* Gives the guest an interrupt at its own vector, as the processor itself would (Power ISA 2.07, 6.4). */
void context_interrupt(struct guest_context *context, uint64_t vector, uint64_t srr1_reason);

/* The guest's decrementer, in time base ticks that remain; zero or less when it has expired. */
int64_t context_dec_left(const struct guest_context *context);

/* Notes the processor's decrementer in dec_expiry, and back. */
void context_dec_save(struct guest_context *context);
void context_dec_load(const struct guest_context *context);

#endif
