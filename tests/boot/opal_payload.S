/* SPDX-License-Identifier: BSD-2-Clause */
/* A payload without vectors of its own, for what it finds when it starts and for what the firmware does with a fault.
 *
 * It runs where it lies.  The report begins with PAYLOAD_MAGIC and holds r3 to r9 and MSR as they were; with TRAP defined
 * the payload then stores an illegal instruction at that address and calls OPAL_TEST, with FAULT it meets one itself. */
#define PAYLOAD_MAGIC 0x5041594c
#define REPORT 0x200
#define OPAL_TEST 0

    .globl _start
_start:
    bcl 20, 31, 1f
1:  mflr %r31
    addi %r31, %r31, _start - 1b
    addi %r30, %r31, REPORT
    std %r3, 0x08(%r30)
    std %r4, 0x10(%r30)
    std %r5, 0x18(%r30)
    std %r6, 0x20(%r30)
    std %r7, 0x28(%r30)
    std %r8, 0x30(%r30)
    std %r9, 0x38(%r30)
    mfmsr %r10
    std %r10, 0x40(%r30)
    lis %r10, PAYLOAD_MAGIC >> 16
    ori %r10, %r10, PAYLOAD_MAGIC & 0xffff
    std %r10, 0(%r30)
    mr %r2, %r8
    mtctr %r9
#ifdef FAULT
    .long 0
#endif
#ifdef TRAP
    lis %r11, TRAP >> 16
    ori %r11, %r11, TRAP & 0xffff
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
2:  b 2b
