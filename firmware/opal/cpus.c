/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpus.h"

#include <string.h>

#include <libfdt.h>

#include "calls.h"
#include "console.h"
#include "hv/lock.h"
#include "io.h"
#include "payload.h"
#include "tree.h"

/* OPAL_QUERY_CPU_STATUS */
#define THREAD_INACTIVE 0
#define THREAD_STARTED 1
#define THREAD_UNAVAILABLE 2

/* OPAL_REINIT_CPUS */
#define REINIT_HILE_BIG UINT64_C(1)
#define REINIT_HILE_LITTLE UINT64_C(2)

/* Of no account where all processors run, but an emulator may be one of many programs on its host. */
#define PATIENCE (5000 * (uint64_t)TICKS_PER_MS)

#define DEC_LATEST 0x7fffffff
#define HID0_HILE (UINT64_C(1) << (63 - 19))

extern char __cpu_areas[];
static uint64_t highest_pir;
static struct lock orders;

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

/* What payloads rely on and only add to: external interrupts come through HSRR0 and HSRR1 (LPES is 3 after reset), no
 * virtualized partition, no hypervisor decrementer, nothing that wakes a napping processor. */
static void registers_init(void)
{
    SPR_WRITE(SPR_LPCR, 0);
    SPR_WRITE(SPR_HFSCR, 0);
    SPR_WRITE(SPR_DEC, DEC_LATEST);
    instruction_sync();
}

uintptr_t cpus_end(void)
{
    return (uintptr_t)area_of(highest_pir + 1);
}

uint64_t cpu_self(void)
{
    return SPR_READ(SPR_PIR);
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
    uint64_t self = cpu_self();
    int node = -1;

    registers_init();
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
            if (timebase() - start > PATIENCE) {
                say("processor 0x%lx does not answer", (unsigned long)pir);
                break;
            }
            cpu_relax();
        }
    }
}

/* Power ISA and POWER8: a new HID0 counts once it has been read back six times. */
static void set_endian(uint64_t little)
{
    uint64_t hid0 = SPR_READ(SPR_HID0);

    hid0 = little != 0 ? hid0 | HID0_HILE : hid0 & ~HID0_HILE;
    memory_sync();
    SPR_WRITE(SPR_HID0, hid0);
    for (int i = 0; i < 6; i++) {
        SPR_READ(SPR_HID0);
    }
    instruction_sync();
}

void cpu_park(void)
{
    struct cpu *cpu = area_of(cpu_self());

    registers_init();
    cpu->in_call = 0;
    for (;;) {
        store_state(cpu, CPU_PARKED);
        while (load_state(cpu) != CPU_ORDERED) {
            cpu_relax();
        }
        if (cpu->order == ORDER_START) {
            store_state(cpu, CPU_STARTED);
            payload_enter_secondary(cpu->address, cpu_self());
        }
        set_endian(cpu->address);
    }
}

/* The lock of orders is held and the processor is parked. */
static void give_order(struct cpu *cpu, enum cpu_order order, uint64_t address)
{
    cpu->order = order;
    cpu->address = address;
    store_state(cpu, CPU_ORDERED);
}

/* OPAL_START_CPU: a parked processor leaves for `address`. */
int64_t opal_start_cpu(uint64_t server, uint64_t address)
{
    struct cpu *cpu = cpu_find(server);
    int64_t result = OPAL_WRONG_STATE;

    if (cpu == NULL || caller_memory(address, sizeof(uint32_t)) == NULL || address % sizeof(uint32_t) != 0) {
        return OPAL_PARAMETER;
    }
    lock_take(&orders);
    if (load_state(cpu) == CPU_PARKED) {
        give_order(cpu, ORDER_START, address);
        result = OPAL_SUCCESS;
    }
    lock_release(&orders);
    return result;
}

/* OPAL_QUERY_CPU_STATUS: whose the processor is. */
int64_t opal_query_cpu_status(uint64_t server, uint64_t status)
{
    const struct cpu *cpu = cpu_find(server);

    if (cpu == NULL) {
        return OPAL_PARAMETER;
    }
    switch (load_state(cpu)) {
    case CPU_MISSING:
        return caller_put_u8(status, THREAD_UNAVAILABLE);
    case CPU_PARKED:
        return caller_put_u8(status, THREAD_INACTIVE);
    default:
        return caller_put_u8(status, THREAD_STARTED);
    }
}

/* OPAL_RETURN_CPU: the calling processor is ours again until OPAL_START_CPU. */
int64_t opal_return_cpu(void)
{
    cpu_park();
}

static bool others_are_parked(const struct cpu *self)
{
    for (uint64_t pir = 0; pir <= highest_pir; pir++) {
        const struct cpu *cpu = cpu_find(pir);

        if (cpu != NULL && cpu != self && load_state(cpu) != CPU_PARKED && load_state(cpu) != CPU_MISSING) {
            return false;
        }
    }
    return true;
}

static void set_endian_everywhere(const struct cpu *self, uint64_t little)
{
    set_endian(little);
    for (uint64_t pir = 0; pir <= highest_pir; pir++) {
        struct cpu *cpu = cpu_find(pir);

        if (cpu == NULL || cpu == self || load_state(cpu) != CPU_PARKED) {
            continue;
        }
        give_order(cpu, ORDER_SET_ENDIAN, little);
        while (load_state(cpu) != CPU_PARKED) {
            cpu_relax();
        }
    }
}

/* OPAL_REINIT_CPUS: the endianness of exceptions on all processors, while all but the caller are ours. */
int64_t opal_reinit_cpus(uint64_t flags)
{
    const struct cpu *self = area_of(cpu_self());
    int64_t result = OPAL_SUCCESS;

    if ((flags & ~(REINIT_HILE_BIG | REINIT_HILE_LITTLE)) != 0) {
        return OPAL_UNSUPPORTED;
    }
    if (flags == (REINIT_HILE_BIG | REINIT_HILE_LITTLE)) {
        return OPAL_PARAMETER;
    }
    lock_take(&orders);
    if (!others_are_parked(self)) {
        result = OPAL_WRONG_STATE;
    } else if (flags != 0) {
        set_endian_everywhere(self, (flags & REINIT_HILE_LITTLE) != 0);
    }
    lock_release(&orders);
    return result;
}
