/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls by which a guest's processors wait, wake and interrupt each other. */
#include "abi/types.h"
#include "hcall.h"
#include "hv/sched.h"
#include "xics.h"

#define ALL_PROCESSORS UINT64_MAX
#define ALL_OTHERS (UINT64_MAX - 1)

static struct vcpu *vcpu_find(struct domain *domain, uint64_t server)
{
    return server < domain->plan.vcpus ? &domain->vcpus[server] : NULL;
}

/* Interrupts on, and sleep until there is one, the decrementer expires or another processor prods. */
int64_t h_cede(struct vcpu *vcpu, uint64_t *args)
{
    (void)args;
    vcpu->context.msr |= MSR_EE;
    if (vcpu->papr.prodded) {
        vcpu->papr.prodded = false;
        return H_SUCCESS;
    }
    if (!xics_pending(vcpu)) {
        vcpu->state = VCPU_BLOCKED;
        sched_request();
    }
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

/* (server or all, its yield count): give the processor away; the named one runs sooner that way. */
int64_t h_confer(struct vcpu *vcpu, uint64_t *args)
{
    if (args[0] != ALL_PROCESSORS && vcpu_find(vcpu->domain, args[0]) == NULL) {
        return H_PARAMETER;
    }
    sched_request();
    return H_SUCCESS;
}

#define H_CONTINUE 18

/* All processors of a domain meet here but for the last, which goes on; interrupts must be off. */
int64_t h_join(struct vcpu *vcpu, uint64_t *args)
{
    (void)args;
    if ((vcpu->context.msr & MSR_EE) != 0) {
        return H_BAD_MODE;
    }
    for (uint32_t i = 0; i < vcpu->domain->plan.vcpus; i++) {
        const struct vcpu *other = &vcpu->domain->vcpus[i];

        if (other != vcpu && other->state == VCPU_RUNNABLE) {
            vcpu->state = VCPU_BLOCKED;
            sched_request();
            return H_SUCCESS;
        }
    }
    return H_CONTINUE;
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

/* (priority) */
int64_t h_cppr(struct vcpu *vcpu, uint64_t *args)
{
    xics_set_cppr(vcpu, (uint8_t)args[0]);
    return H_SUCCESS;
}

/* (server, request priority) */
int64_t h_ipi(struct vcpu *vcpu, uint64_t *args)
{
    struct vcpu *target = vcpu_find(vcpu->domain, args[0]);

    if (target == NULL) {
        return H_PARAMETER;
    }
    xics_set_mfrr(target, (uint8_t)args[1]);
    return H_SUCCESS;
}

/* (server) -> what it would accept, its request */
int64_t h_ipoll(struct vcpu *vcpu, uint64_t *args)
{
    const struct vcpu *target = vcpu_find(vcpu->domain, args[0]);
    uint8_t mfrr;

    if (target == NULL) {
        return H_PARAMETER;
    }
    args[0] = xics_poll(target, &mfrr);
    args[1] = mfrr;
    return H_SUCCESS;
}

/* -> priority and interrupt number */
int64_t h_xirr(struct vcpu *vcpu, uint64_t *args)
{
    args[0] = xics_accept(vcpu);
    return H_SUCCESS;
}

/* The same with the time base of acceptance. */
int64_t h_xirr_x(struct vcpu *vcpu, uint64_t *args)
{
    args[0] = xics_accept(vcpu);
    args[1] = cpu_timebase();
    return H_SUCCESS;
}

/* (what H_XIRR gave) */
int64_t h_eoi(struct vcpu *vcpu, uint64_t *args)
{
    return xics_end(vcpu, (uint32_t)args[0]) ? H_SUCCESS : H_PARAMETER;
}
