/* SPDX-License-Identifier: BSD-2-Clause */
/* Where an ELF file is entered that runs where it lies: 32 or 64-bit, either endianness. */
#ifndef OPAL_ELF_ENTRY_H
#define OPAL_ELF_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_entry {
    uint64_t offset; /* of the first instruction, bytes from the file's start */
    bool is_64bit;
};

/* Returns NULL and fills `entry`, or says what is wrong with the file of at most `size` bytes. */
const char *elf_find_entry(const void *file, size_t size, struct elf_entry *entry);

#endif
