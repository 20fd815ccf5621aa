/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor that hv_standins/cpu.h declares; included once, by the test. */
#ifndef TESTS_NATIVE_HV_PROCESSOR_H
#define TESTS_NATIVE_HV_PROCESSOR_H

#include <sanitizer/asan_interface.h>
#include <string.h>

#include "check.h"
#include "cpu.h"

struct standin_processor processor;

void cpu_clear(void *at, uint64_t size)
{
    CHECK((uintptr_t)at % 128 == 0 && size % 128 == 0);
    memset(at, 0, size);
}

void cpu_sync_icache(const void *at, uint64_t size)
{
    CHECK(__asan_region_is_poisoned((void *)(uintptr_t)at, size) == NULL);
    processor.icache_syncs++;
    processor.icache_at = at;
    processor.icache_size = size;
}

#endif
