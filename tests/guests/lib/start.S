/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry, exception vectors and the paths in and out of C. */
#include "asm.h"
#include "trap.h"

/* Below the interrupted stack pointer: the red zone (288), the frame, and a call header. */
#define TRAP_STACK (288 + TRAP_FRAME_SIZE + 32)
#define FRAME 32
#define LOW_R1 0x2000
#define LOW_R3 0x2008
#define LOW_R4 0x2010
#define LOW_LR 0x2018
#define LOW_CR 0x2020
#define CATCH_FRAME NONVOLATILE_FRAME
#define SAVED_R14 (32 - 14 * 8)

/* A vector: 8 instructions at most; no special register is used up, so that tests own all of them. `flag` marks the number. */
.macro vector address, flag
        . = \address
        std     %r3, LOW_R3(0)
        mflr    %r3
        std     %r3, LOW_LR(0)
        li      %r3, \address + \flag
        b       trap_common
.endm

.macro vectors flag
        .irp    address, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800, 0x900, 0x980, \
                0xa00, 0xb00, 0xc00, 0xd00, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xf00, 0xf20, 0xf40, 0xf60, 0xf80
        vector  \address, \flag
        .endr
.endm

        .section .vectors, "ax"

/* Entry, big-endian, real mode; r3: device tree. The reset vector too, until trap_init() puts vector_reset here. */
        . = 0x100
        .globl  reset_entry
reset_entry:
#ifdef __LITTLE_ENDIAN__
        BIG_ENDIAN_WORD 0x39600140              /* li     r11, 0x140 */
        BIG_ENDIAN_WORD 0x7d7a03a6              /* mtsrr0 r11 */
        BIG_ENDIAN_WORD 0x7d6000a6              /* mfmsr  r11 */
        BIG_ENDIAN_WORD 0x616b0001              /* ori    r11, r11, MSR_LE */
        BIG_ENDIAN_WORD 0x7d7b03a6              /* mtsrr1 r11 */
        BIG_ENDIAN_WORD 0x4c000024              /* rfid */
        . = 0x140
#endif
        b       start

        vectors 0

        . = 0x1100
        .globl  vector_reset
vector_reset:
        std     %r3, LOW_R3(0)
        mflr    %r3
        std     %r3, LOW_LR(0)
        li      %r3, trap_common - reset_entry + 0x100
        mtlr    %r3
        li      %r3, VECTOR_RESET
        blr

/* 0x2000: words saved by a vector before it has a stack. */
        . = 0x2100

/* r3: vector; r3 and lr saved below. Builds a struct trap_frame and calls trap_handle(frame). */
trap_common:
        std     %r1, LOW_R1(0)
        std     %r4, LOW_R4(0)
        mfcr    %r4
        std     %r4, LOW_CR(0)
        mfsrr1  %r4
        andi.   %r4, %r4, MSR_PR
        beq     1f
        LOAD_ADDRESS %r1, trap_stack_top
1:      addi    %r1, %r1, -TRAP_STACK
        std     %r0, FRAME(%r1)
        std     %r2, FRAME + 16(%r1)
        std     %r3, FRAME + TRAP_VECTOR(%r1)
        SAVE_GPRS 5, 31, FRAME, %r1
        ld      %r4, LOW_R1(0)
        std     %r4, FRAME + 8(%r1)
        ld      %r4, LOW_R3(0)
        std     %r4, FRAME + 24(%r1)
        ld      %r4, LOW_R4(0)
        std     %r4, FRAME + 32(%r1)
        ld      %r4, LOW_LR(0)
        std     %r4, FRAME + TRAP_LR(%r1)
        ld      %r4, LOW_CR(0)
        std     %r4, FRAME + TRAP_CR(%r1)
        mfsrr0  %r4
        std     %r4, FRAME + TRAP_SRR0(%r1)
        mfsrr1  %r4
        std     %r4, FRAME + TRAP_SRR1(%r1)
        mfctr   %r4
        std     %r4, FRAME + TRAP_CTR(%r1)
        mfxer   %r4
        std     %r4, FRAME + TRAP_XER(%r1)
        mfdar   %r4
        std     %r4, FRAME + TRAP_DAR(%r1)
        mfdsisr %r4
        std     %r4, FRAME + TRAP_DSISR(%r1)
        LOAD_TOC
        addi    %r3, %r1, FRAME
        bl      trap_handle
        nop
        ld      %r4, FRAME + TRAP_SRR0(%r1)
        mtsrr0  %r4
        ld      %r4, FRAME + TRAP_SRR1(%r1)
        mtsrr1  %r4
        ld      %r4, FRAME + TRAP_LR(%r1)
        mtlr    %r4
        ld      %r4, FRAME + TRAP_CTR(%r1)
        mtctr   %r4
        ld      %r4, FRAME + TRAP_XER(%r1)
        mtxer   %r4
        ld      %r4, FRAME + TRAP_CR(%r1)
        mtcr    %r4
        LOAD_GPRS 0, 0, FRAME, %r1
        LOAD_GPRS 2, 31, FRAME, %r1
        ld      %r1, FRAME + 8(%r1)
        rfid

