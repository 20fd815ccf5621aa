/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the assembly files: ELFv2 functions, addresses, runs of stores and loads. */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

.macro FUNCTION name
    .balign 16
    .globl \name
    .type \name, @function
\name:
.endm

.macro END_FUNCTION name
    .size \name, . - \name
.endm

/* Registers first..last to or from an array of doublewords at base(pointer), indexed by register number. */
.macro SAVE_GPRS first, last, base, pointer
    .set reg_, \first
    .rept \last - \first + 1
    std reg_, (\base + 8 * reg_)(\pointer)
    .set reg_, reg_ + 1
    .endr
.endm

.macro LOAD_GPRS first, last, base, pointer
    .set reg_, \first
    .rept \last - \first + 1
    ld reg_, (\base + 8 * reg_)(\pointer)
    .set reg_, reg_ + 1
    .endr
.endm

/* The address of a symbol below 2 GiB. */
.macro LOAD_ADDRESS register, symbol
    lis \register, \symbol@ha
    addi \register, \register, \symbol@l
.endm

.macro LOAD_TOC
    LOAD_ADDRESS %r2, .TOC.
.endm

/* Bytes of a frame that holds r14-r31, lr and cr besides the ABI's header. */
#define NONVOLATILE_FRAME (32 + 18 * 8 + 16)

#endif
