/* SPDX-License-Identifier: BSD-2-Clause */
/* A spin lock that knows its holder: the report of an exception has to tell whom the exception interrupted.  Nobody takes
 * it twice. */
#ifndef OPAL_OWNED_LOCK_H
#define OPAL_OWNED_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "cpus.h"
#include "io.h"

struct owned_lock {
    uint64_t owner; /* the holder's PIR plus 1; 0: nobody */
};

static inline bool owned_lock_is_mine(const struct owned_lock *lock)
{
    return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == cpu_self() + 1;
}

static inline void owned_lock_take(struct owned_lock *lock)
{
    uint64_t nobody = 0;

    while (!__atomic_compare_exchange_n(&lock->owner, &nobody, cpu_self() + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        nobody = 0;
        cpu_relax();
    }
}

static inline void owned_lock_release(struct owned_lock *lock)
{
    __atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
}

#endif
