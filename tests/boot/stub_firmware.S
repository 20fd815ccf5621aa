/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for firmware without OPAL (QEMU's -bios): enters the image with the tree that QEMU made.
 *
 * QEMU starts powernv at 0x10, all processors at once, with r3 = the tree, and puts the image's raw bytes at 0x20000000.
 * EPAPR_MAGIC comes from the command line.  NO_TREE keeps the tree back.  NARROW enters in 32-bit mode, with signs in the
 * upper halves of registers.  WAITING is how many processors there are, all but one of which wait as after a kexec. */
#include "../guests/lib/asm.h"

#define LOAD_BASE 0x20001000

#define COPIED 0x100
#define WAIT_AT 0x60

    .space 0x10
    .globl _start
_start:
    b start

    .org COPIED
start:
#ifdef WAITING
    li %r12, processors
1:  lwarx %r10, 0, %r12
    addi %r11, %r10, 1
    stwcx. %r11, 0, %r12
    bne 1b
    cmpwi %r10, 0
    beq 3f
2:  lwz %r10, 4(%r12)
    cmpwi %r10, 0
    beq 2b
    ba WAIT_AT

    /* When all are past what is overwritten, the image's first bytes go to 0: kexec copies those of whatever it starts. */
3:  lwz %r10, 0(%r12)
    cmpwi %r10, WAITING
    bne 3b
    li %r10, COPIED / 8
    mtctr %r10
    LOAD_WORD %r10, LOAD_BASE - 8
    li %r11, -8
4:  ldu %r9, 8(%r10)
    stdu %r9, 8(%r11)
    bdnz 4b
    sync
    icbi 0, %r11
    stw %r12, 4(%r12)
#endif
    LOAD_WORD %r6, EPAPR_MAGIC
    LOAD_WORD %r10, LOAD_BASE
#ifdef NO_TREE
    li %r3, 0
#endif
    li %r4, 0
    li %r5, 0
    li %r7, 0
    li %r8, 0
    li %r9, 0
    mtctr %r10
#ifdef NARROW
    li %r11, -1
    rldicr %r11, %r11, 0, 31
    .irp register, 3, 4, 5, 6, 8, 9
    or \register, \register, %r11
    .endr
    mfmsr %r11
    clrldi %r11, %r11, 1
    mtmsrd %r11
    isync
#endif
    bctr

    /* How many have come; not zero when they may go to where they wait. */
    .balign 8
processors:
    .long 0, 0
