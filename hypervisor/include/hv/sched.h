/* SPDX-License-Identifier: BSD-2-Clause */
/* Round robin over runnable virtual processors, preempted by the hypervisor decrementer; naps when there are none. */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include "hv/domain.h"

/* Time slice and tick, in time base ticks. */
void sched_init(uint64_t timebase_frequency);

/* The current virtual processor may not go on: choose again before the next entry. */
void sched_request(void);
bool sched_requested(void);

/* A blocked processor has something to do. */
void sched_wake(struct vcpu *vcpu);

/* Chooses who runs next and switches to it; returns only with a runnable processor. Ends the machine when there is none left. */
struct vcpu *sched_choose(struct vcpu *current);

/* Serves the console and arms the next tick. */
void sched_tick(void);

uint64_t sched_timebase_frequency(void);

#endif
