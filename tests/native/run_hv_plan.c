/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans from generated trees: whatever is missing, of the wrong size or out of range leaves its domain out, named.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64 abi .
 * Include: build/third_party/libfdt
 * Link: hypervisor/core/fdt_reader.c lib/format.c build/third_party/libfdt
 */
#include "../../hypervisor/core/plan.c"

#include "hv_plan_tree.h"
#include "hv_random.h"

static void test_good(void)
{
    const struct plan *plan = &plans[0];

    start_pair();
    expect_good();
    CHECK(plan->id == 3 && strcmp(plan->name, "dom0") == 0 && plan->vcpus == 1);
    CHECK(plan->capabilities == CAPABILITY_CONTROL && plan->rma_mode == RMA_AUTO && plan->hpt_shift == 20);
    CHECK(plan->memory_size == MEMORY && plan->rma_size == RMA);
    CHECK(plan->entry == 0x100 && plan->rtas == RTAS_AT && plan->rtas_size == RTAS_SIZE);
    for (int kind = 0; kind < MODULE_KINDS; kind++) {
        const struct module *module = &plan->modules[kind];
        static const uint64_t targets[] = { 0, 80 * MIB, 32 * MIB };

        CHECK(module->base == MODULE_BASE + (uint64_t)kind * 0x10000 && module->size == MODULE_SIZE);
        CHECK(module->segment_count == 1 && module->segments[0].offset == 0x1000);
        CHECK(module->segments[0].target == targets[kind]);
        CHECK(module->segments[0].file_size == 0x2000 && module->segments[0].memory_size == 0x3000);
    }
    CHECK(plans[1].id == 9);
}

static void test_nothing_planned(void)
{
    tree_start();
    CHECK(read_plans(MAX_DOMAINS) == 0);
    start();
    CHECK(read_plans(MAX_DOMAINS) == 0);
    tree_add("/chosen", "dom0");
    tree_text(tree_find(DOM0), "compatible", "something,else");
    CHECK(read_plans(MAX_DOMAINS) == 0 && messages_length == 0);
}

static void test_missing(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
        start_pair();
        CHECK(fdt_delprop(tree, tree_find(properties[i].node), properties[i].name) == 0);
        if (properties[i].optional) {
            expect_good();
            CHECK(plans[0].capabilities == 0);
        } else {
            expect_refusal(properties[i].name);
        }
    }
}

/* Every size from nothing to a good deal too much, the good bytes in front. */
static void test_wrong_size(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
        uint8_t bytes[64] = { 0 };
        int good;

        start_pair();
        fdt_getprop(tree, tree_find(properties[i].node), properties[i].name, &good);
        memcpy(bytes, fdt_getprop(tree, tree_find(properties[i].node), properties[i].name, NULL), (size_t)good);
        for (size_t size = 0; size <= sizeof(bytes); size++) {
            bool segments = strcmp(properties[i].name, PROP_SEGMENTS) == 0;

            tree_bytes(tree_find(properties[i].node), properties[i].name, bytes, size);
            if (size == (size_t)good || (segments && size == 64)) {
                expect_good();
            } else {
                expect_refusal(properties[i].name);
            }
        }
    }
}

struct number {
    const char *name;
    uint64_t value;
};

static void replace_number(const char *name, uint64_t value)
{
    int size, node = tree_find(DOM0);

    CHECK(fdt_getprop(tree, node, name, &size) != NULL);
    if (size == 4) {
        tree_u32(node, name, (uint32_t)value);
    } else {
        CHECK(fdt_setprop_u64(tree, node, name, value) == 0);
    }
}

