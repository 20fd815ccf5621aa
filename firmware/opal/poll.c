/* SPDX-License-Identifier: BSD-2-Clause */
#include "poll.h"

#include "board/board.h"
#include "calls.h"
#include "console.h"
#include "messages.h"

uint64_t events_pending(void)
{
    uint64_t events = 0;
    bool reboot;

    console_pump();
    if (board_wants_power_off(&reboot)) {
        message_shutdown(reboot);
    }
    if (message_is_pending()) {
        events |= OPAL_EVENT_MESSAGE;
    }
    if (console_has_input()) {
        events |= OPAL_EVENT_CONSOLE_INPUT;
    }
    return events;
}

/* OPAL_POLL_EVENTS: lets the firmware work a little; what has happened, if the caller wants to know. */
int64_t opal_poll_events(uint64_t address)
{
    uint64_t events = events_pending();

    return address == 0 ? OPAL_SUCCESS : caller_put_u64(address, events);
}
