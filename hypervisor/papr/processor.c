/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls by which a guest's processors wait for and wake each other. */
#include "hcall.h"
#include "hv/sched.h"
#include "vpa.h"
#include "xics.h"

#define ALL_PROCESSORS UINT64_MAX
#define ALL_OTHERS (UINT64_MAX - 1)

static struct vcpu *vcpu_find(struct domain *domain, uint64_t server)
{
    return server < domain->plan.vcpus ? &domain->vcpus[server] : NULL;
}

/*
 * Sleeps until there is an interrupt, the decrementer expires or another processor prods; an earlier prod ends it
 * at once.
 */
static void wait_for_work(struct vcpu *vcpu)
{
    if (vcpu->papr.prodded) {
        vcpu->papr.prodded = false;
    } else if (!xics_pending(vcpu)) {
        vcpu->state = VCPU_BLOCKED;
        sched_request();
    }
}

/* Interrupts on, and wait. */
int64_t h_cede(struct vcpu *vcpu, uint64_t *args)
{
    (void)args;
    vcpu->context.msr |= MSR_EE;
    wait_for_work(vcpu);
    return H_SUCCESS;
}

/* (server) */
int64_t h_prod(struct vcpu *vcpu, uint64_t *args)
{
    struct vcpu *target = vcpu_find(vcpu->domain, args[0]);

    if (target == NULL) {
        return H_PARAMETER;
    }
    if (target->state == VCPU_BLOCKED) {
        sched_wake(target);
    } else {
        target->papr.prodded = true;
    }
    return H_SUCCESS;
}

/*
 * (server or all, its yield count): gives the processor away, unless the one named has run since its count was
 * read. To give it to oneself is to wait.
 */
int64_t h_confer(struct vcpu *vcpu, uint64_t *args)
{
    const struct vcpu *target = vcpu_find(vcpu->domain, args[0]);

    if (args[0] != ALL_PROCESSORS && target == NULL) {
        return H_PARAMETER;
    }
    if (target == vcpu) {
        wait_for_work(vcpu);
    } else if (target == NULL || target->papr.vpa == 0 || vpa_yield_count(target) == (uint32_t)args[1]) {
        sched_request();
    }
    return H_SUCCESS;
}

/* All processors of a domain meet here but for the last, which goes on: with one processor the caller is that one. */
int64_t h_join(struct vcpu *vcpu, uint64_t *args)
{
    _Static_assert(MAX_VCPUS == 1, "joined processors have no state yet");
    (void)args;
    return (vcpu->context.msr & MSR_EE) != 0 ? H_BAD_MODE : H_CONTINUE;
}

/* (server, all or all others): the system reset interrupt. */
int64_t h_signal_sys_reset(struct vcpu *vcpu, uint64_t *args)
{
    if (args[0] < ALL_OTHERS && vcpu_find(vcpu->domain, args[0]) == NULL) {
        return H_PARAMETER;
    }
    for (uint32_t i = 0; i < vcpu->domain->plan.vcpus; i++) {
        struct vcpu *target = &vcpu->domain->vcpus[i];

        if (target->state == VCPU_STOPPED || (args[0] == ALL_OTHERS && target == vcpu)) {
            continue;
        }
        if (args[0] >= ALL_OTHERS || args[0] == target->id) {
            target->reset_pending = true;
            sched_wake(target);
        }
    }
    return H_SUCCESS;
}
