/* SPDX-License-Identifier: BSD-2-Clause */
/* Module binding: Xen, docs/misc/arm/device-tree/booting.txt. */
#include "overlay.h"

#include <libfdt.h>

#include "tree.h"

#define MODULE_COMPATIBLE "multiboot,module"
#define MODULE_NAME "module@"
#define MODULE_NAME_SIZE (sizeof(MODULE_NAME) + 16)
/* Two cells of address, two of size. */
#define MODULE_REG_SIZE 16

/* libfdt's overlay code recurses once per level, on the stub's small stack. */
#define MAX_DEPTH 16

static bool bad(struct refusal *refusal, const char *problem, const char *detail)
{
    return refuse(refusal, STUB_REASON_OVERLAY, "the boot overlay: %s%s", problem, detail);
}

bool overlay_check(const struct image *image, struct refusal *refusal)
{
    const void *overlay = image_payload(image, image->overlay);
    uint64_t size = be64_get(image->overlay->size);
    int result;

    if (size > TREE_MAX_SIZE)
        return bad(refusal, "too large", "");
    result = tree_validate(overlay, size);
    if (result != 0)
        return bad(refusal, "", tree_error(result));
    return true;
}

/* Find where the `size` bytes at image offset `offset` are once their payload is expanded; false when they are not
 * inside one payload.  A compressed payload is a module as a whole or not at all. */
static bool locate_module(const struct image *image, uint64_t load_address, uint64_t offset, uint64_t size,
                          uint64_t *address)
{
    for (uint32_t i = 0; i < image->entry_count; i++) {
        const struct hv_image_entry *entry = &image->entries[i];
        uint64_t start = be64_get(entry->offset);
        uint64_t length = be64_get(entry->memory_size);

        if (image_is_compressed(entry)) {
            *address = image->expanded[i];
            if (offset == start && size == length)
                return true;
        } else if (offset >= start && offset - start < length && size <= length - (offset - start)) {
            *address = load_address + offset;
            return true;
        }
    }
    return false;
}

static bool place_module(void *overlay, int node, const struct image *image, uint64_t load_address,
                         struct refusal *refusal)
{
    int length;
    const fdt64_t *reg = fdt_getprop(overlay, node, "reg", &length);
    char name[MODULE_NAME_SIZE];
    uint64_t address;
    int result;

    if (reg == NULL || length != MODULE_REG_SIZE)
        return bad(refusal, "a module without two cells of address and size: ", fdt_get_name(overlay, node, NULL));
    if (!locate_module(image, load_address, fdt64_ld(&reg[0]), fdt64_ld(&reg[1]), &address))
        return bad(refusal, "a module outside every payload: ", fdt_get_name(overlay, node, NULL));

    text_format(name, sizeof(name), MODULE_NAME "%lx", (unsigned long)address);
    if (fdt_subnode_offset(overlay, fdt_parent_offset(overlay, node), name) >= 0)
        return bad(refusal, "two modules in one place: ", name);
    result = fdt_setprop_inplace_namelen_partial(overlay, node, "reg", 3, 0, &(fdt64_t){cpu_to_fdt64(address)},
                                                 sizeof(fdt64_t));
    if (result == 0)
        result = fdt_set_name(overlay, node, name);
    if (result != 0)
        return bad(refusal, "placing a module: ", tree_error(result));
    return true;
}

bool overlay_place_modules(void *overlay, const struct image *image, uint64_t load_address, struct refusal *refusal)
{
    int depth = -1;

    for (int node = fdt_next_node(overlay, -1, &depth); node >= 0; node = fdt_next_node(overlay, node, &depth)) {
        if (depth > MAX_DEPTH)
            return bad(refusal, "nodes nest too deeply at ", fdt_get_name(overlay, node, NULL));
        if (fdt_node_check_compatible(overlay, node, MODULE_COMPATIBLE) == 0 &&
            !place_module(overlay, node, image, load_address, refusal))
            return false;
    }
    return true;
}

bool overlay_apply(void *tree, void *overlay, struct refusal *refusal)
{
    int result = fdt_path_offset(tree, "/chosen");

    if (result == -FDT_ERR_NOTFOUND)
        result = fdt_add_subnode(tree, 0, "chosen");
    if (result >= 0)
        result = fdt_overlay_apply(tree, overlay);
    if (result != 0)
        return bad(refusal, "applying it: ", tree_error(result));
    return true;
}
