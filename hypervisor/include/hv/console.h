/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's one console, shared by the hypervisor's messages, its prompt and the domains' terminals. Three times
 * Ctrl-A moves the keyboard between the focused domain and the prompt.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct domain;

/* A message of the hypervisor: starts on a line of its own behind "(hv) ". The text ends with \n. */
void hv_print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* The same without the mark, for tables and the prompt's own output. */
void hv_print_plain(const char *text, ...) __attribute__((format(printf, 1, 2)));

/*
 * Moves what is queued to the machine and takes what was typed. Called at every tick and from terminal calls. True
 * when more is likely to move soon: a serial port holds sixteen bytes, so the next call should not be a whole tick
 * away.
 */
bool console_poll(void);

/* Waits until everything written has left the machine. */
void console_flush(void);

/* For the last words of a dying hypervisor, which may have died holding the console. */
void console_seize(void);

/* Who gets what is typed, and whose output goes out as it is. */
void console_focus(struct domain *domain);

#endif
