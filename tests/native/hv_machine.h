/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine memory for native tests: MACHINE_EXTENTS extents of 16 MiB at the very addresses that the hypervisor's
 * identity cast turns into pointers. Low enough to lie below the address sanitizer's shadow, so that single ranges of
 * it can be made out of bounds.
 */
#ifndef TESTS_NATIVE_HV_MACHINE_H
#define TESTS_NATIVE_HV_MACHINE_H

#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <sys/mman.h>

#include "check.h"

#define MACHINE_EXTENT_SHIFT 24
#define MACHINE_EXTENT_SIZE (UINT64_C(1) << MACHINE_EXTENT_SHIFT)
#define MACHINE_FIRST 16u
#define MACHINE_EXTENTS 64u
#define MACHINE_BASE ((uint64_t)MACHINE_FIRST << MACHINE_EXTENT_SHIFT)
#define MACHINE_END (MACHINE_BASE + ((uint64_t)MACHINE_EXTENTS << MACHINE_EXTENT_SHIFT))

static inline void *machine_pointer(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

/* From now on any access to [base, base + size) of the machine ends the test, or is allowed again. */
static inline void machine_forbid(uint64_t base, uint64_t size)
{
    ASAN_POISON_MEMORY_REGION(machine_pointer(base), size);
}

static inline void machine_allow(uint64_t base, uint64_t size)
{
    ASAN_UNPOISON_MEMORY_REGION(machine_pointer(base), size);
}

/* Zeros everywhere, all of it allowed. */
static inline void machine_init(void)
{
    void *mapped = mmap(machine_pointer(MACHINE_BASE), MACHINE_END - MACHINE_BASE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    CHECK(mapped == machine_pointer(MACHINE_BASE));
    machine_allow(MACHINE_BASE, MACHINE_END - MACHINE_BASE);
}

#endif
