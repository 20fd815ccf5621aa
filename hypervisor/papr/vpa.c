/* SPDX-License-Identifier: BSD-2-Clause */
#include "vpa.h"

#include "abi/types.h"
#include "hcall.h"

#define FUNCTION_SHIFT 45
#define FUNCTION_MASK 7u

enum vpa_function {
    REGISTER_VPA = 1,
    REGISTER_DISPATCH_LOG = 2,
    REGISTER_SLB_SHADOW = 3,
    DEREGISTER_VPA = 5,
    DEREGISTER_DISPATCH_LOG = 6,
    DEREGISTER_SLB_SHADOW = 7,
};

#define AREA_ALIGNMENT 128u /* a cache line */
#define AREA_BOUNDARY 4096u
#define VPA_MIN_SIZE 640u
#define SLB_SHADOW_MIN_SIZE 8u
#define DISPATCH_LOG_MIN_SIZE 48u

/* Offsets in the area (PAPR, "VPA format") */
#define AREA_SIZE_OFFSET 4
#define VPA_STATUS_OFFSET 9
#define VPA_STATUS_SHARED 2u
#define VPA_YIELD_COUNT_OFFSET 0x100

/* Says how large the area is that the guest describes: a VPA has 16 bits for it, the others 32. */
static bool area_size(const struct domain *domain, gpa_t at, bool vpa, uint64_t *size)
{
    const uint8_t *area = domain_pointer(domain, at, 8);

    if (area == NULL) {
        return false;
    }
    area += AREA_SIZE_OFFSET;
    *size = (uint64_t)area[0] << 8 | area[1];
    if (!vpa) {
        *size = *size << 16 | (uint64_t)area[2] << 8 | area[3];
    }
    return true;
}

static int64_t area_check(const struct domain *domain, gpa_t at, bool vpa, uint64_t minimum, uint64_t *size)
{
    if (at == 0) {
        return H_HARDWARE;
    }
    if (!IS_ALIGNED(at, AREA_ALIGNMENT) || !area_size(domain, at, vpa, size) || *size < minimum ||
        !domain_contains(domain, at, *size)) {
        return H_PARAMETER;
    }
    return H_SUCCESS;
}

/* The first two areas may not cross a page; the dispatch log may be as long as it likes. */
static bool in_one_page(gpa_t at, uint64_t size)
{
    return at / AREA_BOUNDARY == (at + size - 1) / AREA_BOUNDARY;
}

static int64_t vpa_register(struct vcpu *vcpu, gpa_t at, bool running)
{
    uint64_t size = 0;
    int64_t result = area_check(vcpu->domain, at, true, VPA_MIN_SIZE, &size);
    uint8_t *area;

    if (result != H_SUCCESS) {
        return result;
    }
    if (!in_one_page(at, size)) {
        return H_PARAMETER;
    }
    area = domain_pointer(vcpu->domain, at, size);
    area[VPA_STATUS_OFFSET] |= VPA_STATUS_SHARED;
    vcpu->papr.vpa = at;
    vpa_dispatched(vcpu, running);
    return H_SUCCESS;
}

static int64_t slb_shadow_register(struct vcpu *vcpu, gpa_t at)
{
    uint64_t size = 0;
    int64_t result = area_check(vcpu->domain, at, false, SLB_SHADOW_MIN_SIZE, &size);

    if (result != H_SUCCESS) {
        return result;
    }
    if (!in_one_page(at, size)) {
        return H_PARAMETER;
    }
    if (vcpu->papr.vpa == 0) {
        return H_RESOURCE;
    }
    vcpu->papr.slb_shadow = at;
    return H_SUCCESS;
}

static int64_t dispatch_log_register(struct vcpu *vcpu, gpa_t at)
{
    uint64_t size = 0;
    int64_t result = area_check(vcpu->domain, at, false, DISPATCH_LOG_MIN_SIZE, &size);

    if (result != H_SUCCESS) {
        return result;
    }
    if (vcpu->papr.vpa == 0) {
        return H_RESOURCE;
    }
    vcpu->papr.dispatch_log = at; /* stays empty: docs/hypercalls.md */
    return H_SUCCESS;
}

static int64_t vpa_deregister(struct vcpu *vcpu)
{
    if (vcpu->papr.slb_shadow != 0 || vcpu->papr.dispatch_log != 0) {
        return H_RESOURCE;
    }
    vcpu->papr.vpa = 0;
    return H_SUCCESS;
}

/* (function, processor, address) */
int64_t h_register_vpa(struct vcpu *vcpu, uint64_t *args)
{
    struct vcpu *target;

    if (args[1] >= vcpu->domain->plan.vcpus) {
        return H_PARAMETER;
    }
    target = &vcpu->domain->vcpus[args[1]];
    switch (args[0] >> FUNCTION_SHIFT & FUNCTION_MASK) {
    case REGISTER_VPA:
        return vpa_register(target, args[2], target == vcpu);
    case REGISTER_DISPATCH_LOG:
        return dispatch_log_register(target, args[2]);
    case REGISTER_SLB_SHADOW:
        return slb_shadow_register(target, args[2]);
    case DEREGISTER_VPA:
        return vpa_deregister(target);
    case DEREGISTER_DISPATCH_LOG:
        target->papr.dispatch_log = 0;
        return H_SUCCESS;
    case DEREGISTER_SLB_SHADOW:
        target->papr.slb_shadow = 0;
        return H_SUCCESS;
    default:
        return H_PARAMETER;
    }
}

static be32_t *yield_count(const struct vcpu *vcpu)
{
    return domain_pointer(vcpu->domain, vcpu->papr.vpa + VPA_YIELD_COUNT_OFFSET, sizeof(be32_t));
}

uint32_t vpa_yield_count(const struct vcpu *vcpu)
{
    return be32_get(*yield_count(vcpu));
}

void vpa_dispatched(struct vcpu *vcpu, bool running)
{
    uint32_t value;

    if (vcpu->papr.vpa == 0) {
        return;
    }
    value = vpa_yield_count(vcpu) + 1;
    if ((value & 1) == (running ? 1u : 0u)) {
        value++; /* a guest that wrote its own number does not turn the meaning around */
    }
    be32_set(yield_count(vcpu), value);
}
