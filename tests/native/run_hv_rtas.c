/* SPDX-License-Identifier: BSD-2-Clause */
/* Run-time abstraction services: wild calls are refused without effect, each service at its bounds.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include hypervisor/arch/ppc64 hypervisor/papr abi .
 * Link: hypervisor/core/calendar.c hypervisor/papr/nvram.c hypervisor/papr/xics.c
 */
#include "../../hypervisor/papr/rtas.c"

#include <setjmp.h>

#include "check.h"
#include "hv_domain.h"
#include "hv_messages.h"
#include "hv_processor.h"
#include "hv_random.h"
#include "nvram.h"

#define CALL UINT64_C(0x8000) /* where the words of a call lie unless a test says otherwise */
#define BUFFER UINT64_C(0x10000)
#define SUCCESS 0u
#define HARDWARE_ERROR ((uint32_t)-1)
#define PARAMETER_ERROR ((uint32_t)-3)
#define UNWRITTEN 0xdeadbeefu

static const uint32_t extents[] = { 70, 30 };
#define END ((uint64_t)ARRAY_SIZE(extents) << EXTENT_SHIFT)

static struct domain *guest;
static struct vcpu *vcpu;
static bool clock_works;
static int64_t clock_now;
static char displayed;
static char crash_text[256];
static jmp_buf machine_exit;
static enum { RUNNING, STOPPED, RESTARTED, CRASHED, SWITCHED_OFF, REBOOTED } fate;

bool terminal_write(struct domain *domain, const char *text, size_t size)
{
    CHECK(domain == guest && size == 1);
    displayed = *text;
    return false;
}

bool clock_seconds(int64_t *now)
{
    *now = clock_now;
    return clock_works;
}

bool domain_is_control(const struct domain *domain)
{
    return (domain->plan.capabilities & CAPABILITY_CONTROL) != 0;
}

void domain_stop(struct domain *domain, enum domain_state state)
{
    CHECK(domain == guest && state == DOMAIN_OFF);
    fate = STOPPED;
}

void domain_restart(struct domain *domain)
{
    CHECK(domain == guest);
    fate = RESTARTED;
}

void domain_crash(struct vcpu *of, const char *why)
{
    CHECK(of == vcpu && strlen(why) < sizeof(crash_text));
    strcpy(crash_text, why);
    fate = CRASHED;
}

void machine_power_off(void)
{
    fate = SWITCHED_OFF;
    longjmp(machine_exit, 1);
}

void machine_reboot(void)
{
    fate = REBOOTED;
    longjmp(machine_exit, 1);
}

void sched_request(void)
{
}

static void word_write(gpa_t at, uint32_t value)
{
    be32_t word;

    be32_set(&word, value);
    CHECK(domain_write(guest, at, &word, sizeof(word)));
}

static uint32_t word_read(gpa_t at)
{
    be32_t word;

    CHECK(domain_read(guest, &word, at, sizeof(word)));
    return be32_get(word);
}

/* The call as the guest wrote it, at any address; words behind the end of memory are left out. */
static int64_t call_at(gpa_t at, uint32_t token, uint32_t arguments, uint32_t results, const uint32_t *values)
{
    const uint32_t head[3] = { token, arguments, results };
    uint64_t *args = &vcpu->context.gpr[4];

    for (uint64_t i = 0; i < 3 + 40; i++) {
        gpa_t word = at + 4 * i;

        if (domain_contains(guest, word, 4)) {
            word_write(word, i < 3 ? head[i] : i - 3 < arguments && values != NULL ? values[i - 3] : UNWRITTEN);
        }
    }
    args[0] = at;
    fate = RUNNING;
    if (setjmp(machine_exit) != 0) {
        return H_SUCCESS;
    }
    return h_rtas(vcpu, args);
}

static uint32_t results_at; /* number of the first result word of the last call */

/* A call with room for all results; returns its status. The word behind the results stays as it was. */
static uint32_t call(uint32_t token, uint32_t arguments, uint32_t results, const uint32_t *values)
{
    CHECK(call_at(CALL, token, arguments, results, values) == H_SUCCESS);
    results_at = 3 + arguments;
    CHECK(word_read(CALL + 4 * (results_at + results)) == UNWRITTEN);
    return word_read(CALL + 4 * results_at);
}

#define CALL_RTAS(token, results, ...) \
    call(token, (uint32_t)ARRAY_SIZE(((uint32_t[]){ __VA_ARGS__ })), results, (uint32_t[]){ __VA_ARGS__ })

