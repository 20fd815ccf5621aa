/* SPDX-License-Identifier: BSD-2-Clause */
/* What of Open Firmware C cannot express: the proof that translation may be turned off, and the client call.
 *
 * The client interface (IEEE 1275, section 6.3; PowerPC binding, section 8) is 32-bit: service name, number of
 * arguments, number of results, arguments and results are cells of 4 bytes.  It must be called in the mode that the
 * firmware entered us in, which has translation on under OpenBIOS.  Our C code never runs translated: page faults there
 * are handled by 32-bit code, which loses the upper halves of registers. */
#include "registers.h"
#include "stub.h"

/* Byte offsets in an array of cells. */
#define CELLS_SERVICE 0
#define CELLS_ARGUMENT_COUNT 4
#define CELLS_RESULT_COUNT 8
#define CELLS_FIRST 12
/* Where getprop puts the console, behind the longest array used here. */
#define STDOUT_CELL 64
#define MESSAGE_STACK 128

/* Entered from entry.S with translation on and interrupts off.  r29 = MSR, r30 = load base, r31 = entry's label 1; r3 to r6,
 * r8, r9 and the firmware's stack stay as they are.
 *
 * Real addresses must be the ones we see: a fresh number is stored translated, then the whole stub is summed up once
 * translated and once not.  On the way back the scratch area is as it was.  Any access may be a page fault that costs the upper
 * halves of registers: nothing here is wider than 32 bits. */
    .section .text.openfirmware, "ax"
    .globl openfirmware_check_mapping
    .hidden openfirmware_check_mapping
openfirmware_check_mapping:
    bcl 20, 31, 1f
1:  mflr %r28
    addis %r27, %r28, (__scratch_start - 1b)@ha
    addi %r27, %r27, (__scratch_start - 1b)@l
    addis %r26, %r28, (__stub_end - 1b)@ha
    addi %r26, %r26, (__stub_end - 1b)@l
    lwz %r25, 0(%r27)
    mftb %r24
    xor %r24, %r24, %r25
    stw %r24, 0(%r27)
    bl sum_stub
    mr %r24, %r12
    without_interrupts %r23, %r29
    li %r10, MSR_DR
    andc %r10, %r23, %r10
    mtmsr %r10
    isync
    bl sum_stub
    mtmsr %r23
    isync
    stw %r25, 0(%r27)
    cmplw %r12, %r24
    beq entry_untranslated
    mtmsr %r29

    /* Say so, in the firmware's mode and with r13 = 0: SLOF takes 1 for a little-endian caller. */
    li %r12, STUB_REASON_OPEN_FIRMWARE
    std %r12, STUB_REASON_OFFSET(%r30)
    mr. %r29, %r5
    beq processor_stop
    li %r13, 0
    addi %r27, %r1, -MESSAGE_STACK
    addi %r1, %r1, -2 * MESSAGE_STACK

.macro load_address register, symbol
    addis \register, %r28, (\symbol - 1b)@ha
    addi \register, \register, (\symbol - 1b)@l
.endm

/* Call \service with \arguments and \results cells, stored at r27 but for their count. */
.macro client_call service, arguments, results
    load_address %r3, \service
    stw %r3, CELLS_SERVICE(%r27)
    li %r3, \arguments
    stw %r3, CELLS_ARGUMENT_COUNT(%r27)
    li %r3, \results
    stw %r3, CELLS_RESULT_COUNT(%r27)
    mr %r3, %r27
    mtctr %r29
    bctrl
.endm

    load_address %r3, path_chosen
    stw %r3, CELLS_FIRST(%r27)
    client_call name_finddevice, 1, 1
    lwz %r3, CELLS_FIRST + 4(%r27)
    stw %r3, CELLS_FIRST(%r27)
    load_address %r3, property_stdout
    stw %r3, CELLS_FIRST + 4(%r27)
    addi %r3, %r27, STDOUT_CELL
    stw %r3, CELLS_FIRST + 8(%r27)
    li %r3, 4
    stw %r3, CELLS_FIRST + 12(%r27)
    client_call name_getprop, 4, 1
    lwz %r3, STDOUT_CELL(%r27)
    stw %r3, CELLS_FIRST(%r27)
    load_address %r3, message
    stw %r3, CELLS_FIRST + 4(%r27)
    li %r3, message_end - message
    stw %r3, CELLS_FIRST + 8(%r27)
    client_call name_write, 3, 1
    client_call name_exit, 0, 0
    b processor_stop

/* r12 = sum of the words from r30 to r26, each moving the sum so far by one bit; r10 and r11 are lost. */
sum_stub:
    mr %r11, %r30
    li %r12, 0
2:  lwz %r10, 0(%r11)
    rotlwi %r12, %r12, 1
    add %r12, %r12, %r10
    addi %r11, %r11, 4
    cmplw %r11, %r26
    blt 2b
    blr

/* void client_enter(void *cells, uint64_t client, uint64_t msr): 64-bit registers do not survive 32-bit firmware, so
 * all that C wants back are kept here, above what the firmware's calling convention may write to our frame. */
#define CLIENT_SAVED_MSR 112
#define CLIENT_SAVED_R2 120
#define CLIENT_SAVED_R13 128
#define CLIENT_FRAME_SIZE 288

    .text
    .globl client_enter
    .hidden client_enter
client_enter:
    mflr %r0
    std %r0, 16(%r1)
    mfcr %r0
    std %r0, 8(%r1)
    stdu %r1, -CLIENT_FRAME_SIZE(%r1)
    mfmsr %r0
    std %r0, CLIENT_SAVED_MSR(%r1)
    std %r2, CLIENT_SAVED_R2(%r1)
    .irp register, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    std \register, (CLIENT_SAVED_R13 + 8 * (\register - 13))(%r1)
    .endr
    bcl 20, 31, 1f
1:  mflr %r6
    addi %r6, %r6, 2f - 1b
    mtlr %r6
    mtsrr0 %r4
    mtsrr1 %r5
    li %r13, 0
    rfid

    /* Back, in 32-bit mode and perhaps translated.  An interrupt or page fault here would cut the 64-bit MSR in half before it is
     * used: no interrupts, and all in one page. */
    .balign 32
2:  mfmsr %r0
    without_interrupts %r0, %r0
    mtmsr %r0
    clrldi %r1, %r1, 32
    ld %r0, CLIENT_SAVED_MSR(%r1)
    mtmsrd %r0
    isync
    ld %r2, CLIENT_SAVED_R2(%r1)
    .irp register, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld \register, (CLIENT_SAVED_R13 + 8 * (\register - 13))(%r1)
    .endr
    addi %r1, %r1, CLIENT_FRAME_SIZE
    ld %r0, 8(%r1)
    mtcr %r0
    ld %r0, 16(%r1)
    mtlr %r0
    blr

    .section .rodata.openfirmware, "a"
name_finddevice: .string "finddevice"
name_getprop: .string "getprop"
name_write: .string "write"
name_exit: .string "exit"
path_chosen: .string "/chosen"
property_stdout: .string "stdout"
message:
    .ascii "\r\nroundpeg-stub: refused: Open Firmware does not map the image to the addresses where it is (reason 1)\r\n"
message_end:

    .section .note.GNU-stack, "", @progbits
