/* SPDX-License-Identifier: BSD-2-Clause */
#include "arena.h"

#include <string.h>

#include "config.h"
#include "console.h"
#include "hv/types.h"

extern char __arena[];
static size_t used;

void *arena_alloc(size_t size, size_t align)
{
    uintptr_t base = (uintptr_t)__arena;
    size_t start = align_up(base + used, align) - base;

    if (start > ARENA_SIZE || size > ARENA_SIZE - start) {
        give_up("the arena is too small for another %zu bytes, %zu of %u are in use", size, used, ARENA_SIZE);
    }
    used = start + size;
    memset(__arena + start, 0, size);
    return __arena + start;
}
