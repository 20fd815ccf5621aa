/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table is a run of records in ascending order: a big-endian word with the address, then the name with its NUL,
 * then zeros up to the next word.  A word of 0 ends it.
 */
#include "symbols.h"

#include <stddef.h>
#include <string.h>

#include "config.h"

extern const uint32_t symbol_table[];
extern const char __text_end[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
    const uint32_t *record = symbol_table;
    const char *name = NULL;

    if (address < FIRMWARE_BASE || address >= (uint64_t)(uintptr_t)__text_end) {
        return NULL;
    }
    while (*record != 0 && *record <= address) {
        *offset = address - *record;
        name = (const char *)(record + 1);
        record += 1 + strlen(name) / sizeof(*record) + 1;
    }
    return name;
}
