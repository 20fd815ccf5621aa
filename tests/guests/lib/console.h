/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatted text for a terminal: the domain's virtual one (console.c), or OPAL's (opal/console_opal.c). */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdarg.h>
#include <stdint.h>

/* %s, %c, and d, u, x with optional zero padding, width and l; '\n' goes out as "\r\n" and sends what is buffered. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* One character as it is; what is held back is sent when there is enough of it. */
void console_put(char c);

/* Sends what print() holds back until a line is complete. */
void console_flush(void);

/* Unit address of the terminal, from the tree. */
uint64_t console_unit(void);

#endif
