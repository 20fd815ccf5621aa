/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/console.h on OPAL's console. A line is out before anything else is called, because firmware prints as well. */
#include "../../../abi/types.h"
#include "../lib/console.h"
#include "../lib/memory.h"
#include "cases.h"

static struct {
    char text[256];
    unsigned length;
} line;

/* Everything so far, to be printed again when nothing else makes the firmware print. */
static struct {
    char text[0x10000];
    unsigned length;
} transcript;

static void write_out(const char *text, unsigned size)
{
    unsigned done = 0;
    int64_t status;

    while (done < size) {
        be64_t length;

        be64_set(&length, size - done);
        status = OPAL(OPAL_CONSOLE_WRITE, 0, opal_address(&length), opal_address(text + done));
        if (status == OPAL_SUCCESS || status == OPAL_PARTIAL)
            done += (unsigned)be64_get(length);
        else if (status != OPAL_BUSY && status != OPAL_BUSY_EVENT)
            break;
        if (done < size)
            opal_poll();
    }
    do
        status = OPAL(OPAL_CONSOLE_FLUSH, 0);
    while (status == OPAL_PARTIAL || status == OPAL_BUSY);
}

void console_flush(void)
{
    write_out(line.text, line.length);
    if (transcript.length + line.length <= sizeof(transcript.text)) {
        memcpy(transcript.text + transcript.length, line.text, line.length);
        transcript.length += line.length;
    }
    line.length = 0;
}

void console_repeat(void)
{
    write_out(transcript.text, transcript.length);
}

void console_put(char c)
{
    line.text[line.length++] = c;
    if (line.length == sizeof(line.text))
        console_flush();
}
