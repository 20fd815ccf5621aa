/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry from the boot stub (docs/boot-protocol.md) and the small routines that C cannot express. */
#include "asm.h"
#include "asm_offsets.h"
#include "regs.h"

    .machine power8
    .section .head, "ax"

/* r3 = flat device tree, r8/r9 = OPAL base/entry or 0; 64-bit, real mode, interrupts off. */
    .globl _start
_start:
    LOAD_TOC
    LOAD_ADDRESS %r1, boot_stack_top
    li %r0, 0
    stdu %r0, -32(%r1)
    LOAD_ADDRESS %r5, __bss_start
    LOAD_ADDRESS %r6, __bss_end
1:  cmpld %r5, %r6
    bge 2f
    std %r0, 0(%r5)
    addi %r5, %r5, 8
    b 1b
2:  mr %r4, %r8
    mr %r5, %r9
    bl hypervisor_main
    b .

    .text

/* r3 = reason. Stores it at stop_reason and stays. */
FUNCTION cpu_stop
    lis %r4, stop_reason@ha
    std %r3, stop_reason@l(%r4)
    sync
1:  or 31, 31, 31
    b 1b
END_FUNCTION cpu_stop

/* Keeps r14-r31, lr and cr on the stack; the wake-up comes through vector 0x100 and returns for us. */
FUNCTION cpu_nap
    mflr %r0
    addi %r1, %r1, -NONVOLATILE_FRAME
    SAVE_GPRS 14, 31, (32 - 14 * 8), %r1
    std %r0, (32 + 18 * 8)(%r1)
    mfcr %r0
    std %r0, (32 + 19 * 8)(%r1)
    mfspr %r3, SPR_HSPRG0
    std %r1, PERCPU_NAP_STACK(%r3)
    ptesync
    ld %r0, PERCPU_NAP_STACK(%r3)
1:  cmpd %r0, %r0
    bne 1b
    nap
    b .
END_FUNCTION cpu_nap

/* r3 = address, r4 = size, both multiples of a cache line's 128 bytes. */
FUNCTION cpu_clear
    srdi %r4, %r4, 7
    mtctr %r4
1:  dcbz 0, %r3
    addi %r3, %r3, 128
    bdnz 1b
    blr
END_FUNCTION cpu_clear

/* r3 = address; r4 = size. */
FUNCTION cpu_sync_icache
    add %r4, %r3, %r4
    clrrdi %r3, %r3, 7
    mr %r5, %r3
1:  cmpld %r5, %r4
    bge 2f
    dcbst 0, %r5
    addi %r5, %r5, 128
    b 1b
2:  sync
3:  cmpld %r3, %r4
    bge 4f
    icbi 0, %r3
    addi %r3, %r3, 128
    b 3b
4:  isync
    blr
END_FUNCTION cpu_sync_icache

/* r3 = real address; result in r3. */
FUNCTION cpu_io_read8
    sync
    lbzcix %r3, 0, %r3
    twi 0, %r3, 0
    isync
    blr
END_FUNCTION cpu_io_read8

FUNCTION cpu_io_read32
    sync
    lwzcix %r3, 0, %r3
    twi 0, %r3, 0
    isync
    blr
END_FUNCTION cpu_io_read32

/* r3 = real address, r4 = value. */
FUNCTION cpu_io_write8
    sync
    stbcix %r4, 0, %r3
    blr
END_FUNCTION cpu_io_write8

FUNCTION cpu_io_write32
    sync
    stwcix %r4, 0, %r3
    blr
END_FUNCTION cpu_io_write32

FUNCTION cpu_memory_read8
    sync
    lbz %r3, 0(%r3)
    twi 0, %r3, 0
    isync
    blr
END_FUNCTION cpu_memory_read8

FUNCTION cpu_memory_write8
    sync
    stb %r4, 0(%r3)
    eieio
    blr
END_FUNCTION cpu_memory_write8

