/* SPDX-License-Identifier: BSD-2-Clause */
/* Decrementer and time base. */
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include <stdint.h>

/* Installs a decrementer handler that counts and sets the decrementer far off; call before interrupts go on. */
void timer_init(void);

/* Decrementer interrupts so far, and the time base at the last one. */
uint64_t timer_count(void);
uint64_t timer_last(void);

/* The next decrementer interrupt comes in `ticks` of the time base, less than 2^31. */
void timer_set(uint64_t ticks);

/* Time-base ticks of a number of microseconds, as the tree says. */
uint64_t timer_ticks(uint64_t microseconds);

/*
 * Gives the processor away until the decrementer fires; needs timer_init(). Returns, with interrupts off, how many
 * H_CEDE it took: more than one when something else woke the processor.
 */
unsigned timer_sleep(uint64_t ticks);

/* Runs until then without giving anything away. */
void timer_spin(uint64_t ticks);

#endif
