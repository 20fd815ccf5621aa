/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a domain left its guest, how often, and how many hypervisor instructions that took (PMC5). */
#ifndef HV_STATS_H
#define HV_STATS_H

#include <stdint.h>

enum exit_kind {
    EXIT_HYPERCALL,
    EXIT_TIMER,       /* hypervisor decrementer */
    EXIT_STORAGE,     /* real-mode miss in VRMA mode */
    EXIT_EMULATION,   /* illegal instruction, handed back */
    EXIT_OTHER,
    EXIT_KINDS,
};

/* Hypercall numbers are multiples of four; the table covers the PAPR range, then RTAS, then everything else. */
#define STATS_HCALL_MAX 0x400
#define STATS_HCALL_RTAS (STATS_HCALL_MAX / 4)
#define STATS_HCALL_OTHER (STATS_HCALL_RTAS + 1)
#define STATS_HCALLS (STATS_HCALL_OTHER + 1)

struct counter {
    uint64_t count;
    uint64_t instructions;
};

struct stats {
    struct counter exits[EXIT_KINDS];
    struct counter hcalls[STATS_HCALLS];
};

struct domain;

/* One exit of the domain; hcall is its number for EXIT_HYPERCALL. */
void stats_count(struct stats *stats, enum exit_kind kind, uint64_t hcall, uint64_t instructions);

/* A table on the console, rows that never happened left out. */
void stats_print(const struct domain *domain);

#endif
