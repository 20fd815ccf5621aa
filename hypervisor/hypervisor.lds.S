/* SPDX-License-Identifier: BSD-2-Clause */
/* Linked where it runs: real address 0, vectors first. */
OUTPUT_ARCH(powerpc:common64)
ENTRY(_start)
PHDRS
{
    code PT_LOAD FLAGS(7);
}
SECTIONS
{
    . = 0;
    .vectors : { KEEP(*(.vectors)) } :code
    .head : { KEEP(*(.head)) } :code
    .text : { *(.text .text.*) } :code
    .rodata : { *(.rodata .rodata.*) } :code
    .data : { *(.data .data.*) *(.toc .got .toc1 .opd) } :code
    .bss : {
        . = ALIGN(16);
        __bss_start = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(16);
        __bss_end = .;
    } :code
    . = ALIGN(4096);
    __image_end = .;
    /DISCARD/ : { *(.comment) *(.gnu.attributes) *(.note*) *(.eh_frame*) *(.branch_lt) }
}
