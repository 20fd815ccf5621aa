/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/stats.h"

#include "hv/console.h"
#include "hv/domain.h"
#include "papr/hcall_names.h"

static const char *const kind_names[EXIT_KINDS] = {
    [EXIT_HYPERCALL] = "hypercall", [EXIT_TIMER] = "timer", [EXIT_STORAGE] = "storage",
    [EXIT_EMULATION] = "illegal",   [EXIT_OTHER] = "other",
};

static void counter_add(struct counter *counter, uint64_t instructions)
{
    counter->count++;
    counter->instructions += instructions;
}

static uint64_t hcall_index(uint64_t number)
{
    if (number == H_RTAS) {
        return STATS_HCALL_RTAS;
    }
    return number < STATS_HCALL_MAX && number % 4 == 0 ? number / 4 : STATS_HCALL_OTHER;
}

void stats_count(struct stats *stats, enum exit_kind kind, uint64_t hcall, uint64_t instructions)
{
    counter_add(&stats->exits[kind], instructions);
    if (kind == EXIT_HYPERCALL) {
        counter_add(&stats->hcalls[hcall_index(hcall)], instructions);
    }
}

static void counter_print(const char *kind, const char *name, const struct counter *counter)
{
    if (counter->count != 0) {
        hv_print("  %-10s %-26s %10lu %12lu %8lu\n", kind, name, counter->count, counter->instructions,
                 counter->instructions / counter->count);
    }
}

void stats_print(const struct domain *domain)
{
    hv_print("exits of domain %u %s\n", domain->id, domain->plan.name);
    hv_print("  %-10s %-26s %10s %12s %8s\n", "kind", "call", "count", "instructions", "each");
    for (int kind = 0; kind < EXIT_KINDS; kind++) {
        counter_print("exit", kind_names[kind], &domain->stats.exits[kind]);
    }
    for (uint64_t i = 0; i < STATS_HCALLS; i++) {
        counter_print("hcall", hcall_name(i), &domain->stats.hcalls[i]);
    }
}
