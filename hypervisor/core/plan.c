/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/plan.h"

#include <libfdt.h>
#include <string.h>

#include "hv/console.h"
#include "hv/fdt_reader.h"
#include "hv/format.h"
#include "hv/memory.h"
#include "papr/guest.h"

static const char *const module_names[MODULE_KINDS] = {
    [MODULE_KERNEL] = "multiboot,kernel",
    [MODULE_RAMDISK] = "multiboot,ramdisk",
    [MODULE_DEVICE_TREE] = "multiboot,device-tree",
};

static bool refuse(const struct plan *plan, const char *what)
{
    hv_print("domain %s: plan refused: %s\n", plan->name, what);
    return false;
}

static bool segment_read(const void *fdt, int node, uint32_t index, struct segment *segment)
{
    return fdt_read_u64_at(fdt, node, PROP_SEGMENTS, 4 * index, &segment->offset) &&
           fdt_read_u64_at(fdt, node, PROP_SEGMENTS, 4 * index + 1, &segment->target) &&
           fdt_read_u64_at(fdt, node, PROP_SEGMENTS, 4 * index + 2, &segment->file_size) &&
           fdt_read_u64_at(fdt, node, PROP_SEGMENTS, 4 * index + 3, &segment->memory_size);
}

static bool segment_good(const struct plan *plan, const struct module *module, const struct segment *segment)
{
    return segment->file_size <= segment->memory_size &&
           range_inside(segment->offset, segment->file_size, 0, module->size) &&
           range_inside(segment->target, segment->memory_size, 0, plan->memory_size);
}

static bool module_read(const void *fdt, int node, struct plan *plan)
{
    struct module *module = NULL;
    uint32_t words = fdt_count_u64(fdt, node, PROP_SEGMENTS);

    for (int kind = 0; kind < MODULE_KINDS; kind++) {
        if (fdt_is_compatible(fdt, node, module_names[kind])) {
            module = &plan->modules[kind];
        }
    }
    if (module == &plan->modules[MODULE_KERNEL]) {
        plan->command_line = fdt_read_string(fdt, node, "bootargs");
    }
    if (module == NULL || module->size != 0) {
        return refuse(plan, "a module of unknown kind, or the second of its kind");
    }
    if (fdt_count_u64(fdt, node, "reg") != 2 || !fdt_read_u64_at(fdt, node, "reg", 0, &module->base) ||
        !fdt_read_u64_at(fdt, node, "reg", 1, &module->size) || !memory_is_kept(module->base, module->size)) {
        return refuse(plan, "a module's reg is not one range of memory that is reserved");
    }
    if (words == 0 || words % 4 != 0 || words / 4 > MAX_SEGMENTS) {
        return refuse(plan, PROP_SEGMENTS " is missing or has the wrong size");
    }
    module->segment_count = words / 4;
    for (uint32_t i = 0; i < module->segment_count; i++) {
        if (!segment_read(fdt, node, i, &module->segments[i]) || !segment_good(plan, module, &module->segments[i])) {
            return refuse(plan, PROP_SEGMENTS " reaches beyond the module or the domain's memory");
        }
    }
    return true;
}

static bool modules_read(const void *fdt, int domain, struct plan *plan)
{
    int node;

    fdt_for_each_subnode(node, fdt, domain) {
        if (fdt_is_compatible(fdt, node, "multiboot,module") && !module_read(fdt, node, plan)) {
            return false;
        }
    }
    if (plan->modules[MODULE_KERNEL].size == 0 || plan->modules[MODULE_DEVICE_TREE].size == 0) {
        return refuse(plan, "no kernel or no device tree");
    }
    return true;
}

/* Of the domain's memory; every one is known to lie in it. */
struct place {
    gpa_t base;
    uint64_t size;
};

static uint32_t places_collect(const struct plan *plan, struct place *places)
{
    uint32_t count = 0;

    places[count++] = (struct place){ plan->rtas, plan->rtas_size };
    for (int kind = 0; kind < MODULE_KINDS; kind++) {
        const struct module *module = &plan->modules[kind];

        for (uint32_t i = 0; i < module->segment_count; i++) {
            places[count++] = (struct place){ module->segments[i].target, module->segments[i].memory_size };
        }
    }
    return count;
}

/* Nothing is loaded over anything else, and the tree can be corrected where it is: in one extent. */
static bool places_check(const struct plan *plan)
{
    const struct segment *tree = &plan->modules[MODULE_DEVICE_TREE].segments[0];
    struct place places[1 + MODULE_KINDS * MAX_SEGMENTS];
    uint32_t count = places_collect(plan, places);

    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (ranges_overlap(places[i].base, places[i].size, places[j].base, places[j].size)) {
                return refuse(plan, PROP_SEGMENTS " or " PROP_RTAS " overlap");
            }
        }
    }
    if (!range_inside(tree->target, tree->file_size, 0, plan->rma_size) ||
        !range_inside(tree->target % EXTENT_SIZE, tree->file_size, 0, EXTENT_SIZE)) {
        return refuse(plan, "the device tree's " PROP_SEGMENTS " leave the real-mode area or cross 16 MiB");
    }
    return true;
}

