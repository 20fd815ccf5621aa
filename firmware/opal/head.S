/* SPDX-License-Identifier: BSD-2-Clause */
/* First instructions after reset, exception vectors, and the ways out into a payload. */
#include "asm.h"
#include "asm_offsets.h"
#include "config.h"
#include "cpu_area.h"
#include "boot_protocol.h"
#include "regs.h"

    .machine power8

/* Address within the copy that runs, wherever that is; r30 = where reset_base is. */
#define LOW(label) (label - reset_base)(%r30)

    .section .head, "ax"
    .globl reset_base
reset_base:
    .ascii FIRMWARE_MAGIC
    .quad __file_end - reset_base

/* Every processor starts here at once: 64-bit, HV, real mode, r3 = the machine's flat device tree. */
    .org 0x10
    b reset

/* Written in the copy at 0 only, which the machine loads anew at each reset. */
    .org FIRMWARE_HEAD_ELECTED_OFFSET
elected:
    .long 0
released:
    .long 0

    .org FIRMWARE_HEAD_RESET_OFFSET
reset:
    bcl 20, 31, 1f
1:  mflr %r30
    addi %r30, %r30, reset_base - 1b
    addi %r4, %r30, elected - reset_base
2:  lwarx %r5, 0, %r4
    cmpwi %r5, 0
    bne wait_for_release
    li %r5, 1
    stwcx. %r5, 0, %r4
    bne 2b

/* The elected processor moves the firmware to where it is linked. */
    LOAD_ADDRESS %r6, reset_base
    LOAD_ADDRESS %r7, __file_end
    subf %r7, %r6, %r7
    srdi %r7, %r7, 5
    mtctr %r7
    addi %r8, %r30, -8
    addi %r9, %r6, -8
3:  ld %r10, 8(%r8)
    ld %r11, 16(%r8)
    ld %r12, 24(%r8)
    ldu %r0, 32(%r8)
    std %r10, 8(%r9)
    std %r11, 16(%r9)
    std %r12, 24(%r9)
    stdu %r0, 32(%r9)
    bdnz 3b
    LOAD_ADDRESS %r7, __file_end
4:  dcbst 0, %r6
    sync
    icbi 0, %r6
    addi %r6, %r6, 128
    cmpld %r6, %r7
    blt 4b
    sync
    isync
    LOAD_ADDRESS %r4, boot_cpu_start
    mtctr %r4
    bctr

/* The others wait until the copy, and a place for each of them, is there. */
wait_for_release:
    or 1, 1, 1
    lwz %r5, LOW(released)
    cmpwi %r5, 0
    beq wait_for_release
    or 2, 2, 2
    isync
    LOAD_ADDRESS %r4, secondary_start
    mtctr %r4
    bctr

/*
 * Until a payload has vectors of its own, every exception ends in a register dump.  At the branch: r13 = vector, ctr
 * in HSPRG0, r13 in HSPRG1, all else as interrupted.  Eight instructions is what the narrowest vectors have room for.
 */
.macro VECTOR address
    .org \address
    mtspr SPR_HSPRG1, %r13
    mfctr %r13
    mtspr SPR_HSPRG0, %r13
    lis %r13, FIRMWARE_BASE >> 16
    ori %r13, %r13, TRAP_OFFSET
    mtctr %r13
    li %r13, \address
    bctr
.endm

    .irp vector, 0x100, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800, 0x900, 0x980
    VECTOR \vector
    .endr
    .irp vector, 0xa00, 0xc00, 0xd00, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xf00, 0xf20, 0xf40, 0xf60, 0xf80
    VECTOR \vector
    .endr

/* As VECTOR leaves it.  The registers go into the processor's area; its trap stack is used for nothing else. */
    .section .head.trap, "ax"
    .globl trap_common
