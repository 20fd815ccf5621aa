/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot overlay: modules get their addresses and the overlay joins skiboot's tree.
 *
 * Include: firmware/stub abi tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt
 */
#include "../../firmware/stub/overlay.c"
#include "../../firmware/stub/range.c"
#include "../../firmware/stub/refusal.c"
#define bad tree_bad
#include "../../firmware/stub/tree.c"

#include "check.h"
#include "tree_maker.h"

#define LOAD_ADDRESS UINT64_C(0x20001000)

static struct hv_image_entry entries[3];
static struct image image = {.entries = entries, .entry_count = 3, .overlay = &entries[1]};
static struct refusal refusal;

static void set_entry(size_t index, uint64_t offset, uint64_t size)
{
    be64_set(&entries[index].offset, offset);
    be64_set(&entries[index].size, size);
    be64_set(&entries[index].memory_size, size);
}

static void expect_refusal(bool result, const char *part)
{
    check_context = part;
    CHECK(!result);
    if (strstr(refusal.text, part) == NULL)
        fprintf(stderr, "got: %s\n", refusal.text);
    CHECK(refusal.reason == STUB_REASON_OVERLAY && strstr(refusal.text, part) != NULL);
}

static void check_module(const void *tree, const char *path, uint64_t address, uint64_t size)
{
    int length;
    const fdt64_t *reg = fdt_getprop(tree, tree_node(tree, path), "reg", &length);

    check_context = path;
    CHECK(reg != NULL && length == 16);
    CHECK(fdt64_ld(&reg[0]) == address && fdt64_ld(&reg[1]) == size);
}

static void test_good(void)
{
    void *tree = tree_load();
    void *overlay = overlay_make();
    int domain = tree_node(overlay, OVERLAY_DOMAIN);
    int node;

    overlay_add_module(overlay, domain, "module@4000", 0x4000, 0x1800);
    overlay_add_module(overlay, domain, "module@6000", 0x6000, 1);
    node = tree_add(overlay, domain, "other");
    CHECK(fdt_setprop_string(overlay, node, "compatible", "multiboot,modules") == 0);
    CHECK(fdt_setprop_u64(overlay, node, "reg", 5) == 0);
    CHECK(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal));
    CHECK(overlay_apply(tree, overlay, &refusal));

    CHECK(fdt_check_full(tree, TREE_ROOM) == 0);
    check_module(tree, "/chosen/dom0/module@20005000", 0x20005000, 0x1800);
    check_module(tree, "/chosen/dom0/module@20007000", 0x20007000, 1);
    CHECK(fdt_path_offset(tree, "/chosen/dom0/module@4000") < 0);
    CHECK(fdt_getprop(tree, tree_node(tree, "/chosen/dom0/other"), "reg", NULL) != NULL);
    CHECK(fdt_getprop(tree, tree_node(tree, "/chosen"), "linux,stdout-path", NULL) != NULL);
    tree_node(tree, "/ibm,opal");
    free(overlay);
    free(tree);
}

/* Modules the firmware's own tree has keep their addresses. */
static void test_firmware_modules_stay(void)
{
    void *tree = tree_load();
    void *overlay = overlay_make();

    overlay_add_module(tree, tree_node(tree, "/chosen"), "module@1234", 0x1234, 1);
    CHECK(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal));
    CHECK(overlay_apply(tree, overlay, &refusal));
    check_module(tree, "/chosen/module@1234", 0x1234, 1);
    free(overlay);
    free(tree);
}

static void test_no_chosen(void)
{
    void *tree = tree_load();
    void *overlay = overlay_make();

    CHECK(fdt_del_node(tree, tree_node(tree, "/chosen")) == 0);
    CHECK(overlay_apply(tree, overlay, &refusal));
    tree_node(tree, "/chosen/dom0");
    free(overlay);
    free(tree);
}

/* A module (offset, size) that must be refused. */
static void check_bad_module(uint64_t offset, uint64_t size)
{
    void *overlay = overlay_make();

    overlay_add_module(overlay, tree_node(overlay, OVERLAY_DOMAIN), "module@0", offset, size);
    expect_refusal(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal), "outside every payload: module@0");
    free(overlay);
}

/* A compressed payload is a module as a whole, where it was expanded. */
static void test_expanded_module(void)
{
    static const uint64_t wrong[][2] = {
        {0x4000, 0x1800}, {0x4000, 0x8fff}, {0x4000, 0x9001}, {0x4001, 0x9000}, {0x3fff, 0x9000},
    };
    void *tree = tree_load();
    void *overlay = overlay_make();

    be32_set(&entries[1].compression, COMPRESSION_LZ4);
    be64_set(&entries[1].memory_size, 0x9000);
    image.expanded[1] = 0x31000000;
    overlay_add_module(overlay, tree_node(overlay, OVERLAY_DOMAIN), "module@4000", 0x4000, 0x9000);
    CHECK(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal));
    CHECK(overlay_apply(tree, overlay, &refusal));
    check_module(tree, "/chosen/dom0/module@31000000", 0x31000000, 0x9000);
    free(tree);
    free(overlay);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_bad_module(wrong[i][0], wrong[i][1]);
    be32_set(&entries[1].compression, COMPRESSION_NONE);
    set_entry(1, 0x4000, 0x1800);
}

static void test_modules_outside_payloads(void)
{
    check_bad_module(0x4000, 0x1801);
    check_bad_module(0x4001, 0x1800);
    check_bad_module(0x2fff, 1);
    check_bad_module(0x5800, 1);
    check_bad_module(0x6001, 1);
    check_bad_module(0x4001, UINT64_MAX);
    check_bad_module(UINT64_MAX, 1);
    check_bad_module(0x5800, 0);
    check_bad_module(0, 0);
}

static void test_bad_nodes(void)
{
    void *overlay = overlay_make();
    int node = overlay_add_module(overlay, tree_node(overlay, OVERLAY_DOMAIN), "module@0", 0x4000, 1);

    CHECK(fdt_setprop_u64(overlay, node, "reg", 0x4000) == 0);
    expect_refusal(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal), "cells of address and size");
    CHECK(fdt_delprop(overlay, node, "reg") == 0);
    expect_refusal(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal), "cells of address and size");
    free(overlay);

    overlay = overlay_make();
    overlay_add_module(overlay, tree_node(overlay, OVERLAY_DOMAIN), "module@0", 0x4000, 1);
    overlay_add_module(overlay, tree_node(overlay, OVERLAY_DOMAIN), "module@1", 0x4000, 1);
    expect_refusal(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal), "two modules in one place");
    free(overlay);

    overlay = overlay_make();
    node = tree_node(overlay, OVERLAY_DOMAIN);
    for (int depth = 3; depth < MAX_DEPTH; depth++)
        node = tree_add(overlay, node, "x");
    CHECK(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal));
    tree_add(overlay, node, "deepest");
    expect_refusal(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal), "too deeply at deepest");
    free(overlay);
}

static void test_no_room(void)
{
    void *tree = tree_load();
    void *overlay = overlay_make();

    CHECK(fdt_pack(tree) == 0);
    expect_refusal(overlay_apply(tree, overlay, &refusal), "no space");
    free(overlay);
    free(tree);

    overlay = overlay_make();
    overlay_add_module(overlay, tree_node(overlay, OVERLAY_DOMAIN), "module@0", 0x4000, 1);
    CHECK(fdt_pack(overlay) == 0);
    expect_refusal(overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal), "no space");
    free(overlay);
}

static void test_wrong_target(void)
{
    void *tree = tree_load();
    void *overlay = overlay_make();

    CHECK(fdt_setprop_string(overlay, tree_node(overlay, "/fragment@0"), "target-path", "/nowhere") == 0);
    expect_refusal(overlay_apply(tree, overlay, &refusal), "not found");
    free(overlay);
    free(tree);
}

static void test_check(void)
{
    void *loaded = overlay_make();
    uint8_t *overlay = tree_shrink(loaded);
    size_t size = fdt_totalsize(overlay);

    image.base = overlay;
    set_entry(1, 0, size);
    CHECK(overlay_check(&image, &refusal));
    for (size_t cut = 1; cut < size; cut++) {
        uint8_t *shorter = malloc(cut);

        memcpy(shorter, overlay, cut);
        image.base = shorter;
        set_entry(1, 0, cut);
        expect_refusal(overlay_check(&image, &refusal), "");
        free(shorter);
    }
    image.base = overlay;
    set_entry(1, 0, UINT64_C(1) << 32);
    expect_refusal(overlay_check(&image, &refusal), "too large");
    set_entry(1, 0, size);
    overlay[0] ^= 1;
    expect_refusal(overlay_check(&image, &refusal), "bad magic");
    free(overlay);
    free(loaded);
}

/* Wild bytes anywhere: an overlay that passes the check is placed and applied without an access outside of it. */
static void test_random(void)
{
    void *loaded = overlay_make();
    uint8_t *good;
    uint8_t *overlay = malloc(TREE_ROOM);
    unsigned int placed = 0;
    size_t size;

    overlay_add_module(loaded, tree_node(loaded, OVERLAY_DOMAIN), "module@4000", 0x4000, 0x100);
    good = tree_shrink(loaded);
    size = fdt_totalsize(good);
    srand(1);
    for (int i = 0; i < 5000; i++) {
        uint8_t *broken = malloc(size);
        void *tree = tree_load();

        memcpy(broken, good, size);
        for (int j = rand() % 3; j >= 0; j--)
            broken[(size_t)rand() % size] = (uint8_t)rand();
        image.base = broken;
        set_entry(1, 0, size);
        if (overlay_check(&image, &refusal) && fdt_open_into(broken, overlay, TREE_ROOM) == 0 &&
            overlay_place_modules(overlay, &image, LOAD_ADDRESS, &refusal)) {
            placed++;
            if (overlay_apply(tree, overlay, &refusal))
                CHECK(fdt_check_full(tree, TREE_ROOM) == 0);
        }
        free(tree);
        free(broken);
    }
    CHECK(placed > 300);
    free(overlay);
    free(good);
    free(loaded);
}

int main(void)
{
    set_entry(0, 0x3000, 0x1000);
    set_entry(1, 0x4000, 0x1800);
    set_entry(2, 0x6000, 1);
    test_good();
    test_firmware_modules_stay();
    test_no_chosen();
    test_modules_outside_payloads();
    test_expanded_module();
    test_bad_nodes();
    test_no_room();
    test_wrong_target();
    test_check();
    test_random();
    return 0;
}
