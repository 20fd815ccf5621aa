/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware has to tell the payload and is fetched with OPAL_GET_MSG. */
#ifndef OPAL_MESSAGES_H
#define OPAL_MESSAGES_H

#include <stdbool.h>

/* Smallest buffer the payload may offer, and the only size we fill: a type, a reserved word, eight parameters. */
#define OPAL_MESSAGE_SIZE 72

/* Someone wants the machine to go down, or to start again, in an orderly way. */
void message_shutdown(bool reboot);

bool message_is_pending(void);

#endif
