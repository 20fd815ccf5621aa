/* SPDX-License-Identifier: BSD-2-Clause */
/* The one console: our own messages, and OPAL's terminal 0. */
#ifndef OPAL_CONSOLE_H
#define OPAL_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints a line beginning with "opal: " and waits until the hardware has it; format as in hv/format.h. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why and stops this processor for good. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For a processor that took an exception, perhaps inside the console, and will do nothing but report it: its lines stay
 * together, and everybody else waits until it gives the console back.  False when it has the console already: the
 * exception came in the middle of a report. */
bool console_seize(void);
void console_give_back(void);

/* Moves what waits in the ring to the hardware as far as it takes it; returns whether the ring is empty now. */
bool console_pump(void);

/* Something was typed that nobody has read yet. */
bool console_has_input(void);

#endif
