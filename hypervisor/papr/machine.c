/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls that ask what the machine has to offer. */
#include "hcall.h"
#include "hv/platform.h"

/* -> 64 random bits */
int64_t h_random(struct vcpu *vcpu, uint64_t *args)
{
    uint64_t value;

    (void)vcpu;
    if (!platform->random(&value)) {
        return H_HARDWARE;
    }
    args[0] = value;
    return H_SUCCESS;
}

/* -> character, behaviour */
int64_t h_get_cpu_characteristics(struct vcpu *vcpu, uint64_t *args)
{
    struct cpu_characteristics result;

    (void)vcpu;
    if (!platform_cpu_characteristics(&result)) {
        return H_FUNCTION;
    }
    args[0] = result.character;
    args[1] = result.behaviour;
    return H_SUCCESS;
}
