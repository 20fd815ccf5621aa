/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains from plans: how real mode is confined, what is refused and given back, what a start leaves in memory.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include "../../hypervisor/core/domain.c"

#include "hv_domain_needs.h"

#define MIB UINT64_C(0x100000)
#define FREE_MIB ((uint64_t)(MACHINE_EXTENTS - HEAP_EXTENTS) * 16)
#define MODULE_SIZE UINT64_C(0x9000)
#define LPCR_ALWAYS (LPCR_LPES0 | LPCR_HDICE | LPCR_PECE_DEC)

static uint8_t *images; /* the three modules' bytes, one behind the other */
static struct plan plans[4];
static const struct rmls_limit usual_limits[] = { { 64 * MIB, 3 }, { 32 * MIB, 8 }, { 0, 0 } };

static struct plan *plan_add(unsigned index, enum rma_mode mode, uint64_t memory, uint64_t rma)
{
    static const gpa_t targets[MODULE_KINDS] = { 0x2000, 0xffe000, 0x800000 };
    struct plan *plan = &plans[index];

    *plan = (struct plan){
        .id = 5 + index,
        .vcpus = 1,
        .rma_mode = mode,
        .memory_size = memory,
        .rma_size = rma,
        .hpt_shift = 18,
        .entry = 0x2100,
        .rtas = 0x100000,
        .rtas_size = RTAS_SIZE,
    };
    snprintf(plan->name, sizeof(plan->name), "d%u", index);
    for (int kind = 0; kind < MODULE_KINDS; kind++) {
        plan->modules[kind] = (struct module){
            .base = (uintptr_t)images + (uint64_t)kind * MODULE_SIZE,
            .size = MODULE_SIZE,
            .segment_count = 1,
            .segments = { { .offset = 0x10, .target = targets[kind], .file_size = 0x5000, .memory_size = 0x7000 } },
        };
    }
    return plan;
}

static void start(void)
{
    needs_init();
    limits = usual_limits;
    nvram_formats = 0;
}

static void test_real_mode_by_limit(void)
{
    const struct domain *domain = &domains[0];
    const struct guest_context *context = &domain->vcpus[0].context;

    start();
    owner_set(0, 99); /* so that the first free extent is not an aligned one */
    plan_add(0, RMA_RMO, 96 * MIB, 64 * MIB);
    domains_build(plans, 1);
    CHECK(domain_count == 1 && !domain->vrma && domain->id == 5 && domain->state == DOMAIN_BUILT);
    CHECK(domain->extent_count == 6 && domain_memory_size(domain) == 96 * MIB);
    CHECK(domain->extents[0] % 4 == 0); /* naturally aligned, in one piece */
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(domain->extents[i] == domain->extents[0] + i);
    }
    CHECK(context->rmor == (uint64_t)domain->extents[0] << EXTENT_SHIFT);
    CHECK(context->lpcr == (UINT64_C(3) << LPCR_RMLS_SHIFT | LPCR_ALWAYS));
    CHECK(context->lpid == 6 && domain->vcpus[0].domain == domain && domain->vcpus[0].id == 0);
    CHECK(domain->hpte_count == 1 << 14 && (uintptr_t)domain->hpt % (1 << 18) == 0);
    CHECK(context->sdr1 == (uintptr_t)domain->hpt);
    CHECK(nvram_formats == 1 && messages_have("d0: 96 MiB, real-mode area 64 MiB by RMO"));
}

static void test_real_mode_by_table(void)
{
    const struct domain *domain = &domains[0];
    const struct guest_context *context = &domain->vcpus[0].context;

    start();
    plan_add(0, RMA_VRMA, 96 * MIB, 64 * MIB);
    domains_build(plans, 1);
    CHECK(domain_count == 1 && domain->vrma && context->rmor == 0);
    CHECK(context->lpcr == (LPCR_VPM0 | UINT64_C(0x10) << LPCR_VRMASD_SHIFT | LPCR_ALWAYS));
    CHECK(messages_have("by VRMA"));
    start(); /* what no limit fits goes by the table, unless the limit was demanded */
    plan_add(0, RMA_AUTO, 96 * MIB, 48 * MIB);
    plan_add(1, RMA_AUTO, 96 * MIB, 32 * MIB);
    domains_build(plans, 2);
    CHECK(domain_count == 2 && domains[0].vrma && !domains[1].vrma);
}

/* Who cannot be built is named with the reason and leaves nothing behind; the others are not concerned. */
static void refuse_one(const char *why)
{
    plan_add(0, RMA_AUTO, 32 * MIB, 32 * MIB);
    plan_add(2, RMA_AUTO, 32 * MIB, 32 * MIB);
    domains_build(plans, 3);
    check_context = messages;
    CHECK(domain_count == 2 && domains[0].id == 5 && domains[1].id == 7);
    CHECK(messages_have("domain d1 not built: ") && messages_have(why));
    CHECK(memory_free() == (FREE_MIB - 64) * MIB);
    check_context = "";
}

