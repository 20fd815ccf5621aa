/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills every register of problem state with a pattern and reads it back later. */
#include "abi/papr.h"
#include "isolation.h"
#include "lib/asm.h"

#define FRAME (32 + 18 * 8 + 5 * 8 + 8)
#define SAVED_R14 (32 - 14 * 8)
#define SAVED_OUT (32 + 18 * 8)
#define SAVED_R2 (SAVED_OUT + 8)
#define SAVED_LR (SAVED_OUT + 16)
#define SAVED_CR (SAVED_OUT + 24)

        .text

/* Keeps what the ABI protects, and r4, the address of the results. */
.macro enter
        mflr    %r0
        mfcr    %r6
        stdu    %r1, -FRAME(%r1)
        std     %r0, SAVED_LR(%r1)
        std     %r6, SAVED_CR(%r1)
        std     %r2, SAVED_R2(%r1)
        std     %r4, SAVED_OUT(%r1)
        SAVE_GPRS 14, 31, SAVED_R14, %r1
.endm

.macro leave
        LOAD_GPRS 14, 31, SAVED_R14, %r1
        ld      %r2, SAVED_R2(%r1)
        ld      %r0, SAVED_LR(%r1)
        mtlr    %r0
        ld      %r0, SAVED_CR(%r1)
        mtcr    %r0
        addi    %r1, %r1, FRAME
        blr
.endm

/* r3: struct registers to load. Loads everything but r1 and r3 to r5. */
.macro load_all
        addi    %r6, %r3, REGISTERS_VSCR
        lvx     %v0, 0, %r6
        mtvscr  %v0
        lfd     %f0, REGISTERS_FPSCR(%r3)
        mtfsf   0xff, %f0, 1, 0
        addi    %r6, %r3, REGISTERS_VSR
        .set    vsr, 0
        .rept   64
        lxvd2x  vsr, 0, %r6
        addi    %r6, %r6, 16
        .set    vsr, vsr + 1
        .endr
        ld      %r6, REGISTERS_LR(%r3)
        mtlr    %r6
        ld      %r6, REGISTERS_CTR(%r3)
        mtctr   %r6
        ld      %r6, REGISTERS_XER(%r3)
        mtxer   %r6
        ld      %r6, REGISTERS_CR(%r3)
        mtcr    %r6
        LOAD_GPRS 0, 0, 0, %r3
        LOAD_GPRS 2, 2, 0, %r3
        LOAD_GPRS 6, 31, 0, %r3
.endm

/* Stores everything but r1 and r3 to r5 at r3; r3 to r6 are lost. */
.macro store_all
        ld      %r3, SAVED_OUT(%r1)
        SAVE_GPRS 0, 0, 0, %r3
        SAVE_GPRS 2, 2, 0, %r3
        SAVE_GPRS 6, 31, 0, %r3
        mfcr    %r6
        std     %r6, REGISTERS_CR(%r3)
        mflr    %r6
        std     %r6, REGISTERS_LR(%r3)
        mfctr   %r6
        std     %r6, REGISTERS_CTR(%r3)
        mfxer   %r6
        std     %r6, REGISTERS_XER(%r3)
        addi    %r6, %r3, REGISTERS_VSR
        .set    vsr, 0
        .rept   64
        stxvd2x vsr, 0, %r6
        addi    %r6, %r6, 16
        .set    vsr, vsr + 1
        .endr
        mffs    %f0
        stfd    %f0, REGISTERS_FPSCR(%r3)
        mfvscr  %v0
        addi    %r6, %r3, REGISTERS_VSCR
        stvx    %v0, 0, %r6
.endm

/* r3: struct registers in, r4: out, r5: time base at which to stop. */
        .globl  registers_spin
registers_spin:
        enter
        load_all
        mr      %r3, %r5
        /* The loop may spoil CR field 7 and r4 only; the check leaves that field out. */
1:      mftb    %r4
        cmpld   %cr7, %r4, %r3
        blt     %cr7, 1b
        store_all
        leave

/* r3: struct registers in, r4: out. */
        .globl  registers_cede
registers_cede:
        enter
        load_all
        li      %r3, H_CEDE
        sc      1
        store_all
        leave

        .section .note.GNU-stack, "", @progbits
