/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's processors: which there are, where they are, and sending them off. */
#ifndef OPAL_CPUS_H
#define OPAL_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum cpu_state {
    CPU_ABSENT,  /* the tree does not have it */
    CPU_MISSING, /* in the tree, but it never came to us */
    CPU_PARKED,  /* in cpu_park(), waits for an order */
    CPU_ORDERED, /* has an order that it did not see yet */
    CPU_STARTED, /* runs a payload */
};

enum cpu_order {
    ORDER_START,      /* go to `address` */
    ORDER_SET_ENDIAN, /* set HID0's endianness of exceptions to `address` (1 little), park again */
};

/* What an exception found; head.S fills it in. */
struct trap_frame {
    uint64_t vector;
    uint64_t gpr[32];
    uint64_t ctr;
    uint64_t lr;
    uint64_t cr;
    uint64_t xer;
};

/* The beginning of a processor's area; CPU_AREA_SIZE apart, by PIR. */
struct cpu {
    uint64_t state;   /* enum cpu_state */
    uint64_t order;   /* enum cpu_order, while ORDERED */
    uint64_t address; /* the order's argument */
    uint64_t in_call; /* 1 while it is in an OPAL call */
    uint64_t caller_r1;
    uint64_t caller_r2;
    uint64_t reports; /* exceptions since the last one that was reported to its end */
    struct trap_frame trap;
};
_Static_assert(sizeof(struct cpu) <= CPU_TRAP_STACK_TOP - 0x1800, "no room for the trap stack");

/* Takes note of the tree's processors, clears their areas and lets them come from where they wait. */
void cpus_init(const void *tree, volatile uint32_t *released);

/* Waits until every processor of the tree is parked, but not for more than some seconds. */
void cpus_gather(void);

/* The first address behind the last processor's area. */
uintptr_t cpus_end(void);

/* The PIR of the processor that asks. */
uint64_t cpu_self(void);

/* The area of the processor with this PIR; NULL when the machine has none. */
struct cpu *cpu_find(uint64_t pir);

/* Where a processor waits for orders; assembly enters it on a fresh stack. */
_Noreturn void cpu_park(void);

#endif
