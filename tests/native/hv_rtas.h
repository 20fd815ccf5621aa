/* SPDX-License-Identifier: BSD-2-Clause */
/* papr/rtas.c between a guest that calls it with any words and stand-ins that note what it asks of the rest. */
#ifndef TESTS_NATIVE_HV_RTAS_H
#define TESTS_NATIVE_HV_RTAS_H

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
#define BUSY ((uint32_t)-2)
#define PARAMETER_ERROR ((uint32_t)-3)
#define UNWRITTEN 0xdeadbeefu

static const uint32_t extents[] = { 70, 30 };
#define END ((uint64_t)ARRAY_SIZE(extents) << EXTENT_SHIFT)

static struct domain *guest;
static struct vcpu *vcpu;
static bool clock_works, terminal_works;
static int64_t clock_now;
static char displayed;
static char crash_text[256];
static jmp_buf machine_exit;
static enum { RUNNING, STOPPED, RESTARTED, CRASHED, SWITCHED_OFF, REBOOTED } fate;

bool terminal_write(struct domain *domain, const char *text, size_t size)
{
    CHECK(domain == guest && size == 1);
    displayed = *text;
    return terminal_works;
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

static inline uint32_t result(unsigned index)
{
    return word_read(CALL + 4 * (results_at + index));
}

static inline void rtas_init(void)
{
    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    vcpu = &guest->vcpus[0];
}

static void start(void)
{
    vcpu->state = VCPU_RUNNABLE;
    vcpu->context = (struct guest_context){ 0 };
    guest->plan.capabilities = 0;
    guest->papr = (struct papr_domain){ 0 };
    clock_works = terminal_works = true;
    clock_now = 0;
    displayed = 0;
    fate = RUNNING;
    xics_reset(guest);
    nvram_format(&guest->papr);
    messages_clear();
}

#endif
