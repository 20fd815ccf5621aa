/* SPDX-License-Identifier: BSD-2-Clause */
/* Layout and constants: System V ABI, "Object Files"; PowerPC64 ABIs v1 (descriptors) and v2. */
#include "elf.h"

#include <string.h>

#include "boot_image.h"

#define ELF_MAGIC "\177ELF"
#define ELF_CLASS_64 2
#define ELF_DATA_LITTLE 1
#define ELF_DATA_BIG 2
#define ELF_VERSION 1
#define ELF_TYPE_EXECUTABLE 2
#define ELF_TYPE_SHARED 3
#define ELF_MACHINE_PPC64 21
#define PROGRAM_LOAD 1
#define PROGRAM_EXECUTABLE 1

enum {
    ELF_HEADER_SIZE = 64,
    ELF_CLASS = 4,
    ELF_DATA = 5,
    ELF_IDENT_VERSION = 6,
    ELF_TYPE = 16,
    ELF_MACHINE = 18,
    ELF_OBJECT_VERSION = 20,
    ELF_ENTRY = 24,
    ELF_PROGRAM_OFFSET = 32,
    ELF_PROGRAM_SIZE = 54,
    ELF_PROGRAM_COUNT = 56,
    PROGRAM_HEADER_SIZE = 56,
    PROGRAM_TYPE = 0,
    PROGRAM_FLAGS = 4,
    PROGRAM_OFFSET = 8,
    PROGRAM_VIRTUAL = 16,
    PROGRAM_PHYSICAL = 24,
    PROGRAM_FILE_SIZE = 32,
    PROGRAM_MEMORY_SIZE = 40,
    DESCRIPTOR_SIZE = 8,
};

struct file {
    const uint8_t *bytes;
    uint64_t size;
    bool little;
};

/* The integer of `width` bytes at `offset`; the caller has checked the bounds. */
static uint64_t file_integer(const struct file *file, uint64_t offset, unsigned int width)
{
    uint64_t value = 0;

    for (unsigned int i = 0; i < width; i++)
        value = value << 8 | file->bytes[offset + (file->little ? width - 1 - i : i)];
    return value;
}

static bool file_has(const struct file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset;
}

static bool bad(struct refusal *refusal, const char *problem)
{
    return refuse(refusal, STUB_REASON_BAD_HYPERVISOR, "the hypervisor's ELF file: %s", problem);
}

static bool read_header(struct file *file, struct refusal *refusal)
{
    uint64_t type;

    if (file->size < ELF_HEADER_SIZE || memcmp(file->bytes, ELF_MAGIC, sizeof(ELF_MAGIC) - 1) != 0)
        return bad(refusal, "no ELF header");
    if (file->bytes[ELF_CLASS] != ELF_CLASS_64)
        return bad(refusal, "not 64-bit");
    if (file->bytes[ELF_DATA] != ELF_DATA_LITTLE && file->bytes[ELF_DATA] != ELF_DATA_BIG)
        return bad(refusal, "unknown byte order");
    file->little = file->bytes[ELF_DATA] == ELF_DATA_LITTLE;
    if (file->bytes[ELF_IDENT_VERSION] != ELF_VERSION || file_integer(file, ELF_OBJECT_VERSION, 4) != ELF_VERSION)
        return bad(refusal, "unknown version");
    if (file_integer(file, ELF_MACHINE, 2) != ELF_MACHINE_PPC64)
        return bad(refusal, "not for 64-bit PowerPC");
    type = file_integer(file, ELF_TYPE, 2);
    if (type != ELF_TYPE_EXECUTABLE && type != ELF_TYPE_SHARED)
        return bad(refusal, "not an executable");
    if (file_integer(file, ELF_PROGRAM_SIZE, 2) != PROGRAM_HEADER_SIZE)
        return bad(refusal, "wrong size of program headers");
    return true;
}

