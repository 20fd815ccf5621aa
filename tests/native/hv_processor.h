/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor that hv_standins/cpu.h declares; included once, by the test. */
#ifndef TESTS_NATIVE_HV_PROCESSOR_H
#define TESTS_NATIVE_HV_PROCESSOR_H

#include <string.h>

#include "cpu.h"

struct standin_processor processor;

void cpu_sync_icache(const void *at, uint64_t size)
{
    static uint8_t sink[4096];

    for (uint64_t done = 0; done < size; done += sizeof(sink)) {
        memcpy(sink, (const uint8_t *)at + done, size - done < sizeof(sink) ? size - done : sizeof(sink));
    }
    processor.icache_syncs++;
    processor.icache_at = at;
    processor.icache_size = size;
}

#endif
