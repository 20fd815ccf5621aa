/* SPDX-License-Identifier: BSD-2-Clause */
/* Why the stub does not go on: a number for machines, a sentence for people. */
#ifndef STUB_REFUSAL_H
#define STUB_REFUSAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFUSAL_TEXT_SIZE 160

struct refusal {
    uint32_t reason; /* STUB_REASON_* */
    char text[REFUSAL_TEXT_SIZE];
};

/* Fill `refusal` and return false, so that a check ends with `return refuse(...)`.
 * `format` knows what text_format() knows. */
bool refuse(struct refusal *refusal, uint32_t reason, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Write `format` into `buffer`, NUL-terminated and cut to `size` bytes (at least 1).  Conversions: %s, %lu (decimal)
 * and %lx (hexadecimal); anything else is copied as it is. */
void text_format(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
void text_format_list(char *buffer, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