/* The vectors again, for interrupts taken with LPCR[AIL] = 3 at 0xc000000000004000. */
        .section .vectors.high, "ax"
        vectors TRAP_RELOCATED

        .text

/* r3: device tree. Clears the bss and runs guest_start(tree, msr, registers), which does not return: the MSR at entry and all other
 * registers or-ed. Sets MSR[SF] for QEMU's pseries machine, the reference, which leaves it off. */
start:
        .irp    n, 0, 1, 2, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        or      %r4, %r4, %r\n
        .endr
        mr      %r30, %r4
        mfmsr   %r31
        li      %r4, 1
        rldicr  %r4, %r4, 63, 0
        or      %r4, %r4, %r31
        mtmsrd  %r4
        isync
        LOAD_TOC
        CLEAR_BSS
        LOAD_ADDRESS %r1, stack_top - 64
        std     %r6, 0(%r1)
        mr      %r4, %r31
        mr      %r5, %r30
        bl      guest_start
        nop
1:      b       1b

/* bool trap_try(trap_body *body r3, uint64_t argument r4): runs it; true when it ended at trap_resume. */
        .globl  trap_try
trap_try:
        mflr    %r0
        std     %r0, 16(%r1)
        mfcr    %r0
        std     %r0, 8(%r1)
        stdu    %r1, -CATCH_FRAME(%r1)
        SAVE_GPRS 14, 31, SAVED_R14, %r1
        LOAD_ADDRESS %r5, trap_try_stack
        std     %r1, 0(%r5)
        mtctr   %r3
        mr      %r12, %r3
        mr      %r3, %r4
        bctrl
        li      %r3, 0
        b       1f
/* r1: the stack trap_try had; r2: as always. */
        .globl  trap_resume
trap_resume:
        li      %r3, 1
1:      LOAD_GPRS 14, 31, SAVED_R14, %r1
        addi    %r1, %r1, CATCH_FRAME
        ld      %r0, 8(%r1)
        mtcr    %r0
        ld      %r0, 16(%r1)
        mtlr    %r0
        blr

/* void user_enter(trap_body *body r3, uint64_t argument r4, uint64_t msr r5): does not return. */
        .globl  user_enter
user_enter:
        LOAD_ADDRESS %r6, user_leave
        mtlr    %r6
        LOAD_ADDRESS %r1, user_stack_top - 64
        mtsrr0  %r3
        mtsrr1  %r5
        mr      %r12, %r3
        mr      %r3, %r4
        rfid
user_leave:
        sc      0
        b       .

/* void hcall_run(uint64_t registers[9] r3): loads r3 to r11, calls the hypervisor, stores them back. */
        .globl  hcall_run
hcall_run:
        stdu    %r1, -48(%r1)
        std     %r31, 40(%r1)
        mr      %r31, %r3
        LOAD_GPRS 3, 11, -3 * 8, %r31
        sc      1
        SAVE_GPRS 3, 11, -3 * 8, %r31
        ld      %r31, 40(%r1)
        addi    %r1, %r1, 48
        blr

/* void rtas_enter(uint64_t arguments r3, uint64_t entry r4): calls the RTAS code in big-endian real mode. */
        .globl  rtas_enter
rtas_enter:
        mflr    %r0
        std     %r0, 16(%r1)
        stdu    %r1, -48(%r1)
        std     %r2, 40(%r1)
        LOAD_ADDRESS %r6, rtas_return
        mtlr    %r6
        mtsrr0  %r4
        mfmsr   %r5
        li      %r6, MSR_LE
        andc    %r5, %r5, %r6
        mtsrr1  %r5
        rfid
rtas_return:
#ifdef __LITTLE_ENDIAN__
        LEAVE_BIG_ENDIAN
#endif
        addi    %r1, %r1, 48
        ld      %r2, -8(%r1)
        ld      %r0, 16(%r1)
        mtlr    %r0
        blr

        .bss
        .balign 16
        .globl  trap_try_stack
trap_try_stack:
        .space  16
        .space  0x8000
stack_top:
        .space  0x2000
trap_stack_top:
        .space  0x2000
        .globl  user_stack_top
user_stack_top:
        .section .note.GNU-stack, "", @progbits
