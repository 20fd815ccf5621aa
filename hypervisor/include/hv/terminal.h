/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's console. The focused domain's characters go to the machine's console as they come; every other domain's,
 * and its own while the prompt is in use, go out a line at a time behind its name. Nothing is dropped: a writer that finds no room is told so.
 */
#ifndef HV_TERMINAL_H
#define HV_TERMINAL_H

#include "hv/ring.h"
#include "hv/types.h"

#define TERMINAL_LINE 256

struct terminal {
    struct ring input; /* typed, not yet read by the guest */
    char line[TERMINAL_LINE];
    size_t line_length;
};

struct domain;

/* Takes all of the characters or none; false when there is no room now. */
bool terminal_write(struct domain *domain, const char *text, size_t size);

/* Hands out up to size typed characters. */
size_t terminal_read(struct domain *domain, char *text, size_t size);

#endif
