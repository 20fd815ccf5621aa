/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's whole way from the firmware to the hypervisor, in host memory that plays the machine's.
 *
 * Include: firmware/stub abi lib/include tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt firmware/stub/elf.c firmware/stub/image.c firmware/stub/opal.c
 * Link: firmware/stub/overlay.c firmware/stub/handover.c firmware/stub/place.c
 * Link: firmware/stub/client.c firmware/stub/prom.c firmware/stub/flatten.c firmware/stub/range.c firmware/stub/refusal.c firmware/stub/sha256.c
 * Link: firmware/stub/sha256_mix.c firmware/stub/tree.c
 */
#include "../../firmware/stub/stub.c"

#include "stub_machine.h"

/* Nothing here is compressed: run_stub_expand.c has such images. */
bool expand_payload(const struct hv_image_entry *payload, const uint8_t *stored, uint8_t *target, void *work,
                    struct refusal *refusal)
{
    CHECK(payload == NULL && stored == NULL && target == NULL && work == NULL && refusal == NULL);
    return false;
}

static void test_good(void)
{
    const void *tree;
    char path[64];

    memset(memory + HYPERVISOR_OFFSET, 0xee, 0x2000);
    CHECK(run_stub());
    check_loaded();
    tree = (const void *)(uintptr_t)entered_tree;
    CHECK(strcmp(console, "\r\nroundpeg-stub: image 32 KiB, 3 entries, digests good\r\n") == 0);
    CHECK(flushed && entered_opal == entry.opal_base);
    CHECK(entered_tree == (uintptr_t)image_base + total_size);
    CHECK(fdt_check_full(tree, fdt_totalsize(tree)) == 0);
    snprintf(path, sizeof(path), "/chosen/dom0/module@%lx", (unsigned long)(uintptr_t)image_base + 0x6000);
    tree_node(tree, path);
    CHECK(fdt_num_mem_rsv(tree) == 2);
    CHECK(has_reservation(tree, (uintptr_t)image_base, total_size));
    CHECK(has_reservation(tree, entered_tree, fdt_totalsize(tree)));
    make_machine();
}

/* Every block of the cache, wherever a segment begins. */
static void test_odd_segment(void)
{
    uint64_t target = (uintptr_t)memory + HYPERVISOR_OFFSET + CACHE_STEP - 4;

    use_hypervisor(target);
    CHECK(run_stub());
    CHECK(entered_at == target + 0x20);
    CHECK(published_from <= target && published_from + CACHE_STEP > target && published_to == target + 0x2000);
    make_machine();
}

/* The original tree may lie where the hypervisor goes: it is copied first. */
static void test_tree_in_the_way(void)
{
    memcpy(memory + HYPERVISOR_OFFSET, firmware_tree, fdt_totalsize(firmware_tree));
    entry.r3 = (uintptr_t)memory + HYPERVISOR_OFFSET;
    CHECK(run_stub());
    check_loaded();
    tree_node((const void *)(uintptr_t)entered_tree, "/ibm,opal");
    make_machine();
}

/* Without a free place behind the image the tree goes below it, but not over anything. */
static void test_tree_below_the_image(void)
{
    uint64_t base = (uintptr_t)memory;
    fdt64_t reg[2] = {cpu_to_fdt64(base), cpu_to_fdt64(IMAGE_OFFSET + total_size)};

    use_hypervisor(base);
    CHECK(fdt_setprop_inplace(firmware_tree, tree_node(firmware_tree, "/memory@0"), "reg", reg, sizeof(reg)) == 0);
    CHECK(run_stub());
    CHECK(entered_at == base + 0x20);
    CHECK(entered_tree == base + 0x2000);
    make_machine();
}

static void test_without_opal(void)
{
    entry.opal_base = entry.opal_entry = 0;
    CHECK(run_stub());
    CHECK(console_length == 0 && entered_opal == 0);
    make_machine();
    fdt_set_name(firmware_tree, tree_node(firmware_tree, "/ibm,opal"), "ibm,opax");
    CHECK(run_stub());
    CHECK(console_length == 0 && entered_opal == 0);
    make_machine();
}

