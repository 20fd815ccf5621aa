/* SPDX-License-Identifier: BSD-2-Clause */
/* Spin locks. Interrupts are always off in the hypervisor, so a holder is never preempted. */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include <stdint.h>

struct lock {
    uint32_t held;
};

static inline void lock_take(struct lock *lock)
{
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0) {
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0) {
        }
    }
}

static inline void lock_release(struct lock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
