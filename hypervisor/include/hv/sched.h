/* SPDX-License-Identifier: BSD-2-Clause */
/* Round robin over runnable virtual processors, preempted by the hypervisor decrementer; naps when there are none. */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include "hv/domain.h"

/* The time base's frequency in Hz is the one clock that slices, polls and waits are counted by. */
void sched_init(uint64_t timebase_frequency);

/* The current virtual processor may not go on: choose again before the next entry. */
void sched_request(void);
bool sched_requested(void);

/* A blocked processor has something to do. */
void sched_wake(struct vcpu *vcpu);

/*
 * Chooses who runs next, behind the one that this processor holds, and switches to it with a whole slice before
 * it. Returns only with a runnable processor; ends the machine when there is none left.
 */
struct vcpu *sched_choose(void);

/* The hypervisor decrementer rang: serves the console when it is due, and ends the slice when that is. */
void sched_tick(void);

uint64_t sched_timebase_frequency(void);

#endif