static bool sizes_read(const void *fdt, int node, struct plan *plan)
{
    uint64_t kilobytes;

    if (!fdt_read_u64(fdt, node, "memory", &kilobytes) || kilobytes == 0 || kilobytes > MAX_DOMAIN_MEMORY >> 10 ||
        !IS_ALIGNED(kilobytes << 10, EXTENT_SIZE)) {
        return refuse(plan, "memory is missing, too large or no multiple of 16 MiB");
    }
    plan->memory_size = kilobytes << 10;
    if (!fdt_read_u64(fdt, node, PROP_RMA_SIZE, &plan->rma_size) || plan->rma_size == 0 ||
        plan->rma_size > plan->memory_size || !IS_ALIGNED(plan->rma_size, EXTENT_SIZE)) {
        return refuse(plan, PROP_RMA_SIZE " is missing, larger than memory or no multiple of 16 MiB");
    }
    if (!fdt_read_u32(fdt, node, PROP_HPT_SHIFT, &plan->hpt_shift) || plan->hpt_shift < MIN_HPT_SHIFT ||
        plan->hpt_shift > MAX_HPT_SHIFT) {
        return refuse(plan, PROP_HPT_SHIFT " is missing or out of range");
    }
    if (!fdt_read_u32(fdt, node, "cpus", &plan->vcpus) || plan->vcpus == 0 || plan->vcpus > MAX_VCPUS) {
        return refuse(plan, "cpus is missing or out of range");
    }
    return true;
}

static bool rma_mode_read(const void *fdt, int node, struct plan *plan)
{
    const char *mode = fdt_read_string(fdt, node, PROP_RMA_MODE);

    if (mode != NULL && strcmp(mode, RMA_MODE_AUTO) == 0) {
        plan->rma_mode = RMA_AUTO;
    } else if (mode != NULL && strcmp(mode, RMA_MODE_RMO) == 0) {
        plan->rma_mode = RMA_RMO;
    } else if (mode != NULL && strcmp(mode, RMA_MODE_VRMA) == 0) {
        plan->rma_mode = RMA_VRMA;
    } else {
        return refuse(plan, PROP_RMA_MODE " is none of auto, rmo, vrma");
    }
    return true;
}

static bool addresses_read(const void *fdt, int node, struct plan *plan)
{
    if (!fdt_read_u64(fdt, node, PROP_ENTRY, &plan->entry) || plan->entry >= plan->rma_size ||
        !IS_ALIGNED(plan->entry, 4)) {
        return refuse(plan, PROP_ENTRY " is missing or outside the real-mode area");
    }
    if (fdt_count_u64(fdt, node, PROP_RTAS) != 2 || !fdt_read_u64_at(fdt, node, PROP_RTAS, 0, &plan->rtas) ||
        !fdt_read_u64_at(fdt, node, PROP_RTAS, 1, &plan->rtas_size) ||
        !range_inside(plan->rtas, plan->rtas_size, 0, plan->rma_size) || !IS_ALIGNED(plan->rtas, RTAS_SIZE) ||
        plan->rtas_size < RTAS_SIZE) {
        return refuse(plan, PROP_RTAS " is missing, too small or outside the real-mode area");
    }
    return true;
}

static bool domain_plan_read(const void *fdt, int node, struct plan *plan)
{
    const char *name = fdt_get_name(fdt, node, NULL);

    *plan = (struct plan){ 0 };
    if (format(plan->name, sizeof(plan->name), "%s", name) != strlen(name)) {
        return refuse(plan, "the name is too long");
    }
    if (!fdt_read_u32(fdt, node, PROP_DOMAIN_ID, &plan->id) || plan->id >= MAX_DOMAINS) {
        return refuse(plan, PROP_DOMAIN_ID " is missing or out of range");
    }
    if (fdt_getprop(fdt, node, "capabilities", NULL) != NULL &&
        !fdt_read_u32(fdt, node, "capabilities", &plan->capabilities)) {
        return refuse(plan, "capabilities is not one number");
    }
    return sizes_read(fdt, node, plan) && rma_mode_read(fdt, node, plan) && addresses_read(fdt, node, plan) &&
           modules_read(fdt, node, plan) && places_check(plan);
}

static bool id_taken(const struct plan *plans, uint32_t count, uint32_t id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (plans[i].id == id) {
            return true;
        }
    }
    return false;
}

/* The overlay came out of libfdt in some order; ids are the recipe's. */
static void sort_by_id(struct plan *plans, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = i; j > 0 && plans[j].id < plans[j - 1].id; j--) {
            struct plan swapped = plans[j];

            plans[j] = plans[j - 1];
            plans[j - 1] = swapped;
        }
    }
}

uint32_t plan_read(const void *fdt, struct plan *plans, uint32_t limit)
{
    int node, chosen = fdt_path_offset(fdt, "/chosen");
    uint32_t count = 0;

    if (chosen < 0) {
        return 0;
    }
    fdt_for_each_subnode(node, fdt, chosen) {
        if (!fdt_is_compatible(fdt, node, "xen,domain")) {
            continue;
        }
        if (count == limit) {
            hv_print("more than %u domains planned, the rest is left out\n", limit);
            break;
        }
        if (!domain_plan_read(fdt, node, &plans[count])) {
            continue;
        }
        if (id_taken(plans, count, plans[count].id)) {
            refuse(&plans[count], PROP_DOMAIN_ID " is another domain's");
            continue;
        }
        count++;
    }
    sort_by_id(plans, count);
    return count;
}
