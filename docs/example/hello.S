/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program for the bare pseries machine, in the firmware's place: greets, then repeats what is typed until q (power
 * off) or x (fail).  The machine enters it at 0x100, 64-bit, big-endian, untranslated.  It talks to the machine's
 * hypervisor: H_GET_TERM_CHAR 0x54, H_PUT_TERM_CHAR 0x58 (PAPR), QEMU's RTAS call 0xf000 with token 0x2003, power-off.
 */
        .text
        .org    0x100
_start:
        lis     %r31, 0x7100            /* the first terminal's unit address */
        lis     %r30, text@h
        ori     %r30, %r30, text@l
        bl      print
wait:
        li      %r3, 0x54
        mr      %r4, %r31
        sc      1
        cmpdi   %r4, 0                  /* r4: how many, r5: the first eight, leftmost first */
        beq     wait
        srdi    %r6, %r5, 56            /* one at a time is enough for a person and for a test */
        cmpdi   %r6, 'q'
        beq     off
        cmpdi   %r6, 'x'
        beq     fail
        mr      %r6, %r5
        mr      %r5, %r4
        bl      put
        b       wait
fail:
        lis     %r30, panic@h
        ori     %r30, %r30, panic@l
        bl      print
        b       .
off:
        li      %r3, -0x1000            /* 0xf000 as a 16-bit number ... */
        clrldi  %r3, %r3, 48            /* ... without its sign */
        lis     %r4, rtas@h
        ori     %r4, %r4, rtas@l
        sc      1
        b       .

/* print: r30 = text up to a zero byte; changes r3 to r7, r30. */
print:
        mflr    %r7
1:      lbz     %r6, 0(%r30)
        cmpdi   %r6, 0
        beq     2f
        sldi    %r6, %r6, 56
        li      %r5, 1
        bl      put
        addi    %r30, %r30, 1
        b       1b
2:      mtlr    %r7
        blr

/* put: r5 = 1 to 8 characters, r6 = the characters, leftmost first; changes r3, r4. */
put:
        li      %r3, 0x58
        mr      %r4, %r31
        sc      1
        blr

        .balign 4
rtas:
        .long   0x2003, 2, 1, 0, 0, 0   /* token, two arguments, one result */
text:
        .asciz  "hello, tests\r\n"
panic:
        .asciz  "PANIC: asked for\r\n"
