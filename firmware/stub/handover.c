/* SPDX-License-Identifier: BSD-2-Clause */
/* Module binding: Xen, docs/misc/arm/device-tree/booting.txt. */
#include "handover.h"

#include <libfdt.h>
#include <string.h>

#include "boot_image.h"
#include "boot_protocol.h"
#include "tree.h"

/* A command line may have so many bytes after the firmware's arguments have joined it. */
#define LINE_SIZE 8192

#define DOMAIN_COMPATIBLE "xen,domain"
#define KERNEL_COMPATIBLE "multiboot,kernel"
#define RAMDISK_COMPATIBLE "multiboot,ramdisk"
#define RAMDISK_COMPATIBLES RAMDISK_COMPATIBLE "\0multiboot,module"
#define MODULE_NAME "module@"
#define MODULE_NAME_SIZE (sizeof(MODULE_NAME) + 16)

struct words {
    const char *start;
    const char *end;
};

static bool bad(struct refusal *refusal, const char *problem, const char *detail)
{
    return refuse(refusal, STUB_REASON_BAD_DEVICE_TREE, "%s%s", problem, detail);
}

static struct words trim(struct words words)
{
    while (words.start < words.end && *words.start == ' ')
        words.start++;
    while (words.start < words.end && words.end[-1] == ' ')
        words.end--;
    return words;
}

/* Split `line` in [start, end) at the first word that is `--`; without one everything is `left`. */
static void split(struct words line, struct words *left, struct words *right)
{
    *left = line;
    *right = (struct words){line.end, line.end};
    for (const char *at = line.start; line.end - at >= 2; at++) {
        bool starts = at == line.start || at[-1] == ' ';
        bool ends = line.end - at == 2 || at[2] == ' ';

        if (starts && ends && at[0] == '-' && at[1] == '-') {
            left->end = at;
            right->start = at + 2;
            break;
        }
    }
    *left = trim(*left);
    *right = trim(*right);
}

/* Append `words` to the string property `name`, which may be absent. */
static bool append(void *tree, int node, const char *name, struct words words, struct refusal *refusal)
{
    static char line[LINE_SIZE];
    int old_size;
    const char *old = fdt_getprop(tree, node, name, &old_size);
    size_t size = (size_t)(words.end - words.start);
    size_t length = old != NULL ? strnlen(old, (size_t)old_size) : 0;

    if (size == 0)
        return true;
    if (length + 1 + size + 1 > sizeof(line))
        return bad(refusal, "the boot arguments are too long for ", name);
    if (length > 0) {
        memcpy(line, old, length);
        line[length++] = ' ';
    }
    memcpy(line + length, words.start, size);
    line[length + size] = '\0';
    if (fdt_setprop(tree, node, name, line, (int)(length + size + 1)) != 0)
        return bad(refusal, "no room in the device tree for ", name);
    return true;
}

static bool is_control(const void *tree, int domain)
{
    int length;
    const fdt32_t *capabilities = fdt_getprop(tree, domain, "capabilities", &length);

    return fdt_node_check_compatible(tree, domain, DOMAIN_COMPATIBLE) == 0 && capabilities != NULL &&
           length == sizeof(*capabilities) && (fdt32_ld(capabilities) & CAPABILITY_CONTROL) != 0;
}

/* The child of `domain` that is compatible with `compatible`, or negative. */
static int find_module(const void *tree, int domain, const char *compatible)
{
    int node;

    fdt_for_each_subnode(node, tree, domain) {
        if (fdt_node_check_compatible(tree, node, compatible) == 0)
            return node;
    }
    return -FDT_ERR_NOTFOUND;
}

/* The control domain's kernel module, or negative. */
static int find_control_kernel(const void *tree)
{
    int chosen = fdt_path_offset(tree, "/chosen");
    int domain;

    fdt_for_each_subnode(domain, tree, chosen) {
        if (is_control(tree, domain))
            return find_module(tree, domain, KERNEL_COMPATIBLE);
    }
    return -FDT_ERR_NOTFOUND;
}

