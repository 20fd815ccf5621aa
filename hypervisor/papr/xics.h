/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual interrupt controller (PAPR, interrupt source and presentation layers). */
#ifndef PAPR_XICS_H
#define PAPR_XICS_H

#include <stdbool.h>
#include <stdint.h>

struct domain;
struct vcpu;

void xics_reset(struct domain *domain);

/* A device's request line. */
void xics_set_level(struct domain *domain, uint32_t irq, bool level);

/* The processor has an interrupt to take as soon as MSR[EE] lets it. */
bool xics_pending(const struct vcpu *vcpu);

/* The part of RTAS that configures sources; false for an unknown source or server. */
bool xics_set_source(struct domain *domain, uint32_t irq, uint32_t server, uint8_t priority);
bool xics_get_source(struct domain *domain, uint32_t irq, uint32_t *server, uint8_t *priority);
bool xics_mask_source(struct domain *domain, uint32_t irq);
bool xics_unmask_source(struct domain *domain, uint32_t irq);

/* Presentation layer, called for the hypercalls of these names. */
void xics_set_cppr(struct vcpu *vcpu, uint8_t cppr);
uint32_t xics_accept(struct vcpu *vcpu);
uint32_t xics_poll(const struct vcpu *vcpu, uint8_t *mfrr);
bool xics_end(struct vcpu *vcpu, uint32_t xirr);
void xics_set_mfrr(struct vcpu *vcpu, uint8_t mfrr);

#endif
