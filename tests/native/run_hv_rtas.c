/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame of run-time abstraction services: calls at any address, with any counts and any token.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 * Link: hypervisor/core/calendar.c hypervisor/papr/nvram.c hypervisor/papr/xics.c
 */
#include "hv_rtas.h"

static void test_addresses(void)
{
    static const gpa_t bad[] = {
        END, END - 4, END - 8, END - 12, END - 16, 1, 2, CALL + 1,
        UINT64_MAX, UINT64_MAX - 3, UINT64_MAX - 11, UINT64_C(1) << 63, END << 24,
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
        { RTAS_POWER_OFF, 2, 1 },                { RTAS_SYSTEM_REBOOT, 0, 1 },    { RTAS_START_CPU, 3, 1 },
        { RTAS_QUERY_CPU_STOPPED_STATE, 1, 2 },  { RTAS_STOP_SELF, 0, 1 },
        { RTAS_IBM_GET_SYSTEM_PARAMETER, 3, 1 },
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

/* The code a domain calls: five big-endian instructions that end in a hypercall. */
static void test_install(void)
{
    start();
    guest->plan.rtas = 0x3000;
    rtas_install(guest);
    CHECK(word_read(0x3000) == 0x7c641b78); /* mr r4,r3 */
    CHECK(word_read(0x3004) == 0x3c600000); /* lis r3,0 */
    CHECK(word_read(0x3008) == (0x60630000 | H_RTAS));
    CHECK(word_read(0x300c) == 0x44000022); /* sc 1 */
    CHECK(word_read(0x3010) == 0x4e800020); /* blr */
}

static void test_random(void)
{
    start();
    for (int step = 0; step < 100000; step++) {
        gpa_t odd = random_one_in(20) ? random_below(4) : 0;
        gpa_t at = random_one_in(20) ? random_wild() : (random_below(END + 64) & ~UINT64_C(3)) + odd;
        uint32_t known = services[random_below(ARRAY_SIZE(services))].token;
        uint32_t token = random_one_in(10) ? (uint32_t)random_wild() : known;
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
    rtas_init();
    test_addresses();
    test_counts();
    test_too_few();
    test_unknown_tokens();
    test_install();
    test_random();
    return 0;
}
