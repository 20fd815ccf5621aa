/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual processor area: what a guest and its hypervisor tell each other in memory (PAPR, H_REGISTER_VPA). */
#ifndef PAPR_VPA_H
#define PAPR_VPA_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Notes in a registered area that the processor begins or ceases to run: odd counts mean "preempted". */
void vpa_dispatched(struct vcpu *vcpu, bool running);

/* The count as it stands in the area of a processor that has registered one. */
uint32_t vpa_yield_count(const struct vcpu *vcpu);

#endif
