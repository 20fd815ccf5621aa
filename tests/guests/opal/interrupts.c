/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt sources of the processor's service interface (PSI): routing, masking, and what OPAL does with them. */
#include "../../../abi/types.h"
#include "../lib/fdt.h"
#include "../lib/memory.h"
#include "../lib/regs.h"
#include "cases.h"

#define PSI_FIRST 16
#define PSI_COUNT 6
#define MASKED 0xff

/* The server as a call takes it: two bits for a link that nothing has. */
#define LINK_SHIFT 2

/* Above every processor of the machine. */
#define NO_SERVER (0x7f8 << LINK_SHIFT)

struct route {
    int64_t status;
    uint8_t bytes[4]; /* the server, two bytes big-endian; the priority; one that must stay */
};

static struct route route_get(uint64_t source)
{
    struct route route = {.bytes = {0xee, 0xee, 0xee, 0xee}};

    route.status = OPAL(OPAL_GET_XIVE, source, opal_address(route.bytes), opal_address(route.bytes + 2));
    return route;
}

static bool route_is(struct route route, uint64_t server, uint64_t priority)
{
    return route.status == OPAL_SUCCESS && (uint64_t)(route.bytes[0] << 8 | route.bytes[1]) == server &&
           route.bytes[2] == priority;
}

static void check_source(unsigned number)
{
    uint64_t source = PSI_FIRST + number;
    uint64_t server = SPR_READ(1023) << LINK_SHIFT;
    struct route route = route_get(source);

    check_answer(route.status, OPAL_SUCCESS, "OPAL_GET_XIVE: PSI source %u", number);
    check_equal(route.bytes[3], 0xee, "OPAL_GET_XIVE: PSI source %u, size of what it stores", number);
    check_answer(OPAL(OPAL_SET_XIVE, source, server, 7), OPAL_SUCCESS, "OPAL_SET_XIVE: PSI source %u", number);
    check_true(route_is(route_get(source), server, 7), "OPAL_GET_XIVE: PSI source %u, what was set", number);
    check_answer(OPAL(OPAL_SET_XIVE, source, server, MASKED), OPAL_SUCCESS,
                 "OPAL_SET_XIVE: PSI source %u, masked", number);
    check_true(route_is(route_get(source), server, MASKED), "OPAL_GET_XIVE: PSI source %u, masked", number);
}

static void check_handling(void)
{
    const uint64_t external = PSI_FIRST + PSI_COUNT - 1;
    be64_t events;
    const struct opal_case cases[] = {
        {"OPAL_HANDLE_INTERRUPT: external, nowhere to put events", OPAL_HANDLE_INTERRUPT, {external}, OPAL_SUCCESS},
        {"OPAL_HANDLE_INTERRUPT: bad address", OPAL_HANDLE_INTERRUPT, {external, OPAL_NO_ADDRESS}, OPAL_PARAMETER},
        {"OPAL_HANDLE_INTERRUPT: no memory there", OPAL_HANDLE_INTERRUPT, {external, OPAL_NO_MEMORY}, OPAL_PARAMETER},
        {"OPAL_HANDLE_INTERRUPT: unknown source", OPAL_HANDLE_INTERRUPT,
         {0xfffff, opal_address(&events)}, OPAL_PARAMETER},
        {"OPAL_HANDLE_INTERRUPT: source 0", OPAL_HANDLE_INTERRUPT, {0, opal_address(&events)}, OPAL_PARAMETER},
        {"OPAL_HANDLE_INTERRUPT: behind the last", OPAL_HANDLE_INTERRUPT,
         {external + 1, opal_address(&events)}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
    be64_set(&events, WORD_MAX);
    check_answer(OPAL(OPAL_HANDLE_INTERRUPT, external, opal_address(&events)), OPAL_SUCCESS,
                 "OPAL_HANDLE_INTERRUPT: external");
    check_true(be64_get(events) != WORD_MAX, "OPAL_HANDLE_INTERRUPT: external, events are stored");
}

void cases_interrupts(void)
{
    static uint8_t route[4];
    const uint64_t self = SPR_READ(1023) << LINK_SHIFT;
    const uint64_t server = opal_address(route);
    const uint64_t priority = opal_address(route + 2);
    const struct opal_case cases[] = {
        {"OPAL_GET_XIVE: source 0", OPAL_GET_XIVE, {0, server, priority}, OPAL_PARAMETER},
        {"OPAL_GET_XIVE: behind the last PSI source", OPAL_GET_XIVE,
         {PSI_FIRST + PSI_COUNT, server, priority}, OPAL_PARAMETER},
        {"OPAL_GET_XIVE: unknown source", OPAL_GET_XIVE, {0xfffff, server, priority}, OPAL_PARAMETER},
        {"OPAL_GET_XIVE: bad address", OPAL_GET_XIVE, {PSI_FIRST, OPAL_NO_ADDRESS, priority}, OPAL_PARAMETER},
        {"OPAL_GET_XIVE: no memory there", OPAL_GET_XIVE, {PSI_FIRST, OPAL_NO_MEMORY, priority}, OPAL_PARAMETER},
        {"OPAL_SET_XIVE: source 0", OPAL_SET_XIVE, {0, 0, MASKED}, OPAL_PARAMETER},
        {"OPAL_SET_XIVE: behind the last PSI source", OPAL_SET_XIVE,
         {PSI_FIRST + PSI_COUNT, 0, MASKED}, OPAL_PARAMETER},
        {"OPAL_SET_XIVE: unknown source", OPAL_SET_XIVE, {0xfffff, 0, MASKED}, OPAL_PARAMETER},
        {"OPAL_SET_XIVE: priority 256", OPAL_SET_XIVE, {PSI_FIRST, self, 256 + MASKED}, OPAL_PARAMETER},
        {"OPAL_SET_XIVE: no such server", OPAL_SET_XIVE, {PSI_FIRST, NO_SERVER, 7}, OPAL_PARAMETER},
        {"OPAL_SET_XIVE: server 2^16", OPAL_SET_XIVE, {PSI_FIRST, 0x10000 + self, MASKED}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
    for (unsigned i = 0; i < PSI_COUNT; i++)
        check_source(i);
    check_handling();
}
