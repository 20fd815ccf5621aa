/* SPDX-License-Identifier: BSD-2-Clause */
/* What each run-time abstraction service does, and where its arguments end.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 * Link: hypervisor/core/calendar.c hypervisor/papr/nvram.c hypervisor/papr/xics.c
 */
#include "hv_rtas.h"

static void test_time_of_day(void)
{
    const struct calendar now = { 2024, 2, 28, 23, 59, 50 }, set = { 1999, 12, 31, 23, 59, 59 };

    start();
    clock_now = calendar_seconds(&now);
    CHECK(call(RTAS_GET_TIME_OF_DAY, 0, 8, NULL) == SUCCESS);
    CHECK(result(1) == 2024 && result(2) == 2 && result(3) == 28);
    CHECK(result(4) == 23 && result(5) == 59 && result(6) == 50 && result(7) == 0);
    clock_now += 11;
    CHECK(call(RTAS_GET_TIME_OF_DAY, 0, 8, NULL) == SUCCESS && result(3) == 29 && result(4) == 0 && result(6) == 1);
    CHECK(CALL_RTAS(RTAS_SET_TIME_OF_DAY, 1, set.year, set.month, set.day, set.hour, set.minute, set.second, 999) ==
          SUCCESS);
    clock_now += 2;
    CHECK(call(RTAS_GET_TIME_OF_DAY, 0, 8, NULL) == SUCCESS);
    CHECK(result(1) == 2000 && result(2) == 1 && result(3) == 1 && result(4) == 0 && result(5) == 0 && result(6) == 1);

    clock_works = false;
    CHECK(call(RTAS_GET_TIME_OF_DAY, 0, 8, NULL) == HARDWARE_ERROR);
    CHECK(CALL_RTAS(RTAS_SET_TIME_OF_DAY, 1, 2001, 1, 1, 0, 0, 0, 0) == HARDWARE_ERROR);
    clock_works = true;
    CHECK(call(RTAS_GET_TIME_OF_DAY, 0, 8, NULL) == SUCCESS && result(1) == 2000);
}

static void test_dates_that_do_not_exist(void)
{
    static const uint32_t bad[][6] = {
        { 0, 1, 1, 0, 0, 0 },       { 10000, 1, 1, 0, 0, 0 },      { 2023, 2, 29, 0, 0, 0 },
        { 2024, 13, 1, 0, 0, 0 },   { 2024, 0, 1, 0, 0, 0 },       { 2024, 1, 0, 0, 0, 0 },
        { 2024, 1, 1, 24, 0, 0 },   { 2024, 1, 1, 0, 60, 0 },      { 2024, 1, 1, 0, 0, 60 },
        { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX },
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(CALL_RTAS(RTAS_SET_TIME_OF_DAY, 1, bad[i][0], bad[i][1], bad[i][2], bad[i][3], bad[i][4], bad[i][5], 0) ==
              PARAMETER_ERROR);
        CHECK(guest->papr.clock_offset == 0);
    }
    CHECK(CALL_RTAS(RTAS_SET_TIME_OF_DAY, 1, 1, 1, 1, 0, 0, 0, 0) == SUCCESS);
    CHECK(call(RTAS_GET_TIME_OF_DAY, 0, 8, NULL) == SUCCESS && result(1) == 1 && result(2) == 1 && result(3) == 1);
    CHECK(CALL_RTAS(RTAS_SET_TIME_OF_DAY, 1, 9999, 12, 31, 23, 59, 59, 0) == SUCCESS);
    clock_now++;
    CHECK(call(RTAS_GET_TIME_OF_DAY, 0, 8, NULL) == SUCCESS && result(1) == 10000 && result(2) == 1);
}

