/* SPDX-License-Identifier: BSD-2-Clause */
/* Reproducible pseudo-random numbers (splitmix64) and the arguments that find mistakes most often. */
#ifndef TESTS_NATIVE_HV_RANDOM_H
#define TESTS_NATIVE_HV_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static uint64_t random_state = 1;

static inline uint64_t random_next(void)
{
    uint64_t word = random_state += UINT64_C(0x9e3779b97f4a7c15);

    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

static inline uint64_t random_below(uint64_t limit)
{
    return random_next() % limit;
}

static inline bool random_one_in(uint64_t chances)
{
    return random_below(chances) == 0;
}

/* Any 64 bits, small and huge ones and those near powers of two more often than chance has them. */
static inline uint64_t random_wild(void)
{
    uint64_t near = (UINT64_C(1) << random_below(64)) + random_below(5) - 2;

    switch (random_below(5)) {
    case 0:
        return random_next();
    case 1:
        return random_below(32);
    case 2:
        return 0 - random_below(32);
    case 3:
        return random_next() >> random_below(64);
    default:
        return near;
    }
}

#endif
