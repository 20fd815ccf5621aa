/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs next: everybody in turn, whoever waits when there is something for him, restarting domains piece by piece.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include <setjmp.h>

#include "check.h"
#include "hv_processor.h"

void cpu_nap(void);

#include "../../hypervisor/core/sched.c"

#define FREQUENCY 1000000u
#define PIECES 10u

struct domain domains[MAX_DOMAINS];
uint32_t domain_count;

static unsigned naps, polls, saves, starts;
static const struct guest_context *loaded;
static const struct vcpu *interrupted; /* has an interrupt to take */
static jmp_buf power;

/* The only clock is the one below: nothing takes time but a nap, and clearing. */
void cpu_nap(void)
{
    CHECK((int64_t)processor.spr[SPR_DEC] > 0);
    processor.timebase += processor.spr[SPR_DEC];
    naps++;
}

bool console_poll(void)
{
    polls++;
    return false;
}

bool xics_pending(const struct vcpu *vcpu)
{
    return vcpu == interrupted;
}

void vpa_dispatched(struct vcpu *vcpu, bool running)
{
    CHECK(!running || vcpu->state == VCPU_RUNNABLE);
}

int64_t context_dec_left(const struct guest_context *context)
{
    return (int64_t)(context->dec_expiry - processor.timebase);
}

void context_dec_save(struct guest_context *context)
{
    (void)context;
}

void context_dec_load(const struct guest_context *context)
{
    (void)context;
}

void context_save(struct guest_context *context)
{
    CHECK(context == loaded);
    saves++;
}

void context_load(const struct guest_context *context)
{
    loaded = context;
}

bool domain_clear(struct domain *domain)
{
    CHECK(domain->state == DOMAIN_RESTARTING && domain->vcpus[0].state == VCPU_STOPPED);
    processor.timebase += 100;
    domain->clear_count += domain->clear_count < PIECES ? 1 : 0;
    return domain->clear_count == PIECES;
}

void domain_start(struct domain *domain)
{
    CHECK(domain->clear_count == PIECES && processor.timebase >= domain->restart_time);
    domain->clear_count = 0;
    domain->state = DOMAIN_RUNNING;
    domain->vcpus[0].state = VCPU_RUNNABLE;
    starts++;
}

void machine_power_off(void)
{
    longjmp(power, 1);
}

static void start(uint32_t count)
{
    memset(&processor, 0, sizeof(processor));
    memset(domains, 0, sizeof(domains));
    domain_count = count;
    for (uint32_t i = 0; i < count; i++) {
        domains[i].state = DOMAIN_RUNNING;
        domains[i].vcpus[0].domain = &domains[i];
        domains[i].vcpus[0].state = VCPU_RUNNABLE;
        domains[i].vcpus[0].context.dec_expiry = UINT64_MAX / 4;
    }
    naps = polls = saves = starts = 0;
    loaded = NULL;
    interrupted = NULL;
    sched = (__typeof__(sched)){ 0 };
    sched_init(FREQUENCY);
    sched.last = count - 1;
}

/* The index of the domain that is chosen. */
static uint32_t choose(void)
{
    struct vcpu *chosen = sched_choose();

    CHECK(loaded == &chosen->context && processor.percpu.vcpu == chosen && !sched_requested());
    CHECK((int64_t)processor.spr[SPR_HDEC] > 0 && processor.spr[SPR_HDEC] <= FREQUENCY / 100);
    return (uint32_t)(chosen->domain - domains);
}

static void test_turns(void)
{
    start(3);
    for (uint32_t i = 0; i < 10; i++) {
        CHECK(choose() == i % 3);
    }
    CHECK(saves == 9 && naps == 0);
    domains[1].state = DOMAIN_CRASHED;
    domains[1].vcpus[0].state = VCPU_STOPPED;
    CHECK(choose() == 2 && choose() == 0 && choose() == 2);
    saves = 0;
    domains[0].vcpus[0].state = VCPU_BLOCKED;
    CHECK(choose() == 2 && choose() == 2 && saves == 0); /* alone: nothing is saved, nothing loaded */
}

static void test_waking(void)
{
    start(2);
    domains[0].vcpus[0].state = domains[1].vcpus[0].state = VCPU_BLOCKED;
    interrupted = &domains[1].vcpus[0];
    CHECK(choose() == 1 && naps == 0);
    interrupted = NULL;
    domains[1].vcpus[0].state = VCPU_BLOCKED;
    domains[0].vcpus[0].papr.prodded = true;
    CHECK(choose() == 0 && naps == 0);
    domains[0].vcpus[0].papr.prodded = false;
    domains[0].vcpus[0].state = VCPU_BLOCKED;
    domains[0].vcpus[0].context.dec_expiry = processor.timebase + FREQUENCY;
    domains[1].vcpus[0].context.dec_expiry = processor.timebase + FREQUENCY / 2;
    CHECK(choose() == 1 && processor.timebase == FREQUENCY / 2); /* not a tick later */
    CHECK(naps >= 50 && polls >= 50);                            /* the console is looked after meanwhile */
}

static void test_the_last_one_gone(void)
{
    bool off = false;

    start(1);
    domains[0].state = DOMAIN_OFF;
    domains[0].vcpus[0].state = VCPU_STOPPED;
    if (setjmp(power) == 0) {
        sched_choose();
    } else {
        off = true;
    }
    CHECK(off);
}

static void restarting(uint32_t index, uint64_t delay)
{
    domains[index].state = DOMAIN_RESTARTING;
    domains[index].restart_time = processor.timebase + delay;
    domains[index].vcpus[0].state = VCPU_STOPPED;
}

/* A domain that is cleared for its next start keeps the others waiting for one piece at a time. */
static void test_restart_beside_others(void)
{
    start(3);
    CHECK(choose() == 0);
    restarting(0, 0);
    for (unsigned piece = 1; piece < PIECES; piece++) {
        uint64_t before = processor.timebase;

        CHECK(choose() == 2 - piece % 2 && domains[0].clear_count == piece && processor.timebase == before + 100);
    }
    CHECK(starts == 0 && choose() == 2 && starts == 1);
    CHECK(choose() == 0 && choose() == 1 && choose() == 2);
}

/* Alone it does not nap before it is clear, does until its time has come, and what the processor holds of it is void. */
static void test_restart_alone(void)
{
    start(1);
    CHECK(choose() == 0);
    saves = 0;
    restarting(0, FREQUENCY);
    loaded = NULL;
    CHECK(choose() == 0 && starts == 1 && saves == 0);
    CHECK(processor.timebase >= FREQUENCY && processor.timebase < FREQUENCY + FREQUENCY / 50 && naps <= 101);
    restarting(0, 0);
    naps = 0;
    CHECK(choose() == 0 && starts == 2 && naps == 0);
}

int main(void)
{
    test_turns();
    test_waking();
    test_the_last_one_gone();
    test_restart_beside_others();
    test_restart_alone();
    return 0;
}
