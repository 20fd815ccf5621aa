/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt vectors at real address 0, guest exit and guest entry.
 *
 * The hypervisor runs with interrupts off, so a vector is reached either from a guest (saved MSR[HV] = 0: an exit),
 * from nap (0x100), or by a fault of the hypervisor itself.
 */
#include "asm.h"
#include "asm_offsets.h"
#include "regs.h"

    .machine power8
    .section .vectors, "ax"
vectors:

/*
 * After a kexec other processors may wait here, in the beginning of the boot stub (firmware/stub/entry.S), while the
 * stub puts us over it: the same instructions at the same place.
 */
    .org 0x60
    or %r1, %r1, %r1
    b . - 4

/* The word that cpu_stop() fills: docs/hypervisor.md tells where it is. */
    .org 0x70
    .globl stop_reason
stop_reason:
    .quad 0

/*
 * At entry: all registers are the interrupted program's. At the branch, the first (CFAR!): r12 = vector, r13 =
 * percpu.
 */
.macro VECTOR address, common
    .org \address
    mtspr SPR_HSPRG1, %r13
    mfspr %r13, SPR_HSPRG0
    std %r12, (PERCPU_SCRATCH + 24)(%r13)
    mfspr %r12, SPR_CFAR
    std %r12, (PERCPU_SCRATCH + 40)(%r13)
    li %r12, \address
    b \common
.endm

    VECTOR 0x100, reset_common
    VECTOR 0x200, srr_common
    VECTOR 0x300, srr_common
    VECTOR 0x380, srr_common
    VECTOR 0x400, srr_common
    VECTOR 0x480, srr_common
    VECTOR 0x500, srr_common
    VECTOR 0x600, srr_common
    VECTOR 0x700, srr_common
    VECTOR 0x800, srr_common
    VECTOR 0x900, srr_common
    VECTOR 0x980, hsrr_common
    VECTOR 0xa00, srr_common
    VECTOR 0xc00, srr_common
    VECTOR 0xd00, srr_common
    VECTOR 0xe00, hsrr_common
    VECTOR 0xe20, hsrr_common
    VECTOR 0xe40, hsrr_common
    VECTOR 0xe60, hsrr_common
    VECTOR 0xe80, hsrr_common
    VECTOR 0xf00, srr_common
    VECTOR 0xf20, srr_common
    VECTOR 0xf40, srr_common
    VECTOR 0xf60, srr_common
    VECTOR 0xf80, hsrr_common

    .org 0x1000

/* The interrupted r9 to r13 and cr, from where the vectors put them; r3 to r8 are lost. */
.macro SAVE_SCRATCHED gprs, cr, pointer
    ld %r3, PERCPU_SCRATCH(%r13)
    ld %r4, (PERCPU_SCRATCH + 8)(%r13)
    ld %r5, (PERCPU_SCRATCH + 16)(%r13)
    ld %r6, (PERCPU_SCRATCH + 24)(%r13)
    mfspr %r7, SPR_HSPRG1
    ld %r8, (PERCPU_SCRATCH + 32)(%r13)
    std %r3, (\gprs + 9 * 8)(\pointer)
    std %r4, (\gprs + 10 * 8)(\pointer)
    std %r5, (\gprs + 11 * 8)(\pointer)
    std %r6, (\gprs + 12 * 8)(\pointer)
    std %r7, (\gprs + 13 * 8)(\pointer)
    std %r8, \cr(\pointer)
.endm

/* r12 = 0x100, r13 = percpu. SRR1 bits 46:47 tell a wake-up from nap from a system reset. */
reset_common:
    mfspr %r12, SPR_SRR1
    rldicl. %r12, %r12, 48, 62
    bne nap_wake
    li %r12, 0x100
    b srr_common

/* r13 = percpu. Everything else is lost but for what cpu_nap() put on its stack. */
nap_wake:
    ld %r1, PERCPU_NAP_STACK(%r13)
    LOAD_TOC
    LOAD_GPRS 14, 31, (32 - 14 * 8), %r1
    ld %r0, (32 + 18 * 8)(%r1)
    mtlr %r0
    ld %r0, (32 + 19 * 8)(%r1)
    mtcr %r0
    addi %r1, %r1, NONVOLATILE_FRAME
    blr

