/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry from Open Firmware: say on the firmware's console that this version cannot go on, and give the machine back.
 *
 * Everything runs in the mode the firmware chose (32-bit, translation on or off), because the client interface
 * (IEEE 1275, section 6.3) must be called in it.  Its arguments are 32-bit cells: service name, number of arguments,
 * number of results, arguments, results. */
#include "registers.h"

#define ARGS_COUNT 4
#define ARGS_RESULTS 8
#define ARGS_FIRST 12
/* Where getprop puts the console, behind the longest argument array. */
#define STDOUT_CELL 64

/* Point \register at \symbol, from r31 = address of `entry`'s label 1 in entry.S, here 5b. */
.macro load_address register, symbol
    addis \register, %r31, (\symbol - 5b)@ha
    addi \register, \register, (\symbol - 5b)@l
.endm

/* Start a client call: \service takes \arguments and gives \results cells.  r28 = argument array. */
.macro client_prepare service, arguments, results
    load_address %r3, \service
    stw %r3, 0(%r28)
    li %r3, \arguments
    stw %r3, ARGS_COUNT(%r28)
    li %r3, \results
    stw %r3, ARGS_RESULTS(%r28)
.endm

/* Call the client interface with the array at r28; r29 = its entry.  r13 is 0: SLOF takes 1 for a little-endian
 * caller. */
.macro client_call
    mr %r3, %r28
    mtctr %r29
    bctrl
.endm

/* Entered from entry.S.  r5 = client interface, r30 = load base, r1 = the firmware's stack. */
    .section .text.openfirmware, "ax"
    .globl openfirmware_refuse
    .hidden openfirmware_refuse
openfirmware_refuse:
    bcl 20, 31, 5f
5:  mflr %r31
    mr %r29, %r5
    li %r13, 0
    load_address %r28, __scratch_start

    client_prepare name_finddevice, 1, 1
    load_address %r3, path_chosen
    stw %r3, ARGS_FIRST(%r28)
    client_call
    lwz %r27, ARGS_FIRST + 4(%r28)

    client_prepare name_getprop, 4, 1
    stw %r27, ARGS_FIRST(%r28)
    load_address %r3, property_stdout
    stw %r3, ARGS_FIRST + 4(%r28)
    addi %r3, %r28, STDOUT_CELL
    stw %r3, ARGS_FIRST + 8(%r28)
    li %r3, 4
    stw %r3, ARGS_FIRST + 12(%r28)
    client_call
    lwz %r27, ARGS_FIRST + 16(%r28)
    cmpwi %r27, 4
    bne 6f

    client_prepare name_write, 3, 1
    lwz %r3, STDOUT_CELL(%r28)
    stw %r3, ARGS_FIRST(%r28)
    load_address %r3, message
    stw %r3, ARGS_FIRST + 4(%r28)
    li %r3, message_end - message
    stw %r3, ARGS_FIRST + 8(%r28)
    client_call

6:  li %r3, STUB_REASON_OPEN_FIRMWARE
    std %r3, STUB_REASON_OFFSET(%r30)
    client_prepare name_exit, 0, 0
    client_call
7:  b 7b

    .section .rodata.openfirmware, "a"
name_finddevice: .string "finddevice"
name_getprop: .string "getprop"
name_write: .string "write"
name_exit: .string "exit"
path_chosen: .string "/chosen"
property_stdout: .string "stdout"
message:
    .ascii "\r\nroundpeg-stub: refused: entered from Open Firmware, which this version cannot start from; "
    .ascii "boot through OPAL or a flat device tree (reason 1)\r\n"
message_end:

    .section .note.GNU-stack, "", @progbits
