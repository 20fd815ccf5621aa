/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual interrupt controller against a model that works out from the guest's point of view what may be presented.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include "../../hypervisor/papr/xics.c"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "hv_random.h"

#define IPI 2u
#define FIRST (uint32_t)XICS_FIRST_IRQ
#define COUNT (uint32_t)XICS_IRQ_COUNT
#define MASKED 0xffu

/* What each source is set to, and whether the guest is between accepting it and ending it. */
struct model_source {
    uint32_t server;
    uint8_t priority, saved;
    bool level, in_service;
};

static struct domain domain;
static struct vcpu *vcpu = &domain.vcpus[0];
static struct model_source sources[XICS_IRQ_COUNT];
static uint8_t cppr, mfrr;

/* The most favoured request that the processor's priority lets through; 0 and MASKED when there is none. */
static uint32_t best(uint8_t *priority)
{
    uint32_t found = 0;

    *priority = cppr;
    if (mfrr < *priority) {
        found = IPI;
        *priority = mfrr;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        if (sources[i].level && !sources[i].in_service && sources[i].server == 0 && sources[i].priority < *priority) {
            found = FIRST + i;
            *priority = sources[i].priority;
        }
    }
    if (found == 0) {
        *priority = MASKED;
    }
    return found;
}

static void check_state(void)
{
    uint8_t priority, polled_mfrr = 0;
    uint32_t expected = best(&priority);

    CHECK(xics_pending(vcpu) == (expected != 0));
    CHECK(xics_poll(vcpu, &polled_mfrr) == ((uint32_t)cppr << 24 | expected));
    CHECK(polled_mfrr == mfrr);
    CHECK(domain.papr.xics_lock.held == 0);
}

static void start(void)
{
    memset(&domain, 0, sizeof(domain));
    memset(sources, 0, sizeof(sources));
    domain.plan.vcpus = 1;
    vcpu->domain = &domain;
    xics_reset(&domain);
    cppr = 0;
    mfrr = MASKED;
    for (uint32_t i = 0; i < COUNT; i++) {
        sources[i].priority = sources[i].saved = MASKED;
    }
    check_state();
}

static struct model_source *model_find(uint32_t irq)
{
    return irq >= FIRST && irq < FIRST + COUNT ? &sources[irq - FIRST] : NULL;
}

static void op_set_level(uint32_t irq, bool level)
{
    xics_set_level(&domain, irq, level);
    if (model_find(irq) != NULL) {
        model_find(irq)->level = level;
    }
}

static void op_set_source(uint32_t irq, uint32_t server, uint8_t priority)
{
    struct model_source *source = model_find(irq);
    bool good = source != NULL && server == 0;

    CHECK(xics_set_source(&domain, irq, server, priority) == good);
    if (good) {
        source->server = server;
        source->priority = source->saved = priority;
    }
}

static void op_get_source(uint32_t irq)
{
    const struct model_source *source = model_find(irq);
    uint32_t server = 77;
    uint8_t priority = 77;

    CHECK(xics_get_source(&domain, irq, &server, &priority) == (source != NULL));
    CHECK(server == (source != NULL ? source->server : 77));
    CHECK(priority == (source != NULL ? source->priority : 77));
}

static void op_mask(uint32_t irq)
{
    struct model_source *source = model_find(irq);

    CHECK(xics_mask_source(&domain, irq) == (source != NULL));
    if (source != NULL && source->priority != MASKED) {
        source->saved = source->priority;
        source->priority = MASKED;
    }
}

static void op_unmask(uint32_t irq)
{
    struct model_source *source = model_find(irq);

    CHECK(xics_unmask_source(&domain, irq) == (source != NULL));
    if (source != NULL) {
        source->priority = source->saved;
    }
}

/* Returns what was accepted. */
static uint32_t op_accept(void)
{
    uint8_t priority;
    uint32_t expected = best(&priority), xirr = xics_accept(vcpu);

    CHECK(xirr == ((uint32_t)cppr << 24 | expected));
    if (expected != 0) {
        cppr = priority;
    }
    if (model_find(expected) != NULL) {
        model_find(expected)->in_service = true;
    }
    return xirr;
}

static void op_end(uint32_t xirr)
{
    uint32_t irq = xirr & 0xffffff;
    struct model_source *source = model_find(irq);
    bool good = irq == 0 || irq == IPI || source != NULL;

    CHECK(xics_end(vcpu, xirr) == good);
    cppr = (uint8_t)(xirr >> 24); /* in any case, or the processor would stay closed */
    if (source != NULL) {
        source->in_service = false;
    }
}