/* Linux' kexec: a tree in r3, anything in r6. */
static void test_without_magic(void)
{
    entry.magic = 0x48000000;
    CHECK(run_stub());
    CHECK(entered_opal != 0);
    make_machine();
}

static void test_refusals(void)
{
    entry.magic = entry.r3 = 0;
    expect_refusal(STUB_REASON_ENTRY_STATE, "");
    entry.magic = 0;
    entry.r3 += 4;
    expect_refusal(STUB_REASON_ENTRY_STATE, "");
    entry.magic = 0;
    fdt_set_magic(firmware_tree, FDT_MAGIC ^ 1);
    expect_refusal(STUB_REASON_ENTRY_STATE, "");
    CHECK(console_length == 0);
    entry.r3 = 0;
    expect_refusal(STUB_REASON_NO_DEVICE_TREE, "");
    fdt_set_totalsize(firmware_tree, 8);
    expect_refusal(STUB_REASON_BAD_DEVICE_TREE, "");
    entry.scratch_residue = 1;
    expect_refusal(STUB_REASON_HEAD_DIGEST, "scratch area");
    maker_header(image_base)->magic[0] ^= 1;
    expect_refusal(STUB_REASON_BAD_HEADER, "no image header");
    image_base[0x6000] ^= 1;
    expect_refusal(STUB_REASON_ENTRY_DIGEST, "dom0/kernel");
    be64_set(&maker_header(image_base)->total_size, MEMORY_SIZE);
    expect_refusal(STUB_REASON_TRUNCATED, "memory ends after");
    image_base[MAKER_PAYLOAD_OFFSET] = 0;
    maker_seal_payload(image_base, 0);
    expect_refusal(STUB_REASON_BAD_HYPERVISOR, "no ELF header");
    image_base[MAKER_PAYLOAD_OFFSET + 0x1000] = 0;
    maker_seal_payload(image_base, 1);
    expect_refusal(STUB_REASON_OVERLAY, "the boot overlay: bad magic");
}

/* A hypervisor linked to `physical` must be refused. */
static void check_bad_target(uint64_t physical, const char *part)
{
    use_hypervisor(physical);
    expect_refusal(STUB_REASON_MEMORY, part);
}

static void test_hypervisor_targets(void)
{
    uint64_t base = (uintptr_t)memory;

    check_bad_target(base + MEMORY_SIZE - 0x1000, "is not in memory");
    check_bad_target(base - 0x1000, "is not in memory");
    check_bad_target(base + IMAGE_OFFSET - 0x1000, "overlaps the image");
    check_bad_target(base + IMAGE_OFFSET + total_size - 1, "overlaps the image");
    check_bad_target(base + FIRMWARE_OFFSET - 0x1fff, "overlaps the image or memory the firmware reserves");
    check_bad_target(base + FIRMWARE_OFFSET + FIRMWARE_SIZE - 1, "overlaps the image or memory the firmware reserves");
}

static void test_no_memory_for_the_tree(void)
{
    uint64_t base = (uintptr_t)memory;
    uint64_t image_end = IMAGE_OFFSET + total_size;
    fdt64_t reg[2] = {
        cpu_to_fdt64(base + HYPERVISOR_OFFSET),
        cpu_to_fdt64(image_end - HYPERVISOR_OFFSET),
    };
    fdt64_t ranges[2] = {
        cpu_to_fdt64(base + HYPERVISOR_OFFSET + 0x2000),
        cpu_to_fdt64(IMAGE_OFFSET - HYPERVISOR_OFFSET - 0x2000),
    };

    CHECK(fdt_setprop_inplace(firmware_tree, tree_node(firmware_tree, "/memory@0"), "reg", reg, sizeof(reg)) == 0);
    CHECK(fdt_setprop_inplace(firmware_tree, 0, "reserved-ranges", ranges, sizeof(ranges)) == 0);
    expect_refusal(STUB_REASON_MEMORY, "no free memory for the device tree");
}

int main(void)
{
    open_machine();
    test_good();
    test_odd_segment();
    test_tree_in_the_way();
    test_tree_below_the_image();
    test_without_opal();
    test_without_magic();
    test_refusals();
    test_hypervisor_targets();
    test_no_memory_for_the_tree();
    free(firmware_tree);
    return 0;
}
