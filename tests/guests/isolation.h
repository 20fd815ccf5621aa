/* SPDX-License-Identifier: BSD-2-Clause */
/* Register images of isolation_registers.S. */
#ifndef GUEST_ISOLATION_H
#define GUEST_ISOLATION_H

/* Offsets in struct registers for isolation_registers.S. */
#define REGISTERS_LR 256
#define REGISTERS_CTR 264
#define REGISTERS_XER 272
#define REGISTERS_CR 280
#define REGISTERS_FPSCR 288
#define REGISTERS_VSCR 304
#define REGISTERS_VSR 320

#ifndef __ASSEMBLER__

#include <stdint.h>

/* What problem state sees of a processor; registers 1, 3, 4 and 5 run the loop and are not loaded. */
struct registers {
    uint64_t gpr[32];
    uint64_t lr;
    uint64_t ctr;
    uint64_t xer;
    uint64_t cr;
    uint64_t fpscr[2];
    uint64_t vscr[2];    /* as stvx stores it */
    uint64_t vsr[64][2]; /* as stxvd2x stores them */
} __attribute__((aligned(16)));

/* Loads all of `in`, stays there until the time base is `until`, and stores all to `out`; MSR[FP], [VEC] and [VSX] must be on. */
void registers_spin(const struct registers *in, struct registers *out, uint64_t until);

/* The same with H_CEDE between; only registers 2 and 13 to 31, LR and the vector state outlive a hypercall. */
void registers_cede(const struct registers *in, struct registers *out);

#endif /* __ASSEMBLER__ */

#endif
