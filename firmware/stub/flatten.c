/* SPDX-License-Identifier: BSD-2-Clause */
/* Services: IEEE 1275, section 6.3.2.2.  The flat tree: Devicetree Specification 0.4, chapter 5. */
#include "flatten.h"

#include <libfdt.h>
#include <string.h>

#include "boot_image.h"
#include "client.h"
#include "tree.h"

/* The standard allows 31 characters; LoPAPR has names of 33. */
#define NAME_SIZE 256
#define PATH_SIZE 1024

/* The firmware writes here: outside of the stack, where nothing else would notice a longer name. */
static char names[2][NAME_SIZE];
static char path[PATH_SIZE];

/* Add the node's property `name`. */
static int write_property(void *tree, uint32_t node, const char *name)
{
    uint32_t length = client_call("getproplen", 2, 1, node, client_cell(name));
    void *value;
    int result;

    /* It was listed; that it is gone does not matter. */
    if (length == CLIENT_ERROR)
        return 0;
    if (length > TREE_MAX_SIZE)
        return -FDT_ERR_BADVALUE;
    result = fdt_property_placeholder(tree, name, (int)length, &value);
    if (result != 0)
        return result;
    if (length > 0 && client_get_property(node, name, value, length) != length)
        return -FDT_ERR_BADVALUE;
    return 0;
}

static int write_properties(void *tree, uint32_t node)
{
    fdt32_t phandle = cpu_to_fdt32(node);
    bool has_phandle = false;
    size_t last = 0;

    names[last][0] = '\0';
    while (client_call("nextprop", 3, 1, node, client_cell(names[last]), client_cell(names[1 - last])) == 1) {
        int result = 0;

        last = 1 - last;
        if (strcmp(names[last], "name") != 0)
            result = write_property(tree, node, names[last]);
        if (result != 0)
            return result;
        has_phandle = has_phandle || strcmp(names[last], "phandle") == 0;
    }
    return has_phandle ? 0 : fdt_property(tree, "phandle", &phandle, sizeof(phandle));
}

/* Some of Apple's firmware has zeros inside of paths (Linux, arch/powerpc/kernel/prom_init.c): move the rest over them. */
static void drop_zeros(char *text, size_t length)
{
    size_t kept = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\0')
            text[kept++] = text[i];
    }
    text[kept] = '\0';
}

/* Begin the node: its name is the last part of its path, with the unit address. */
static int write_node(void *tree, uint32_t node)
{
    uint32_t length;
    int result;

    memset(path, 0, sizeof(path));
    length = client_call("package-to-path", 3, 1, node, client_cell(path), (uint32_t)sizeof(path) - 1);
    if (length >= sizeof(path) - 1 || path[0] != '/')
        return -FDT_ERR_BADPATH;
    drop_zeros(path, length);
    result = fdt_begin_node(tree, strrchr(path, '/') + 1);
    return result != 0 ? result : write_properties(tree, node);
}

/* Write `root` and everything below it, in the order of the firmware's links. */
static int write_nodes(void *tree, uint32_t root)
{
    uint32_t node = root;
    int result = write_node(tree, node);

    while (result == 0) {
        uint32_t next = client_call("child", 1, 1, node);

        while (next == 0) {
            result = fdt_end_node(tree);
            if (result != 0 || node == root)
                return result;
            next = client_call("peer", 1, 1, node);
            if (next == 0)
                node = client_call("parent", 1, 1, node);
        }
        node = next;
        result = write_node(tree, node);
    }
    return result;
}

enum flatten_result flatten_tree(void *buffer, uint32_t size, struct refusal *refusal)
{
    int result = fdt_create(buffer, (int)size);

    path[0] = '\0';
    if (result == 0)
        result = fdt_finish_reservemap(buffer);
    if (result == 0)
        result = write_nodes(buffer, client_call("peer", 1, 1, UINT32_C(0)));
    if (result == 0)
        result = fdt_finish(buffer);
    if (result == -FDT_ERR_NOSPACE)
        return FLATTEN_FULL;
    if (result == 0)
        return FLATTEN_DONE;
    refuse(refusal, STUB_REASON_OPEN_FIRMWARE, "Open Firmware's device tree at %s: %s", path, tree_error(result));
    return FLATTEN_FAILED;
}
