/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled to assembly only: each line "#define NAME value" in the output becomes part of asm_offsets.h. */
#include <stddef.h>

#include "context.h"
#include "cpu.h"

#define OFFSET(name, type, member) __asm__ volatile("\n#define " #name " %0" : : "i"(offsetof(type, member)))

void asm_offsets(void);

void asm_offsets(void)
{
    OFFSET(PERCPU_CONTEXT, struct percpu, context);
    OFFSET(PERCPU_STACK, struct percpu, stack);
    OFFSET(PERCPU_FAULT_STACK, struct percpu, fault_stack);
    OFFSET(PERCPU_SCRATCH, struct percpu, scratch);
    OFFSET(PERCPU_NAP_STACK, struct percpu, nap_stack);
    OFFSET(PERCPU_FAULT_GPR, struct percpu, fault_gpr);
    OFFSET(PERCPU_FAULT_PC, struct percpu, fault_pc);
    OFFSET(PERCPU_FAULT_MSR, struct percpu, fault_msr);
    OFFSET(PERCPU_FAULT_LR, struct percpu, fault_lr);
    OFFSET(PERCPU_FAULT_CTR, struct percpu, fault_ctr);
    OFFSET(PERCPU_FAULT_CR, struct percpu, fault_cr);
    OFFSET(PERCPU_FAULT_TRAP, struct percpu, fault_trap);

    OFFSET(CONTEXT_GPR, struct guest_context, gpr);
    OFFSET(CONTEXT_PC, struct guest_context, pc);
    OFFSET(CONTEXT_MSR, struct guest_context, msr);
    OFFSET(CONTEXT_LR, struct guest_context, lr);
    OFFSET(CONTEXT_CTR, struct guest_context, ctr);
    OFFSET(CONTEXT_CR, struct guest_context, cr);
    OFFSET(CONTEXT_CFAR, struct guest_context, cfar);
    OFFSET(CONTEXT_XER, struct guest_context, xer);

    OFFSET(VECTOR_VSR, struct vector_state, vsr);
    OFFSET(VECTOR_FPSCR, struct vector_state, fpscr);
    OFFSET(VECTOR_VSCR, struct vector_state, vscr);
}
