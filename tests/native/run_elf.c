/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's ELF reader and loader, in both byte orders.
 *
 * Include: firmware/stub abi tests/native
 */
#include "../../firmware/stub/elf.c"
#include "../../firmware/stub/range.c"
#include "../../firmware/stub/refusal.c"

#include <stdlib.h>

#include "check.h"
#include "refusal_check.h"

#define SIZE 0x400U
#define CODE 0x200U
#define DATA 0x300U
#define VIRTUAL UINT64_C(0xc000000000000000)

static uint8_t *file;
static bool little;
static struct elf elf;
static struct refusal refusal;

static void put(uint64_t offset, unsigned int width, uint64_t value)
{
    for (unsigned int i = 0; i < width; i++)
        file[offset + (little ? i : width - 1 - i)] = (uint8_t)(value >> 8 * i);
}

static uint64_t header_of(unsigned int segment)
{
    return 64 + 56 * segment;
}

static void put_segment(unsigned int index, uint32_t flags, uint64_t offset, uint64_t physical, uint64_t file_size,
                        uint64_t memory_size)
{
    uint64_t header = header_of(index);

    put(header + PROGRAM_TYPE, 4, PROGRAM_LOAD);
    put(header + PROGRAM_FLAGS, 4, flags);
    put(header + PROGRAM_OFFSET, 8, offset);
    put(header + PROGRAM_VIRTUAL, 8, VIRTUAL + physical);
    put(header + PROGRAM_PHYSICAL, 8, physical);
    put(header + PROGRAM_FILE_SIZE, 8, file_size);
    put(header + PROGRAM_MEMORY_SIZE, 8, memory_size);
}

/* A good file with code at physical 0x1000 and data behind it, in a buffer of exactly its size. */
static void make_file(void)
{
    free(file);
    file = calloc(1, SIZE);
    memcpy(file, "\177ELF\2", 5);
    file[ELF_DATA] = little ? ELF_DATA_LITTLE : ELF_DATA_BIG;
    file[ELF_IDENT_VERSION] = 1;
    put(ELF_TYPE, 2, ELF_TYPE_EXECUTABLE);
    put(ELF_MACHINE, 2, ELF_MACHINE_PPC64);
    put(ELF_OBJECT_VERSION, 4, 1);
    put(ELF_ENTRY, 8, VIRTUAL + 0x1010);
    put(ELF_PROGRAM_OFFSET, 8, 64);
    put(ELF_PROGRAM_SIZE, 2, 56);
    put(ELF_PROGRAM_COUNT, 2, 3);
    put_segment(0, 5, CODE, 0x1000, 0x100, 0x100);
    put_segment(1, 6, DATA, 0x2000, 0x80, 0x1000);
    put(header_of(2) + PROGRAM_TYPE, 4, 0x6474e551);
    put(DATA + 8, 8, VIRTUAL + 0x1020);
}

static bool read_file(void)
{
    memset(&refusal, 0, sizeof(refusal));
    return elf_read(file, SIZE, &elf, &refusal);
}

static void expect_refusal(const char *part)
{
    check_context = part;
    CHECK(!read_file());
    check_refusal(&refusal, STUB_REASON_BAD_HYPERVISOR, part);
    make_file();
}

#define REFUSED(offset, width, value, part)                                                                           \
    do {                                                                                                              \
        put(offset, width, value);                                                                                    \
        expect_refusal(part);                                                                                         \
    } while (0)

static void test_good(void)
{
    CHECK(read_file());
    CHECK(elf.segment_count == 2 && elf.entry == 0x1010);
    CHECK(elf.segments[0].physical.base == 0x1000 && elf.segments[0].physical.end == 0x1100);
    CHECK(elf.segments[1].physical.base == 0x2000 && elf.segments[1].physical.end == 0x3000);
    put(ELF_TYPE, 2, ELF_TYPE_SHARED);
    CHECK(read_file());
    put(header_of(1) + PROGRAM_MEMORY_SIZE, 8, 0);
    put(header_of(1) + PROGRAM_FILE_SIZE, 8, UINT64_MAX);
    CHECK(read_file() && elf.segment_count == 1);
    make_file();
}

