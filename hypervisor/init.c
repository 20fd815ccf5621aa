/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot order, on one screen. */
#include <libfdt.h>

#include "cpu.h"
#include "hv/bug.h"
#include "hv/console.h"
#include "hv/domain.h"
#include "hv/fdt_reader.h"
#include "hv/init.h"
#include "hv/measurements.h"
#include "hv/memory.h"
#include "hv/platform.h"
#include "hv/power.h"
#include "hv/sched.h"
#include "hv/trap.h"
#include "hv/tree_fixup.h"
#include "timebase.h"
#include "version.h"

extern char boot_stack_top[], boot_fault_stack_top[], __image_end[];

#define FRAME_SIZE 64 /* the caller's frame that the ABI lets a first function write to */

static struct percpu boot_percpu;
static struct plan plans[MAX_DOMAINS];

static void processor_init(void)
{
    boot_percpu.stack = (uintptr_t)boot_stack_top - FRAME_SIZE;
    boot_percpu.fault_stack = (uintptr_t)boot_fault_stack_top - FRAME_SIZE;
    cpu_percpu_set(&boot_percpu);
}

static const char *root_string(const void *fdt, const char *name)
{
    const char *text = fdt_getprop(fdt, 0, name, NULL);

    return text != NULL ? text : "unknown";
}

static uint64_t timebase_frequency(const void *fdt)
{
    uint64_t frequency;

    if (!fdt_read_frequency(fdt, "timebase-frequency", &frequency) || frequency == 0) {
        hv_panic("the device tree names no timebase-frequency");
    }
    return frequency;
}

static void banner(const void *fdt)
{
    const char *bootargs = fdt_read_string(fdt, fdt_path_offset(fdt, "/chosen"), "xen,xen-bootargs");

    hv_print("Roundpeg hypervisor %s\n", HV_VERSION);
    hv_print("machine: %s, platform %s\n", root_string(fdt, "model"), platform->name);
    hv_print("processor: version 0x%08lx, number %u, time base %lu Hz\n", cpu_mfspr(SPR_PVR),
             fdt_boot_cpuid_phys(fdt), sched_timebase_frequency());
    hv_print("hypervisor: 0x0-0x%lx, command line \"%s\"\n", (uint64_t)(uintptr_t)__image_end,
             bootargs != NULL ? bootargs : "");
}

static void plan_print(const struct plan *plan)
{
    static const char *const names[MODULE_KINDS] = { "kernel", "ramdisk", "device tree" };

    hv_print("plan: domain %u %s, %lu MiB, real-mode area %lu MiB, %u vcpu\n", plan->id, plan->name,
             plan->memory_size >> 20, plan->rma_size >> 20, plan->vcpus);

    for (int kind = 0; kind < MODULE_KINDS; kind++) {
        const struct module *module = &plan->modules[kind];

        if (module->size != 0) {
            hv_print("module: %s %s, 0x%lx, %lu bytes\n", plan->name, names[kind], module->base, module->size);
        }
    }
}

/* The control domain has the console; without one, the first. */
static struct domain *console_owner(void)
{
    for (uint32_t i = 0; i < domain_count; i++) {
        if (domain_is_control(&domains[i])) {
            return &domains[i];
        }
    }
    return domain_count != 0 ? &domains[0] : NULL;
}

void hypervisor_main(const void *fdt, uint64_t opal_base, uint64_t opal_entry)
{
    uint32_t count;

    processor_init();
    platform_init(fdt, opal_base, opal_entry);
    sched_init(timebase_frequency(fdt));
    banner(fdt);
    memory_init(fdt, (uintptr_t)__image_end);
    memory_print();
    tree_fixup_init(fdt);
    measurements_init(fdt);
    count = plan_read(fdt, plans, MAX_DOMAINS);
    for (uint32_t i = 0; i < count; i++) {
        plan_print(&plans[i]);
    }
    if (cpu_unfit() != NULL) {
        hv_print("no domain is started: %s\n", cpu_unfit());
        machine_power_off();
    }
    cpu_init(platform_is_emulated());
    if (platform_is_emulated()) {
        timebase_guard();
    }
    platform->interrupts_init(fdt);
    domains_build(plans, count);
    console_focus(console_owner());
    for (uint32_t i = 0; i < domain_count; i++) {
        domain_start(&domains[i]);
    }
    if (domain_count == 0) {
        hv_print("no domain to run\n");
        machine_power_off();
    }
    trap_enter(sched_choose());
}
