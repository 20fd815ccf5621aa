/* SPDX-License-Identifier: BSD-2-Clause */
/* Console input, which comes as an interrupt: tests/boot/test_opal_calls.py types what a line "TYPE" asks for. */
#include "../../../abi/types.h"
#include "../lib/console.h"
#include "../lib/memory.h"
#include "../lib/regs.h"
#include "cases.h"

#define PATIENCE (UINT64_C(30) * 512000000)

#define SPR_PIR 1023

/* Presentation controller of a processor (POWER8): a look at what is pending, its acceptance and end, the priority. */
#define ICP_BASE UINT64_C(0x3ffff80000000)
#define ICP_SHIFT 12
#define ICP_POLL 0
#define ICP_XIRR 4
#define ICP_SOURCE 0xffffff
#define ICP_OPEN 0xff

#define PSI_EXTERNAL 21
#define PRIORITY 5
#define MASKED 0xff

static uint64_t icp(uint64_t offset)
{
    return ICP_BASE + (SPR_READ(SPR_PIR) << ICP_SHIFT) + offset;
}

static uint32_t icp_read(uint64_t offset)
{
    be32_t value = {*(volatile uint32_t *)real_memory(icp(offset))};

    __asm__ volatile("sync" ::: "memory");
    return be32_get(value);
}

/* Waits with interrupts off for one to be pending. */
static bool interrupt_wait(void)
{
    uint64_t end = timebase_read() + PATIENCE;

    while (!(icp_read(ICP_POLL) & ICP_SOURCE))
        if (timebase_read() > end)
            return false;
    return true;
}

/* Accepts one interrupt, hands it to OPAL and ends it; returns OPAL's events, 0 when the interrupt was another's. */
static uint64_t interrupt_take(void)
{
    uint32_t accepted = icp_read(ICP_XIRR);
    be64_t events = {0};
    be32_t end;
    int64_t status = OPAL_PARAMETER;

    if ((accepted & ICP_SOURCE) == PSI_EXTERNAL)
        status = OPAL(OPAL_HANDLE_INTERRUPT, PSI_EXTERNAL, opal_address(&events));
    be32_set(&end, (uint32_t)ICP_OPEN << 24 | (accepted & ICP_SOURCE));
    *(volatile uint32_t *)real_memory(icp(ICP_XIRR)) = end.raw;
    return status == OPAL_SUCCESS ? be64_get(events) : 0;
}

/* The external interrupt is that of the whole LPC bus: others may come before the one that is waited for. */
static void check_interrupt(void)
{
    uint64_t server = SPR_READ(SPR_PIR) << 2;
    uint64_t end = timebase_read() + PATIENCE;
    uint64_t events = 0;

    *(volatile uint8_t *)real_memory(icp(ICP_XIRR)) = ICP_OPEN;
    OPAL(OPAL_SET_XIVE, PSI_EXTERNAL, server, PRIORITY);
    print("TYPE c\n");
    while (!(events & OPAL_EVENT_CONSOLE_INPUT) && timebase_read() < end && interrupt_wait())
        events = interrupt_take();
    check_true(events & OPAL_EVENT_CONSOLE_INPUT, "interrupt: what somebody types comes as one");
    OPAL(OPAL_SET_XIVE, PSI_EXTERNAL, server, MASKED);
    *(volatile uint8_t *)real_memory(icp(ICP_XIRR)) = 0;
}

static be64_t length;

static int64_t read(uint64_t size, char *buffer)
{
    be64_set(&length, size);
    return OPAL(OPAL_CONSOLE_READ, 0, opal_address(&length), opal_address(buffer));
}

static bool event_wait(void)
{
    uint64_t end = timebase_read() + PATIENCE;
    be64_t events;

    do {
        be64_set(&events, 0);
        if (OPAL(OPAL_POLL_EVENTS, opal_address(&events)) != OPAL_SUCCESS)
            return false;
        if (be64_get(events) & OPAL_EVENT_CONSOLE_INPUT)
            return true;
    } while (timebase_read() < end);
    return false;
}

/* Ten characters come in without interrupts; they are taken in two goes. */
static void check_polling(void)
{
    static const char typed[] = "conformist";
    char buffer[16] = {0};
    be64_t events;
    unsigned done;

    print("TYPE %s\n", typed);
    check_true(event_wait(), "OPAL_POLL_EVENTS: console input when somebody types");
    check_answer(read(4, buffer), OPAL_SUCCESS, "OPAL_CONSOLE_READ: the first characters");
    check_true(be64_get(length) >= 1 && be64_get(length) <= 4, "OPAL_CONSOLE_READ: no more than asked for");
    check_true(buffer[4] == 0, "OPAL_CONSOLE_READ: nothing behind the buffer");
    done = (unsigned)be64_get(length);
    for (uint64_t end = timebase_read() + PATIENCE; done < sizeof(typed) - 1 && timebase_read() < end;) {
        opal_poll();
        read(sizeof(typed) - 1 - done, buffer + done);
        done += (unsigned)be64_get(length);
    }
    check_true(memcmp(buffer, typed, sizeof(typed) - 1) == 0, "OPAL_CONSOLE_READ: what was typed");
    read(1, buffer);
    OPAL(OPAL_POLL_EVENTS, opal_address(&events));
    check_equal(be64_get(events) & OPAL_EVENT_CONSOLE_INPUT, 0, "OPAL_POLL_EVENTS: no console input any more");
}

void cases_typing(void)
{
    char first = 0;

    check_interrupt();
    check_answer(read(1, &first), OPAL_SUCCESS, "OPAL_CONSOLE_READ: after an interrupt");
    check_answer((uint8_t)first, 'c', "OPAL_CONSOLE_READ: after an interrupt, the character");
    check_polling();
}
