/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/sched.h"

#include "cpu.h"
#include "hv/console.h"
#include "hv/power.h"
#include "papr/vpa.h"
#include "papr/xics.h"

#define TICKS_PER_SECOND 100
#define BUSY_TICKS_PER_SECOND 1000 /* while characters move over the console */

static uint64_t frequency;
static uint64_t slice;
static uint64_t tick; /* until the next look at the console: a slice at most */

void sched_init(uint64_t timebase_frequency)
{
    frequency = timebase_frequency;
    slice = timebase_frequency / TICKS_PER_SECOND;
    tick = slice;
}

uint64_t sched_timebase_frequency(void)
{
    return frequency;
}

void sched_request(void)
{
    percpu_this()->reschedule = true;
}

bool sched_requested(void)
{
    return percpu_this()->reschedule;
}

void sched_tick(void)
{
    tick = console_poll() ? frequency / BUSY_TICKS_PER_SECOND : slice;
    cpu_mtspr(SPR_HDEC, tick);
}

void sched_wake(struct vcpu *vcpu)
{
    if (vcpu->state == VCPU_BLOCKED) {
        vcpu->state = VCPU_RUNNABLE;
    }
}

static bool has_work(const struct vcpu *vcpu)
{
    return xics_pending(vcpu) || vcpu->papr.prodded || vcpu->reset_pending || context_dec_left(&vcpu->context) <= 0;
}

/* The next runnable processor behind current, current itself last; NULL when all wait. */
static struct vcpu *find_runnable(const struct vcpu *current)
{
    uint32_t start = current == NULL ? 0 : (uint32_t)(current->domain - domains) + 1;

    for (uint32_t i = 0; i < domain_count; i++) {
        struct vcpu *vcpu = &domains[(start + i) % domain_count].vcpus[0];

        if (vcpu->state == VCPU_BLOCKED && has_work(vcpu)) {
            sched_wake(vcpu);
        }
        if (vcpu->state == VCPU_RUNNABLE) {
            return vcpu;
        }
    }
    return NULL;
}

static bool anyone_left(void)
{
    for (uint32_t i = 0; i < domain_count; i++) {
        if (domains[i].state == DOMAIN_RUNNING || domains[i].state == DOMAIN_RESTARTING) {
            return true;
        }
    }
    return false;
}

/* Sleeps until the next decrementer of a waiting domain, a tick at most: the console is polled, not interrupt driven. */
static void idle(void)
{
    int64_t sleep = (int64_t)tick;

    for (uint32_t i = 0; i < domain_count; i++) {
        const struct vcpu *vcpu = &domains[i].vcpus[0];

        if (vcpu->state == VCPU_BLOCKED && context_dec_left(&vcpu->context) < sleep) {
            sleep = context_dec_left(&vcpu->context);
        }
    }
    if (sleep > 0) {
        cpu_mtspr(SPR_DEC, sleep);
        cpu_nap();
    }
    sched_tick();
}

/* What a processor holds of its own stays in it until another one really takes over. */
static void switch_to(struct vcpu *next)
{
    struct percpu *percpu = percpu_this();

    if (percpu->vcpu != next) {
        context_load(&next->context);
        percpu->vcpu = next;
        percpu->context = &next->context;
    } else {
        context_dec_load(&next->context);
    }
    vpa_dispatched(next, true);
}

/* Loads the domains that asked for it. What this processor still holds of one of them is void. */
static struct vcpu *restart_domains(struct vcpu *current)
{
    for (uint32_t i = 0; i < domain_count; i++) {
        if (domains[i].state == DOMAIN_RESTARTING) {
            domain_start(&domains[i]);
            if (current != NULL && current->domain == &domains[i]) {
                percpu_this()->vcpu = NULL;
                current = NULL;
            }
        }
    }
    return current;
}

struct vcpu *sched_choose(struct vcpu *current)
{
    struct vcpu *next;

    percpu_this()->reschedule = false;
    if (current != NULL) {
        context_dec_save(&current->context);
    }
    current = restart_domains(current);
    next = find_runnable(current);
    if (next != NULL && next == current) {
        return current;
    }
    if (current != NULL) {
        vpa_dispatched(current, false);
    }
    while (next == NULL) {
        if (!anyone_left()) {
            machine_power_off();
        }
        idle();
        next = find_runnable(current);
    }
    if (current != NULL && current != next && current->domain->state == DOMAIN_RUNNING) {
        context_save(&current->context);
    }
    switch_to(next);
    return next;
}
