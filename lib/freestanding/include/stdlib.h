/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of C11's <stdlib.h> that libfdt uses; string.c implements it. */
#ifndef HV_STDLIB_H
#define HV_STDLIB_H

#include <stddef.h>

/* Bases 2 to 36, or 0 for C's prefixes 0 and 0x.  No sign, no leading blanks; overflow gives ULONG_MAX. */
unsigned long strtoul(const char *text, char **end, int base);

#endif
