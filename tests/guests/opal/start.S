/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry from the firmware, the way in and out of OPAL, other processors, and a look at an interrupt's byte order. */
#include "../lib/asm.h"
#include "../lib/regs.h"
#include "frame.h"

#define SPR_HSPRG0 304
#define CALL_STACK (32 + 8 + 19 * 8 + 8)
#define SAVED_R13 (40 - 13 * 8)

/* From big-endian to the byte order of the build; spoils r11 and LR, and SRR0 and SRR1. */
.macro enter_native
#ifdef __LITTLE_ENDIAN__
        BIG_ENDIAN_WORD 0x429f0005 /* bcl    20, 31, . + 4 */
        LEAVE_BIG_ENDIAN
#endif
.endm

        .section .entry, "ax"

/* Entered as a kernel: r3 device tree, r8 and r9 OPAL; r10 and above are free. Runs payload_start(entry registers). */
        .globl  payload_entry
payload_entry:
        BIG_ENDIAN_WORD 0x7d8000a6              /* mfmsr  r12 */
        enter_native
        LOAD_ADDRESS %r10, entry_registers
        SAVE_GPRS 3, 9, -3 * 8, %r10
        std     %r12, 56(%r10)
        CLEAR_BSS
        LOAD_TOC
        LOAD_ADDRESS %r1, stacks + STACK_SIZE - 64
        std     %r6, 0(%r1)
        mr      %r3, %r10
        bl      payload_start
        nop
1:      b       1b

/* Entered through OPAL_START_CPU. Runs secondary_start(r3 at entry, MSR at entry) on the stack in secondary_stack. */
        .balign 32
        .globl  secondary_entry
secondary_entry:
        BIG_ENDIAN_WORD 0x7d8000a6              /* mfmsr  r12 */
        enter_native
        LOAD_ADDRESS %r10, secondary_stack
        ld      %r1, 0(%r10)
        addi    %r1, %r1, -64
        LOAD_TOC
        li      %r6, 0
        std     %r6, 0(%r1)
        mr      %r4, %r12
        bl      secondary_start
        nop
2:      b       2b

        .text

/*
 * void opal_run(struct opal_frame *frame r3, uint64_t base r4, uint64_t entry r5): one OPAL call, big-endian. Saves
 * everything itself, so that it survives whatever OPAL does to all registers but HSPRG0, which points at the frame.
 */
        .globl  opal_run
opal_run:
        mflr    %r0
        std     %r0, 16(%r1)
        mfcr    %r0
        std     %r0, 8(%r1)
        stdu    %r1, -CALL_STACK(%r1)
        std     %r2, 24(%r1)
        SAVE_GPRS 13, 31, SAVED_R13, %r1
        mtspr   SPR_HSPRG0, %r3
        mr      %r11, %r3
        std     %r1, OPAL_FRAME_IN + 8(%r11)
        std     %r4, OPAL_FRAME_IN + 16(%r11)
        mtsrr0  %r5
        ld      %r6, OPAL_FRAME_MSR_IN(%r11)
        mtsrr1  %r6
        ld      %r6, OPAL_FRAME_CR_IN(%r11)
        mtcr    %r6
        LOAD_ADDRESS %r6, opal_return
        mtlr    %r6
        LOAD_GPRS 0, 0, OPAL_FRAME_IN, %r11
        LOAD_GPRS 2, 10, OPAL_FRAME_IN, %r11
        LOAD_GPRS 13, 31, OPAL_FRAME_IN, %r11
        rfid

/* Where OPAL returns to, big-endian. */
opal_return:
        BIG_ENDIAN_WORD 0x7d8000a6              /* mfmsr  r12 */
        enter_native
        mfspr   %r11, SPR_HSPRG0
        std     %r12, OPAL_FRAME_MSR_OUT(%r11)
        SAVE_GPRS 0, 10, OPAL_FRAME_OUT, %r11
        SAVE_GPRS 13, 31, OPAL_FRAME_OUT, %r11
        mfcr    %r0
        std     %r0, OPAL_FRAME_CR_OUT(%r11)
        ld      %r1, OPAL_FRAME_IN + 8(%r11)
        LOAD_GPRS 13, 31, SAVED_R13, %r1
        ld      %r2, 24(%r1)
        addi    %r1, %r1, CALL_STACK
        ld      %r0, 8(%r1)
        mtcr    %r0
        ld      %r0, 16(%r1)
        mtlr    %r0
        mfmsr   %r0
        rldicl  %r0, %r0, 48, 1
        rldicl  %r0, %r0, 16, 0
        mtmsrd  %r0, 1
        blr

/* void opal_return_cpu(uint64_t base r3, uint64_t entry r4, uint64_t token r5): gives this processor back; no return. */
        .globl  opal_return_cpu
opal_return_cpu:
        mr      %r2, %r3
        mr      %r0, %r5
        mtsrr0  %r4
        mfmsr   %r6
        rldicr  %r6, %r6, 0, 62
        mtsrr1  %r6
        LOAD_ADDRESS %r6, 3f
        mtlr    %r6
        rfid
3:      BIG_ENDIAN_WORD 0x48000000              /* b      . */

/* uint64_t interrupt_order(void): takes a trap; 0 when its handler ran big-endian, 1 when little-endian (vectors.c). */
        .globl  interrupt_order
interrupt_order:
        li      %r3, -1
        trap
        blr

/* Where the vectors of all other interrupts end up, in the build's byte order: r3 vector, r4 and r5 SRR0 and SRR1. */
        .globl  vector_unexpected
vector_unexpected:
        LOAD_TOC
        LOAD_ADDRESS %r1, stacks + STACK_SIZE * STACK_COUNT - 64
        bl      interrupt_report
        nop
4:      b       4b

        .data
        .balign 8
        .globl  entry_registers
entry_registers:
        .space  64

        .bss
        .balign 0x1000
        .globl  stacks
stacks:
        .space  STACK_SIZE * STACK_COUNT

        .section .note.GNU-stack, "", @progbits
