/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the firmware enters an ELF file: both sizes and orders, descriptors, files that lie about themselves.
 *
 * Include: firmware/opal
 */
#include "../../firmware/opal/elf_entry.c"

#include <stdlib.h>

#include "check.h"

#define SIZE 0x400
#define SEGMENT 0x100
#define VIRTUAL UINT64_C(0xc000000000000000)

static uint8_t file[SIZE];
static bool wide, little;

static void put(size_t offset, unsigned int width, uint64_t value)
{
    for (unsigned int i = 0; i < width; i++)
        file[offset + (little ? i : width - 1 - i)] = (uint8_t)(value >> 8 * i);
}

static void put_word(size_t offset, uint64_t value)
{
    put(offset, wide ? 8 : 4, value);
}

/* Segment `number` has `size` bytes of the file from `offset` on, at `address`. */
static void put_segment(unsigned int number, uint64_t address, uint64_t offset, uint64_t size, uint32_t flags)
{
    size_t header = (wide ? 64 : 52) + number * (wide ? 56 : 32);

    put(header, 4, 1);
    put(header + (wide ? 4 : 24), 4, flags);
    put_word(header + (wide ? 8 : 4), offset);
    put_word(header + (wide ? 16 : 8), address);
    put_word(header + (wide ? 32 : 16), size);
}

static void make(bool is_wide, bool is_little, uint64_t entry, unsigned int segments)
{
    memset(file, 0, sizeof(file));
    wide = is_wide;
    little = is_little;
    memcpy(file, "\177ELF", 4);
    file[4] = wide ? 2 : 1;
    file[5] = little ? 1 : 2;
    put(18, 2, wide ? 21 : 20);
    put_word(24, entry);
    put_word(wide ? 32 : 28, wide ? 64 : 52);
    put(wide ? 54 : 42, 2, wide ? 56 : 32);
    put(wide ? 56 : 44, 2, segments);
}

/* From the heap and of the exact size, so that a step too far is seen. */
static const char *find(size_t size, struct elf_entry *entry)
{
    uint8_t *copy = malloc(size);
    const char *wrong;

    memcpy(copy, file, size);
    wrong = elf_find_entry(copy, size, entry);
    free(copy);
    return wrong;
}

static void expect_entry(uint64_t offset)
{
    struct elf_entry entry;

    CHECK(find(SIZE, &entry) == NULL);
    CHECK(entry.offset == offset);
    CHECK(entry.is_64bit == wide);
}

static void expect_wrong(const char *text)
{
    struct elf_entry entry;
    const char *wrong = find(SIZE, &entry);

    check_context = text;
    CHECK(wrong != NULL);
    CHECK(strstr(wrong, text) != NULL);
}

static void test_code(void)
{
    for (int kind = 0; kind < 4; kind++) {
        uint64_t base = (kind & 1) != 0 ? VIRTUAL : 0x10000000;

        make(kind & 1, kind & 2, base + 0x20, 2);
        put_segment(0, base + 0x1000, SEGMENT + 0x80, 0x40, 5);
        put_segment(1, base, SEGMENT, 0x80, 5);
        expect_entry(SEGMENT + 0x20);
    }
}

static void test_descriptor(void)
{
    for (int order = 0; order < 2; order++) {
        make(true, order, VIRTUAL + 0x1008, 2);
        put_segment(0, VIRTUAL, SEGMENT, 0x80, 5);
        put_segment(1, VIRTUAL + 0x1000, SEGMENT + 0x80, 0x80, 6);
        put(SEGMENT + 0x88, 8, VIRTUAL + 0x44);
        expect_entry(SEGMENT + 0x44);
        put(SEGMENT + 0x88, 8, VIRTUAL + 0x80);
        expect_wrong("descriptor leads nowhere");
    }
}

static void test_lies(void)
{
    make(true, false, VIRTUAL, 1);
    put_segment(0, VIRTUAL, SEGMENT, 0x80, 5);
    expect_entry(SEGMENT);
    put(18, 2, 62);
    expect_wrong("another processor");
    put(18, 2, 21);
    put(54, 2, 8);
    expect_wrong("none of its segments");
    put(54, 2, 56);
    put_word(24, VIRTUAL + 0x80);
    expect_wrong("none of its segments");
    put_word(24, VIRTUAL + 2);
    expect_wrong("not in the file");
    put_word(24, VIRTUAL);
    put_segment(0, VIRTUAL, UINT64_MAX - 3, 0x80, 5);
    expect_wrong("not in the file");
    put_segment(0, VIRTUAL, SEGMENT, 0x80, 5);
    put_word(32, UINT64_MAX - 8);
    expect_wrong("none of its segments");
    put_word(32, 64);
    put(56, 2, 0xffff);
    expect_entry(SEGMENT);
    put_word(24, VIRTUAL + 0x80);
    expect_wrong("none of its segments");
    file[5] = 3;
    expect_wrong("another processor");
    file[0] = 0;
    expect_wrong("no ELF file");
}

/* Every length and every byte changed: an answer, and nothing read outside. */
static void test_damage(void)
{
    struct elf_entry entry;

    make(true, true, VIRTUAL + 0x1008, 2);
    put_segment(0, VIRTUAL, SEGMENT, 0x80, 5);
    put_segment(1, VIRTUAL + 0x1000, SEGMENT + 0x80, 0x80, 6);
    put(SEGMENT + 0x88, 8, VIRTUAL + 0x44);
    for (size_t size = 0; size < SIZE; size++)
        CHECK(find(size, &entry) != NULL || entry.offset + 4 <= size);
    for (size_t at = 0; at < 0x200; at++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            file[at] ^= (uint8_t)(1 << bit);
            CHECK(find(SIZE, &entry) != NULL || entry.offset <= SIZE - 4);
            file[at] ^= (uint8_t)(1 << bit);
        }
    }
}

int main(void)
{
    test_code();
    test_descriptor();
    test_lies();
    test_damage();
    return 0;
}
