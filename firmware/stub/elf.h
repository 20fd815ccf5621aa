/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's ELF64, of either endianness. */
#ifndef STUB_ELF_H
#define STUB_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "range.h"
#include "refusal.h"

#define ELF_MAX_SEGMENTS 16

/* One PT_LOAD with memory; all in bytes. */
struct elf_segment {
    uint64_t offset;      /* in the file */
    uint64_t file_size;
    uint64_t virtual_base;
    struct range physical;
    bool executable;
};

struct elf {
    uint64_t entry; /* physical address of the first instruction */
    size_t segment_count;
    struct elf_segment segments[ELF_MAX_SEGMENTS];
};

/* Read the ELF64 in [bytes, bytes + size); false with STUB_REASON_BAD_HYPERVISOR when it is not sound. */
bool elf_read(const uint8_t *bytes, uint64_t size, struct elf *elf, struct refusal *refusal);

/* Check that every segment's target is in `memory` and not in `taken`; false with STUB_REASON_MEMORY. */
bool elf_check_targets(const struct elf *elf, const struct range_set *memory, const struct range_set *taken,
                       struct refusal *refusal);

/* Copy the segments to their targets and clear what the file does not fill; no check is left to do. */
void elf_load(const struct elf *elf, const uint8_t *bytes);

#endif