static void test_out_of_range(void)
{
    static const struct number bad[] = {
        { "memory", 0 },
        { "memory", 1 },
        { "memory", (MEMORY >> 10) + 1 },
        { "memory", (MAX_DOMAIN_MEMORY >> 10) + (EXTENT_SIZE >> 10) },
        { "memory", UINT64_MAX },
        { "memory", UINT64_C(1) << 54 }, /* 2^64 bytes */
        { "memory", (UINT64_C(1) << 54) + (EXTENT_SIZE >> 10) },
        { PROP_RMA_SIZE, 0 },
        { PROP_RMA_SIZE, RMA + 1 },
        { PROP_RMA_SIZE, MEMORY + EXTENT_SIZE },
        { PROP_RMA_SIZE, 0 - EXTENT_SIZE },
        { PROP_HPT_SHIFT, MIN_HPT_SHIFT - 1 },
        { PROP_HPT_SHIFT, MAX_HPT_SHIFT + 1 },
        { PROP_HPT_SHIFT, 0 },
        { PROP_HPT_SHIFT, UINT32_MAX },
        { "cpus", 0 },
        { "cpus", MAX_VCPUS + 1 },
        { "cpus", UINT32_MAX },
        { PROP_DOMAIN_ID, MAX_DOMAINS },
        { PROP_DOMAIN_ID, UINT32_MAX },
        { PROP_ENTRY, RMA },
        { PROP_ENTRY, 2 },
        { PROP_ENTRY, UINT64_MAX - 3 },
    };
    static const struct number good[] = {
        { "memory", MAX_DOMAIN_MEMORY >> 10 }, { PROP_RMA_SIZE, MEMORY },        { PROP_HPT_SHIFT, MIN_HPT_SHIFT },
        { PROP_HPT_SHIFT, MAX_HPT_SHIFT },     { PROP_DOMAIN_ID, MAX_DOMAINS - 1 }, { PROP_ENTRY, RMA - 4 },
        { "cpus", MAX_VCPUS },
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char what[64];

        start_pair();
        replace_number(bad[i].name, bad[i].value);
        snprintf(what, sizeof(what), "refused: %s is ", bad[i].name);
        expect_refusal(what);
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        start_pair();
        replace_number(good[i].name, good[i].value);
        expect_good();
    }
}

