/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where OPAL calls come in.  r0 = number, r3 to r10 = arguments, lr = return address; real mode, HV, either
 * endianness, 32 or 64-bit.  Keeps r1, r2, r13 to r31 and cr2 to cr4, returns in the caller's state with r3 = result.
 */
#include "asm.h"
#include "asm_offsets.h"
#include "config.h"
#include "cpu_area.h"
#include "hv/opal.h"
#include "regs.h"

    .machine power8

/* An instruction as it has to lie in memory to be fetched little-endian. */
#define LITTLE(word) .byte (word) & 0xff, ((word) >> 8) & 0xff, ((word) >> 16) & 0xff, ((word) >> 24) & 0xff

#define ENTRY_BIG (FIRMWARE_BASE + ENTRY_BIG_OFFSET)

/* Our frame: what the ABI asks for, then the caller's MSR and return address. */
#define FRAME_SIZE 64
#define FRAME_MSR 32
#define FRAME_RETURN 40

    .section .head.entry, "ax"
    .globl opal_entry
opal_entry:
    tdi 0, %r0, 0x48 /* never traps; fetched little-endian it is a branch over the next word */
    b entry_from_big
    LITTLE(0x7d6000a6)                          /* mfmsr r11 */
    LITTLE(0x3d800000 | (ENTRY_BIG >> 16))      /* lis r12 */
    LITTLE(0x618c0000 | (ENTRY_BIG & 0xffff))   /* ori r12, r12 */
    LITTLE(0x7d9a4ba6)                          /* mthsrr0 r12 */
    LITTLE(0x696c0001)                          /* xori r12, r11, MSR_LE */
    LITTLE(0x7d9b4ba6)                          /* mthsrr1 r12 */
    LITTLE(0x4c000224)                          /* hrfid */

entry_from_big:
    mfmsr %r11
    b entry_big

/* r11 = the caller's MSR.  Free: r12, ctr, xer, cr0; and r2 while its value is in ctr. */
    .org ENTRY_BIG_OFFSET - ENTRY_OFFSET
entry_big:
    mtctr %r2
    li %r2, 9
    sldi %r2, %r2, 60
    mtmsrd %r2 /* ME stays the caller's, which mtmsrd cannot change */
    isync
    CPU_AREA %r12
    ld %r2, CPU_IN_CALL(%r12)
    cmpdi %r2, 0
    bne reentered
    li %r2, 1
    std %r2, CPU_IN_CALL(%r12)
    mfctr %r2
    std %r1, CPU_CALLER_R1(%r12)
    std %r2, CPU_CALLER_R2(%r12)
    addi %r1, %r12, CPU_STACK_TOP - FRAME_SIZE
    li %r12, 0
    std %r12, 0(%r1)
    mflr %r12
    std %r11, FRAME_MSR(%r1)
    std %r12, FRAME_RETURN(%r1)
    LOAD_TOC
    cmpldi %r0, CALL_LIMIT
    bge unsupported
    sldi %r12, %r0, 3
    addis %r12, %r12, opal_call_table@ha
    ld %r12, opal_call_table@l(%r12)
    cmpdi %r12, 0
    beq unsupported
    mtctr %r12
    bctrl

leave:
    ld %r11, FRAME_MSR(%r1)
    ld %r12, FRAME_RETURN(%r1)
    mtlr %r12
    CPU_AREA %r12
    ld %r1, CPU_CALLER_R1(%r12)
    ld %r2, CPU_CALLER_R2(%r12)
    li %r0, 0
    std %r0, CPU_IN_CALL(%r12)

/* r11 = the caller's MSR, lr = its return address, r3 = result.  mtmsrd cannot change the endianness. */
leave_with_result:
    andi. %r0, %r11, MSR_LE
    bne 1f
    mtmsrd %r11
    isync
    blr
1:  mflr %r12
    mtspr SPR_HSRR0, %r12
    mtspr SPR_HSRR1, %r11
    hrfid

/* r0 = number; -1, OPAL_INVALID_CALL, has an answer of its own. */
unsupported:
    li %r3, OPAL_UNSUPPORTED
    cmpdi %r0, -1
    bne leave
    li %r3, OPAL_PARAMETER
    b leave

/* An exception handler that interrupted a call on this processor: its stack is in use. */
reentered:
    mfctr %r2
    li %r3, OPAL_INTERNAL_ERROR
    b leave_with_result

    .section .note.GNU-stack, "", @progbits
