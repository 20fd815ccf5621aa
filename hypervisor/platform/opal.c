/* SPDX-License-Identifier: BSD-2-Clause */
#include "opal.h"

#include <libfdt.h>

#include "abi/types.h"
#include "drivers/icp.h"
#include "hv/opal.h"
#include "silent.h"

#define RTC_TRIES 1000000 /* OPAL asks to be called again until the chip answers: a fraction of a second */
#define FLUSH_TRIES 100000

/* head.S: token, OPAL base, OPAL entry, eight arguments. */
int64_t opal_call_raw(const uint64_t call[11]);

static uint64_t opal_base;
static uint64_t opal_entry;

static int64_t opal_call(uint64_t token, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t call[11] = { token, opal_base, opal_entry, a, b, c };

    return opal_call_raw(call);
}

static void opal_poll(void)
{
    opal_call(OPAL_POLL_EVENTS, 0, 0, 0);
}

static size_t opal_console_move(uint64_t token, uintptr_t buffer, size_t size)
{
    be64_t length;

    if (size == 0) {
        return 0;
    }
    be64_set(&length, size);
    if (opal_call(token, 0, (uintptr_t)&length, buffer) != OPAL_SUCCESS) {
        return 0;
    }
    return be64_get(length);
}

static size_t opal_console_write(const char *text, size_t size)
{
    return opal_console_move(OPAL_CONSOLE_WRITE, (uintptr_t)text, size);
}

static size_t opal_console_read(char *text, size_t size)
{
    return opal_console_move(OPAL_CONSOLE_READ, (uintptr_t)text, size);
}

static void opal_console_flush(void)
{
    int64_t result = OPAL_BUSY;

    for (unsigned i = 0; i < FLUSH_TRIES && result != OPAL_SUCCESS; i++) {
        result = opal_call(OPAL_CONSOLE_FLUSH, 0, 0, 0);
        if (result != OPAL_SUCCESS && result != OPAL_BUSY && result != OPAL_BUSY_EVENT && result != OPAL_PARTIAL) {
            break;
        }
        opal_poll();
    }
}

static uint32_t from_bcd(uint64_t field)
{
    return (uint32_t)((field >> 4 & 0xf) * 10 + (field & 0xf));
}

/* OPAL_RTC_READ: year, month, day as BCD in 32 bits, then hour, minute, second in the upper half of 64. */
static bool opal_clock_read(struct calendar *now)
{
    be32_t date;
    be64_t time;
    int64_t result = OPAL_BUSY;
    uint64_t d, t;

    for (unsigned i = 0; i < RTC_TRIES && (result == OPAL_BUSY_EVENT || result == OPAL_BUSY); i++) {
        result = opal_call(OPAL_RTC_READ, (uintptr_t)&date, (uintptr_t)&time, 0);
        opal_poll();
    }
    if (result != OPAL_SUCCESS) {
        return false;
    }
    d = be32_get(date);
    t = be64_get(time);
    *now = (struct calendar){
        .year = from_bcd(d >> 24) * 100 + from_bcd(d >> 16),
        .month = from_bcd(d >> 8),
        .day = from_bcd(d),
        .hour = from_bcd(t >> 56),
        .minute = from_bcd(t >> 48),
        .second = from_bcd(t >> 40),
    };
    return true;
}

/* Both requests are carried out by firmware and service processor while we keep polling. */
static void opal_request(uint64_t token)
{
    int64_t result;

    do {
        result = opal_call(token, 0, 0, 0);
        opal_poll();
    } while (result == OPAL_BUSY || result == OPAL_BUSY_EVENT);
    while (result == OPAL_SUCCESS) {
        opal_poll();
    }
}

static void opal_power_off(void)
{
    opal_request(OPAL_CEC_POWER_DOWN);
}

static void opal_reboot(void)
{
    opal_request(OPAL_CEC_REBOOT);
}

const struct platform opal_platform = {
    .name = "OPAL",
    .console_write = opal_console_write,
    .console_read = opal_console_read,
    .console_flush = opal_console_flush,
    .poll = opal_poll,
    .interrupts_init = icp_init,
    .self_interrupt = icp_self_interrupt,
    .clock_read = opal_clock_read,
    .random = silent_random, /* none of the trees we have seen describes a generator */
    .power_off = opal_power_off,
    .reboot = opal_reboot,
};

bool opal_init(const void *fdt, uint64_t base, uint64_t entry)
{
    if (entry == 0 || fdt_path_offset(fdt, "/ibm,opal") < 0) {
        return false;
    }
    opal_base = base;
    opal_entry = entry;
    return true;
}
