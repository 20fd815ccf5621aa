/* SPDX-License-Identifier: BSD-2-Clause */
/* Open Firmware's device tree as a flat one. */
#ifndef STUB_FLATTEN_H
#define STUB_FLATTEN_H

#include <stdint.h>

#include "refusal.h"

enum flatten_result {
    FLATTEN_DONE,
    FLATTEN_FULL,   /* needs more room */
    FLATTEN_FAILED, /* `refusal` is filled */
};

/* Write every node and property into [buffer, buffer + size), in the firmware's order, with an empty reservation map.
 * The property `name` is left out, the nodes' names have it; `phandle` is added to nodes that have none. */
enum flatten_result flatten_tree(void *buffer, uint32_t size, struct refusal *refusal);

#endif