/* r3 = hypercall number, r4-r7 = arguments, as the hypercall takes them. Result in r3. */
FUNCTION papr_hcall_raw
    sc 1
    blr
END_FUNCTION papr_hcall_raw

/*
 * r3 = real address of the words, r4 = entry, both below 4 GiB. RTAS runs in 32-bit mode and keeps the
 * non-volatile registers.
 */
FUNCTION papr_rtas_raw
    mflr %r0
    std %r0, 16(%r1)
    std %r2, 24(%r1)
    stdu %r1, -48(%r1)
    mfmsr %r5
    std %r5, 32(%r1)
    mtctr %r4
    rldicl %r5, %r5, 1, 1
    rotldi %r5, %r5, 63
    mtmsrd %r5
    isync
    bctrl
    mfmsr %r5
    li %r0, 1
    rldicr %r0, %r0, 63, 0
    or %r5, %r5, %r0
    mtmsrd %r5
    isync
    addi %r1, %r1, 48
    ld %r2, 24(%r1)
    ld %r0, 16(%r1)
    mtlr %r0
    blr
END_FUNCTION papr_rtas_raw

/*
 * r3 = pointer to eleven doublewords: token, OPAL base, OPAL entry, eight arguments. Result in r3.
 * OPAL keeps the non-volatile registers and uses a stack of its own; r2 carries its base.
 */
FUNCTION opal_call_raw
    mflr %r0
    std %r0, 16(%r1)
    std %r2, 24(%r1)
    stdu %r1, -32(%r1)
    mr %r11, %r3
    ld %r0, 0(%r11)
    ld %r2, 8(%r11)
    ld %r12, 16(%r11)
    mtctr %r12
    ld %r3, 24(%r11)
    ld %r4, 32(%r11)
    ld %r5, 40(%r11)
    ld %r6, 48(%r11)
    ld %r7, 56(%r11)
    ld %r8, 64(%r11)
    ld %r9, 72(%r11)
    ld %r10, 80(%r11)
    bctrl
    addi %r1, %r1, 32
    ld %r2, 24(%r1)
    ld %r0, 16(%r1)
    mtlr %r0
    blr
END_FUNCTION opal_call_raw

/* r3 = struct vector_state; r4 is lost. MSR gets FP, VEC and VSX for the time being. */
.macro VECTORS_ON
    mfmsr %r5
    lis %r6, MSR_VEC@h
    oris %r6, %r6, MSR_VSX@h
    ori %r6, %r6, MSR_FP@l
    or %r6, %r5, %r6
    mtmsrd %r6
    isync
.endm

FUNCTION vector_save
    VECTORS_ON
    li %r4, 0
    .set reg_, 0
    .rept 64
    stxvd2x reg_, %r4, %r3
    addi %r4, %r4, 16
    .set reg_, reg_ + 1
    .endr
    mffs 0
    stfd 0, VECTOR_FPSCR(%r3)
    mfvscr 0
    li %r4, VECTOR_VSCR
    stvx 0, %r4, %r3
    mtmsrd %r5
    isync
    blr
END_FUNCTION vector_save

FUNCTION vector_load
    VECTORS_ON
    lfd 0, VECTOR_FPSCR(%r3)
    mtfsf 0xff, 0, 1, 0
    li %r4, VECTOR_VSCR
    lvx 0, %r4, %r3
    mtvscr 0
    li %r4, 0
    .set reg_, 0
    .rept 64
    lxvd2x reg_, %r4, %r3
    addi %r4, %r4, 16
    .set reg_, reg_ + 1
    .endr
    mtmsrd %r5
    isync
    blr
END_FUNCTION vector_load

    .section .bss.stacks, "aw", @nobits
    .balign 16
    .space 16384
    .globl boot_stack_top
boot_stack_top:
    .space 8192
    .globl boot_fault_stack_top
boot_fault_stack_top:
