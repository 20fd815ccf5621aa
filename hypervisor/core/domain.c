/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/domain.h"

#include <string.h>

#include "cpu.h"
#include "hpt.h"
#include "hv/bug.h"
#include "hv/console.h"
#include "hv/memory.h"
#include "hv/platform.h"
#include "hv/sched.h"
#include "hv/tree_fixup.h"
#include "papr/nvram.h"
#include "papr/rtas.h"
#include "papr/xics.h"

struct domain domains[MAX_DOMAINS];
uint32_t domain_count;

bool domain_is_control(const struct domain *domain)
{
    return (domain->plan.capabilities & CAPABILITY_CONTROL) != 0;
}

uint64_t domain_memory_size(const struct domain *domain)
{
    return domain->extent_count << EXTENT_SHIFT;
}

bool domain_translate(const struct domain *domain, gpa_t at, uint64_t size, paddr_t *result)
{
    uint64_t offset = at & (EXTENT_SIZE - 1);

    if (at >> EXTENT_SHIFT >= domain->extent_count || size > EXTENT_SIZE - offset) {
        return false;
    }
    *result = (paddr_t)domain->extents[at >> EXTENT_SHIFT] << EXTENT_SHIFT | offset;
    return true;
}

void *domain_pointer(const struct domain *domain, gpa_t at, uint64_t size)
{
    paddr_t address;

    return domain_translate(domain, at, size, &address) ? paddr_pointer(address) : NULL;
}

/* Bytes from at on that lie in the same extent, at most size. */
static uint64_t piece_size(gpa_t at, uint64_t size)
{
    uint64_t left = EXTENT_SIZE - (at & (EXTENT_SIZE - 1));

    return size < left ? size : left;
}

bool domain_contains(const struct domain *domain, gpa_t at, uint64_t size)
{
    return range_inside(at, size, 0, domain_memory_size(domain));
}

bool domain_read(const struct domain *domain, void *to, gpa_t at, uint64_t size)
{
    uint8_t *out = to;

    while (size != 0) {
        uint64_t piece = piece_size(at, size);
        const void *from = domain_pointer(domain, at, piece);

        if (from == NULL) {
            return false;
        }
        memcpy(out, from, piece);
        at += piece, out += piece, size -= piece;
    }
    return true;
}

bool domain_write(const struct domain *domain, gpa_t at, const void *from, uint64_t size)
{
    const uint8_t *in = from;

    while (size != 0) {
        uint64_t piece = piece_size(at, size);
        void *to = domain_pointer(domain, at, piece);

        if (to == NULL) {
            return false;
        }
        memcpy(to, in, piece);
        cpu_sync_icache(to, piece);
        at += piece, in += piece, size -= piece;
    }
    return true;
}

static void extents_note(struct domain *domain, uint64_t guest_first, uint32_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        domain->extents[guest_first + i] = first + (uint32_t)i;
    }
}

static const struct rmls_limit *limit_find(uint64_t size)
{
    for (const struct rmls_limit *limit = platform_rmls_limits(); limit->size != 0; limit++) {
        if (limit->size == size) {
            return limit;
        }
    }
    return NULL;
}

/* Real mode by offset and limit: needs a limit of just this size, and memory in one naturally aligned piece. */
static bool rmo_alloc(struct domain *domain)
{
    const struct rmls_limit *limit = limit_find(domain->plan.rma_size);
    uint64_t count = domain->plan.rma_size >> EXTENT_SHIFT;
    uint32_t first;

    if (limit == NULL) {
        return false;
    }
    first = memory_alloc(domain->id, count, count, 0);
    if (first == UINT32_MAX) {
        return false;
    }
    extents_note(domain, 0, first, count);
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        domain->vcpus[i].context.rmor = (uint64_t)first << EXTENT_SHIFT;
        domain->vcpus[i].context.lpcr = (uint64_t)limit->code << LPCR_RMLS_SHIFT;
    }
    return true;
}

/* Real mode through the hash table: any extents will do; the entries are bolted by vrma_enter(). */
static void vrma_prepare(struct domain *domain)
{
    domain->vrma = true;
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        domain->vcpus[i].context.rmor = 0;
        domain->vcpus[i].context.lpcr = LPCR_VPM0 | VRMA_LLP << LPCR_VRMASD_SHIFT;
    }
}

static bool refuse(const struct domain *domain, const char *why)
{
    hv_print("domain %s not built: %s (memory %lu MiB, real-mode area %lu MiB, hash table %lu KiB; free %lu MiB)\n",
             domain->plan.name, why, domain->plan.memory_size >> 20, domain->plan.rma_size >> 20,
             UINT64_C(1) << (domain->plan.hpt_shift - 10), memory_free() >> 20);
    return false;
}

static bool extents_alloc(struct domain *domain)
{
    uint64_t done = 0;

    domain->extent_count = domain->plan.memory_size >> EXTENT_SHIFT;
    domain->extents = memory_alloc_hypervisor(domain->extent_count * sizeof(domain->extents[0]), 8);
    if (domain->extents == NULL) {
        return refuse(domain, "not enough memory for the hypervisor");
    }
    if (domain->plan.rma_mode != RMA_VRMA && rmo_alloc(domain)) {
        done = domain->plan.rma_size >> EXTENT_SHIFT;
    } else if (domain->plan.rma_mode == RMA_RMO) {
        return refuse(domain,
                      "this machine cannot confine real mode by a limit of that size, or has no such piece of memory");
    } else {
        vrma_prepare(domain);
    }
    for (; done < domain->extent_count; done++) {
        uint32_t extent = memory_alloc(domain->id, 1, 1, done);

        if (extent == UINT32_MAX) {
            return refuse(domain, "not enough memory");
        }
        extents_note(domain, done, extent, 1);
    }
    return true;
}

static bool hpt_alloc(struct domain *domain)
{
    uint64_t size = UINT64_C(1) << domain->plan.hpt_shift;

    domain->hpt = memory_alloc_hypervisor(size, size);
    if (domain->hpt == NULL) {
        return refuse(domain, "not enough memory for the hash table");
    }
    domain->hpte_count = size >> HPTE_SHIFT;
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        domain->vcpus[i].context.sdr1 = hpt_sdr1((uintptr_t)domain->hpt, domain->plan.hpt_shift);
    }
    return true;
}

/* Bolts the real-mode area's entries, in the last slot of each group so that they do not slow the guest's own down. */
static void vrma_enter(struct domain *domain)
{
    uint64_t groups = domain->hpte_count / HPTES_PER_GROUP;

    for (uint64_t page = 0; page < domain->plan.rma_size >> VRMA_PAGE_SHIFT; page++) {
        uint64_t group = vrma_group(page, groups), slot = HPTES_PER_GROUP;
        uint64_t *hpte;

        do {
            BUG_ON(slot == 0);
            hpte = domain->hpt + 2 * (group * HPTES_PER_GROUP + --slot);
        } while ((hpte[0] & HPTE_V_VALID) != 0);
        hpte_write(hpte, vrma_hpte_v(page),
                   ((uint64_t)domain->extents[page] << EXTENT_SHIFT) | HPTE_R_R | HPTE_R_C | HPTE_R_M | 2);
    }
}

static bool segment_load(const struct domain *domain, const struct module *module, const struct segment *segment)
{
    /* The rest of memory_size is clear already. */
    return domain_write(domain, segment->target, paddr_pointer(module->base + segment->offset), segment->file_size);
}

static void modules_load(const struct domain *domain)
{
    for (int kind = 0; kind < MODULE_KINDS; kind++) {
        const struct module *module = &domain->plan.modules[kind];

        for (uint32_t i = 0; i < module->segment_count; i++) {
            /* plan_read() proved that both ends fit. */
            BUG_ON(!segment_load(domain, module, &module->segments[i]));
        }
    }
}

bool domain_clear(struct domain *domain)
{
    if (domain->clear_count != domain->extent_count) {
        cpu_clear(paddr_pointer((paddr_t)domain->extents[domain->clear_count++] << EXTENT_SHIFT), EXTENT_SIZE);
    }
    return domain->clear_count == domain->extent_count;
}

void domain_start(struct domain *domain)
{
    const struct module *tree = &domain->plan.modules[MODULE_DEVICE_TREE];
    struct vcpu *boot = &domain->vcpus[0];

    memset(domain->hpt, 0, domain->hpte_count << HPTE_SHIFT);
    if (domain->vrma) {
        vrma_enter(domain);
    }
    while (!domain_clear(domain)) {
    }
    domain->clear_count = 0;
    modules_load(domain);
    tree_fixup(domain, tree->segments[0].target);
    rtas_install(domain);
    terminal_end(domain);
    xics_reset(domain);
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        struct vcpu *vcpu = &domain->vcpus[i];

        context_reset(&vcpu->context);
        vcpu->reset_pending = false;
        vcpu->state = VCPU_STOPPED;
        vcpu->papr.prodded = false;
        vcpu->papr.vpa = vcpu->papr.slb_shadow = vcpu->papr.dispatch_log = 0;
    }
    boot->context.pc = domain->plan.entry;
    boot->context.gpr[3] = tree->segments[0].target;
    boot->state = VCPU_RUNNABLE;
    domain->state = DOMAIN_RUNNING;
    domain->start_time = cpu_timebase();
}

static bool domain_alloc(struct domain *domain, const struct plan *plan)
{
    domain->id = plan->id;
    domain->plan = *plan;
    for (uint32_t i = 0; i < plan->vcpus; i++) {
        struct vcpu *vcpu = &domain->vcpus[i];

        vcpu->domain = domain;
        vcpu->id = i;
    }
    if (!extents_alloc(domain) || !hpt_alloc(domain)) {
        return false;
    }
    for (uint32_t i = 0; i < plan->vcpus; i++) {
        domain->vcpus[i].context.lpcr |= LPCR_LPES0 | LPCR_HDICE | LPCR_PECE_DEC;
        /* 0 is the hypervisor's own; ids are below MAX_DOMAINS, so each is unique and fits the register. */
        domain->vcpus[i].context.lpid = plan->id + 1;
    }
    return true;
}

void domains_build(const struct plan *plans, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct domain *domain = &domains[domain_count];

        *domain = (struct domain){ 0 };
        if (!domain_alloc(domain, &plans[i])) {
            memory_release(plans[i].id);
            continue;
        }
        nvram_format(&domain->papr);
        domain_count++;
        hv_print("domain %u %s: %lu MiB, real-mode area %lu MiB by %s, hash table %lu KiB, %u vcpu\n", domain->id,
                 domain->plan.name, domain->plan.memory_size >> 20, domain->plan.rma_size >> 20,
                 domain->vrma ? "VRMA" : "RMO", UINT64_C(1) << (domain->plan.hpt_shift - 10), domain->plan.vcpus);
    }
}

void domain_stop(struct domain *domain, enum domain_state state)
{
    domain->state = state;
    terminal_end(domain);
    for (uint32_t i = 0; i < domain->plan.vcpus; i++) {
        domain->vcpus[i].state = VCPU_STOPPED;
    }
    sched_request();
}

void domain_restart(struct domain *domain)
{
    domain->restart_time = domain->start_time + sched_timebase_frequency();
    domain_stop(domain, DOMAIN_RESTARTING);
}

void domain_crash(struct vcpu *vcpu, const char *why)
{
    const struct guest_context *context = &vcpu->context;

    hv_print("domain %s crashed: %s\n", vcpu->domain->plan.name, why);
    hv_print("  pc 0x%016lx  msr 0x%016lx  lr 0x%016lx  ctr 0x%016lx\n", context->pc, context->msr, context->lr,
             context->ctr);
    hv_print("  cr 0x%08lx  xer 0x%08lx  lpcr 0x%016lx\n", context->cr, context->xer, context->lpcr);
    for (int i = 0; i < 32; i += 4) {
        hv_print("  r%02d 0x%016lx 0x%016lx 0x%016lx 0x%016lx\n", i, context->gpr[i], context->gpr[i + 1],
                 context->gpr[i + 2], context->gpr[i + 3]);
    }
    domain_stop(vcpu->domain, DOMAIN_CRASHED);
}
