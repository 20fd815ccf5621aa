/* SPDX-License-Identifier: BSD-2-Clause */
#include "opal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "hv/opal.h"
#include "stub.h"
#include "types.h"

/* A console that stays busy for this many polls is taken for dead. */
#define PATIENCE 1000000U

static struct {
    uint64_t base;
    uint64_t entry;
} opal;

static int64_t call(uint64_t token, uint64_t first, uint64_t second, uint64_t third)
{
    return opal_call(token, first, second, third, opal.base, opal.entry);
}

static bool is_busy(int64_t result)
{
    return result == OPAL_BUSY || result == OPAL_PARTIAL || result == OPAL_BUSY_EVENT;
}

void opal_console_open(uint64_t base, uint64_t entry)
{
    opal.base = base;
    opal.entry = entry;
}

void opal_console_write(const char *text)
{
    size_t left = strlen(text);
    unsigned int patience = PATIENCE;
    int64_t result = OPAL_BUSY;

    if (opal.entry == 0)
        return;
    while (left > 0 && patience-- > 0) {
        be64_t length;

        be64_set(&length, left);
        result = call(OPAL_CONSOLE_WRITE, 0, (uintptr_t)&length, (uintptr_t)text);
        if (result == OPAL_SUCCESS || result == OPAL_PARTIAL) {
            text += be64_get(length);
            left -= be64_get(length);
        } else if (!is_busy(result)) {
            return;
        }
        call(OPAL_POLL_EVENTS, 0, 0, 0);
    }
    do
        result = call(OPAL_CONSOLE_FLUSH, 0, 0, 0);
    while (is_busy(result) && patience-- > 0);
}
