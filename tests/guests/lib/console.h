/* SPDX-License-Identifier: BSD-2-Clause */
/* The domain's virtual terminal. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdarg.h>
#include <stdint.h>

/* %s, %c, and d, u, x with optional zero padding, width and l; '\n' goes out as "\r\n" and sends what is buffered. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Sends what print() holds back until a line is complete. */
void console_flush(void);

/* Unit address of the terminal, from the tree. */
uint64_t console_unit(void);

#endif
