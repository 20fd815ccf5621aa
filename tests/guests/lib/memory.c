/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    uint8_t *to = target;
    const uint8_t *from = source;

    for (size_t i = 0; i < size; i++)
        to[i] = from[i];
    return target;
}

void *memset(void *target, int byte, size_t size)
{
    uint8_t *to = target;

    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)byte;
    return target;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *a = left;
    const uint8_t *b = right;

    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

bool text_equal(const char *left, const char *right)
{
    return strlen(left) == strlen(right) && text_starts(left, right);
}

bool text_starts(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return false;
    return true;
}

void *real_memory(uint64_t address)
{
    __asm__("" : "+r"(address));
    return (void *)address;
}
