/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's own names, from a table that the makefile fills in after a first link. */
#ifndef OPAL_SYMBOLS_H
#define OPAL_SYMBOLS_H

#include <stdint.h>

/* The function that holds `address`, and how far into it; NULL outside of the firmware's code. */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
