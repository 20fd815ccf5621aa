/* SPDX-License-Identifier: BSD-2-Clause */
/* Offsets of struct cpu for assembly: compiled, never linked; the makefile takes the #define lines from the output. */
#include <stddef.h>

#include "calls.h"
#include "cpus.h"

#define OFFSET(name, value) __asm__ volatile("\n#define " #name " %0" : : "i"(value))

void asm_offsets(void);

void asm_offsets(void)
{
    OFFSET(CPU_IN_CALL, offsetof(struct cpu, in_call));
    OFFSET(CPU_CALLER_R1, offsetof(struct cpu, caller_r1));
    OFFSET(CPU_CALLER_R2, offsetof(struct cpu, caller_r2));
    OFFSET(CPU_TRAP_VECTOR, offsetof(struct cpu, trap.vector));
    OFFSET(CPU_TRAP_GPR, offsetof(struct cpu, trap.gpr));
    OFFSET(CPU_TRAP_CTR, offsetof(struct cpu, trap.ctr));
    OFFSET(CPU_TRAP_LR, offsetof(struct cpu, trap.lr));
    OFFSET(CPU_TRAP_CR, offsetof(struct cpu, trap.cr));
    OFFSET(CPU_TRAP_XER, offsetof(struct cpu, trap.xer));
    OFFSET(CALL_LIMIT, OPAL_CALL_LIMIT);
}
