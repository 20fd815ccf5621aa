/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/sched.h"

#include "cpu.h"
#include "hv/console.h"
#include "hv/power.h"
#include "papr/vpa.h"
#include "papr/xics.h"

/* One processor of each domain, one of the machine: both limits end here, not in the data. */
_Static_assert(MAX_VCPUS == 1, "the scheduler looks at the first virtual processor only");

#define SLICES_PER_SECOND 100
#define POLLS_PER_SECOND 100
#define BUSY_POLLS_PER_SECOND 1000 /* while characters move over the console */

static struct {
    uint64_t frequency;    /* of the time base */
    uint64_t slice_end;    /* time base value at which another domain may have the processor */
    uint64_t console_next; /* and at which the console wants a look */
    uint32_t last;         /* the domain that had the processor last */
} sched;

void sched_init(uint64_t timebase_frequency)
{
    sched.frequency = timebase_frequency;
    sched.last = MAX_DOMAINS - 1;
}

uint64_t sched_timebase_frequency(void)
{
    return sched.frequency;
}

void sched_request(void)
{
    percpu_this()->reschedule = true;
}

bool sched_requested(void)
{
    return percpu_this()->reschedule;
}

/* The hypervisor decrementer rings at the nearer of the two. */
static void alarm_set(uint64_t now)
{
    uint64_t next = sched.slice_end < sched.console_next ? sched.slice_end : sched.console_next;

    cpu_mtspr(SPR_HDEC, next > now ? next - now : 1);
}

static void slice_begin(void)
{
    uint64_t now = cpu_timebase();

    sched.slice_end = now + sched.frequency / SLICES_PER_SECOND;
    alarm_set(now);
}

void sched_tick(void)
{
    uint64_t now = cpu_timebase();

    if (now >= sched.console_next) {
        bool busy = console_poll();

        now = cpu_timebase();
        sched.console_next = now + sched.frequency / (busy ? BUSY_POLLS_PER_SECOND : POLLS_PER_SECOND);
    }
    if (now >= sched.slice_end) {
        sched_request();
    }
    alarm_set(now);
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

/* The next runnable processor behind the last one's domain, that domain itself at the end; NULL when all wait. */
static struct vcpu *find_runnable(void)
{
    for (uint32_t i = 1; i <= domain_count; i++) {
        uint32_t index = (sched.last + i) % domain_count;
        struct vcpu *vcpu = &domains[index].vcpus[0];

        if (vcpu->state == VCPU_BLOCKED && has_work(vcpu)) {
            sched_wake(vcpu);
        }
        if (vcpu->state == VCPU_RUNNABLE) {
            sched.last = index;
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

/*
 * Starts the domains that asked for it and have waited long enough. What the processor still holds of one is void. Of
 * each it clears one piece at a time: a large domain that starts over and over leaves the others their share. True
 * when there is more to clear.
 */
static bool restart_domains(void)
{
    struct percpu *percpu = percpu_this();
    bool more = false;

    for (uint32_t i = 0; i < domain_count; i++) {
        struct domain *domain = &domains[i];

        if (domain->state != DOMAIN_RESTARTING) {
            continue;
        }
        if (!domain_clear(domain)) {
            more = true;
        } else if (cpu_timebase() >= domain->restart_time) {
            if (percpu->vcpu != NULL && percpu->vcpu->domain == domain) {
                percpu->vcpu = NULL;
            }
            domain_start(domain);
        }
    }
    return more;
}

/* Sleeps until the next decrementer of a waiting domain, a console poll at most: the console does not interrupt. */
static void idle(void)
{
    int64_t sleep = (int64_t)(sched.console_next - cpu_timebase());

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
}

/* Waits for somebody to run. Ends the machine when nobody ever will. */
static struct vcpu *wait_runnable(void)
{
    struct vcpu *next;
    bool busy = restart_domains();

    while ((next = find_runnable()) == NULL) {
        if (!anyone_left()) {
            machine_power_off();
        }
        if (!busy) {
            idle();
        }
        sched_tick();
        busy = restart_domains();
    }
    return next;
}

/* What a processor holds of its own stays in it until another one really takes over. */
static void switch_world(struct vcpu *next)
{
    struct percpu *percpu = percpu_this();
    struct vcpu *held = percpu->vcpu;

    if (held == next) {
        context_dec_load(&next->context);
        return;
    }
    if (held != NULL && held->domain->state == DOMAIN_RUNNING) {
        context_save(&held->context);
    }
    context_load(&next->context);
    percpu->vcpu = next;
    percpu->context = &next->context;
}

struct vcpu *sched_choose(void)
{
    struct vcpu *current = percpu_this()->vcpu, *next;

    if (current != NULL) {
        context_dec_save(&current->context);
        vpa_dispatched(current, false);
    }
    next = wait_runnable();
    switch_world(next);
    vpa_dispatched(next, true);
    percpu_this()->reschedule = false;
    slice_begin();
    return next;
}
