/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills every register of problem state with a pattern and reads it back later. */
#include "abi/papr.h"
#include "isolation.h"

#define FRAME (32 + 18 * 8 + 5 * 8 + 8)
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
        .irp    n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        std     %r\n, 32 + 8 * (\n - 14)(%r1)
        .endr
.endm

.macro leave
        .irp    n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ld      %r\n, 32 + 8 * (\n - 14)(%r1)
        .endr
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
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, \
                32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63
        lxvd2x  %vs\n, 0, %r6
        addi    %r6, %r6, 16
        .endr
        ld      %r6, REGISTERS_LR(%r3)
        mtlr    %r6
        ld      %r6, REGISTERS_CTR(%r3)
        mtctr   %r6
        ld      %r6, REGISTERS_XER(%r3)
        mtxer   %r6
        ld      %r6, REGISTERS_CR(%r3)
        mtcr    %r6
        .irp    n, 0, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ld      %r\n, 8 * \n(%r3)
        .endr
.endm

/* Stores everything but r1 and r3 to r5 at r3; r3 to r6 are lost. */
.macro store_all
        ld      %r3, SAVED_OUT(%r1)
        .irp    n, 0, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        std     %r\n, 8 * \n(%r3)
        .endr
        mfcr    %r6
        std     %r6, REGISTERS_CR(%r3)
        mflr    %r6
        std     %r6, REGISTERS_LR(%r3)
        mfctr   %r6
        std     %r6, REGISTERS_CTR(%r3)
        mfxer   %r6
        std     %r6, REGISTERS_XER(%r3)
        addi    %r6, %r3, REGISTERS_VSR
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, \
                32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63
        stxvd2x %vs\n, 0, %r6
        addi    %r6, %r6, 16
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
