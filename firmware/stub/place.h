/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for what the stub makes. */
#ifndef STUB_PLACE_H
#define STUB_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "range.h"
#include "refusal.h"

struct places {
    struct range_set memory; /* all there is */
    struct range_set used;   /* never handed out */
    struct range_set free;   /* working space of place_find() */
    uint64_t limit;          /* nothing is handed out from this address on */
};

/* Find `size` bytes for `what`, page aligned, that nobody uses: best the first from address `from` on, else the first
 * above 1 MiB, because hypervisors have their vectors below.  The place counts as used then, and is claimed from Open
 * Firmware. */
bool place_find(struct places *places, const char *what, uint64_t size, uint64_t from, uint64_t *base,
                struct refusal *refusal);

#endif
