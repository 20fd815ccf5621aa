/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for firmware without OPAL (QEMU's -bios): enters the image with the tree that QEMU made.
 *
 * QEMU starts powernv at 0x10 with r3 = the tree and puts the image's raw bytes at 0x20000000.  EPAPR_MAGIC comes from
 * the command line, NO_TREE keeps the tree back. */
#include "../guests/lib/asm.h"

#define LOAD_BASE 0x20001000

    .space 0x10
    .globl _start
_start:
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
    bctr
