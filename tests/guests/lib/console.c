/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include "fdt.h"
#include "hcall.h"

static struct {
    char text[16];
    unsigned length;
} line;

static uint64_t line_word(unsigned first)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < 8; i++)
        word = word << 8 | (uint8_t)line.text[first + i];
    return word;
}

uint64_t console_unit(void)
{
    static uint64_t unit;

    if (!unit)
        unit = fdt_number("vty@", "reg", 0);
    return unit;
}

void console_flush(void)
{
    if (!line.length)
        return;
    while (HCALL(H_PUT_TERM_CHAR, console_unit(), line.length, line_word(0), line_word(8)).status == H_BUSY)
        continue;
    line.length = 0;
}

void console_put(char c)
{
    line.text[line.length++] = c;
    if (line.length == sizeof(line.text))
        console_flush();
}