bool handover_arguments(void *tree, struct refusal *refusal)
{
    static char arguments[LINE_SIZE]; /* a copy: the tree moves while it grows */
    int chosen = fdt_path_offset(tree, "/chosen");
    int length;
    const char *bootargs = fdt_getprop(tree, chosen, "bootargs", &length);
    struct words left;
    struct words right;
    int kernel;

    if (bootargs == NULL || length <= 1)
        return true;
    length = (int)strnlen(bootargs, (size_t)length);
    if (length > LINE_SIZE)
        return bad(refusal, "the boot arguments are too long for ", "the stub");
    memcpy(arguments, bootargs, (size_t)length);
    split((struct words){arguments, arguments + length}, &left, &right);
    if (!append(tree, chosen, "xen,xen-bootargs", left, refusal))
        return false;
    kernel = find_control_kernel(tree);
    return kernel < 0 || append(tree, kernel, "bootargs", right, refusal);
}

/* Describe `ramdisk` as a module of `domain`, to be copied to guest-physical `target`. */
static int add_ramdisk(void *tree, int domain, struct range ramdisk, uint64_t target)
{
    uint64_t size = ramdisk.end - ramdisk.base;
    fdt64_t reg[] = {cpu_to_fdt64(ramdisk.base), cpu_to_fdt64(size)};
    fdt64_t segment[] = {0, cpu_to_fdt64(target), cpu_to_fdt64(size), cpu_to_fdt64(size)};
    int old = find_module(tree, domain, RAMDISK_COMPATIBLE);
    int result = old < 0 ? 0 : fdt_del_node(tree, old);
    char name[MODULE_NAME_SIZE];
    int node;

    text_format(name, sizeof(name), MODULE_NAME "%lx", (unsigned long)ramdisk.base);
    if (result != 0)
        return result;
    node = fdt_add_subnode(tree, domain, name);
    if (node < 0)
        return node;
    result = fdt_setprop(tree, node, "compatible", RAMDISK_COMPATIBLES, sizeof(RAMDISK_COMPATIBLES));
    if (result == 0)
        result = fdt_setprop(tree, node, "reg", reg, sizeof(reg));
    return result != 0 ? result : fdt_setprop(tree, node, PROP_SEGMENTS, segment, sizeof(segment));
}

bool handover_ramdisk(void *tree, struct refusal *refusal)
{
    int chosen = fdt_path_offset(tree, "/chosen");
    struct range ramdisk;
    int domain;

    if (!tree_find_ramdisk(tree, &ramdisk))
        return true;
    fdt_for_each_subnode(domain, tree, chosen) {
        int length;
        const fdt64_t *place = fdt_getprop(tree, domain, PROP_FIRMWARE_RAMDISK, &length);
        const char *name = fdt_get_name(tree, domain, NULL);
        int result;

        if (fdt_node_check_compatible(tree, domain, DOMAIN_COMPATIBLE) != 0 || place == NULL)
            continue;
        if (length != 2 * (int)sizeof(*place))
            return refuse(refusal, STUB_REASON_OVERLAY, "%s: " PROP_FIRMWARE_RAMDISK " is not two numbers", name);
        if (ramdisk.end - ramdisk.base > fdt64_ld(&place[1]))
            return refuse(refusal, STUB_REASON_MEMORY, "the firmware's initrd, 0x%lx bytes, exceeds %s's 0x%lx",
                          (unsigned long)(ramdisk.end - ramdisk.base), name, (unsigned long)fdt64_ld(&place[1]));
        result = add_ramdisk(tree, domain, ramdisk, fdt64_ld(&place[0]));
        if (result != 0)
            return refuse(refusal, STUB_REASON_OVERLAY, "%s: placing the firmware's initrd: %s", name,
                          tree_error(result));
    }
    return true;
}
