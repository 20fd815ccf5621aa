/* SPDX-License-Identifier: BSD-2-Clause */
/* What the payload is told by OPAL_POLL_EVENTS and OPAL_HANDLE_INTERRUPT. */
#ifndef OPAL_POLL_H
#define OPAL_POLL_H

#include <stdint.h>

#define OPAL_EVENT_CONSOLE_INPUT 0x10
#define OPAL_EVENT_MESSAGE 0x800

/* Lets every part that has something to do in the background do it, and returns the mask of events. */
uint64_t events_pending(void);

#endif
