/* SPDX-License-Identifier: BSD-2-Clause */
#include "board/board.h"
#include "calls.h"
#include "console.h"

/* OPAL_CEC_POWER_DOWN: 0 normally, 1 at once; here they are the same. */
int64_t opal_cec_power_down(uint64_t request)
{
    if (request > 1) {
        return OPAL_PARAMETER;
    }
    return console_pump() ? board_power_off() : OPAL_BUSY_EVENT;
}

int64_t opal_cec_reboot(void)
{
    return console_pump() ? board_reset() : OPAL_BUSY_EVENT;
}

/* OPAL_CEC_REBOOT2: a full one is what there is; a reboot that reports an error or keeps memory for a dump is not. */
int64_t opal_cec_reboot2(uint64_t type, uint64_t message)
{
    enum {
        REBOOT_NORMAL = 0,
        REBOOT_FULL = 2,
    };

    (void)message;
    return type == REBOOT_NORMAL || type == REBOOT_FULL ? opal_cec_reboot() : OPAL_UNSUPPORTED;
}

/* OPAL_SYNC_HOST_REBOOT: nothing of ours goes on behind the payload's back. */
int64_t opal_sync_host_reboot(void)
{
    return OPAL_SUCCESS;
}
