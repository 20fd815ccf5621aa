/* SPDX-License-Identifier: BSD-2-Clause */
/* The place where the firmware decides whether to start what was loaded, and says so. */
#ifndef OPAL_GATE_H
#define OPAL_GATE_H

#include <stdbool.h>

/* Judges what the machine loaded at PAYLOAD_BASE, measures it and writes both into the tree.  True for an image of ours
 * that may be started, at IMAGE_FILE_OFFSET: what its ELF header says is not signed.  False for something else that only
 * an unlocked firmware may try.  Does not return from a refusal. */
bool gate_pass(void *tree);

#endif
