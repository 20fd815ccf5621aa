/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt sources by number: whoever drives some of them registers a range here; OPAL's calls find it. */
#ifndef OPAL_SOURCES_H
#define OPAL_SOURCES_H

#include <stdint.h>

#define PRIORITY_MASKED 0xff

/* Sources first, first + 1, ..., first + count - 1.  `server` is as in OPAL: the processor's number shifted left by two;
 * there is such a processor unless the priority is PRIORITY_MASKED.  `data` is the owner's. */
struct source_range {
    uint32_t first;
    uint32_t count;
    int64_t (*set_xive)(const struct source_range *range, uint32_t source, uint16_t server, uint8_t priority);
    int64_t (*get_xive)(const struct source_range *range, uint32_t source, uint16_t *server, uint8_t *priority);
    /* Looks after what the firmware itself has to do for a source that fired; may be NULL. */
    void (*handle)(const struct source_range *range, uint32_t source);
    void *data;
};

/* While the machine starts; `range` stays where it is.  Ranges do not overlap. */
void sources_register(const struct source_range *range);

#endif