static bool read_segment(const struct file *file, uint64_t header, struct elf *elf, struct refusal *refusal)
{
    struct elf_segment segment = {
        .offset = file_integer(file, header + PROGRAM_OFFSET, 8),
        .file_size = file_integer(file, header + PROGRAM_FILE_SIZE, 8),
        .virtual_base = file_integer(file, header + PROGRAM_VIRTUAL, 8),
        .executable = (file_integer(file, header + PROGRAM_FLAGS, 4) & PROGRAM_EXECUTABLE) != 0,
    };
    uint64_t memory_size = file_integer(file, header + PROGRAM_MEMORY_SIZE, 8);
    uint64_t virtual_end;

    if (file_integer(file, header + PROGRAM_TYPE, 4) != PROGRAM_LOAD || memory_size == 0)
        return true;
    if (!file_has(file, segment.offset, segment.file_size))
        return bad(refusal, "a segment lies outside the file");
    if (segment.file_size > memory_size)
        return bad(refusal, "a segment is larger in the file than in memory");
    if (!range_from_size(file_integer(file, header + PROGRAM_PHYSICAL, 8), memory_size, &segment.physical) ||
        __builtin_add_overflow(segment.virtual_base, memory_size, &virtual_end))
        return bad(refusal, "a segment wraps around");
    for (size_t i = 0; i < elf->segment_count; i++) {
        if (range_overlaps(elf->segments[i].physical, segment.physical))
            return bad(refusal, "two segments overlap");
    }
    if (elf->segment_count == ELF_MAX_SEGMENTS)
        return bad(refusal, "too many segments");
    elf->segments[elf->segment_count++] = segment;
    return true;
}

/* The segment that holds `size` bytes at virtual `address`, or NULL. */
static const struct elf_segment *find_segment(const struct elf *elf, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        uint64_t inside = address - segment->virtual_base;

        if (address >= segment->virtual_base && inside < segment->file_size && size <= segment->file_size - inside)
            return segment;
    }
    return NULL;
}

static bool read_entry(const struct file *file, struct elf *elf, struct refusal *refusal)
{
    uint64_t entry = file_integer(file, ELF_ENTRY, 8);
    const struct elf_segment *segment = find_segment(elf, entry, sizeof(uint32_t));

    if (segment != NULL && !segment->executable) {
        segment = find_segment(elf, entry, DESCRIPTOR_SIZE);
        if (segment == NULL)
            return bad(refusal, "the entry's function descriptor is cut off");
        entry = file_integer(file, segment->offset + entry - segment->virtual_base, DESCRIPTOR_SIZE);
        segment = find_segment(elf, entry, sizeof(uint32_t));
    }
    if (segment == NULL || !segment->executable || entry % sizeof(uint32_t) != 0)
        return bad(refusal, "the entry point is not in a loaded executable segment");
    elf->entry = segment->physical.base + (entry - segment->virtual_base);
    return true;
}

bool elf_read(const uint8_t *bytes, uint64_t size, struct elf *elf, struct refusal *refusal)
{
    struct file file = {.bytes = bytes, .size = size};
    uint64_t table;
    uint64_t count;

    *elf = (struct elf){.segment_count = 0};
    if (!read_header(&file, refusal))
        return false;
    table = file_integer(&file, ELF_PROGRAM_OFFSET, 8);
    count = file_integer(&file, ELF_PROGRAM_COUNT, 2);
    if (!file_has(&file, table, count * PROGRAM_HEADER_SIZE))
        return bad(refusal, "the program headers lie outside the file");
    for (uint64_t i = 0; i < count; i++) {
        if (!read_segment(&file, table + i * PROGRAM_HEADER_SIZE, elf, refusal))
            return false;
    }
    return read_entry(&file, elf, refusal);
}

bool elf_check_targets(const struct elf *elf, const struct range_set *memory, const struct range_set *taken,
                       struct refusal *refusal)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        struct range target = elf->segments[i].physical;
        const char *problem = NULL;

        if (!range_set_contains(memory, target))
            problem = "is not in memory";
        else if (range_set_touches(taken, target))
            problem = "overlaps the image or memory the firmware reserves";
        if (problem != NULL)
            return refuse(refusal, STUB_REASON_MEMORY, "the hypervisor's segment at 0x%lx, 0x%lx bytes, %s",
                          (unsigned long)target.base, (unsigned long)(target.end - target.base), problem);
    }
    return true;
}

void elf_load(const struct elf *elf, const uint8_t *bytes)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        uint8_t *target = (uint8_t *)(uintptr_t)segment->physical.base;
        uint64_t memory_size = segment->physical.end - segment->physical.base;

        memcpy(target, bytes + segment->offset, segment->file_size);
        memset(target + segment->file_size, 0, memory_size - segment->file_size);
    }
}
