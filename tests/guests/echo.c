/* SPDX-License-Identifier: BSD-2-Clause */
/* Says every line that was typed again, until one says "quit". */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/memory.h"
#include "lib/timer.h"

#define LINE_SIZE 4096

const char guest_name[] = "echo";

static char line[LINE_SIZE];
static unsigned length;
static bool is_over;

static void line_end(void)
{
    line[length] = '\0';
    is_over = text_equal(line, "quit");
    print("ECHO %u %s\n", length, line);
    length = 0;
}

static void take(char c)
{
    if (c == '\r' || c == '\n')
        line_end();
    else if (length < LINE_SIZE - 1)
        line[length++] = c;
}

void guest_main(void)
{
    bool is_bounded = true;

    timer_init();
    print("READY\n");
    while (!is_over) {
        struct hcall call = HCALL(H_GET_TERM_CHAR, console_unit());

        is_bounded &= call.status == H_SUCCESS && call.out[0] <= 16;
        if (!call.out[0])
            timer_sleep(timer_ticks(2000));
        for (unsigned i = 0; i < call.out[0] && i < 16; i++)
            take((char)(call.out[1 + i / 8] >> (56 - 8 * (i % 8))));
    }
    check_true(is_bounded, "H_GET_TERM_CHAR: never more than 16 characters");
}
