/* SPDX-License-Identifier: BSD-2-Clause */
/* The file begins with what runs at 0; all of it is linked for, and copied to, FIRMWARE_BASE. */
#include "config.h"

OUTPUT_FORMAT("elf64-powerpc")
OUTPUT_ARCH(powerpc:common64)
ENTRY(reset_base)

SECTIONS
{
    . = FIRMWARE_BASE;
    .head : {
        KEEP(*(.head))
        . = TRAP_OFFSET;
        KEEP(*(.head.trap))
        . = ENTRY_OFFSET;
        KEEP(*(.head.entry))
    }
    .text : { *(.text .text.*) *(.sfpr .glink) __text_end = .; }
    .rodata : { *(.rodata .rodata.*) }
    .got : ALIGN(8) { *(.got .toc) }
    .data : ALIGN(8) { *(.data .data.*) }
    /* Last in the file, so that filling it in moves nothing. */
    .symbols : ALIGN(8) { KEEP(*(.symbols)) . = ALIGN(128); __file_end = .; }
    .bss (NOLOAD) : ALIGN(128) { __bss_start = .; *(.bss .bss.*) . = ALIGN(128); __bss_end = .; }
    .arena (NOLOAD) : ALIGN(0x10000) { __arena = .; . += ARENA_SIZE; }
    .cpus (NOLOAD) : ALIGN(CPU_AREA_SIZE) { __cpu_areas = .; }

    /DISCARD/ : { *(.comment) *(.eh_frame) *(.note.*) *(.gnu.*) }
}

ASSERT(opal_entry == FIRMWARE_BASE + ENTRY_OFFSET, "the OPAL entry is not at ENTRY_OFFSET")
ASSERT(trap_common == FIRMWARE_BASE + TRAP_OFFSET, "the trap code is not at TRAP_OFFSET")
