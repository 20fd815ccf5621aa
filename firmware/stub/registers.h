/* SPDX-License-Identifier: BSD-2-Clause */
/* Constants of the stub's assembly files. */
#ifndef STUB_REGISTERS_H
#define STUB_REGISTERS_H

#include "boot_image.h"
#include "boot_protocol.h"

/* Smallest ELFv2 frame: back chain, CR, LR, TOC. */
#define STACK_FRAME_SIZE 32

/* Eight times what an ordinary image needs; libfdt's overlay code recurses once per level of nodes. */
#define STACK_SIZE 0x4000

/* Divides the cache block size of every 64-bit server processor. */
#define CACHE_STEP 32

/* Machine state register: instruction and data relocation. */
#define MSR_IR 0x20
#define MSR_DR 0x10
/* External interrupts and the decrementer: the bit's number in a 32-bit register. */
#define MSR_EE_BIT 16

#ifdef __ASSEMBLER__
/* result = the lower half of `msr`, interrupts off: for mtmsr. */
.macro without_interrupts result, msr
    rlwinm \result, \msr, 0, MSR_EE_BIT + 1, MSR_EE_BIT - 1
.endm
#endif

#define EPAPR_MAGIC_HIGH (EPAPR_MAGIC >> 16)
#define EPAPR_MAGIC_LOW (EPAPR_MAGIC & 0xffff)

#endif