static void test_refusals(void)
{
    static const struct rmls_limit none[] = { { 0, 0 } };

    start();
    plan_add(1, RMA_RMO, 64 * MIB, 48 * MIB);
    refuse_one("cannot confine real mode");
    start();
    limits = none;
    plan_add(1, RMA_RMO, 64 * MIB, 64 * MIB);
    refuse_one("cannot confine real mode");
    start();
    plan_add(1, RMA_AUTO, FREE_MIB * MIB, 64 * MIB);
    refuse_one("not enough memory");
    start();
    plan_add(1, RMA_VRMA, FREE_MIB * MIB, 64 * MIB);
    refuse_one("not enough memory");
    start();
    plan_add(1, RMA_AUTO, 64 * MIB, 64 * MIB)->hpt_shift = 27;
    refuse_one("hash table");
    start();
    plan_add(1, RMA_AUTO, 64 * MIB, 64 * MIB)->hpt_shift = 34;
    refuse_one("hash table");
}

static void test_no_room_for_the_list_of_extents(void)
{
    start();
    plan_add(0, RMA_AUTO, 64 * MIB, 64 * MIB);
    heap = MACHINE_END - 4;
    domains_build(plans, 1);
    CHECK(domain_count == 0 && memory_free() == FREE_MIB * MIB);
    CHECK(messages_have("domain d0 not built: not enough memory for the hypervisor"));
}

/* Every byte of the domain's memory: the images where the plan says, zero everywhere else. */
static void check_memory(const struct domain *domain)
{
    static uint8_t zeros[0x10000], piece[0x10000], expected[0x10000];
    const struct plan *plan = &domain->plan;

    for (gpa_t at = 0; at < plan->memory_size; at += sizeof(piece)) {
        CHECK(domain_read(domain, piece, at, sizeof(piece)));
        memcpy(expected, zeros, sizeof(expected));
        for (int kind = 0; kind < MODULE_KINDS; kind++) {
            const struct segment *segment = &plan->modules[kind].segments[0];

            for (uint64_t i = 0; i < segment->file_size; i++) {
                if (segment->target + i >= at && segment->target + i < at + sizeof(piece)) {
                    expected[segment->target + i - at] = images[(uint64_t)kind * MODULE_SIZE + segment->offset + i];
                }
            }
        }
        CHECK(memcmp(piece, expected, sizeof(piece)) == 0);
    }
}

static void check_started(const struct domain *domain)
{
    const struct vcpu *vcpu = &domain->vcpus[0];

    CHECK(domain->state == DOMAIN_RUNNING && domain->start_time == processor.timebase);
    CHECK(vcpu->state == VCPU_RUNNABLE && !vcpu->reset_pending && !vcpu->papr.prodded);
    CHECK(vcpu->papr.vpa == 0 && vcpu->papr.slb_shadow == 0 && vcpu->papr.dispatch_log == 0);
    CHECK(vcpu->context.pc == 0x2100 && vcpu->context.lpid == domain->id + 1);
    for (int i = 0; i < 32; i++) {
        CHECK(vcpu->context.gpr[i] == (i == 3 ? domain->plan.modules[MODULE_DEVICE_TREE].segments[0].target : 0));
    }
    CHECK(fixed_tree == vcpu->context.gpr[3]);
    check_memory(domain);
}

/* The real-mode area's entries: one for each page, in its group, ours, on the page's memory; else an empty table. */
static void check_table(const struct domain *domain)
{
    uint64_t found = 0, pages = domain->vrma ? domain->plan.rma_size >> 24 : 0;

    for (uint64_t i = 0; i < domain->hpte_count; i++) {
        found += (domain->hpt[2 * i] & HPTE_V_VALID) != 0 ? 1 : 0;
    }
    CHECK(found == pages);
    for (uint64_t page = 0; page < pages; page++) {
        uint64_t group = vrma_group(page, domain->hpte_count / 8);
        const uint64_t *hpte = NULL;

        for (uint64_t slot = 0; slot < 8; slot++) {
            if (domain->hpt[2 * (8 * group + slot)] == vrma_hpte_v(page)) {
                CHECK(hpte == NULL);
                hpte = &domain->hpt[2 * (8 * group + slot)];
            }
        }
        CHECK(hpte != NULL && (hpte[0] & HPTE_V_OWNED) != 0 && (hpte[0] & HPTE_V_BOLTED) != 0);
        CHECK((hpte[1] & HPTE_R_RPN) == (uint64_t)domain->extents[page] << EXTENT_SHIFT);
        /* coherent, read and write, executable */
        CHECK((hpte[1] & ~HPTE_R_RPN) == (HPTE_R_R | HPTE_R_C | HPTE_R_M | 2));
    }
}

static void test_start(enum rma_mode mode)
{
    struct domain *domain = &domains[0];

    start();
    plan_add(0, mode, 48 * MIB, 32 * MIB);
    domains_build(plans, 1);
    processor.timebase = 77;
    domain_start(domain);
    check_started(domain);
    check_table(domain);

    /* It leaves everything dirty and starts again. */
    for (gpa_t at = 0; at < domain->plan.memory_size; at += 0xfff1) {
        CHECK(domain_write(domain, at, "dirt", 4));
    }
    for (uint64_t i = 0; i < 2 * domain->hpte_count; i++) {
        domain->hpt[i] = i | HPTE_V_VALID;
    }
    memset(domain->vcpus[0].context.gpr, 0x11, sizeof(domain->vcpus[0].context.gpr));
    domain->vcpus[0].papr = (struct papr_vcpu){ .prodded = true, .vpa = 1, .slb_shadow = 2, .dispatch_log = 3 };
    domain->vcpus[0].reset_pending = true;
    rtas_installs = xics_resets = terminal_ends = 0;
    domain_start(domain);
    check_started(domain);
    check_table(domain);
    CHECK(rtas_installs == 1 && xics_resets == 1 && terminal_ends == 1);
}

/* The largest area in the smallest table still finds room in each group. */
static void test_large_real_mode_area(void)
{
    static uint32_t scattered[MAX_DOMAIN_MEMORY >> EXTENT_SHIFT];
    struct domain domain = { .plan.rma_size = MAX_DOMAIN_MEMORY, .vrma = true, .extents = scattered };

    for (uint32_t i = 0; i < ARRAY_SIZE(scattered); i++) {
        scattered[i] = (i * 2053 + 7) % 8192;
    }
    domain.hpte_count = UINT64_C(1) << (MIN_HPT_SHIFT - 4);
    domain.hpt = calloc(domain.hpte_count, 16);
    vrma_enter(&domain);
    check_table(&domain);
    for (uint64_t i = 0; i < domain.hpte_count; i += 8) { /* the guest has most of each */
        CHECK((domain.hpt[2 * (i + 3)] & HPTE_V_VALID) == 0);
    }
    free(domain.hpt);
}

static void test_ends(void)
{
    struct domain *domain = &domains[0];

    start();
    plan_add(0, RMA_AUTO, 32 * MIB, 32 * MIB)->capabilities = CAPABILITY_CONTROL;
    plan_add(1, RMA_AUTO, 32 * MIB, 32 * MIB)->capabilities = CAPABILITY_HARDWARE | CAPABILITY_XENSTORE;
    domains_build(plans, 2);
    CHECK(domain_is_control(&domains[0]) && !domain_is_control(&domains[1]));
    processor.timebase = 5000;
    domain_start(domain);
    reschedules = terminal_ends = 0;
    processor.timebase = 5100;
    domain_restart(domain);
    CHECK(domain->state == DOMAIN_RESTARTING && domain->vcpus[0].state == VCPU_STOPPED);
    CHECK(domain->restart_time == 5000 + FREQUENCY && reschedules == 1 && terminal_ends == 1);
    domain_start(domain);
    domain_stop(domain, DOMAIN_OFF);
    CHECK(domain->state == DOMAIN_OFF && domain->vcpus[0].state == VCPU_STOPPED && reschedules == 2);

    domain_start(domain);
    for (uint64_t i = 0; i < 32; i++) {
        domain->vcpus[0].context.gpr[i] = 0xabc000 + i;
    }
    domain->vcpus[0].context.lr = 0x1234567;
    messages_clear();
    domain_crash(&domain->vcpus[0], "for a reason");
    CHECK(domain->state == DOMAIN_CRASHED && domain->vcpus[0].state == VCPU_STOPPED && reschedules == 3);
    CHECK(messages_have("domain d0 crashed: for a reason\n") && messages_have("pc 0x0000000000002100"));
    CHECK(messages_have("lr 0x0000000001234567") && messages_have("r28 0x0000000000abc01c"));
    CHECK(messages_have("0x0000000000abc01f\n"));
    CHECK(domains[1].state == DOMAIN_BUILT);
}

int main(void)
{
    images = malloc(MODULE_KINDS * MODULE_SIZE);
    for (uint64_t i = 0; i < MODULE_KINDS * MODULE_SIZE; i++) {
        images[i] = (uint8_t)(i * 7 + 1);
    }
    test_real_mode_by_limit();
    test_real_mode_by_table();
    test_refusals();
    test_no_room_for_the_list_of_extents();
    test_start(RMA_RMO);
    test_start(RMA_VRMA);
    test_large_real_mode_area();
    test_ends();
    free(images);
    return 0;
}
