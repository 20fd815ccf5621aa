/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for 32-bit Open Firmware at its worst (QEMU's -bios): it is interrupted all the time, and neither its interrupt
 * handler nor its client interface keeps the upper half of any register.
 *
 * QEMU starts powernv at 0x10 and puts the image's raw bytes at 0x20000000.  For so many calls every service answers 1, then
 * -1: the root has nodes without end, none of which is memory. */
#include "../guests/lib/asm.h"

#define LOAD_BASE 0x20001000
#define STACK 0x7000
#define CALLS 3000

/* Above the vectors, within reach of an offset alone. */
#define SAVED_R0 0x3000
#define SEED 0x3004
#define CALLS_LEFT 0x3008

/* Ticks of 2 ns (2 instructions with -icount shift=0) between interrupts: SHORTEST to 15 more. */
#define SHORTEST 4

#define MSR_HV_EE_HIGH 0x1000
#define MSR_EE 0x8000

    .space 0x10
    .globl _start
_start:
    li %r0, 1
    stw %r0, SEED(0)
    mtdec %r0
    li %r0, CALLS
    stw %r0, CALLS_LEFT(0)
    LOAD_WORD %r10, LOAD_BASE
    mtsrr0 %r10
    lis %r10, MSR_HV_EE_HIGH
    rldicr %r10, %r10, 32, 31
    ori %r10, %r10, MSR_EE
    mtsrr1 %r10
    li %r1, STACK
    li %r3, 0
    li %r4, 0
    li %r5, client
    li %r6, 0
    rfid

    .org 0x900
    stw %r0, SAVED_R0(0)
    .irp register, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    clrldi \register, \register, 32
    .endr
    .irp register, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    clrldi \register, \register, 32
    .endr
    lwz %r0, SEED(0)
    mulli %r0, %r0, 5
    addic %r0, %r0, 3
    stw %r0, SEED(0)
    rlwinm %r0, %r0, 24, 28, 31
    addic %r0, %r0, SHORTEST
    mtdec %r0
    lwz %r0, SAVED_R0(0)
    rfid

/* r3 = cells; no register survives whole.  Called without interrupts it stops for good. */
    .org 0x1000
client:
    mfmsr %r6
    andi. %r6, %r6, MSR_EE
    beq .
    lwz %r6, CALLS_LEFT(0)
    addic. %r6, %r6, -1
    li %r5, -1
    blt 1f
    stw %r6, CALLS_LEFT(0)
    li %r5, 1
1:  lwz %r4, 4(%r3)
    rlwinm %r4, %r4, 2, 0, 29
    add %r4, %r4, %r3
    stw %r5, 12(%r4)
    .irp register, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    li \register, -1
    .endr
    .irp register, 1, 2, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    clrldi \register, \register, 32
    .endr
    mtctr %r3
    mtcr %r3
    blr
