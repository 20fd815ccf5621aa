/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a processor around one OPAL call; for C and assembly. */
#ifndef GUEST_OPAL_FRAME_H
#define GUEST_OPAL_FRAME_H

/* Offsets in struct opal_frame. */
#define OPAL_FRAME_IN 0
#define OPAL_FRAME_OUT 256
#define OPAL_FRAME_CR_IN 512
#define OPAL_FRAME_CR_OUT 520
#define OPAL_FRAME_MSR_IN 528
#define OPAL_FRAME_MSR_OUT 536
#define OPAL_FRAME_SIZE 544

/* Stacks: the one we begin on, one per processor of PROCESSOR_MAX, and one to report an unexpected interrupt on. */
#define STACK_SIZE 0x4000
#define STACK_COUNT 10

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* General registers 0 to 31 before and after; r1 and r2 are set by opal_run() and r11, r12 are free for the way in. */
struct opal_frame {
    uint64_t in[32];
    uint64_t out[32];
    uint64_t cr_in;
    uint64_t cr_out;
    uint64_t msr_in;  /* without MSR_LE, which is off in any case */
    uint64_t msr_out; /* the first thing read after the return */
};

_Static_assert(offsetof(struct opal_frame, out) == OPAL_FRAME_OUT, "frame.h");
_Static_assert(offsetof(struct opal_frame, msr_out) == OPAL_FRAME_MSR_OUT, "frame.h");
_Static_assert(sizeof(struct opal_frame) == OPAL_FRAME_SIZE, "frame.h");
#endif

#endif
