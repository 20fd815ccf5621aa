/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/console.h on OPAL's console: lines that are out before anything else is called, because firmware prints as well. */
#include "../lib/console.h"
#include "opal.h"

#include "../../../abi/types.h"

static struct {
    char text[256];
    unsigned length;
} line;

void console_flush(void)
{
    unsigned done = 0;

    while (done < line.length) {
        be64_t length;
        int64_t status;

        be64_set(&length, line.length - done);
        status = OPAL(OPAL_CONSOLE_WRITE, 0, opal_address(&length), opal_address(line.text + done));
        if (status == OPAL_SUCCESS || status == OPAL_PARTIAL)
            done += (unsigned)be64_get(length);
        else if (status != OPAL_BUSY && status != OPAL_BUSY_EVENT)
            break;
        if (done < line.length)
            opal_poll();
    }
    line.length = 0;
    while (OPAL(OPAL_CONSOLE_FLUSH, 0) == OPAL_PARTIAL)
        continue;
}

void console_put(char c)
{
    line.text[line.length++] = c;
    if (line.length == sizeof(line.text))
        console_flush();
}