static void test_power(void)
{
    start();
    CHECK(CALL_RTAS(RTAS_POWER_OFF, 1, 0, 0) == SUCCESS && fate == STOPPED);
    CHECK(call(RTAS_SYSTEM_REBOOT, 0, 1, NULL) == SUCCESS && fate == RESTARTED);
    guest->plan.capabilities = CAPABILITY_CONTROL;
    CALL_RTAS(RTAS_POWER_OFF, 1, 0, 0);
    CHECK(fate == SWITCHED_OFF);
    call(RTAS_SYSTEM_REBOOT, 0, 1, NULL);
    CHECK(fate == REBOOTED);
}

static void text_write(gpa_t at, const char *text, size_t size)
{
    CHECK(domain_write(guest, at, text, size));
}

static void test_os_term(void)
{
    char longer[300];

    start();
    text_write(BUFFER, "Kernel panic\n - \x7f\xff\x1b[0m!", 24);
    text_write(BUFFER + 24, "\0behind", 7);
    CHECK(CALL_RTAS(RTAS_IBM_OS_TERM, 1, (uint32_t)BUFFER) == SUCCESS && fate == CRASHED);
    CHECK(strcmp(crash_text, "Kernel panic  -    [0m!") == 0);
    text_write(END - 4, "ends", 4); /* without a NUL at the end of memory */
    CHECK(CALL_RTAS(RTAS_IBM_OS_TERM, 1, (uint32_t)END - 4) == SUCCESS && strcmp(crash_text, "ends") == 0);
    CHECK(CALL_RTAS(RTAS_IBM_OS_TERM, 1, (uint32_t)END) == SUCCESS && strcmp(crash_text, "") == 0);
    CHECK(CALL_RTAS(RTAS_IBM_OS_TERM, 1, UINT32_MAX) == SUCCESS && strcmp(crash_text, "") == 0);
    memset(longer, 'l', sizeof(longer));
    text_write(EXTENT_SIZE - 50, longer, sizeof(longer)); /* across extents, and longer than is shown */
    CHECK(CALL_RTAS(RTAS_IBM_OS_TERM, 1, (uint32_t)EXTENT_SIZE - 50) == SUCCESS);
    CHECK(strlen(crash_text) > 100 && strspn(crash_text, "l") == strlen(crash_text));
}

static void test_processors(void)
{
    start();
    CHECK(CALL_RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, 0) == SUCCESS && result(1) == 2);
    CHECK(CALL_RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, 1) == PARAMETER_ERROR);
    CHECK(CALL_RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, UINT32_MAX) == PARAMETER_ERROR);
    CHECK(CALL_RTAS(RTAS_START_CPU, 1, 0, 0x100, 7) == HARDWARE_ERROR);
    CHECK(CALL_RTAS(RTAS_START_CPU, 1, 1, 0x100, 7) == PARAMETER_ERROR);
    CHECK(vcpu->context.pc == 0);
    vcpu->state = VCPU_STOPPED;
    CHECK(CALL_RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, 0) == SUCCESS && result(1) == 0);
    vcpu->context.msr = UINT64_MAX;
    CHECK(CALL_RTAS(RTAS_START_CPU, 1, 0, 0x100, 7) == SUCCESS && vcpu->state == VCPU_RUNNABLE);
    CHECK(vcpu->context.pc == 0x100 && vcpu->context.gpr[3] == 7 && vcpu->context.msr == (MSR_SF | MSR_ME));
    CHECK(call(RTAS_STOP_SELF, 0, 1, NULL) == SUCCESS && fate == STOPPED); /* the only one takes its domain along */
}

