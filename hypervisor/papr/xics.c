/* SPDX-License-Identifier: BSD-2-Clause */
#include "xics.h"

#include "hv/domain.h"

#define XISR_IPI 2u
#define XISR_MASK 0x00ffffffu
#define CPPR_SHIFT 24

static struct xics_source *source_find(struct domain *domain, uint32_t irq)
{
    if (irq < XICS_FIRST_IRQ || irq - XICS_FIRST_IRQ >= XICS_IRQ_COUNT) {
        return NULL;
    }
    return &domain->papr.sources[irq - XICS_FIRST_IRQ];
}

/* Gives back what was presented but not yet accepted, so that the best request can be chosen anew. */
static void presenter_retract(struct domain *domain, struct xics_presenter *presenter)
{
    struct xics_source *source = source_find(domain, presenter->pending);

    if (source != NULL) {
        source->presented = false;
    }
    presenter->pending = 0;
    presenter->pending_priority = XICS_PRIORITY_MASKED;
}

/* Presents the most favoured request that the processor's priority admits; nothing is presented to it yet. */
static void presenter_choose(struct vcpu *vcpu)
{
    struct domain *domain = vcpu->domain;
    struct xics_presenter *presenter = &vcpu->papr.presenter;
    uint8_t best = presenter->cppr;
    struct xics_source *chosen = NULL;

    if (presenter->mfrr < best) {
        best = presenter->mfrr;
        presenter->pending = XISR_IPI;
    }
    for (uint32_t i = 0; i < XICS_IRQ_COUNT; i++) {
        struct xics_source *source = &domain->papr.sources[i];

        if (source->level && !source->presented && source->server == vcpu->id && source->priority < best) {
            best = source->priority;
            chosen = source;
            presenter->pending = (uint32_t)XICS_FIRST_IRQ + i;
        }
    }
    if (chosen != NULL) {
        chosen->presented = true;
    }
    if (presenter->pending != 0) {
        presenter->pending_priority = best;
    }
}

/* First all give back what they do not hold for good: a source may have moved to another processor. */
static void domain_update(struct domain *domain)
{
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        presenter_retract(domain, &domain->vcpus[i].papr.presenter);
    }
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        presenter_choose(&domain->vcpus[i]);
    }
}

void xics_reset(struct domain *domain)
{
    for (uint32_t i = 0; i < XICS_IRQ_COUNT; i++) {
        domain->papr.sources[i] = (struct xics_source){
            .priority = XICS_PRIORITY_MASKED,
            .saved_priority = XICS_PRIORITY_MASKED,
        };
    }
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        domain->vcpus[i].papr.presenter = (struct xics_presenter){
            .pending_priority = XICS_PRIORITY_MASKED,
            .mfrr = XICS_PRIORITY_MASKED,
        };
    }
}

void xics_set_level(struct domain *domain, uint32_t irq, bool level)
{
    struct xics_source *source = source_find(domain, irq);

    lock_take(&domain->papr.xics_lock);
    if (source != NULL && source->level != level) {
        source->level = level;
        domain_update(domain);
    }
    lock_release(&domain->papr.xics_lock);
}

bool xics_pending(const struct vcpu *vcpu)
{
    return vcpu->papr.presenter.pending != 0;
}

bool xics_set_source(struct domain *domain, uint32_t irq, uint32_t server, uint8_t priority)
{
    struct xics_source *source = source_find(domain, irq);

    if (source == NULL || server >= domain->plan.vcpus) {
        return false;
    }
    lock_take(&domain->papr.xics_lock);
    source->server = server;
    source->priority = priority;
    source->saved_priority = priority;
    domain_update(domain);
    lock_release(&domain->papr.xics_lock);
    return true;
}

bool xics_get_source(struct domain *domain, uint32_t irq, uint32_t *server, uint8_t *priority)
{
    const struct xics_source *source = source_find(domain, irq);

    if (source == NULL) {
        return false;
    }
    *server = source->server;
    *priority = source->priority;
    return true;
}

bool xics_mask_source(struct domain *domain, uint32_t irq)
{
    struct xics_source *source = source_find(domain, irq);

    if (source == NULL) {
        return false;
    }
    lock_take(&domain->papr.xics_lock);
    if (source->priority != XICS_PRIORITY_MASKED) {
        source->saved_priority = source->priority;
    }
    source->priority = XICS_PRIORITY_MASKED;
    domain_update(domain);
    lock_release(&domain->papr.xics_lock);
    return true;
}

bool xics_unmask_source(struct domain *domain, uint32_t irq)
{
    struct xics_source *source = source_find(domain, irq);

    if (source == NULL) {
        return false;
    }
    lock_take(&domain->papr.xics_lock);
    source->priority = source->saved_priority;
    domain_update(domain);
    lock_release(&domain->papr.xics_lock);
    return true;
}

void xics_set_cppr(struct vcpu *vcpu, uint8_t cppr)
{
    lock_take(&vcpu->domain->papr.xics_lock);
    vcpu->papr.presenter.cppr = cppr;
    domain_update(vcpu->domain);
    lock_release(&vcpu->domain->papr.xics_lock);
}

uint32_t xics_accept(struct vcpu *vcpu)
{
    struct xics_presenter *presenter = &vcpu->papr.presenter;
    uint32_t xirr;

    lock_take(&vcpu->domain->papr.xics_lock);
    xirr = (uint32_t)presenter->cppr << CPPR_SHIFT | presenter->pending;
    if (presenter->pending != 0) {
        /* The source stays presented until its H_EOI; the priority moves to that of the interrupt. */
        presenter->cppr = presenter->pending_priority;
        presenter->pending = 0;
        presenter->pending_priority = XICS_PRIORITY_MASKED;
    }
    lock_release(&vcpu->domain->papr.xics_lock);
    return xirr;
}

uint32_t xics_poll(const struct vcpu *vcpu, uint8_t *mfrr)
{
    const struct xics_presenter *presenter = &vcpu->papr.presenter;

    *mfrr = presenter->mfrr;
    return (uint32_t)presenter->cppr << CPPR_SHIFT | presenter->pending;
}

bool xics_end(struct vcpu *vcpu, uint32_t xirr)
{
    uint32_t irq = xirr & XISR_MASK;
    struct xics_source *source = source_find(vcpu->domain, irq);

    /* The priority changes even when the number is nobody's: or the processor would stay closed. */
    lock_take(&vcpu->domain->papr.xics_lock);
    if (source != NULL) {
        source->presented = false;
    }
    vcpu->papr.presenter.cppr = (uint8_t)(xirr >> CPPR_SHIFT);
    domain_update(vcpu->domain);
    lock_release(&vcpu->domain->papr.xics_lock);
    return irq == 0 || irq == XISR_IPI || source != NULL;
}

void xics_set_mfrr(struct vcpu *vcpu, uint8_t mfrr)
{
    lock_take(&vcpu->domain->papr.xics_lock);
    vcpu->papr.presenter.mfrr = mfrr;
    domain_update(vcpu->domain);
    lock_release(&vcpu->domain->papr.xics_lock);
}
