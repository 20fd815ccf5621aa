/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor as a caller of OPAL: firmware that is busy, that does a part, that fails.
 *
 * Include: tests/native hypervisor/include hypervisor lib/include . build/third_party/libfdt
 * Link: build/third_party/libfdt
 */
#include "../../hypervisor/platform/opal.c"

#include <string.h>

#include "check.h"

#define BASE UINT64_C(0x30000000)
#define ENTRY UINT64_C(0x30001200)

/* What the one call under test returns, in turn, the last for ever; how often it and OPAL_POLL_EVENTS were made. */
static uint64_t expected_token;
static const int64_t *answers;
static unsigned answer_count;
static unsigned calls;
static unsigned polls;

int64_t opal_call_raw(const uint64_t call[11])
{
    CHECK(call[1] == BASE && call[2] == ENTRY);
    if (call[0] == OPAL_POLL_EVENTS) {
        polls++;
        return OPAL_SUCCESS;
    }
    CHECK(call[0] == expected_token);
    if (call[0] == OPAL_RTC_READ) {
        be32_set((be32_t *)(uintptr_t)call[3], 0x20240229);
        be64_set((be64_t *)(uintptr_t)call[4], UINT64_C(0x2359580000000000));
    }
    calls++;
    return answers[calls < answer_count ? calls - 1 : answer_count - 1];
}

void icp_init(const void *fdt)
{
    (void)fdt;
}

void icp_self_interrupt(bool on)
{
    (void)on;
}

bool silent_random(uint64_t *value)
{
    (void)value;
    return false;
}

static void expect(uint64_t token, const int64_t *list, unsigned count)
{
    expected_token = token;
    answers = list;
    answer_count = count;
    calls = polls = 0;
}

#define EXPECT(token, ...) \
    expect(token, (const int64_t[]){ __VA_ARGS__ }, sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static void test_flush(void)
{
    EXPECT(OPAL_CONSOLE_FLUSH, OPAL_SUCCESS);
    opal_platform.console_flush();
    CHECK(calls == 1);

    /* skiboot while the serial port takes a few bytes at a time: OPAL_PARTIAL, OPAL_BUSY, ... as it numbers them */
    EXPECT(OPAL_CONSOLE_FLUSH, -3, -2, -3, -12, 0);
    opal_platform.console_flush();
    CHECK(calls == 5 && polls >= 4);

    EXPECT(OPAL_CONSOLE_FLUSH, OPAL_UNSUPPORTED);
    opal_platform.console_flush();
    CHECK(calls == 1);

    EXPECT(OPAL_CONSOLE_FLUSH, OPAL_BUSY);
    opal_platform.console_flush();
    CHECK(calls == FLUSH_TRIES);
}

static void test_clock(void)
{
    struct calendar now = { 0 };

    EXPECT(OPAL_RTC_READ, OPAL_BUSY_EVENT, OPAL_BUSY_EVENT, OPAL_SUCCESS);
    CHECK(opal_platform.clock_read(&now));
    CHECK(calls == 3 && polls == 3);
    CHECK(now.year == 2024 && now.month == 2 && now.day == 29);
    CHECK(now.hour == 23 && now.minute == 59 && now.second == 58);

    EXPECT(OPAL_RTC_READ, OPAL_HARDWARE);
    CHECK(!opal_platform.clock_read(&now));
    CHECK(calls == 1);
}

/* Whoever goes on after a refusal says so; the machine itself would be gone after OPAL_SUCCESS. */
static void test_power(void)
{
    EXPECT(OPAL_CEC_POWER_DOWN, OPAL_BUSY_EVENT, OPAL_BUSY, OPAL_UNSUPPORTED);
    opal_platform.power_off();
    CHECK(calls == 3 && polls == 3);

    EXPECT(OPAL_CEC_REBOOT, OPAL_UNSUPPORTED);
    opal_platform.reboot();
    CHECK(calls == 1);
}

int main(void)
{
    opal_base = BASE;
    opal_entry = ENTRY;
    test_flush();
    test_clock();
    test_power();
    return 0;
}
