/* SPDX-License-Identifier: BSD-2-Clause */
/* C11's <limits.h> as far as our freestanding programs need it; GCC's own asks for a hosted C library's. */
#ifndef HV_LIMITS_H
#define HV_LIMITS_H

#define CHAR_BIT __CHAR_BIT__
#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX (2U * INT_MAX + 1U)
#define LONG_MAX __LONG_MAX__
#define LONG_MIN (-LONG_MAX - 1L)
#define ULONG_MAX (2UL * LONG_MAX + 1UL)

#endif