static void op_set_cppr(uint8_t value)
{
    xics_set_cppr(vcpu, value);
    cppr = value;
}

static void op_set_mfrr(uint8_t value)
{
    xics_set_mfrr(vcpu, value);
    mfrr = value;
}

static uint32_t random_irq(void)
{
    switch (random_below(12)) {
    case 0:
        return (uint32_t)random_wild();
    case 1:
        return FIRST - 1 + (uint32_t)random_below(2) * (COUNT + 1);
    default:
        return FIRST + (uint32_t)random_below(COUNT);
    }
}

static uint8_t random_priority(void)
{
    return (uint8_t)(random_one_in(2) ? random_below(9) : random_one_in(3) ? MASKED : random_next());
}

static void random_operation(void)
{
    static uint32_t accepted[4];

    switch (random_below(11)) {
    case 0:
    case 1:
        op_set_level(random_irq(), random_one_in(2));
        break;
    case 2:
        op_set_source(random_irq(), random_one_in(8) ? (uint32_t)random_wild() : 0, random_priority());
        break;
    case 3:
        op_mask(random_irq());
        break;
    case 4:
        op_unmask(random_irq());
        break;
    case 5:
    case 6:
        accepted[random_below(4)] = op_accept();
        break;
    case 7:
        if (random_one_in(3)) {
            op_end((uint32_t)random_priority() << 24 | (random_irq() & 0xffffff));
        } else {
            op_end(accepted[random_below(4)]);
        }
        break;
    case 8:
        op_set_cppr(random_priority());
        break;
    case 9:
        op_set_mfrr(random_priority());
        break;
    default:
        op_get_source(random_irq());
    }
}

static void test_random(void)
{
    static char step_text[48];

    for (int round = 0; round < 200; round++) {
        start();
        for (int step = 0; step < 2000; step++) {
            snprintf(step_text, sizeof(step_text), "round %d step %d", round, step);
            check_context = step_text;
            random_operation();
            check_state();
        }
    }
    check_context = "";
}

/* The life of a level interrupt as Linux lives it. */
static void test_level_interrupt(void)
{
    uint32_t xirr;

    start();
    op_set_cppr(MASKED);
    op_set_source(FIRST, 0, 5);
    op_set_level(FIRST, true);
    CHECK(xics_pending(vcpu));
    xirr = op_accept();
    CHECK(xirr == (MASKED << 24 | FIRST));
    CHECK(!xics_pending(vcpu));
    op_set_level(FIRST, false);
    op_set_level(FIRST, true); /* again while in service: comes after the end */
    check_state();
    CHECK(!xics_pending(vcpu));
    op_end(xirr);
    check_state();
    CHECK(xics_pending(vcpu));
    op_set_level(FIRST, false); /* withdrawn before it is accepted: spurious */
    check_state();
    CHECK(op_accept() == MASKED << 24);
}

/* A better request takes the place of one that is presented but not accepted, and none is forgotten. */
static void test_better_request(void)
{
    start();
    op_set_cppr(MASKED);
    for (uint32_t i = 0; i < COUNT; i++) {
        op_set_source(FIRST + i, 0, (uint8_t)(COUNT - i));
        op_set_level(FIRST + i, true);
        check_state();
    }
    op_set_mfrr(4);
    for (uint32_t expected = COUNT; expected > COUNT - 4; expected--) {
        uint32_t xirr = op_accept();

        CHECK((xirr & 0xffffff) == FIRST + expected - 1 || (xirr & 0xffffff) == IPI);
        op_set_cppr(MASKED);
        check_state();
    }
}

/* An unknown source's line and a reset leave nothing behind. */
static void test_reset(void)
{
    start();
    op_set_cppr(MASKED);
    op_set_source(FIRST + 3, 0, 1);
    op_set_level(FIRST + 3, true);
    op_accept();
    op_set_mfrr(0);
    xics_reset(&domain);
    for (uint32_t i = 0; i < COUNT; i++) {
        sources[i] = (struct model_source){ .priority = MASKED, .saved = MASKED };
    }
    cppr = 0;
    mfrr = MASKED;
    check_state();
    op_get_source(FIRST + 3);
    op_unmask(FIRST + 3);
    op_get_source(FIRST + 3);
    op_set_cppr(MASKED);
    check_state();
}

int main(void)
{
    test_level_interrupt();
    test_better_request();
    test_reset();
    test_random();
    return 0;
}
