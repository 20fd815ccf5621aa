/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time base is the machine's, and on POWER8 only the hypervisor may set it (Power ISA 2.07, Book III-S 7.2). QEMU 7.2
 * lets every guest. It also counts PURR as it counts the time base, and that no guest can set: the two tell.
 */
#ifndef ARCH_TIMEBASE_H
#define ARCH_TIMEBASE_H

#include <stdbool.h>

/* Once per processor of an emulated machine: notes how far the two are apart. Without it nothing is ever wrong. */
void timebase_guard(void);

/* True, with the time base put right, when a guest has set it on this processor since the last call. */
bool timebase_restore(void);

#endif
