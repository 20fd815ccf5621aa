/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/bug.h"

#include "cpu.h"
#include "hv/console.h"
#include "hv/format.h"

#define PANIC_REASON UINT64_C(0x50414e4943) /* "PANIC" */
#define WARNINGS_SHOWN 8

static uint64_t warnings;
static unsigned panic_depth;

void hv_panic_begin(void)
{
    /* The second time around, printing is what faults. */
    if (panic_depth++ > 1) {
        cpu_stop(PANIC_REASON);
    }
    console_seize();
}

void hv_panic(const char *text, ...)
{
    char line[160];
    va_list arguments;

    hv_panic_begin();
    va_start(arguments, text);
    format_text(line, sizeof(line), text, arguments);
    va_end(arguments);
    hv_print("panic: %s\n", line);
    console_flush();
    cpu_stop(PANIC_REASON);
}

void hv_warn(const char *file, int line)
{
    if (++warnings <= WARNINGS_SHOWN) {
        hv_print("warning at %s:%d\n", file, line);
    }
}

uint64_t hv_warnings(void)
{
    return warnings;
}
