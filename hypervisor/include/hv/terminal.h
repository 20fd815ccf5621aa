/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's console. The focused domain's characters go to the machine's console as they come. Every other
 * domain's, and its own while the prompt is in use, go out as whole lines behind its name, without carriage
 * returns and with '?' for control characters. A writer that finds no room is told so and tries again.
 */
#ifndef HV_TERMINAL_H
#define HV_TERMINAL_H

#include "hv/ring.h"
#include "hv/types.h"

#define TERMINAL_LINE 256

struct terminal {
    struct ring input;  /* typed, not yet read by the guest */
    uint64_t read_time; /* time base value when the guest last asked for input */
    uint64_t line_time; /* and when it last wrote into the line */
    size_t line_length;
    char line[TERMINAL_LINE];
};

struct domain;

/* Takes all of the characters or none; false when there is no room now. */
bool terminal_write(struct domain *domain, const char *text, size_t size);

/* Hands out up to size typed characters. */
size_t terminal_read(struct domain *domain, char *text, size_t size);

/* The domain starts or stops: shows what it wrote last and forgets what it did not read. */
void terminal_end(struct domain *domain);

#endif