static uint32_t result(unsigned index)
{
    return word_read(CALL + 4 * (results_at + index));
}

static void start(void)
{
    vcpu->state = VCPU_RUNNABLE;
    vcpu->context = (struct guest_context){ 0 };
    guest->plan.capabilities = 0;
    guest->papr = (struct papr_domain){ 0 };
    clock_works = true;
    clock_now = 0;
    displayed = 0;
    fate = RUNNING;
    xics_reset(guest);
    nvram_format(&guest->papr);
    messages_clear();
}

static void test_addresses(void)
{
    static const gpa_t bad[] = {
        END, END - 4, END - 8, END - 12, END - 16, 1, 2, CALL + 1, UINT64_MAX, UINT64_MAX - 3, UINT64_MAX - 11, UINT64_C(1) << 63,
        END << 24,
    };
    const uint32_t character[1] = { 'x' };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(call_at(bad[i], RTAS_DISPLAY_CHARACTER, 1, 1, character) == H_PARAMETER);
        CHECK(displayed == 0);
    }
    CHECK(call_at(END - 20, RTAS_DISPLAY_CHARACTER, 1, 1, character) == H_SUCCESS && displayed == 'x');
    CHECK(word_read(END - 4) == SUCCESS);
    for (gpa_t at = EXTENT_SIZE - 20; at <= EXTENT_SIZE; at += 4) { /* any word may be the first of an extent */
        displayed = 0;
        CHECK(call_at(at, RTAS_DISPLAY_CHARACTER, 1, 1, character) == H_SUCCESS && displayed == 'x');
        CHECK(word_read(at + 16) == SUCCESS && word_read(at + 20) == UNWRITTEN);
    }
}

static void test_counts(void)
{
    static const uint32_t wild[] = { 17, 18, 255, 1 << 20, 1u << 30, 1u << 31, UINT32_MAX, UINT32_MAX - 2 };
    const uint32_t character[16] = { 'x' };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
        CHECK(call_at(CALL, RTAS_DISPLAY_CHARACTER, wild[i], 1, NULL) == H_PARAMETER);
        CHECK(call_at(CALL, RTAS_DISPLAY_CHARACTER, 1, wild[i], character) == H_PARAMETER);
        CHECK(call_at(CALL, RTAS_DISPLAY_CHARACTER, wild[i], wild[i], NULL) == H_PARAMETER);
    }
    CHECK(call_at(CALL, RTAS_DISPLAY_CHARACTER, 1, 0, character) == H_PARAMETER); /* no room for a status */
    CHECK(displayed == 0);
    CHECK(call(RTAS_DISPLAY_CHARACTER, 0, 1, NULL) == PARAMETER_ERROR && displayed == 0);
    CHECK(call(RTAS_DISPLAY_CHARACTER, 16, 16, character) == SUCCESS && displayed == 'x');
    for (unsigned i = 1; i < 16; i++) {
        CHECK(result(i) == 0);
    }
}

/* Every service with one argument or one result too few (PAPR's counts) says so and does nothing. */
static void test_too_few(void)
{
    static const struct {
        uint32_t token, arguments, results;
    } calls[] = {
        { RTAS_DISPLAY_CHARACTER, 1, 1 },        { RTAS_GET_TIME_OF_DAY, 0, 8 },  { RTAS_SET_TIME_OF_DAY, 7, 1 },
        { RTAS_POWER_OFF, 2, 1 },                { RTAS_SYSTEM_REBOOT, 0, 1 },    { RTAS_QUERY_CPU_STOPPED_STATE, 1, 2 },
        { RTAS_START_CPU, 3, 1 },                { RTAS_STOP_SELF, 0, 1 },        { RTAS_IBM_GET_SYSTEM_PARAMETER, 3, 1 },
        { RTAS_IBM_SET_XIVE, 3, 1 },             { RTAS_IBM_GET_XIVE, 1, 3 },     { RTAS_IBM_INT_OFF, 1, 1 },
        { RTAS_IBM_INT_ON, 1, 1 },               { RTAS_CHECK_EXCEPTION, 6, 1 },  { RTAS_EVENT_SCAN, 4, 1 },
        { RTAS_NVRAM_FETCH, 3, 2 },              { RTAS_NVRAM_STORE, 3, 2 },      { RTAS_SET_INDICATOR, 3, 1 },
        { RTAS_IBM_OS_TERM, 1, 1 },
    };

    CHECK(ARRAY_SIZE(calls) == ARRAY_SIZE(services));
    for (size_t i = 0; i < 2 * ARRAY_SIZE(calls); i++) {
        const uint32_t values[16] = { i % 2 == 0 ? 0 : (uint32_t)XICS_FIRST_IRQ }; /* a processor, a source */
        uint32_t token = calls[i / 2].token, arguments = calls[i / 2].arguments, results = calls[i / 2].results;

        start();
        vcpu->state = VCPU_STOPPED;
        if (arguments != 0) {
            CHECK(call(token, arguments - 1, 16, values) == PARAMETER_ERROR);
        }
        if (results > 1) {
            CHECK(call(token, 16, results - 1, values) == PARAMETER_ERROR);
        }
        CHECK(fate == RUNNING && displayed == 0 && messages_length == 0 && vcpu->state == VCPU_STOPPED);
    }
}

