/* SPDX-License-Identifier: BSD-2-Clause */
#include "messages.h"

#include <string.h>

#include "calls.h"
#include "hv/lock.h"

#define MESSAGE_SHUTDOWN 3

struct message {
    be32_t type;
    be32_t reserved;
    be64_t parameters[8];
};
_Static_assert(sizeof(struct message) == OPAL_MESSAGE_SIZE, "message");

/* There is one kind of message, and its latest supersedes those before. */
static struct {
    struct lock lock;
    bool pending;
    bool reboot;
} shutdown;

void message_shutdown(bool reboot)
{
    lock_take(&shutdown.lock);
    shutdown.pending = true;
    shutdown.reboot = reboot;
    lock_release(&shutdown.lock);
}

bool message_is_pending(void)
{
    return __atomic_load_n(&shutdown.pending, __ATOMIC_ACQUIRE);
}

/* OPAL_GET_MSG: OPAL_RESOURCE when there is none. */
int64_t opal_get_msg(uint64_t buffer, uint64_t size)
{
    struct message *message = size >= sizeof(*message) ? caller_memory(buffer, size) : NULL;
    int64_t result = OPAL_RESOURCE;

    if (message == NULL) {
        return OPAL_PARAMETER;
    }
    lock_take(&shutdown.lock);
    if (shutdown.pending) {
        memset(message, 0, sizeof(*message));
        be32_set(&message->type, MESSAGE_SHUTDOWN);
        be64_set(&message->parameters[0], shutdown.reboot);
        shutdown.pending = false;
        result = OPAL_SUCCESS;
    }
    lock_release(&shutdown.lock);
    return result;
}

/* OPAL_CHECK_ASYNC_COMPLETION: no call of ours completes later, so that no token can be known. */
int64_t opal_check_async_completion(uint64_t buffer, uint64_t size, uint64_t token)
{
    (void)buffer;
    (void)size;
    (void)token;
    return OPAL_PARAMETER;
}