static void test_system_parameter(void)
{
    char text[64];

    start();
    CHECK(CALL_RTAS(RTAS_IBM_GET_SYSTEM_PARAMETER, 1, 20, (uint32_t)BUFFER, 4000) == SUCCESS);
    CHECK(word_read(BUFFER) >> 16 < sizeof(text));
    CHECK(domain_read(guest, text, BUFFER + 2, sizeof(text)));
    CHECK((word_read(BUFFER) >> 16) == strlen(text) + 1 && strstr(text, "MaxPlatProcs=1") != NULL);
    for (uint32_t size = 0; size < 45; size++) { /* no byte more than there is room for */
        word_write(BUFFER + size, UNWRITTEN);
        CHECK(CALL_RTAS(RTAS_IBM_GET_SYSTEM_PARAMETER, 1, 20, (uint32_t)BUFFER, size) == SUCCESS);
        CHECK(word_read(BUFFER + size) == UNWRITTEN || size > 2 + strlen(text));
    }
    CHECK(CALL_RTAS(RTAS_IBM_GET_SYSTEM_PARAMETER, 1, 20, (uint32_t)END - 4, 40) == PARAMETER_ERROR);
    CHECK(CALL_RTAS(RTAS_IBM_GET_SYSTEM_PARAMETER, 1, 20, UINT32_MAX, 40) == PARAMETER_ERROR);
    CHECK(CALL_RTAS(RTAS_IBM_GET_SYSTEM_PARAMETER, 1, 21, (uint32_t)BUFFER, 40) == PARAMETER_ERROR);
}

static void test_display_character(void)
{
    start();
    CHECK(CALL_RTAS(RTAS_DISPLAY_CHARACTER, 1, 'a') == SUCCESS && displayed == 'a');
    terminal_works = false;
    CHECK(CALL_RTAS(RTAS_DISPLAY_CHARACTER, 1, 'b') == BUSY && displayed == 'b');
}

static void test_interrupt_sources(void)
{
    const uint32_t irq = (uint32_t)XICS_FIRST_IRQ, last = irq + (uint32_t)XICS_IRQ_COUNT;

    start();
    CHECK(CALL_RTAS(RTAS_IBM_SET_XIVE, 1, irq, 0, 5) == SUCCESS);
    CHECK(CALL_RTAS(RTAS_IBM_GET_XIVE, 3, irq) == SUCCESS && result(1) == 0 && result(2) == 5);
    CHECK(CALL_RTAS(RTAS_IBM_INT_OFF, 1, irq) == SUCCESS);
    CHECK(CALL_RTAS(RTAS_IBM_GET_XIVE, 3, irq) == SUCCESS && result(2) == 0xff);
    CHECK(CALL_RTAS(RTAS_IBM_INT_ON, 1, irq) == SUCCESS);
    CHECK(CALL_RTAS(RTAS_IBM_GET_XIVE, 3, irq) == SUCCESS && result(2) == 5);
    CHECK(CALL_RTAS(RTAS_IBM_SET_XIVE, 1, irq, 1, 5) == PARAMETER_ERROR);
    CHECK(CALL_RTAS(RTAS_IBM_SET_XIVE, 1, irq, 0, 0x100) == PARAMETER_ERROR);
    CHECK(CALL_RTAS(RTAS_IBM_GET_XIVE, 3, irq) == SUCCESS && result(2) == 5);
    for (uint32_t bad = 0; bad < 3; bad++) {
        uint32_t number = bad == 0 ? irq - 1 : bad == 1 ? last : UINT32_MAX;

        CHECK(CALL_RTAS(RTAS_IBM_SET_XIVE, 1, number, 0, 5) == PARAMETER_ERROR);
        CHECK(CALL_RTAS(RTAS_IBM_GET_XIVE, 3, number) == PARAMETER_ERROR);
        CHECK(CALL_RTAS(RTAS_IBM_INT_ON, 1, number) == PARAMETER_ERROR);
        CHECK(CALL_RTAS(RTAS_IBM_INT_OFF, 1, number) == PARAMETER_ERROR);
    }
}

/* One free partition at first, in CHRP's format: the header's bytes add up, with end-around carry, to its checksum. */
static void test_nvram_format(void)
{
    const uint8_t *header;
    unsigned sum = 0;

    start();
    header = guest->papr.nvram;
    CHECK(header[0] == 0x7f && ((unsigned)header[2] << 8 | header[3]) * 16 == NVRAM_SIZE);
    for (unsigned i = 0; i < 16; i++) {
        sum += i == 1 ? 0 : header[i];
        sum = sum > 0xff ? sum - 0xff : sum;
        CHECK(i < 4 || header[i] == 'w');
    }
    CHECK(header[1] == sum);
}

