/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library functions a freestanding program cannot do without; 64-bit words where alignment allows.
 * Compile with -fno-tree-loop-distribute-patterns, or GCC turns these loops into calls of themselves. */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE sizeof(uint64_t)

typedef uint64_t __attribute__((may_alias)) word_t;

/* True when both addresses reach a word boundary after the same number of bytes. */
static bool is_aligned_alike(const void *left, const void *right)
{
    return (((uintptr_t)left ^ (uintptr_t)right) % WORD_SIZE) == 0;
}

static void copy_upwards(unsigned char *to, const unsigned char *from, size_t size)
{
    if (is_aligned_alike(to, from)) {
        for (; size > 0 && (uintptr_t)to % WORD_SIZE != 0; size--)
            *to++ = *from++;
        for (; size >= 4 * WORD_SIZE; size -= 4 * WORD_SIZE) {
            word_t first = ((const word_t *)from)[0];
            word_t second = ((const word_t *)from)[1];
            word_t third = ((const word_t *)from)[2];
            word_t fourth = ((const word_t *)from)[3];

            ((word_t *)to)[0] = first;
            ((word_t *)to)[1] = second;
            ((word_t *)to)[2] = third;
            ((word_t *)to)[3] = fourth;
            to += 4 * WORD_SIZE;
            from += 4 * WORD_SIZE;
        }
        for (; size >= WORD_SIZE; size -= WORD_SIZE) {
            *(word_t *)to = *(const word_t *)from;
            to += WORD_SIZE;
            from += WORD_SIZE;
        }
    }
    while (size-- > 0)
        *to++ = *from++;
}

static void copy_downwards(unsigned char *to, const unsigned char *from, size_t size)
{
    if (is_aligned_alike(to, from)) {
        for (; size > 0 && ((uintptr_t)to + size) % WORD_SIZE != 0; size--)
            to[size - 1] = from[size - 1];
        for (; size >= WORD_SIZE; size -= WORD_SIZE)
            *(word_t *)(to + size - WORD_SIZE) = *(const word_t *)(from + size - WORD_SIZE);
    }
    for (; size > 0; size--)
        to[size - 1] = from[size - 1];
}

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    copy_upwards(target, source, size);
    return target;
}

void *memmove(void *target, const void *source, size_t size)
{
    if ((uintptr_t)target - (uintptr_t)source < size)
        copy_downwards(target, source, size);
    else
        copy_upwards(target, source, size);
    return target;
}

void *memset(void *target, int value, size_t size)
{
    unsigned char *to = target;
    unsigned char byte = (unsigned char)value;
    word_t word = byte * UINT64_C(0x0101010101010101);

    for (; size > 0 && (uintptr_t)to % WORD_SIZE != 0; size--)
        *to++ = byte;
    for (; size >= 4 * WORD_SIZE; size -= 4 * WORD_SIZE) {
        ((word_t *)to)[0] = word;
        ((word_t *)to)[1] = word;
        ((word_t *)to)[2] = word;
        ((word_t *)to)[3] = word;
        to += 4 * WORD_SIZE;
    }
    while (size-- > 0)
        *to++ = byte;
    return target;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left;
    const unsigned char *b = right;

    for (; size > 0; size--, a++, b++) {
        if (*a != *b)
            return *a < *b ? -1 : 1;
    }
    return 0;
}

void *memchr(const void *bytes, int value, size_t size)
{
    const unsigned char *from = bytes;

    for (; size > 0; size--, from++) {
        if (*from == (unsigned char)value)
            return (void *)(uintptr_t)from;
    }
    return NULL;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0')
        length++;
    return length;
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;

    while (length < limit && text[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (; limit > 0; limit--, left++, right++) {
        if (*left != *right)
            return (unsigned char)*left < (unsigned char)*right ? -1 : 1;
        if (*left == '\0')
            break;
    }
    return 0;
}

char *strchr(const char *text, int value)
{
    return memchr(text, value, strlen(text) + 1);
}

char *strrchr(const char *text, int value)
{
    for (size_t left = strlen(text) + 1; left > 0; left--) {
        if (text[left - 1] == (char)value)
            return (char *)(uintptr_t)(text + left - 1);
    }
    return NULL;
}

/* The value of `character` as a digit, or UINT_MAX. */
static unsigned int digit_value(char character)
{
    if (character >= '0' && character <= '9')
        return (unsigned int)(character - '0');
    if (character >= 'a' && character <= 'z')
        return (unsigned int)(character - 'a') + 10;
    if (character >= 'A' && character <= 'Z')
        return (unsigned int)(character - 'A') + 10;
    return UINT_MAX;
}

unsigned long strtoul(const char *text, char **end, int base)
{
    unsigned long value = 0;
    unsigned long radix = (unsigned long)base;
    const char *next = text;
    const char *stop = text;
    bool overflow = false;

    if ((base == 0 || base == 16) && next[0] == '0' && (next[1] | 0x20) == 'x' && digit_value(next[2]) < 16) {
        next += 2;
        radix = 16;
    } else if (base == 0) {
        radix = next[0] == '0' ? 8 : 10;
    }
    for (; digit_value(*next) < radix; next++) {
        unsigned long digit = digit_value(*next);

        overflow = overflow || value > (ULONG_MAX - digit) / radix;
        value = value * radix + digit;
        stop = next + 1;
    }
    if (end != NULL)
        *end = (char *)(uintptr_t)stop;
    return overflow ? ULONG_MAX : value;
}