static void test_header(void)
{
    REFUSED(0, 1, 0, "no ELF header");
    REFUSED(ELF_CLASS, 1, 1, "not 64-bit");
    REFUSED(ELF_DATA, 1, 0, "unknown byte order");
    REFUSED(ELF_DATA, 1, little ? ELF_DATA_BIG : ELF_DATA_LITTLE, "unknown version");
    REFUSED(ELF_IDENT_VERSION, 1, 2, "unknown version");
    REFUSED(ELF_OBJECT_VERSION, 4, 0, "unknown version");
    REFUSED(ELF_MACHINE, 2, 20, "not for 64-bit PowerPC");
    REFUSED(ELF_TYPE, 2, 1, "not an executable");
    REFUSED(ELF_PROGRAM_SIZE, 2, 57, "size of program headers");
    REFUSED(ELF_PROGRAM_OFFSET, 8, SIZE - 167, "program headers lie outside");
    REFUSED(ELF_PROGRAM_OFFSET, 8, UINT64_MAX, "program headers lie outside");
    REFUSED(ELF_PROGRAM_COUNT, 2, 0xffff, "program headers lie outside");
    REFUSED(ELF_PROGRAM_COUNT, 2, 0, "entry point");
}

static void test_short_files(void)
{
    for (size_t size = 0; size < SIZE; size++) {
        uint8_t *cut = malloc(size);

        memcpy(cut, file, size);
        if (size < DATA + 0x80)
            CHECK(!elf_read(cut, size, &elf, &refusal) && refusal.reason == STUB_REASON_BAD_HYPERVISOR);
        else
            CHECK(elf_read(cut, size, &elf, &refusal));
        free(cut);
    }
}

static void test_segments(void)
{
    uint64_t header = header_of(1);

    REFUSED(header + PROGRAM_OFFSET, 8, SIZE - 0x7f, "outside the file");
    REFUSED(header + PROGRAM_OFFSET, 8, UINT64_MAX - 0x10, "outside the file");
    REFUSED(header + PROGRAM_FILE_SIZE, 8, UINT64_MAX, "outside the file");
    REFUSED(header + PROGRAM_MEMORY_SIZE, 8, 0x7f, "larger in the file");
    REFUSED(header + PROGRAM_PHYSICAL, 8, UINT64_MAX - 0xffe, "wraps around");
    REFUSED(header + PROGRAM_VIRTUAL, 8, UINT64_MAX - 0xffe, "wraps around");
    REFUSED(header + PROGRAM_MEMORY_SIZE, 8, UINT64_MAX, "wraps around");
    REFUSED(header + PROGRAM_PHYSICAL, 8, 0x10ff, "overlap");
    REFUSED(header + PROGRAM_PHYSICAL, 8, 0x101, "overlap");
}

static void test_too_many_segments(void)
{
    free(file);
    file = calloc(1, 0x1000);
    memcpy(file, "\177ELF\2", 5);
    file[ELF_DATA] = little ? ELF_DATA_LITTLE : ELF_DATA_BIG;
    file[ELF_IDENT_VERSION] = 1;
    put(ELF_TYPE, 2, ELF_TYPE_EXECUTABLE);
    put(ELF_MACHINE, 2, ELF_MACHINE_PPC64);
    put(ELF_OBJECT_VERSION, 4, 1);
    put(ELF_ENTRY, 8, VIRTUAL);
    put(ELF_PROGRAM_OFFSET, 8, 64);
    put(ELF_PROGRAM_SIZE, 2, 56);
    for (unsigned int count = 1; count <= ELF_MAX_SEGMENTS + 1; count++) {
        put(ELF_PROGRAM_COUNT, 2, count);
        put_segment(count - 1, 7, 0x800, 0x1000 * (count - 1), 16, 16);
        CHECK(elf_read(file, 0x1000, &elf, &refusal) == (count <= ELF_MAX_SEGMENTS));
    }
    CHECK(strstr(refusal.text, "too many segments") != NULL);
    make_file();
}