srr_common:
    std %r11, (PERCPU_SCRATCH + 16)(%r13)
    std %r10, (PERCPU_SCRATCH + 8)(%r13)
    mfspr %r10, SPR_SRR0
    mfspr %r11, SPR_SRR1
    b interrupt_common

hsrr_common:
    std %r11, (PERCPU_SCRATCH + 16)(%r13)
    std %r10, (PERCPU_SCRATCH + 8)(%r13)
    mfspr %r10, SPR_HSRR0
    mfspr %r11, SPR_HSRR1

/* r10 = interrupted pc, r11 = its MSR, r12 = vector, r13 = percpu, r10-r12 saved in scratch, r13 in HSPRG1. */
interrupt_common:
    std %r9, PERCPU_SCRATCH(%r13)
    mfcr %r9
    std %r9, (PERCPU_SCRATCH + 32)(%r13)
    rldicl. %r9, %r11, 4, 63
    bne hypervisor_fault

/* A guest's exit: all of its general state goes into the context. */
    ld %r9, PERCPU_CONTEXT(%r13)
    SAVE_GPRS 0, 8, CONTEXT_GPR, %r9
    SAVE_GPRS 14, 31, CONTEXT_GPR, %r9
    std %r10, CONTEXT_PC(%r9)
    std %r11, CONTEXT_MSR(%r9)
    SAVE_SCRATCHED CONTEXT_GPR, CONTEXT_CR, %r9
    ld %r8, (PERCPU_SCRATCH + 40)(%r13)
    std %r8, CONTEXT_CFAR(%r9)
    mflr %r3
    mfctr %r4
    mfxer %r5
    std %r3, CONTEXT_LR(%r9)
    std %r4, CONTEXT_CTR(%r9)
    std %r5, CONTEXT_XER(%r9)
    ld %r1, PERCPU_STACK(%r13)
    LOAD_TOC
    mr %r3, %r12
    bl trap_handle

/*
 * r3 = context to enter. Never returns; HSRR0/1 leave the guest's own SRR0/1 alone. QEMU's hrfid overwrites CFAR,
 * hardware's does not.
 */
FUNCTION guest_enter
    ld %r4, CONTEXT_PC(%r3)
    ld %r5, CONTEXT_MSR(%r3)
    ld %r6, CONTEXT_LR(%r3)
    ld %r7, CONTEXT_CTR(%r3)
    ld %r8, CONTEXT_XER(%r3)
    ld %r9, CONTEXT_CR(%r3)
    ld %r10, CONTEXT_CFAR(%r3)
    mtspr SPR_HSRR0, %r4
    mtspr SPR_HSRR1, %r5
    mtlr %r6
    mtctr %r7
    mtxer %r8
    mtcr %r9
    mtspr SPR_CFAR, %r10
    LOAD_GPRS 0, 2, CONTEXT_GPR, %r3
    LOAD_GPRS 4, 31, CONTEXT_GPR, %r3
    ld %r3, (CONTEXT_GPR + 3 * 8)(%r3)
    hrfid
    b .
END_FUNCTION guest_enter

/* As interrupt_common: the hypervisor faulted. Its registers go into percpu, fault_handle() prints and stops. */
hypervisor_fault:
    SAVE_GPRS 0, 8, PERCPU_FAULT_GPR, %r13
    SAVE_GPRS 14, 31, PERCPU_FAULT_GPR, %r13
    std %r10, PERCPU_FAULT_PC(%r13)
    std %r11, PERCPU_FAULT_MSR(%r13)
    std %r12, PERCPU_FAULT_TRAP(%r13)
    SAVE_SCRATCHED PERCPU_FAULT_GPR, PERCPU_FAULT_CR, %r13
    mflr %r3
    mfctr %r4
    std %r3, PERCPU_FAULT_LR(%r13)
    std %r4, PERCPU_FAULT_CTR(%r13)
    ld %r1, PERCPU_FAULT_STACK(%r13)
    LOAD_TOC
    mr %r3, %r13
    bl fault_handle
    b .
