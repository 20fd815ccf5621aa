/* SPDX-License-Identifier: BSD-2-Clause */
/* A payload without vectors of its own, for what it finds when it starts and for what the firmware does with a fault.
 *
 * It runs where it lies.  The report begins with PAYLOAD_MAGIC and holds r3 to r9 and MSR as they were; with TRAP defined
 * the payload then stores an illegal instruction at that address and calls OPAL_TEST, with FAULT it meets one itself, with
 * CALL it makes this call again and again, with EXTERNAL it waits for an interrupt from the serial port. */
#include "../guests/lib/asm.h"

#define PAYLOAD_MAGIC 0x5041594c
#define REPORT 0x200
#define OPAL_TEST 0
#define OPAL_SET_XIVE 19

#define EXTERNAL_SOURCE 21
#define PRIORITY 4
/* The processor's interrupt controller (ICP): QEMU, include/hw/ppc/pnv.h; the priority above which it interrupts. */
#define ICP_BASE 0x3ffff80000000
#define ICP_SHIFT 12
#define ICP_PRIORITY 4
#define SPR_PIR 1023
#define MSR_EE 0x8000

    .globl _start
_start:
    FIND_ADDRESS %r31, _start
    addi %r30, %r31, REPORT
    SAVE_ENTRY_STATE %r30
    LOAD_WORD %r10, PAYLOAD_MAGIC
    std %r10, 0(%r30)
    mr %r2, %r8
    mtctr %r9
#ifdef FAULT
    .long 0
#endif
#ifdef TRAP
    LOAD_WORD %r11, TRAP
    li %r10, 0
    stw %r10, 0(%r11)
    dcbst 0, %r11
    sync
    icbi 0, %r11
    isync
    lis %r14, 0x600d
    li %r0, OPAL_TEST
    bctrl
#endif
#ifdef CALL
    mr %r29, %r9
1:  li %r0, CALL
    li %r3, 0
    li %r4, 1
    li %r5, 0x3ff /* for OPAL_LPC_READ a register of the serial port's, which it reads as one byte of I/O */
    addi %r6, %r30, 0x50
    li %r7, 1
    mtctr %r29
    bctrl
    b 1b
#endif
#ifdef EXTERNAL
    li %r0, OPAL_SET_XIVE
    li %r3, EXTERNAL_SOURCE
    mfspr %r4, SPR_PIR
    sldi %r4, %r4, 2
    li %r5, PRIORITY
    bctrl
    mfspr %r4, SPR_PIR
    sldi %r4, %r4, ICP_SHIFT
    lis %r5, ICP_BASE >> 48
    ori %r5, %r5, (ICP_BASE >> 32) & 0xffff
    sldi %r5, %r5, 16
    ori %r5, %r5, (ICP_BASE >> 16) & 0xffff
    sldi %r5, %r5, 16
    add %r4, %r4, %r5
    addi %r4, %r4, ICP_PRIORITY
    li %r5, 0xff
    stbcix %r5, 0, %r4
    mfmsr %r10
    ori %r10, %r10, MSR_EE
    mtmsrd %r10, 1
#endif
2:  b 2b
