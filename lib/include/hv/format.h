/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HV_FORMAT_H
#define HV_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * The printf subset of the hypervisor: %c %s %d %u %x %% with flags 0 and -, a width, a precision for %s, and the
 * sizes l, ll, z (all 64 bits here). Writes at most size bytes, NUL included; returns the length that was written.
 */
size_t format_text(char *to, size_t size, const char *format, va_list arguments);

size_t format(char *to, size_t size, const char *text, ...) __attribute__((format(printf, 3, 4)));

#endif
