/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpus.h"

#include <string.h>

#include <libfdt.h>

#include "calls.h"
#include "console.h"
#include "hv/types.h"
#include "io.h"
#include "payload.h"
#include "tree.h"

extern char __cpu_areas[];
static uint64_t highest_pir;

static struct cpu *area_of(uint64_t pir)
{
    return (struct cpu *)(void *)(__cpu_areas + (pir << CPU_AREA_SHIFT));
}

static uint64_t load_state(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE);
}

static void store_state(struct cpu *cpu, enum cpu_state state)
{
    __atomic_store_n(&cpu->state, state, __ATOMIC_RELEASE);
}

uintptr_t cpus_end(void)
{
    return (uintptr_t)area_of(highest_pir + 1);
}

struct cpu *cpu_find(uint64_t pir)
{
    if (pir > highest_pir || load_state(area_of(pir)) == CPU_ABSENT) {
        return NULL;
    }
    return area_of(pir);
}

void cpus_init(const void *tree, volatile uint32_t *released)
{
    uint64_t self = SPR_READ(SPR_PIR);
    int node = -1;

    highest_pir = self;
    while ((node = fdt_node_offset_by_prop_value(tree, node, "device_type", "cpu", sizeof("cpu"))) >= 0) {
        uint32_t pir = tree_get_u32(tree, node, "ibm,pir", CPU_MAX_PIR + 1);

        if (pir <= CPU_MAX_PIR && pir > highest_pir) {
            highest_pir = pir;
        }
    }
    for (uint64_t pir = 0; pir <= highest_pir; pir++) {
        if (pir != self) {
            memset(area_of(pir), 0, sizeof(struct cpu));
        }
    }
    node = -1;
    while ((node = fdt_node_offset_by_prop_value(tree, node, "device_type", "cpu", sizeof("cpu"))) >= 0) {
        uint32_t pir = tree_get_u32(tree, node, "ibm,pir", CPU_MAX_PIR + 1);

        if (pir <= CPU_MAX_PIR) {
            store_state(area_of(pir), CPU_MISSING);
        }
    }
    memset(area_of(self), 0, sizeof(struct cpu));
    store_state(area_of(self), CPU_STARTED);
    memory_sync();
    *released = 1;
}

void cpus_gather(void)
{
    uint64_t start = timebase();

    for (uint64_t pir = 0; pir <= highest_pir; pir++) {
        while (load_state(area_of(pir)) == CPU_MISSING) {
            if (timebase() - start > 1000 * (uint64_t)TICKS_PER_MS) {
                say("processor 0x%lx does not answer", (unsigned long)pir);
                break;
            }
            cpu_relax();
        }
    }
}

void cpu_park(void)
{
    struct cpu *cpu = area_of(SPR_READ(SPR_PIR));

    cpu->in_call = 0;
    store_state(cpu, CPU_PARKED);
    while (load_state(cpu) != CPU_ORDERED) {
        cpu_relax();
    }
    store_state(cpu, CPU_STARTED);
    payload_enter_secondary(cpu->address, SPR_READ(SPR_PIR));
}