static void test_nvram(void)
{
    static uint8_t pattern[NVRAM_SIZE], back[NVRAM_SIZE];
    const uint32_t all = (uint32_t)NVRAM_SIZE, across = (uint32_t)EXTENT_SIZE - 1000;

    start();
    for (unsigned i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)random_next();
    }
    CHECK(domain_write(guest, across, pattern, sizeof(pattern)));
    CHECK(CALL_RTAS(RTAS_NVRAM_STORE, 2, 0, across, all) == SUCCESS && result(1) == all);
    CHECK(CALL_RTAS(RTAS_NVRAM_FETCH, 2, 0, (uint32_t)BUFFER, all) == SUCCESS && result(1) == all);
    CHECK(domain_read(guest, back, BUFFER, sizeof(back)) && memcmp(back, pattern, sizeof(back)) == 0);
    word_write(BUFFER + 8, UNWRITTEN);
    CHECK(CALL_RTAS(RTAS_NVRAM_FETCH, 2, all - 8, (uint32_t)BUFFER, 8) == SUCCESS && result(1) == 8);
    CHECK(domain_read(guest, back, BUFFER, 8) && memcmp(back, pattern + all - 8, 8) == 0);
    CHECK(word_read(BUFFER + 8) == UNWRITTEN);
    CHECK(CALL_RTAS(RTAS_NVRAM_FETCH, 2, all, (uint32_t)BUFFER, 0) == SUCCESS && result(1) == 0);
}

static void test_nvram_bounds(void)
{
    static const uint32_t bad[][2] = {
        { NVRAM_SIZE, 1 }, { NVRAM_SIZE + 1, 0 }, { 0, NVRAM_SIZE + 1 }, { 1, NVRAM_SIZE }, { NVRAM_SIZE - 1, 2 },
        { 1, UINT32_MAX }, { UINT32_MAX, 1 },     { UINT32_MAX, 2 },     { 0x80000000u, 0x80000000u },
    };
    static const uint32_t buffers[] = { END - 3, END, UINT32_MAX, UINT32_MAX - 3 };
    static struct papr_domain before;

    start();
    before = guest->papr;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(CALL_RTAS(RTAS_NVRAM_STORE, 2, bad[i][0], (uint32_t)BUFFER, bad[i][1]) == PARAMETER_ERROR);
        CHECK(CALL_RTAS(RTAS_NVRAM_FETCH, 2, bad[i][0], (uint32_t)BUFFER, bad[i][1]) == PARAMETER_ERROR);
    }
    for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
        CHECK(CALL_RTAS(RTAS_NVRAM_STORE, 2, 16, buffers[i], 4) == PARAMETER_ERROR && result(1) == 0);
        CHECK(CALL_RTAS(RTAS_NVRAM_FETCH, 2, 16, buffers[i], 4) == PARAMETER_ERROR && result(1) == 0);
    }
    CHECK(memcmp(&before, &guest->papr, sizeof(before)) == 0);
}

static void test_without_effect(void)
{
    start();
    CHECK(CALL_RTAS(RTAS_EVENT_SCAN, 1, 0, 0, 0, 0) == 1);
    CHECK(CALL_RTAS(RTAS_CHECK_EXCEPTION, 1, 0, 0, 0, 0, 0, 0) == 1);
    CHECK(CALL_RTAS(RTAS_SET_INDICATOR, 1, 0, 0, 0) == PARAMETER_ERROR);
}

int main(void)
{
    rtas_init();
    test_display_character();
    test_time_of_day();
    test_dates_that_do_not_exist();
    test_power();
    test_os_term();
    test_processors();
    test_system_parameter();
    test_interrupt_sources();
    test_nvram_format();
    test_nvram();
    test_nvram_bounds();
    test_without_effect();
    return 0;
}