static void test_unknown_tokens(void)
{
    static const uint32_t unknown[] = { 0, 1, 0x1fff, 0x2fff, UINT32_MAX };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
        CHECK(CALL_RTAS(unknown[i], 4, 1, 2, 3) == PARAMETER_ERROR);
    }
}

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
    CHECK(CALL_RTAS(RTAS_SET_TIME_OF_DAY, 1, set.year, set.month, set.day, set.hour, set.minute, set.second, 999) == SUCCESS);
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
    for (uint32_t bad = 0; bad < 3; bad++) {
        uint32_t number = bad == 0 ? irq - 1 : bad == 1 ? last : UINT32_MAX;

        CHECK(CALL_RTAS(RTAS_IBM_SET_XIVE, 1, number, 0, 5) == PARAMETER_ERROR);
        CHECK(CALL_RTAS(RTAS_IBM_GET_XIVE, 3, number) == PARAMETER_ERROR);
        CHECK(CALL_RTAS(RTAS_IBM_INT_ON, 1, number) == PARAMETER_ERROR);
        CHECK(CALL_RTAS(RTAS_IBM_INT_OFF, 1, number) == PARAMETER_ERROR);
    }
}

/* One free partition to begin with, in CHRP's format: the header's bytes add up, with end-around carry, to its checksum. */
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

/* The code a domain calls: five big-endian instructions that end in a hypercall. */
static void test_install(void)
{
    start();
    guest->plan.rtas = 0x3000;
    processor.icache_syncs = 0;
    rtas_install(guest);
    CHECK(word_read(0x3000) == 0x7c641b78); /* mr r4,r3 */
    CHECK(word_read(0x3004) == 0x3c600000); /* lis r3,0 */
    CHECK(word_read(0x3008) == (0x60630000 | H_RTAS));
    CHECK(word_read(0x300c) == 0x44000022); /* sc 1 */
    CHECK(word_read(0x3010) == 0x4e800020); /* blr */
    CHECK(processor.icache_syncs == 1 && processor.icache_at == domain_byte(guest, 0x3000));
    CHECK(processor.icache_size >= 20);
}

static void test_random(void)
{
    start();
    for (int step = 0; step < 100000; step++) {
        gpa_t at = random_one_in(20) ? random_wild() : random_below(END + 64) & (random_one_in(20) ? UINT64_MAX : ~UINT64_C(3));
        uint32_t token = random_one_in(10) ? (uint32_t)random_wild() : services[random_below(ARRAY_SIZE(services))].token;
        uint32_t values[16], counts[2];

        for (int i = 0; i < 2; i++) {
            counts[i] = (uint32_t)(random_one_in(20) ? random_wild() : random_below(17));
        }
        for (int i = 0; i < 16; i++) {
            values[i] = (uint32_t)(random_one_in(2) ? random_wild() : random_below(END));
        }
        if (token == RTAS_STOP_SELF || token == RTAS_START_CPU) {
            vcpu->state = random_one_in(2) ? VCPU_STOPPED : VCPU_RUNNABLE;
        }
        guest->plan.capabilities = (uint32_t)random_below(8);
        clock_now = (int64_t)random_below(UINT64_C(400000000000));
        call_at(at, token, counts[0], counts[1], counts[0] <= 16 ? values : NULL);
        messages_clear();
    }
}

int main(void)
{
    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    vcpu = &guest->vcpus[0];
    test_addresses();
    test_counts();
    test_too_few();
    test_unknown_tokens();
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
    test_install();
    test_random();
    return 0;
}
