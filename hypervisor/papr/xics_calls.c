/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls of the presentation layer (PAPR, "interrupt presentation hypervisor calls"). */
#include "hcall.h"
#include "xics.h"

/* (priority) */
int64_t h_cppr(struct vcpu *vcpu, uint64_t *args)
{
    xics_set_cppr(vcpu, (uint8_t)args[0]);
    return H_SUCCESS;
}

/* (server, request priority) */
int64_t h_ipi(struct vcpu *vcpu, uint64_t *args)
{
    if (args[0] >= vcpu->domain->plan.vcpus) {
        return H_PARAMETER;
    }
    xics_set_mfrr(&vcpu->domain->vcpus[args[0]], (uint8_t)args[1]);
    return H_SUCCESS;
}

/* (server) -> what it would accept, its request */
int64_t h_ipoll(struct vcpu *vcpu, uint64_t *args)
{
    uint8_t mfrr;

    if (args[0] >= vcpu->domain->plan.vcpus) {
        return H_PARAMETER;
    }
    args[0] = xics_poll(&vcpu->domain->vcpus[args[0]], &mfrr);
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
