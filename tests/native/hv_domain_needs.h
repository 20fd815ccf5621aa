/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What core/domain.c calls, for its own tests: memory handed out in no order at all, and notes of what was asked of
 * the rest. Included once, behind core/domain.c.
 */
#ifndef TESTS_NATIVE_HV_DOMAIN_NEEDS_H
#define TESTS_NATIVE_HV_DOMAIN_NEEDS_H

#include <string.h>

#include "check.h"
#include "hv_hpte.h"
#include "hv_machine.h"
#include "hv_messages.h"
#include "hv_processor.h"

#define FREQUENCY 1000u
#define HEAP_EXTENTS 8u /* of the machine's last extents, for the hypervisor */
#define NOBODY UINT32_MAX

static uint32_t owners[MACHINE_EXTENTS];
static uint64_t heap;
static uint32_t next_single; /* where the search for single extents goes on, backwards */
static unsigned reschedules, terminal_ends, xics_resets, rtas_installs, nvram_formats;
static gpa_t fixed_tree;
static const struct rmls_limit *limits;

static inline void needs_init(void)
{
    static bool mapped;

    if (!mapped) {
        machine_init();
        mapped = true;
    }
    memset(owners, 0xff, sizeof(owners));
    machine_allow(MACHINE_BASE, MACHINE_END - MACHINE_BASE);
    machine_forbid(MACHINE_BASE, MACHINE_END - MACHINE_BASE);
    heap = MACHINE_END - HEAP_EXTENTS * MACHINE_EXTENT_SIZE;
    next_single = MACHINE_EXTENTS - HEAP_EXTENTS;
    domain_count = 0;
    messages_clear();
}

/* ---- memory ---- */

static void owner_set(uint32_t index, uint32_t domain_id)
{
    CHECK(owners[index] == NOBODY);
    owners[index] = domain_id;
    machine_allow(MACHINE_BASE + index * MACHINE_EXTENT_SIZE, MACHINE_EXTENT_SIZE);
    /* somebody's leftovers */
    memset(machine_pointer(MACHINE_BASE + index * MACHINE_EXTENT_SIZE + 0x1000), 0xdd, 0x1000);
}

/* A row: the first that fits. A single one: from the end, every other one, so that neighbours never are. */
uint32_t memory_alloc(uint32_t domain_id, uint64_t count, uint64_t align_extents, uint64_t guest_first)
{
    (void)guest_first;
    if (count == 1) {
        for (uint32_t tries = 0; tries < MACHINE_EXTENTS - HEAP_EXTENTS; tries++) {
            next_single = next_single >= 3 ? next_single - 3 : next_single + MACHINE_EXTENTS - HEAP_EXTENTS - 4;
            if (owners[next_single] == NOBODY) {
                owner_set(next_single, domain_id);
                return MACHINE_FIRST + next_single;
            }
        }
        return UINT32_MAX;
    }
    for (uint32_t first = 0; first + count <= MACHINE_EXTENTS - HEAP_EXTENTS; first++) {
        uint64_t found = 0;

        while (found < count && (MACHINE_FIRST + first) % align_extents == 0 && owners[first + found] == NOBODY) {
            found++;
        }
        if (found == count) {
            for (uint32_t i = 0; i < count; i++) {
                owner_set(first + i, domain_id);
            }
            return MACHINE_FIRST + first;
        }
    }
    return UINT32_MAX;
}

void memory_release(uint32_t domain_id)
{
    for (uint32_t i = 0; i < MACHINE_EXTENTS; i++) {
        if (owners[i] == domain_id) {
            owners[i] = NOBODY;
            machine_forbid(MACHINE_BASE + i * MACHINE_EXTENT_SIZE, MACHINE_EXTENT_SIZE);
        }
    }
}

void *memory_alloc_hypervisor(uint64_t size, uint64_t align)
{
    uint64_t base = (heap + align - 1) / align * align;

    if (base > MACHINE_END || size > MACHINE_END - base) {
        return NULL;
    }
    heap = base + size;
    machine_allow(base, size);
    return memset(machine_pointer(base), 0, size);
}

uint64_t memory_free(void)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < MACHINE_EXTENTS - HEAP_EXTENTS; i++) {
        count += owners[i] == NOBODY ? 1 : 0;
    }
    return count << MACHINE_EXTENT_SHIFT;
}

/* ---- the rest ---- */

static void instruction(const char *text, uint64_t address)
{
    (void)text;
    (void)address;
}

const struct rmls_limit *platform_rmls_limits(void)
{
    return limits;
}

void context_reset(struct guest_context *context)
{
    struct guest_context kept = *context;

    memset(context, 0, sizeof(*context));
    context->lpcr = kept.lpcr, context->rmor = kept.rmor, context->sdr1 = kept.sdr1, context->lpid = kept.lpid;
}

void tree_fixup(const struct domain *domain, gpa_t at)
{
    CHECK(domain_pointer(domain, at, 4) != NULL);
    fixed_tree = at;
}

void rtas_install(const struct domain *domain)
{
    CHECK(domain_pointer(domain, domain->plan.rtas, domain->plan.rtas_size) != NULL);
    rtas_installs++;
}

void nvram_format(struct papr_domain *papr)
{
    CHECK(papr != NULL);
    nvram_formats++;
}

void xics_reset(struct domain *domain)
{
    CHECK(domain->plan.vcpus != 0);
    xics_resets++;
}

void terminal_end(struct domain *domain)
{
    CHECK(domain->plan.vcpus != 0);
    terminal_ends++;
}

void sched_request(void)
{
    reschedules++;
}

uint64_t sched_timebase_frequency(void)
{
    return FREQUENCY;
}

#endif
