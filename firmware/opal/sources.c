/* SPDX-License-Identifier: BSD-2-Clause */
#include "sources.h"

#include <stddef.h>

#include "calls.h"
#include "console.h"
#include "cpus.h"
#include "poll.h"

#define MAX_RANGES 16
#define SERVER_LINK_BITS 2

static const struct source_range *ranges[MAX_RANGES];
static unsigned int range_count;

void sources_register(const struct source_range *range)
{
    if (range_count == MAX_RANGES) {
        give_up("more than %u ranges of interrupt sources", MAX_RANGES);
    }
    ranges[range_count++] = range;
}

static const struct source_range *range_find(uint64_t source)
{
    for (unsigned int i = 0; i < range_count; i++) {
        if (source >= ranges[i]->first && source - ranges[i]->first < ranges[i]->count) {
            return ranges[i];
        }
    }
    return NULL;
}

/* OPAL_SET_XIVE: where a source goes and how urgent it is. */
int64_t opal_set_xive(uint64_t source, uint64_t server, uint64_t priority)
{
    const struct source_range *range = range_find(source);

    if (range == NULL || server > UINT16_MAX || priority > UINT8_MAX) {
        return OPAL_PARAMETER;
    }
    if (priority != PRIORITY_MASKED && cpu_find(server >> SERVER_LINK_BITS) == NULL) {
        return OPAL_PARAMETER;
    }
    return range->set_xive(range, (uint32_t)source, (uint16_t)server, (uint8_t)priority);
}

/* OPAL_GET_XIVE: the server as 16 bits, the priority as 8. */
int64_t opal_get_xive(uint64_t source, uint64_t server_address, uint64_t priority_address)
{
    const struct source_range *range = range_find(source);
    uint16_t server;
    uint8_t priority;
    int64_t result;

    if (range == NULL) {
        return OPAL_PARAMETER;
    }
    result = range->get_xive(range, (uint32_t)source, &server, &priority);
    if (result != OPAL_SUCCESS) {
        return result;
    }
    result = caller_put_u16(server_address, server);
    return result == OPAL_SUCCESS ? caller_put_u8(priority_address, priority) : result;
}

/* OPAL_HANDLE_INTERRUPT: a source of the firmware's own fired; what has happened goes to `events`. */
int64_t opal_handle_interrupt(uint64_t source, uint64_t events)
{
    const struct source_range *range = range_find(source);

    if (range == NULL) {
        return OPAL_PARAMETER;
    }
    if (range->handle != NULL) {
        range->handle(range, (uint32_t)source);
    }
    return events == 0 ? OPAL_SUCCESS : caller_put_u64(events, events_pending());
}
