/* SPDX-License-Identifier: BSD-2-Clause */
/* Between entry.S and stub.c. */
#ifndef STUB_STUB_H
#define STUB_STUB_H

#define ENTRY_R3 0x00
#define ENTRY_R4 0x08
#define ENTRY_CLIENT 0x10
#define ENTRY_MAGIC 0x18
#define ENTRY_OPAL_BASE 0x20
#define ENTRY_OPAL_ENTRY 0x28
#define ENTRY_MSR 0x30
#define ENTRY_LOAD_BASE 0x38
#define ENTRY_STUB_SIZE 0x40
#define ENTRY_SCRATCH_OFFSET 0x48
#define ENTRY_SCRATCH_RESIDUE 0x50
#define ENTRY_SIZE 0x60

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* The state at the stub's first instruction; entry.S fills it in. */
struct stub_entry {
    uint64_t r3;              /* the flat device tree; from Open Firmware the initrd's address or 0 */
    uint64_t r4;              /* from Open Firmware the initrd's bytes */
    uint64_t client;          /* r5: Open Firmware's client interface, or 0 */
    uint64_t magic;           /* r6 */
    uint64_t opal_base;       /* r8 */
    uint64_t opal_entry;      /* r9 */
    uint64_t msr;             /* the firmware's, in which its client interface must be called */
    uint64_t load_base;       /* where the image is */
    uint64_t stub_size;       /* bytes */
    uint64_t scratch_offset;  /* bytes from load_base */
    uint64_t scratch_residue; /* all words of the scratch area, or-ed before it was cleared */
    uint64_t unused;          /* keeps the stack aligned */
};
_Static_assert(offsetof(struct stub_entry, r3) == ENTRY_R3, "r3");
_Static_assert(offsetof(struct stub_entry, r4) == ENTRY_R4, "r4");
_Static_assert(offsetof(struct stub_entry, client) == ENTRY_CLIENT, "client");
_Static_assert(offsetof(struct stub_entry, magic) == ENTRY_MAGIC, "magic");
_Static_assert(offsetof(struct stub_entry, opal_base) == ENTRY_OPAL_BASE, "opal_base");
_Static_assert(offsetof(struct stub_entry, opal_entry) == ENTRY_OPAL_ENTRY, "opal_entry");
_Static_assert(offsetof(struct stub_entry, msr) == ENTRY_MSR, "msr");
_Static_assert(offsetof(struct stub_entry, load_base) == ENTRY_LOAD_BASE, "load_base");
_Static_assert(offsetof(struct stub_entry, stub_size) == ENTRY_STUB_SIZE, "stub_size");
_Static_assert(offsetof(struct stub_entry, scratch_offset) == ENTRY_SCRATCH_OFFSET, "scratch_offset");
_Static_assert(offsetof(struct stub_entry, scratch_residue) == ENTRY_SCRATCH_RESIDUE, "scratch_residue");
_Static_assert(sizeof(struct stub_entry) == ENTRY_SIZE, "size");

/* stub.c: everything between the firmware and the hypervisor. */
_Noreturn void stub_main(const struct stub_entry *entry);

/* entry.S: make fresh instructions in [start, end) visible to instruction fetch; `start` is a multiple of CACHE_STEP. */
void code_publish(const void *start, const void *end);

/* entry.S: leave for the hypervisor with its registers as docs/boot-protocol.md says. */
_Noreturn void hypervisor_enter(uint64_t tree, uint64_t entry, uint64_t opal_base, uint64_t opal_entry);

/* entry.S: nothing is left to do. */
_Noreturn void processor_stop(void);

/* entry.S: OPAL's calling convention around the call `token` with three arguments; returns OPAL's result. */
int64_t opal_call(uint64_t token, uint64_t first, uint64_t second, uint64_t third, uint64_t base, uint64_t entry);

/* openfirmware.S: call the client interface at `client` in the firmware's mode `msr` with the array of cells. */
void client_enter(void *cells, uint64_t client, uint64_t msr);
#endif

#endif
