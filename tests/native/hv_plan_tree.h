/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees with domains in /chosen as mkimage writes them, for the tests of core/plan.c. Included once, behind it. */
#ifndef TESTS_NATIVE_HV_PLAN_TREE_H
#define TESTS_NATIVE_HV_PLAN_TREE_H

#include "abi/papr.h"
#include "check.h"
#include "hv_messages.h"
#include "hv_tree.h"

#define MIB UINT64_C(0x100000)
#define RAM_SIZE (1024 * MIB)
#define MODULE_BASE (256 * MIB)
#define MODULE_SIZE UINT64_C(0x5000)
#define MEMORY (128 * MIB)
#define RMA (64 * MIB)
#define RTAS_AT (48 * MIB)
#define DOM0 "/chosen/dom0"
#define KERNEL DOM0 "/module@10000000"
#define RAMDISK DOM0 "/module@10010000"
#define TREE DOM0 "/module@10020000"

static struct plan plans[MAX_DOMAINS];

/* RAM below is handed out to domains. */
bool memory_is_kept(paddr_t base, uint64_t size)
{
    return size != 0 && base >= MODULE_BASE && base <= RAM_SIZE && size <= RAM_SIZE - base;
}

static void add_module(const char *domain, const char *name, const char *kind, uint64_t base, uint64_t target)
{
    char compatible[64];
    size_t length = strlen(kind) + 1;
    int node = tree_add(domain, name);

    memcpy(compatible, kind, length);
    strcpy(compatible + length, "multiboot,module");
    tree_bytes(node, "compatible", compatible, length + sizeof("multiboot,module"));
    TREE_U64(node, "reg", base, MODULE_SIZE);
    TREE_U64(node, PROP_SEGMENTS, 0x1000, target, 0x2000, 0x3000);
}

/* A domain with nothing wrong. */
static void add_domain(const char *name, uint32_t id)
{
    char path[64];
    int node = tree_add("/chosen", name);

    tree_text(node, "compatible", "xen,domain");
    TREE_U64(node, "memory", MEMORY >> 10);
    tree_u32(node, "cpus", 1);
    tree_u32(node, "capabilities", CAPABILITY_CONTROL);
    tree_u32(node, PROP_DOMAIN_ID, id);
    tree_text(node, PROP_RMA_MODE, RMA_MODE_AUTO);
    TREE_U64(node, PROP_RMA_SIZE, RMA);
    tree_u32(node, PROP_HPT_SHIFT, 20);
    TREE_U64(node, PROP_ENTRY, 0x100);
    TREE_U64(node, PROP_RTAS, RTAS_AT, RTAS_SIZE);
    snprintf(path, sizeof(path), "/chosen/%s", name);
    add_module(path, "module@10000000", "multiboot,kernel", MODULE_BASE, 0);
    add_module(path, "module@10010000", "multiboot,ramdisk", MODULE_BASE + 0x10000, 80 * MIB);
    add_module(path, "module@10020000", "multiboot,device-tree", MODULE_BASE + 0x20000, 32 * MIB);
}

static void set_numbers(const char *path, const char *name, const uint64_t *values, size_t count)
{
    int node = tree_find(path);

    fdt_delprop(tree, node, name);
    tree_u64s(tree_find(path), name, values, count);
}

#define SET_NUMBERS(path, name, ...) \
    set_numbers(path, name, (const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8)

/* Everything that is read of dom0. */
static const struct {
    const char *node;
    const char *name;
    bool optional;
} properties[] = {
    { DOM0, "memory", false },        { DOM0, "cpus", false },           { DOM0, "capabilities", true },
    { DOM0, PROP_DOMAIN_ID, false },  { DOM0, PROP_RMA_MODE, false },    { DOM0, PROP_RMA_SIZE, false },
    { DOM0, PROP_HPT_SHIFT, false },  { DOM0, PROP_ENTRY, false },       { DOM0, PROP_RTAS, false },
    { KERNEL, "reg", false },         { KERNEL, PROP_SEGMENTS, false },  { RAMDISK, "reg", false },
    { RAMDISK, PROP_SEGMENTS, false }, { TREE, "reg", false },           { TREE, PROP_SEGMENTS, false },
};

static void start(void)
{
    tree_start();
    tree_add("/", "chosen");
}

/* One domain that a test is about and one behind it that must come through. */
static void start_pair(void)
{
    start();
    add_domain("bystander", 9);
    add_domain("dom0", 3);
}

/* The tree stays until the next: plans point into it. */
static uint32_t read_plans(uint32_t limit)
{
    static void *copy;

    free(copy);
    copy = tree_copy();
    messages_clear();
    memset(plans, 0xee, sizeof(plans));
    return plan_read(copy, plans, limit);
}

/* dom0 alone is left out, with a line that names it and what is wrong. */
static void expect_refusal(const char *what)
{
    uint32_t count;

    check_context = what;
    count = read_plans(MAX_DOMAINS);
    if (count != 1 || !messages_have(what)) {
        fprintf(stderr, "%u plans; said: %s\n", count, messages);
    }
    CHECK(count == 1 && plans[0].id == 9 && strcmp(plans[0].name, "bystander") == 0);
    CHECK(messages_have("domain dom0: plan refused: ") && messages_have(what));
    CHECK(strchr(messages, '\n') == messages + messages_length - 1); /* one line */
    check_context = "";
}

static void expect_good(void)
{
    CHECK(read_plans(MAX_DOMAINS) == 2);
    CHECK(messages_length == 0);
}

#endif
