/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for the hypervisor: stores what the stub handed over, prints one line when there is OPAL, stops.
 *
 * Position independent; the first instruction is the entry point.  From PROBE_REPORT on, for the test to read:
 * PROBE_MAGIC, r3 to r9, MSR, and everything from the report's end to PROBE_SIZE or-ed together. */
#include "../guests/lib/asm.h"

#define PROBE_MAGIC 0x50524f42
#define PROBE_REPORT 0x200
#define PROBE_REPORT_SIZE 0x50
#define PROBE_SIZE 0x4000

#define OPAL_CONSOLE_WRITE 1
#define OPAL_CONSOLE_FLUSH 117

    .globl _start
_start:
    FIND_ADDRESS %r31, _start
    addi %r30, %r31, PROBE_REPORT
    SAVE_ENTRY_STATE %r30
    mr %r28, %r8
    mr %r29, %r9

    addi %r3, %r30, PROBE_REPORT_SIZE
    addi %r4, %r31, PROBE_SIZE
    li %r5, 0
1:  ld %r6, 0(%r3)
    or %r5, %r5, %r6
    addi %r3, %r3, 8
    cmpld %r3, %r4
    blt 1b
    std %r5, 0x48(%r30)
    LOAD_WORD %r3, PROBE_MAGIC
    std %r3, 0x00(%r30)

    cmpdi %r29, 0
    beq 2f
    li %r0, OPAL_CONSOLE_WRITE
    li %r3, 0
    addi %r4, %r31, length - _start
    addi %r5, %r31, text - _start
    mr %r2, %r28
    mtctr %r29
    bctrl
    li %r0, OPAL_CONSOLE_FLUSH
    li %r3, 0
    mr %r2, %r28
    mtctr %r29
    bctrl
2:  b 2b

    .balign 8
length: .quad text_end - text
text: .ascii "probe: entered\n"
text_end:
