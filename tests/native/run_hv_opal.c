/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's OPAL platform over a made-up firmware that is slow: busy, and never done at once.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/platform abi .
 * Include: build/third_party/libfdt
 * Link: build/third_party/libfdt
 */
#include "../../hypervisor/platform/opal.c"

#include <stdlib.h>
#include <string.h>

#include "check.h"

#define BASE UINT64_C(0x30000000)
#define ENTRY UINT64_C(0x30003760)
#define HARDWARE (-6)

static struct {
    const int64_t *answers; /* of the next calls but polls; the last one stays */
    unsigned answer_count;
    uint64_t token;
    unsigned calls, polls;
    char taken[64];
} firmware;

int64_t opal_call_raw(const uint64_t call[11])
{
    int64_t answer;

    CHECK(call[1] == BASE && call[2] == ENTRY);
    if (call[0] == OPAL_POLL_EVENTS) {
        firmware.polls++;
        return OPAL_SUCCESS;
    }
    CHECK(call[0] == firmware.token && firmware.calls < 2 * FLUSH_TRIES);
    answer = firmware.answers[firmware.calls < firmware.answer_count ? firmware.calls : firmware.answer_count - 1];
    firmware.calls++;
    if (call[0] == OPAL_CONSOLE_WRITE && answer == OPAL_SUCCESS) {
        be64_t *length = (be64_t *)(uintptr_t)call[4];
        uint64_t part = be64_get(*length) < 5 ? be64_get(*length) : 5;

        strncat(firmware.taken, (const char *)(uintptr_t)call[5], part);
        be64_set(length, part);
    }
    if (call[0] == OPAL_RTC_READ) {
        be32_set((be32_t *)(uintptr_t)call[3], 0x20240229);
        be64_set((be64_t *)(uintptr_t)call[4], UINT64_C(0x2359580000000000));
    }
    return answer;
}

void icp_init(const void *fdt)
{
    CHECK(fdt == NULL);
}

void icp_self_interrupt(bool on)
{
    CHECK(!on);
}

bool silent_random(uint64_t *value)
{
    CHECK(value == NULL);
    return false;
}

static void answer(uint64_t token, const int64_t *answers, unsigned count)
{
    memset(&firmware, 0, sizeof(firmware));
    firmware.token = token;
    firmware.answers = answers;
    firmware.answer_count = count;
}

#define ANSWER(token, ...) \
    answer(token, (const int64_t[]){ __VA_ARGS__ }, sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static void test_write(void)
{
    ANSWER(OPAL_CONSOLE_WRITE, OPAL_SUCCESS);
    CHECK(opal_platform.console_write("eight ch", 8) == 5 && strcmp(firmware.taken, "eight") == 0);
    CHECK(opal_platform.console_write("", 0) == 0 && firmware.calls == 1);
    ANSWER(OPAL_CONSOLE_WRITE, OPAL_BUSY_EVENT);
    CHECK(opal_platform.console_write("eight ch", 8) == 0 && firmware.calls == 1);
}

/* skiboot's UART flushes what the wire takes and says "partial" until nothing is left (hw/lpc-uart.c). */
static void test_flush_goes_on_until_all_is_out(void)
{
    ANSWER(OPAL_CONSOLE_FLUSH, -3, -2, -12, -3, 0);
    opal_platform.console_flush();
    CHECK(firmware.calls == 5 && firmware.polls == 5);
}

static void test_flush_gives_up(void)
{
    ANSWER(OPAL_CONSOLE_FLUSH, HARDWARE, 0);
    opal_platform.console_flush();
    CHECK(firmware.calls == 1);
    ANSWER(OPAL_CONSOLE_FLUSH, OPAL_BUSY);
    opal_platform.console_flush();
    CHECK(firmware.calls == FLUSH_TRIES);
}

static void test_clock(void)
{
    struct calendar now = { 0 };

    ANSWER(OPAL_RTC_READ, OPAL_BUSY_EVENT, OPAL_BUSY, OPAL_SUCCESS);
    CHECK(opal_platform.clock_read(&now) && firmware.calls == 3 && firmware.polls == 3);
    CHECK(now.year == 2024 && now.month == 2 && now.day == 29);
    CHECK(now.hour == 23 && now.minute == 59 && now.second == 58);
    ANSWER(OPAL_RTC_READ, HARDWARE);
    CHECK(!opal_platform.clock_read(&now) && firmware.calls == 1);
}

/* They come back only from firmware that cannot: the machine is gone otherwise. */
static void test_power(void)
{
    ANSWER(OPAL_CEC_POWER_DOWN, OPAL_BUSY_EVENT, OPAL_BUSY, HARDWARE);
    opal_platform.power_off();
    CHECK(firmware.calls == 3 && firmware.polls == 3);
    ANSWER(OPAL_CEC_REBOOT, HARDWARE);
    opal_platform.reboot();
    CHECK(firmware.calls == 1);
}

/* No tree of OPAL's, or no entry: another platform. */
static void test_init(void)
{
    static uint8_t tree[1024];

    CHECK(fdt_create_empty_tree(tree, sizeof(tree)) == 0);
    CHECK(!opal_init(tree, BASE, ENTRY));
    CHECK(fdt_add_subnode(tree, 0, "ibm,opal") > 0);
    CHECK(!opal_init(tree, BASE, 0) && opal_init(tree, BASE, ENTRY));
}

int main(void)
{
    test_init();
    test_write();
    test_flush_goes_on_until_all_is_out();
    test_flush_gives_up();
    test_clock();
    test_power();
    return 0;
}
