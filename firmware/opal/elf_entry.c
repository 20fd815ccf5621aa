/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Field offsets: System V ABI, chapter 4, "ELF Header" and "Program Header"; 64-bit PowerPC ELF ABI supplement.  Payloads
 * are not loaded by segments: e_entry is translated by the PT_LOAD that holds it, as skiboot does.
 */
#include "elf_entry.h"

#include <string.h>

#define CLASS_64 2
#define DATA_LITTLE 1
#define DATA_BIG 2
#define MACHINE_PPC 20
#define MACHINE_PPC64 21
#define TYPE_LOAD 1
#define FLAG_EXECUTE 1

struct reader {
    const uint8_t *bytes;
    size_t size;
    bool little;
    bool wide; /* 64-bit file */
    bool past_end;
};

/* The two layouts of what is read here. */
struct layout {
    unsigned int entry, phoff, phentsize, phnum;
    unsigned int p_flags, p_offset, p_vaddr, p_filesz;
    unsigned int p_size;
};
static const struct layout layout_32 = { 24, 28, 42, 44, 24, 4, 8, 16, 32 };
static const struct layout layout_64 = { 24, 32, 54, 56, 4, 8, 16, 32, 56 };

static uint64_t read_number(struct reader *reader, uint64_t offset, unsigned int width)
{
    uint64_t value = 0;

    if (offset > reader->size || width > reader->size - offset) {
        reader->past_end = true;
        return 0;
    }
    for (unsigned int i = 0; i < width; i++) {
        unsigned int at = reader->little ? width - 1 - i : i;

        value = value << 8 | reader->bytes[offset + at];
    }
    return value;
}

static uint64_t read_word(struct reader *reader, uint64_t offset)
{
    return read_number(reader, offset, reader->wide ? 8 : 4);
}

/* Translates a virtual address by the PT_LOAD that has it in the file. */
static bool translate(struct reader *reader, const struct layout *layout, uint64_t address, uint64_t *offset, bool *code)
{
    uint64_t headers = read_word(reader, layout->phoff);
    uint64_t count = read_number(reader, layout->phnum, 2);
    uint64_t step = read_number(reader, layout->phentsize, 2);

    if (step < layout->p_size) {
        return false;
    }
    for (uint64_t i = 0; i < count && !reader->past_end; i++) {
        uint64_t header = headers + i * step;
        uint64_t start = read_word(reader, header + layout->p_vaddr);
        uint64_t size = read_word(reader, header + layout->p_filesz);

        if (read_number(reader, header, 4) == TYPE_LOAD && address >= start && address - start < size) {
            *offset = address - start + read_word(reader, header + layout->p_offset);
            *code = (read_number(reader, header + layout->p_flags, 4) & FLAG_EXECUTE) != 0;
            return !reader->past_end;
        }
    }
    return false;
}

const char *elf_find_entry(const void *file, size_t size, struct elf_entry *entry)
{
    struct reader reader = { .bytes = file, .size = size };
    const struct layout *layout;
    uint64_t address, machine;
    bool is_code;

    if (size < 64 || memcmp(file, "\177ELF", 4) != 0) {
        return "no ELF file";
    }
    reader.wide = reader.bytes[4] == CLASS_64;
    reader.little = reader.bytes[5] == DATA_LITTLE;
    layout = reader.wide ? &layout_64 : &layout_32;
    machine = read_number(&reader, 18, 2);
    if ((!reader.little && reader.bytes[5] != DATA_BIG) || machine != (reader.wide ? MACHINE_PPC64 : MACHINE_PPC)) {
        return "an ELF file for another processor";
    }
    address = read_word(&reader, layout->entry);
    if (!translate(&reader, layout, address, &entry->offset, &is_code)) {
        return "an ELF file whose entry is in none of its segments";
    }
    /* Outside of code the entry is a function descriptor of the first 64-bit ABI: the code's address is in it. */
    if (reader.wide && !is_code) {
        address = read_number(&reader, entry->offset, 8);
        if (reader.past_end || !translate(&reader, layout, address, &entry->offset, &is_code)) {
            return "an ELF file whose entry's descriptor leads nowhere";
        }
    }
    if (entry->offset % 4 != 0 || entry->offset > size - 4) {
        return "an ELF file whose entry is not in the file";
    }
    entry->is_64bit = reader.wide;
    return NULL;
}
