/* SPDX-License-Identifier: BSD-2-Clause */
/* What a platform puts into struct platform for a thing that its machine does not have. */
#ifndef PLATFORM_SILENT_H
#define PLATFORM_SILENT_H

#include "hv/platform.h"

/* Takes every character and forgets it; gives none. */
size_t silent_write(const char *text, size_t size);
size_t silent_read(char *text, size_t size);

void silent_action(void);
void silent_interrupts_init(const void *fdt);
void silent_interrupt(bool on);
bool silent_clock(struct calendar *now);
bool silent_random(uint64_t *value);

extern const struct platform silent_platform;

/* All that a platform is without on which only text and power are driven. */
#define SILENT_DEVICES \
    .console_read = silent_read, .console_flush = silent_action, .poll = silent_action, \
    .interrupts_init = silent_interrupts_init, .self_interrupt = silent_interrupt, .clock_read = silent_clock, \
    .random = silent_random

#endif