static void test_entry(void)
{
    REFUSED(ELF_ENTRY, 8, VIRTUAL + 0x1002, "entry point");
    REFUSED(ELF_ENTRY, 8, VIRTUAL + 0x1100, "entry point");
    REFUSED(ELF_ENTRY, 8, VIRTUAL + 0xffc, "entry point");
    REFUSED(ELF_ENTRY, 8, 0x1010, "entry point");
    REFUSED(ELF_ENTRY, 8, UINT64_MAX - 3, "entry point");

    /* Function descriptors: the data segment is not executable. */
    put(ELF_ENTRY, 8, VIRTUAL + 0x2008);
    CHECK(read_file() && elf.entry == 0x1020);
    REFUSED(ELF_ENTRY, 8, VIRTUAL + 0x2079, "descriptor is cut off");
    REFUSED(ELF_ENTRY, 8, VIRTUAL + 0x2080, "entry point");
    REFUSED(ELF_ENTRY, 8, VIRTUAL + 0x2010, "entry point");
    put(ELF_ENTRY, 8, VIRTUAL + 0x2008);
    put(DATA + 8, 8, VIRTUAL + 0x2008);
    expect_refusal("entry point");
}

static void test_targets(void)
{
    struct range_set memory = {.count = 1, .ranges = {{0, 0x3000}}};
    struct range_set taken = {.count = 1, .ranges = {{0x1100, 0x2000}}};

    CHECK(read_file() && elf_check_targets(&elf, &memory, &taken, &refusal));
    memory.ranges[0].end = 0x2fff;
    CHECK(!elf_check_targets(&elf, &memory, &taken, &refusal));
    CHECK(refusal.reason == STUB_REASON_MEMORY && strstr(refusal.text, "0x2000, 0x1000 bytes, is not in memory"));
    memory.ranges[0].end = 0x3000;
    taken.ranges[0].end = 0x2001;
    CHECK(!elf_check_targets(&elf, &memory, &taken, &refusal));
    CHECK(refusal.reason == STUB_REASON_MEMORY && strstr(refusal.text, "0x2000, 0x1000 bytes, overlaps"));
    taken.ranges[0] = (struct range){0x10ff, 0x1100};
    CHECK(!elf_check_targets(&elf, &memory, &taken, &refusal));
    CHECK(strstr(refusal.text, "0x1000, 0x100 bytes, overlaps"));
}

static void test_load(void)
{
    uint8_t *memory = malloc(0x3000);

    for (size_t i = CODE; i < SIZE; i++)
        file[i] = (uint8_t)(i * 3 + 1);
    put(header_of(0) + PROGRAM_PHYSICAL, 8, (uintptr_t)memory + 0x1000);
    put(header_of(1) + PROGRAM_PHYSICAL, 8, (uintptr_t)memory + 0x2000);
    memset(memory, 0xee, 0x3000);
    CHECK(read_file());
    CHECK(elf.entry == (uintptr_t)memory + 0x1010);
    elf_load(&elf, file);
    CHECK(memory[0xfff] == 0xee && memory[0x1100] == 0xee);
    CHECK(memcmp(memory + 0x1000, file + CODE, 0x100) == 0);
    CHECK(memcmp(memory + 0x2000, file + DATA, 0x80) == 0);
    for (size_t i = 0x2080; i < 0x3000; i++)
        CHECK(memory[i] == 0);
    free(memory);
    make_file();
}

/* Wild bytes in the headers: any answer, no access outside the file. */
static void test_random(void)
{
    srand(1);
    for (int i = 0; i < 200000; i++) {
        static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

        for (int j = rand() % 4; j >= 0; j--)
            file[4 + (size_t)rand() % (header_of(3) - 4)] = rand() % 2 ? (uint8_t)rand() : values[rand() % 5];
        read_file();
        if (i % 8 == 0)
            make_file();
    }
    make_file();
}

int main(void)
{
    for (int order = 0; order < 2; order++) {
        little = order == 1;
        make_file();
        test_good();
        test_header();
        test_short_files();
        test_segments();
        test_too_many_segments();
        test_entry();
        test_targets();
        test_load();
        test_random();
    }
    free(file);
    return 0;
}
