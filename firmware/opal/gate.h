/* SPDX-License-Identifier: BSD-2-Clause */
/* The place where the firmware decides whether to start what was loaded, and says so. */
#ifndef OPAL_GATE_H
#define OPAL_GATE_H

#include "elf_entry.h"

/* Judges what the machine loaded at PAYLOAD_BASE, measures it and writes both into the tree.  Says where to enter it: an
 * image of ours at IMAGE_FILE_OFFSET, because what its ELF header says is not signed; a kernel, which only an unlocked
 * firmware starts, where its ELF header says.  Does not return from a refusal. */
struct elf_entry gate_pass(void *tree);

#endif
