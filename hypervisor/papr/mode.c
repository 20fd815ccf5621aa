/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls that change how the calling processor works. */
#include "hcall.h"

enum mode_resource { MODE_CIABR = 1, MODE_DAWR = 2, MODE_INTERRUPT_LOCATION = 3, MODE_ENDIAN = 4 };

#define BREAKPOINT_HYPERVISOR 3u /* CIABR: match in hypervisor state only */
#define DAWRX_HYPERVISOR 4u
/* DABR and DABRX (Power ISA 2.06), and where DAWRX (2.07) has the same bits */
#define DABR_ACCESS 3u
#define DABR_TRANSLATION 4u
#define DABRX_VALID 0xfu
#define DABRX_USER_AND_KERNEL 3u
#define DABRX_HYPERVISOR 4u
#define DABRX_ANY_TRANSLATION 8u
#define DAWRX_ACCESS_SHIFT 5
#define DAWRX_TRANSLATION 0x10u

/* LPCR of a domain is one value for all of its processors (PAPR: the mode is the partition's). */
static void lpcr_change(struct domain *domain, uint64_t clear, uint64_t set)
{
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        domain->vcpus[i].context.lpcr = (domain->vcpus[i].context.lpcr & ~clear) | set;
    }
    cpu_mtspr(SPR_LPCR, domain->vcpus[0].context.lpcr);
    cpu_isync();
}

static int64_t mode_endian(struct domain *domain, uint64_t mode)
{
    if (mode > 1) {
        return H_UNSUPPORTED_FLAG;
    }
    lpcr_change(domain, LPCR_ILE, mode == 1 ? LPCR_ILE : 0);
    return H_SUCCESS;
}

static int64_t mode_interrupt_location(struct domain *domain, uint64_t mode)
{
    if (mode > 3 || mode == 1) {
        return H_UNSUPPORTED_FLAG;
    }
    lpcr_change(domain, LPCR_AIL_MASK, mode << LPCR_AIL_SHIFT);
    return H_SUCCESS;
}

/* (mode, resource, value, second value) */
int64_t h_set_mode(struct vcpu *vcpu, uint64_t *args)
{
    uint64_t mode = args[0], value = args[2], second = args[3];

    switch (args[1]) {
    case MODE_CIABR:
        if (mode != 0) {
            return H_UNSUPPORTED_FLAG;
        }
        if (second != 0) {
            return H_P4;
        }
        if ((value & BREAKPOINT_HYPERVISOR) == BREAKPOINT_HYPERVISOR) {
            return H_P3;
        }
        cpu_mtspr(SPR_CIABR, value);
        return H_SUCCESS;
    case MODE_DAWR:
        if (mode != 0) {
            return H_UNSUPPORTED_FLAG;
        }
        if ((second & DAWRX_HYPERVISOR) != 0) {
            return H_P4;
        }
        cpu_mtspr(SPR_DAWR, value);
        cpu_mtspr(SPR_DAWRX, second);
        return H_SUCCESS;
    case MODE_INTERRUPT_LOCATION:
    case MODE_ENDIAN:
        if (value != 0) {
            return H_P3;
        }
        if (second != 0) {
            return H_P4;
        }
        return args[1] == MODE_ENDIAN ? mode_endian(vcpu->domain, mode) : mode_interrupt_location(vcpu->domain, mode);
    default:
        return H_P2;
    }
}

/*
 * POWER8 has no DABR: the data address watchpoint does its work, eight bytes wide. The low bits of DABRX and DAWRX
 * agree.
 */
static void watchpoint_set(uint64_t dabr, uint64_t dabrx)
{
    uint64_t dawrx = dabrx | (dabr & DABR_ACCESS) << DAWRX_ACCESS_SHIFT;

    if ((dabr & DABR_TRANSLATION) != 0) {
        dawrx |= DAWRX_TRANSLATION;
    }
    cpu_mtspr(SPR_DAWR, dabr & ~UINT64_C(7));
    cpu_mtspr(SPR_DAWRX, (dabr & DABR_ACCESS) == 0 ? 0 : dawrx);
}

/* (DABR) */
int64_t h_set_dabr(struct vcpu *vcpu, uint64_t *args)
{
    (void)vcpu;
    watchpoint_set(args[0], DABRX_USER_AND_KERNEL);
    return H_SUCCESS;
}

/* (DABR, DABRX) */
int64_t h_set_xdabr(struct vcpu *vcpu, uint64_t *args)
{
    (void)vcpu;
    if ((args[1] & DABRX_USER_AND_KERNEL) == 0 || (args[1] & ~(uint64_t)DABRX_VALID) != 0 ||
        (args[1] & DABRX_HYPERVISOR) != 0) {
        return H_PARAMETER;
    }
    watchpoint_set(args[0], args[1] & (DABRX_USER_AND_KERNEL | DABRX_ANY_TRANSLATION));
    return H_SUCCESS;
}

/* (value) */
int64_t h_set_sprg0(struct vcpu *vcpu, uint64_t *args)
{
    (void)vcpu;
    cpu_mtspr(SPR_SPRG0, args[0]);
    return H_SUCCESS;
}