static void test_rma_modes(void)
{
    static const char *const good[] = { "auto", "rmo", "vrma" }, *const bad[] = { "", "Auto", "rmo ", "vrm", "vrmaa" };
    static const enum rma_mode modes[] = { RMA_AUTO, RMA_RMO, RMA_VRMA };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        start_pair();
        tree_text(tree_find(DOM0), PROP_RMA_MODE, good[i]);
        expect_good();
        CHECK(plans[0].rma_mode == modes[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        start_pair();
        tree_text(tree_find(DOM0), PROP_RMA_MODE, bad[i]);
        expect_refusal(PROP_RMA_MODE);
    }
}

static void test_rtas(void)
{
    static const uint64_t bad[][2] = {
        { RMA, RTAS_SIZE }, { RMA - RTAS_SIZE + 4, RTAS_SIZE }, { RTAS_AT + 1, RTAS_SIZE }, { 0, RMA + 1 },
        { UINT64_MAX - 3, RTAS_SIZE }, { RTAS_AT, UINT64_MAX }, { RTAS_AT, 0 - RTAS_AT }, { RTAS_AT + 4, RTAS_SIZE },
        { RTAS_AT, 0 }, { RTAS_AT, RTAS_SIZE - 1 }, { RMA, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        start_pair();
        SET_NUMBERS(DOM0, PROP_RTAS, bad[i][0], bad[i][1]);
        expect_refusal(PROP_RTAS);
    }
    start_pair();
    SET_NUMBERS(DOM0, PROP_RTAS, RMA - RTAS_SIZE, RTAS_SIZE);
    expect_good();
}

static void test_module_ranges(void)
{
    static const uint64_t bad[][2] = {
        { RAM_SIZE, 1 }, { RAM_SIZE - 1, 2 }, { MODULE_BASE, 0 }, { UINT64_MAX, 1 }, { MODULE_BASE, UINT64_MAX },
        { MODULE_BASE, 0 - MODULE_BASE },      { 0, MODULE_SIZE },            { MODULE_BASE - 1, MODULE_SIZE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        start_pair();
        SET_NUMBERS(RAMDISK, "reg", bad[i][0], bad[i][1]);
        expect_refusal("reg");
    }
}

static void test_segments(void)
{
    static const uint64_t bad[][4] = {
        /* offset, target, bytes in the file, bytes in memory */
        { 0, 0, 0x1001, 0x1000 },
        { MODULE_SIZE, 0, 1, 1 },
        { MODULE_SIZE + 1, 0, 0, 0 },
        { MODULE_SIZE - 1, 0, 2, 2 },
        { UINT64_MAX, 0, 1, 1 },
        { 1, 0, UINT64_MAX, UINT64_MAX },
        { 0, MEMORY, 1, 1 },
        { 0, MEMORY - 1, 1, 2 },
        { 0, 0, 0, MEMORY + 1 },
        { 0, UINT64_MAX, 1, 1 },
        { 0, 1, 1, UINT64_MAX },
        { 0, MEMORY + 1, 0, 0 },
    };
    uint64_t many[4 * (MAX_SEGMENTS + 1)] = { 0 };

    for (size_t i = 0; i < 3 * ARRAY_SIZE(bad); i++) {
        static const char *const modules[] = { KERNEL, RAMDISK, TREE };

        start_pair();
        TREE_U64(tree_find(modules[i % 3]), PROP_SEGMENTS, bad[i / 3][0], bad[i / 3][1], bad[i / 3][2], bad[i / 3][3]);
        expect_refusal(PROP_SEGMENTS);
    }
    start_pair();
    SET_NUMBERS(KERNEL, PROP_SEGMENTS, 0, MEMORY - MODULE_SIZE, MODULE_SIZE, MODULE_SIZE, MODULE_SIZE, MEMORY, 0, 0);
    expect_good();
    CHECK(plans[0].modules[MODULE_KERNEL].segment_count == 2);
    set_numbers(KERNEL, PROP_SEGMENTS, many, ARRAY_SIZE(many) - 4);
    expect_good();
    set_numbers(KERNEL, PROP_SEGMENTS, many, ARRAY_SIZE(many));
    expect_refusal(PROP_SEGMENTS);
}

static void test_which_modules(void)
{
    start_pair();
    CHECK(fdt_del_node(tree, tree_find(RAMDISK)) == 0);
    expect_good();
    CHECK(plans[0].modules[MODULE_RAMDISK].size == 0);
    CHECK(fdt_del_node(tree, tree_find(KERNEL)) == 0);
    expect_refusal("kernel");
    start_pair();
    CHECK(fdt_del_node(tree, tree_find(TREE)) == 0);
    expect_refusal("device tree");
    start_pair();
    add_module(DOM0, "module@10030000", "multiboot,kernel", MODULE_BASE, 0);
    expect_refusal("second of its kind");
    start_pair();
    add_module(DOM0, "module@10030000", "multiboot,microcode", MODULE_BASE, 0);
    expect_refusal("unknown kind");
    start_pair();
    tree_add(DOM0, "no-module");
    expect_good();
}

/* The words for the kernel, when there are any: one string, of the kernel's module. */
static void test_command_line(void)
{
    start_pair();
    tree_text(tree_find(RAMDISK), "bootargs", "not the kernel's");
    expect_good();
    CHECK(plans[0].command_line == NULL);
    tree_text(tree_find(KERNEL), "bootargs", "console=hvc0");
    expect_good();
    CHECK(strcmp(plans[0].command_line, "console=hvc0") == 0);
    tree_bytes(tree_find(KERNEL), "bootargs", "cut off", 7);
    expect_good();
    CHECK(plans[0].command_line == NULL);
}

static void test_ids(void)
{
    start_pair();
    tree_u32(tree_find(DOM0), PROP_DOMAIN_ID, 9);
    CHECK(read_plans(MAX_DOMAINS) == 1);
    CHECK(messages_have(PROP_DOMAIN_ID) && messages_have("plan refused"));
    start(); /* the id of a domain that is left out stays free */
    add_domain("good", 3);
    add_domain("dom0", 3);
    replace_number("cpus", 0);
    CHECK(read_plans(MAX_DOMAINS) == 1 && strcmp(plans[0].name, "good") == 0);
}

static void test_names(void)
{
    start_pair();
    CHECK(fdt_set_name(tree, tree_find(DOM0), "a-name-of-thirty-one-characters") == 0);
    CHECK(read_plans(MAX_DOMAINS) == 2 && strcmp(plans[0].name, "a-name-of-thirty-one-characters") == 0);
    start_pair();
    CHECK(fdt_set_name(tree, tree_find(DOM0), "a-name-of-thirty-two-characters.") == 0);
    CHECK(read_plans(MAX_DOMAINS) == 1 && messages_have("plan refused: the name is too long"));
}

static void test_many(void)
{
    char name[16];

    start();
    for (uint32_t i = 0; i < MAX_DOMAINS + 2; i++) {
        snprintf(name, sizeof(name), "d%u", i);
        add_domain(name, i < MAX_DOMAINS ? i * 7 % (uint32_t)MAX_DOMAINS : 0);
    }
    CHECK(read_plans(MAX_DOMAINS) == MAX_DOMAINS);
    CHECK(messages_have("rest is left out") || messages_have("another domain's"));
    for (uint32_t i = 0; i < MAX_DOMAINS; i++) {
        CHECK(plans[i].id == i);
    }
    CHECK(read_plans(3) == 3 && plans[3].id == 0xeeeeeeee);
    CHECK(plans[0].id < plans[1].id && plans[1].id < plans[2].id);
}

/* Everything that later code relies on. */
static void check_plan(const struct plan *plan)
{
    CHECK(memchr(plan->name, '\0', sizeof(plan->name)) != NULL && plan->id < MAX_DOMAINS);
    CHECK(plan->vcpus >= 1 && plan->vcpus <= MAX_VCPUS);
    CHECK(plan->memory_size != 0 && plan->memory_size <= MAX_DOMAIN_MEMORY && plan->memory_size % EXTENT_SIZE == 0);
    CHECK(plan->rma_size != 0 && plan->rma_size <= plan->memory_size && plan->rma_size % EXTENT_SIZE == 0);
    CHECK(plan->hpt_shift >= MIN_HPT_SHIFT && plan->hpt_shift <= MAX_HPT_SHIFT);
    CHECK(plan->entry < plan->rma_size && plan->entry % 4 == 0);
    CHECK(plan->rtas <= plan->rma_size && plan->rtas_size <= plan->rma_size - plan->rtas && plan->rtas % 4 == 0);
    CHECK(plan->rtas_size >= RTAS_SIZE && plan->rtas / EXTENT_SIZE == (plan->rtas + RTAS_SIZE - 1) / EXTENT_SIZE);
    CHECK(plan->modules[MODULE_KERNEL].size != 0 && plan->modules[MODULE_DEVICE_TREE].size != 0);
    for (int kind = 0; kind < MODULE_KINDS; kind++) {
        const struct module *module = &plan->modules[kind];

        CHECK(module->size == 0 || memory_is_kept(module->base, module->size));
        CHECK(module->segment_count <= MAX_SEGMENTS && (module->segment_count != 0 || module->size == 0));
        for (uint32_t i = 0; i < module->segment_count; i++) {
            const struct segment *segment = &module->segments[i];

            CHECK(segment->file_size <= segment->memory_size);
            CHECK(segment->offset <= module->size && segment->file_size <= module->size - segment->offset);
            CHECK(segment->target <= plan->memory_size && segment->memory_size <= plan->memory_size - segment->target);
        }
    }
}

/* Random changes to random properties of two domains: what comes through is sound. */
static void test_random(void)
{
    unsigned through = 0;

    for (int round = 0; round < 2000; round++) {
        uint32_t count;

        start_pair();
        for (uint64_t changes = 1 + random_below(3); changes != 0; changes--) {
            size_t i = random_below(ARRAY_SIZE(properties));
            uint8_t bytes[64];
            int size, node = tree_find(properties[i].node);
            const void *old = fdt_getprop(tree, node, properties[i].name, &size);

            if (old == NULL) {
                continue;
            }
            memcpy(bytes, old, (size_t)size);
            if (random_one_in(2)) { /* one number of the property */
                uint64_t wild = random_one_in(3) ? random_wild() : random_below(2 * MEMORY) & ~UINT64_C(0xfff);

                size_t at = random_below((uint64_t)(size + 7) / 8) * 8;

                for (size_t b = 0; b < 8 && at + b < (size_t)size; b++) {
                    bytes[at + b] = (uint8_t)(wild >> (56 - 8 * b));
                }
            } else {
                bytes[random_below((uint64_t)size)] ^= (uint8_t)(1u << random_below(8));
            }
            tree_bytes(node, properties[i].name, bytes, (size_t)size);
        }
        count = read_plans(MAX_DOMAINS);
        through += count == 2 ? 1 : 0;
        for (uint32_t i = 0; i < count; i++) {
            check_plan(&plans[i]);
            CHECK(i == 0 || plans[i - 1].id < plans[i].id);
        }
        CHECK(count >= 1 && (count == 2 || messages_have("plan refused")));
    }
    CHECK(through > 50);
}

int main(void)
{
    test_good();
    test_nothing_planned();
    test_missing();
    test_wrong_size();
    test_out_of_range();
    test_rma_modes();
    test_rtas();
    test_module_ranges();
    test_segments();
    test_which_modules();
    test_command_line();
    test_ids();
    test_names();
    test_many();
    test_random();
    return 0;
}
