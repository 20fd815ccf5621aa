/* SPDX-License-Identifier: BSD-2-Clause */
/* A payload that calls OPAL_TEST in the endianness it was assembled for, with NARROW in 32-bit mode.
 *
 * It runs where it lies.  The report, in its own byte order: CALLER_MAGIC, the call's result, MSR before and after, and
 * everything that should not have changed: r1, r2, r13 and r14 to r31, exclusive-or of before and after, or-ed together. */
#include "../guests/lib/asm.h"

#define CALLER_MAGIC 0x43414c4c
#define REPORT 0x200
#define OPAL_TEST 0

/* Every register that a call keeps gets a value of its own, the same whenever this runs. */
.macro EACH_REGISTER step
    .irp n, 1, 2, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
    \step \n
    .endr
.endm
.macro SET n
    li %r\n, 0x100 + \n
.endm
.macro COMPARE n
    xori %r12, %r\n, 0x100 + \n
    or %r11, %r11, %r12
.endm

    .globl _start
_start:
#ifdef __LITTLE_ENDIAN__
    /* Entered big-endian: the first word is a branch over the second, what follows is big-endian as well. */
    tdi 0, %r0, 0x48
    b 1f
    .long 0xa600607d /* mfmsr r11 */
    .long 0x01006b69 /* xori r11, r11, 1 */
    .long 0x05009f42 /* bcl 20, 31, .+4 */
    .long 0xa602487d /* mflr r10 */
    .long 0x14004a39 /* addi r10, r10, 20 */
    .long 0xa64b5a7d /* mthsrr0 r10 */
    .long 0xa64b7b7d /* mthsrr1 r11 */
    .long 0x2402004c /* hrfid */
1:
#endif
    FIND_ADDRESS %r31, _start
    addi %r30, %r31, REPORT
    mtctr %r9
#ifdef NARROW
    mfmsr %r10
    rldicl %r10, %r10, 0, 1
    mtmsrd %r10
    isync
#endif
    mfmsr %r29
    EACH_REGISTER SET
    li %r0, OPAL_TEST
    bctrl
    mfmsr %r10
    li %r11, 0
    EACH_REGISTER COMPARE
    std %r3, 0x08(%r30)
    std %r29, 0x10(%r30)
    std %r10, 0x18(%r30)
    std %r11, 0x20(%r30)
    LOAD_WORD %r12, CALLER_MAGIC
    sync
    std %r12, 0(%r30)
2:  b 2b
