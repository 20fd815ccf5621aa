/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments for the fuzzer: for each hypercall what would be right, and in its place often something at a boundary or wild. */
#ifndef GUEST_FUZZ_ARGUMENTS_H
#define GUEST_FUZZ_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/random.h"

#define FUZZ_KINDS 31

/* Takes the arena out of the pattern; before pattern_fill(). */
void fuzz_init(void);

/* Registers r3 to r11 of the next call; returns its kind, below FUZZ_KINDS. */
unsigned fuzz_arguments(struct random *random, uint64_t in[9]);

const char *fuzz_name(unsigned kind);

/* Some always refuse: unknown numbers, and what one processor alone cannot do. */
bool fuzz_can_succeed(unsigned kind);

#endif
