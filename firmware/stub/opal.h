/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's console through OPAL; silent until opal_console_open(). */
#ifndef STUB_OPAL_H
#define STUB_OPAL_H

#include <stdint.h>

/* Use the OPAL at `base` with its entry at `entry`, both physical. */
void opal_console_open(uint64_t base, uint64_t entry);

/* Write `text` and wait until the console has taken it. */
void opal_console_write(const char *text);

#endif
