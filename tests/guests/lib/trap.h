/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions of the guest: handlers that return, and catching an expected one. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "regs.h"

/* Offsets in struct trap_frame for start.S. */
#define TRAP_SRR0 256
#define TRAP_SRR1 264
#define TRAP_LR 272
#define TRAP_CTR 280
#define TRAP_CR 288
#define TRAP_XER 296
#define TRAP_DAR 304
#define TRAP_DSISR 312
#define TRAP_VECTOR 320
#define TRAP_FRAME_SIZE 336

/* Added to the vector in a frame when it was taken at 0xc000000000004000. */
#define TRAP_RELOCATED 1

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* The interrupted state; start.S fills it, and resumes from it when the handler returns. */
struct trap_frame {
    uint64_t gpr[32];
    uint64_t srr0;
    uint64_t srr1;
    uint64_t lr;
    uint64_t ctr;
    uint64_t cr;
    uint64_t xer;
    uint64_t dar;
    uint64_t dsisr;
    uint64_t vector;
    uint64_t unused;
};

/* What a caught exception left; vector is 0 when there was none. */
struct trap {
    uint64_t vector;
    uint64_t srr0;
    uint64_t srr1;
    uint64_t dar;
    uint64_t dsisr;
    bool is_relocated; /* taken with translation on, by LPCR[AIL] = 3 */
};

typedef void trap_handler(struct trap_frame *frame);
typedef void trap_body(uint64_t argument);

/* Installs a handler for one vector, or removes it (NULL); it goes before trap_catch and returns to the interrupted code. */
void trap_set_handler(uint64_t vector, trap_handler *handler);

/* Runs body(argument) and returns the exception that ended it. Does not nest. */
struct trap trap_catch(trap_body *body, uint64_t argument);

/* As trap_catch, with body in problem state, translation and interrupts on: mmu_map_identity() first.
 * A body that returns ends with a system call, so vector is 0xc00 then. */
struct trap trap_catch_user(trap_body *body, uint64_t argument);

/* Bodies and shorthands for single accesses. */
struct trap trap_load(uint64_t address);
struct trap trap_store(uint64_t address, uint64_t value);
struct trap trap_execute(uint64_t address);

/* Runs one instruction from a buffer; *address tells where it was. */
struct trap trap_instruction(uint32_t word, uint64_t *address);
struct trap trap_instruction_user(uint32_t word, uint64_t *address);

/* Makes stores into instructions visible to the fetch. */
void instructions_changed(const void *start, uint64_t size);

/* The ordinary exception vector over the entry point at 0x100; called once at start-up. */
void trap_init(void);

#endif /* __ASSEMBLER__ */

#endif
