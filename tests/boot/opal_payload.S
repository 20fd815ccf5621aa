/* SPDX-License-Identifier: BSD-2-Clause */
/* A payload without vectors of its own, for what it finds when it starts and for what the firmware does with a fault.
 *
 * It runs where it lies.  The report begins with PAYLOAD_MAGIC and holds r3 to r9 and MSR as they were; with TRAP defined
 * the payload then stores an illegal instruction at that address and calls OPAL_TEST, with FAULT it meets one itself. */
#include "../guests/lib/asm.h"

#define PAYLOAD_MAGIC 0x5041594c
#define REPORT 0x200
#define OPAL_TEST 0

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
1:  b 1b
