/* SPDX-License-Identifier: BSD-2-Clause */
/* First instructions of the image, and the way out into the hypervisor. */
#include "registers.h"
#include "stub.h"

/* Entered by firmware at load base + 0, in 32 or 64-bit mode, big-endian, anywhere below 4 GiB.
 * r3 to r6, r8, r9: docs/boot-protocol.md, "Entering the stub".  Stack and r2: none. */
    .section .head.branch, "ax"
    .globl _start
_start:
    b entry

/* Other processors after a kexec, in a copy of this page's beginning at address 0, in any mode. */
    .section .head.secondary, "ax"
secondary:
    or %r1, %r1, %r1
    b secondary

/* From here on r30 = load base, r31 = address of label 1 below, and until entry_untranslated r29 = the firmware's MSR, of
 * which only the lower half is sure: interrupts that 32-bit firmware handles cost the upper one. */
    .section .head.text, "ax"
entry:
    bcl 20, 31, 1f
1:  mflr %r31
    addis %r30, %r31, (_start - 1b)@ha
    addi %r30, %r30, (_start - 1b)@l
    mfmsr %r29
    without_interrupts %r0, %r29
    mtmsr %r0
    andi. %r0, %r29, MSR_IR | MSR_DR
    bne openfirmware_check_mapping

    /* 64-bit mode, HV as it was, everything else off.  Nothing has interrupted us since mtmsr but page faults. */
    .globl entry_untranslated
    .hidden entry_untranslated
entry_untranslated:
    mfmsr %r10
    rlwimi %r10, %r29, 0, MSR_EE_BIT, MSR_EE_BIT
    mr %r29, %r10

    /* 32-bit firmware leaves anything in the upper halves, a sign for one. */
    srdi. %r11, %r29, 63
    bne 2f
    .irp register, 3, 4, 5, 6, 8, 9
    clrldi \register, \register, 32
    .endr
2:  li %r11, 1
    rldicr %r11, %r11, 63, 0
    rldicr %r10, %r29, 0, 3
    rldicl %r10, %r10, 0, 3
    or %r10, %r10, %r11
    mtmsrd %r10
    isync

    /* The scratch area must be zero in the file: gather what is not in r12, then make it so. */
    addis %r10, %r31, (__scratch_start - 1b)@ha
    addi %r10, %r10, (__scratch_start - 1b)@l
    addis %r11, %r31, (__stub_end - 1b)@ha
    addi %r11, %r11, (__stub_end - 1b)@l
    li %r12, 0
    li %r0, 0
2:  ld %r7, 0(%r10)
    or %r12, %r12, %r7
    std %r0, 0(%r10)
    addi %r10, %r10, 8
    cmpld %r10, %r11
    blt 2b

    /* The C world: stack, table of contents, and the entry state above the first frame. */
    addis %r1, %r31, (__stack_top - 1b)@ha
    addi %r1, %r1, (__stack_top - 1b)@l
    addi %r1, %r1, -ENTRY_SIZE
    std %r3, ENTRY_R3(%r1)
    std %r4, ENTRY_R4(%r1)
    std %r5, ENTRY_CLIENT(%r1)
    std %r29, ENTRY_MSR(%r1)
    std %r6, ENTRY_MAGIC(%r1)
    std %r8, ENTRY_OPAL_BASE(%r1)
    std %r9, ENTRY_OPAL_ENTRY(%r1)
    std %r30, ENTRY_LOAD_BASE(%r1)
    subf %r11, %r30, %r11
    std %r11, ENTRY_STUB_SIZE(%r1)
    addis %r10, %r31, (__scratch_start - 1b)@ha
    addi %r10, %r10, (__scratch_start - 1b)@l
    subf %r10, %r30, %r10
    std %r10, ENTRY_SCRATCH_OFFSET(%r1)
    std %r12, ENTRY_SCRATCH_RESIDUE(%r1)
    mr %r3, %r1
    stdu %r0, -STACK_FRAME_SIZE(%r1)
    addis %r2, %r31, (.TOC. - 1b)@ha
    addi %r2, %r2, (.TOC. - 1b)@l
    bl stub_main

/* void processor_stop(void): no return; the lowest thread priority leaves the core to others. */
    .globl processor_stop
    .hidden processor_stop
processor_stop:
    or %r1, %r1, %r1
    b processor_stop

/* void hypervisor_enter(tree, entry, opal_base, opal_entry): no return. */
    .text
    .globl hypervisor_enter
    .hidden hypervisor_enter
hypervisor_enter:
    mtctr %r4
    mr %r8, %r5
    mr %r9, %r6
    lis %r6, EPAPR_MAGIC_HIGH
    ori %r6, %r6, EPAPR_MAGIC_LOW
    li %r4, 0
    li %r5, 0
    li %r7, 0
    li %r1, 0
    li %r2, 0
    bctr

/* void code_publish(const void *start, const void *end): makes fresh instructions in [start, end) visible; start is a
 * multiple of CACHE_STEP, so that no block is stepped over. */
    .globl code_publish
    .hidden code_publish
code_publish:
    mr %r5, %r3
1:  cmpld %r5, %r4
    bge 2f
    dcbst 0, %r5
    addi %r5, %r5, CACHE_STEP
    b 1b
2:  sync
    mr %r5, %r3
3:  cmpld %r5, %r4
    bge 4f
    icbi 0, %r5
    addi %r5, %r5, CACHE_STEP
    b 3b
4:  sync
    isync
    blr

/* int64_t opal_call(token, first, second, third, base, entry): OPAL wants the token in r0, its base in r2 and the
 * arguments from r3 on; it keeps the non-volatile registers. */
    .globl opal_call
    .hidden opal_call
opal_call:
    mflr %r0
    std %r0, 16(%r1)
    stdu %r1, -STACK_FRAME_SIZE(%r1)
    std %r2, 24(%r1)
    mtctr %r8
    mr %r2, %r7
    mr %r0, %r3
    mr %r3, %r4
    mr %r4, %r5
    mr %r5, %r6
    bctrl
    ld %r2, 24(%r1)
    addi %r1, %r1, STACK_FRAME_SIZE
    ld %r0, 16(%r1)
    mtlr %r0
    blr

/* Filled, so that the linker keeps the scratch area in the file. */
    .section .stack, "aw", @progbits
    .balign 128
    .space STACK_SIZE

    .section .note.GNU-stack, "", @progbits