trap_common:
    mtctr %r12
    CPU_AREA %r12
    std %r13, CPU_TRAP_VECTOR(%r12)
    SAVE_GPRS 0, 11, CPU_TRAP_GPR, %r12
    SAVE_GPRS 14, 31, CPU_TRAP_GPR, %r12
    mfctr %r3
    std %r3, (CPU_TRAP_GPR + 12 * 8)(%r12)
    mfspr %r3, SPR_HSPRG1
    std %r3, (CPU_TRAP_GPR + 13 * 8)(%r12)
    mfspr %r3, SPR_HSPRG0
    std %r3, CPU_TRAP_CTR(%r12)
    mflr %r3
    std %r3, CPU_TRAP_LR(%r12)
    mfcr %r3
    std %r3, CPU_TRAP_CR(%r12)
    mfxer %r3
    std %r3, CPU_TRAP_XER(%r12)
    addi %r1, %r12, CPU_TRAP_STACK_TOP - 64
    li %r0, 0
    std %r0, 0(%r1)
    LOAD_TOC
    mr %r3, %r12
    bl trap_report
    b .

    .text

/* What reports exceptions is there from now on, and machine checks are let in, which takes an hrfid.  Changes r4, r5. */
.macro ALLOW_MACHINE_CHECKS
    LOAD_ADDRESS %r4, .Lallowed\@
    mfmsr %r5
    ori %r5, %r5, MSR_ME
    mtspr SPR_HSRR0, %r4
    mtspr SPR_HSRR1, %r5
    hrfid
.Lallowed\@:
.endm

/* r3 = the machine's tree, r30 = where the reset code ran. */
boot_cpu_start:
    ALLOW_MACHINE_CHECKS
    LOAD_ADDRESS %r5, __bss_start
    LOAD_ADDRESS %r6, __bss_end
1:  cmpld %r5, %r6
    bge 2f
    dcbz 0, %r5
    addi %r5, %r5, 128
    b 1b
2:  CPU_AREA %r1
    addi %r1, %r1, CPU_STACK_TOP - 64
    li %r0, 0
    std %r0, 0(%r1)
    LOAD_TOC
    addi %r4, %r30, released - reset_base
    bl firmware_start
    b .

/* A processor that was not elected; its area has been cleared. */
secondary_start:
    ALLOW_MACHINE_CHECKS
    CPU_AREA %r1
    addi %r1, %r1, CPU_STACK_TOP - 64
    LOAD_TOC
    bl cpu_park
    b .

/*
 * r3 = entry, r4 = tree, r5 = end of memory, r6 = 1 for 64-bit mode.  The payload starts as under skiboot: big-endian,
 * HV, real mode, everything else in MSR off.
 */
FUNCTION payload_enter
    mr %r12, %r3
    mr %r3, %r4
    mr %r7, %r5
    sldi %r11, %r6, 3
    li %r4, 0
    li %r5, 0
    lis %r6, EPAPR_MAGIC >> 16
    ori %r6, %r6, EPAPR_MAGIC & 0xffff
    lis %r8, FIRMWARE_BASE >> 16
    addi %r9, %r8, ENTRY_OFFSET
    b 1f
END_FUNCTION payload_enter

/* r3 = entry, r4 = server number: OPAL_START_CPU. */
FUNCTION payload_enter_secondary
    mr %r12, %r3
    mr %r3, %r4
    li %r4, 0
    li %r5, 0
    li %r6, 0
    li %r7, 0
    li %r8, 0
    li %r9, 0
    li %r11, 8

/* r12 = where to go, r11 = 8 for 64-bit mode, 0 for 32; r3 to r9 = what the payload gets. */
1:  mtspr SPR_HSRR0, %r12
    ori %r11, %r11, 1
    sldi %r11, %r11, 60
    mtspr SPR_HSRR1, %r11
    li %r0, 0
    li %r1, 0
    li %r2, 0
    li %r10, 0
    li %r11, 0
    li %r12, 0
    hrfid
    b .
END_FUNCTION payload_enter_secondary

    .section .note.GNU-stack, "", @progbits
