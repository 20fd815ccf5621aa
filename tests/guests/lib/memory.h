/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library's memory functions that the compiler expects, and strings of the device tree. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memset(void *target, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
bool text_equal(const char *left, const char *right);
bool text_starts(const char *text, const char *prefix);

/* Guest-physical memory as C sees it; a separate function so that the compiler knows nothing of address 0. */
void *real_memory(uint64_t address);

#endif
