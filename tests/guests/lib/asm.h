/* SPDX-License-Identifier: BSD-2-Clause */
/* Macros for the assembly of guests and of the payloads in tests/boot. The code runs below 2 GiB or finds itself. */
#ifndef GUEST_ASM_H
#define GUEST_ASM_H

#include "../../../lib/ppc64/asm.h"

/* A 32-bit number, zero-extended if below 2^31. */
.macro LOAD_WORD register, value
    lis \register, (\value) >> 16
    ori \register, \register, (\value) & 0xffff
.endm

/* Where `symbol` is, for code that runs where it lies; LR is lost. */
.macro FIND_ADDRESS register, symbol
    bcl 20, 31, .Lfound_\@
.Lfound_\@:
    mflr \register
    addi \register, \register, \symbol - .Lfound_\@
.endm

/* The bss, from image_bss to image_bss_end, becomes zeros; r4 to r6 are lost, r6 ends as 0. */
.macro CLEAR_BSS
    LOAD_ADDRESS %r4, image_bss
    LOAD_ADDRESS %r5, image_bss_end
    li %r6, 0
.Lclear_\@:
    std %r6, 0(%r4)
    addi %r4, %r4, 8
    cmpld %r4, %r5
    blt .Lclear_\@
.endm

/* r3 to r9 and MSR as EntryState (tests/boot/probe.py) has them, behind the word for the magic number; r10 is lost. */
.macro SAVE_ENTRY_STATE pointer
    SAVE_GPRS 3, 9, (8 - 3 * 8), \pointer
    mfmsr %r10
    std %r10, 64(\pointer)
.endm

/* An instruction that is read big-endian whatever the build. */
.macro BIG_ENDIAN_WORD word
    .byte (\word >> 24) & 0xff, (\word >> 16) & 0xff, (\word >> 8) & 0xff, \word & 0xff
.endm

/* In big-endian state with LR at this very place: on into the byte order of the build. r11, SRR0 and SRR1 are lost. */
.macro LEAVE_BIG_ENDIAN
    BIG_ENDIAN_WORD 0x7d6802a6 /* mflr   r11 */
    BIG_ENDIAN_WORD 0x396b001c /* addi   r11, r11, 28: behind these words */
    BIG_ENDIAN_WORD 0x7d7a03a6 /* mtsrr0 r11 */
    BIG_ENDIAN_WORD 0x7d6000a6 /* mfmsr  r11 */
    BIG_ENDIAN_WORD 0x616b0001 /* ori    r11, r11, MSR_LE */
    BIG_ENDIAN_WORD 0x7d7b03a6 /* mtsrr1 r11 */
    BIG_ENDIAN_WORD 0x4c000024 /* rfid */
.endm

#endif
