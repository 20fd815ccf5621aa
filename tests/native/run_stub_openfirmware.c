/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's whole way from Open Firmware to the hypervisor, over a made-up client interface.
 *
 * Include: firmware/stub abi lib/include tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt firmware/stub/elf.c firmware/stub/image.c firmware/stub/opal.c
 * Link: firmware/stub/overlay.c firmware/stub/handover.c firmware/stub/place.c
 * Link: firmware/stub/client.c firmware/stub/prom.c firmware/stub/flatten.c firmware/stub/range.c firmware/stub/refusal.c firmware/stub/sha256.c
 * Link: firmware/stub/sha256_mix.c firmware/stub/tree.c
 */
#include "../../firmware/stub/stub.c"

/* stub_machine.h has a variable of that name. */
#define firmware made_up_firmware
#include "client_firmware.h"
#undef firmware
#include "registers.h"
#include "stub_machine.h"

#define RAMDISK_SIZE 0x1234U
#define RAMDISK_TARGET UINT64_C(0x3000000)

/* Nothing here is compressed: run_stub_expand.c has such images. */
bool expand_payload(const struct hv_image_entry *payload, const uint8_t *stored, uint8_t *target, void *work,
                    struct refusal *refusal)
{
    CHECK(payload == NULL && stored == NULL && target == NULL && work == NULL && refusal == NULL);
    return false;
}

/* Switch on: an image that boots, the initrd right behind it, which dom0 takes, and arguments. */
static void start(uint64_t msr)
{
    fdt64_t place[2] = {cpu_to_fdt64(RAMDISK_TARGET), cpu_to_fdt64(RAMDISK_SIZE)};
    void *tree;
    int node;

    firmware_open();
    memory = made_up_firmware.memory;
    image_base = memory + IMAGE_OFFSET;
    make_machine();
    entry.r3 = (uintptr_t)image_base + total_size;
    entry.r4 = RAMDISK_SIZE;
    entry.client = FIRMWARE_ENTRY;
    entry.msr = msr;
    memset(image_base + total_size, 0x77, RAMDISK_SIZE);

    tree = made_up_firmware.tree;
    node = fdt_path_offset(tree, "/chosen");
    CHECK(fdt_setprop_string(tree, node, "bootargs", "one -- two") == 0);
    node = fdt_add_subnode(tree, node, "dom0");
    CHECK(fdt_setprop_string(tree, node, "compatible", "xen,domain") == 0);
    CHECK(node > 0 && fdt_setprop(tree, node, PROP_FIRMWARE_RAMDISK, place, sizeof(place)) == 0);
}

static bool is_claimed(uint64_t base, uint64_t size)
{
    for (unsigned int i = 0; i < made_up_firmware.claim_count; i++) {
        if (made_up_firmware.claims[i].base <= base &&
            base + size <= made_up_firmware.claims[i].base + made_up_firmware.claims[i].size)
            return true;
    }
    return false;
}

static void check_ramdisk(const void *tree)
{
    uint64_t base = (uintptr_t)image_base + total_size;
    const fdt64_t *reg;
    char path[64];

    for (size_t i = 0; i < RAMDISK_SIZE; i++)
        CHECK(image_base[total_size + i] == 0x77);
    CHECK(has_reservation(tree, base, RAMDISK_SIZE));
    snprintf(path, sizeof(path), "/chosen/dom0/module@%lx", (unsigned long)base);
    reg = fdt_getprop(tree, tree_node(tree, path), "reg", NULL);
    CHECK(fdt64_ld(&reg[0]) == base && fdt64_ld(&reg[1]) == RAMDISK_SIZE);
}

static void test_good(void)
{
    const void *tree;
    int rtas;

    start(FIRMWARE_MSR);
    CHECK(run_stub());
    check_loaded();
    CHECK(strcmp(made_up_firmware.console, "\r\nroundpeg-stub: image 32 KiB, 3 entries, digests good\r\n") == 0);
    CHECK(console_length == 0 && entered_opal == 0);
    CHECK(made_up_firmware.quiesced && !made_up_firmware.left);
    tree = (const void *)(uintptr_t)entered_tree;
    CHECK(fdt_check_full(tree, fdt_totalsize(tree)) == 0 && is_claimed(entered_tree, fdt_totalsize(tree)));
    CHECK(strcmp(fdt_getprop(tree, tree_node(tree, "/chosen"), "xen,xen-bootargs", NULL), "one") == 0);
    check_ramdisk(tree);
    rtas = tree_node(tree, "/rtas");
    CHECK(has_reservation(tree, fdt32_ld(fdt_getprop(tree, rtas, "linux,rtas-base", NULL)),
                          fdt32_ld(fdt_getprop(tree, rtas, "rtas-size", NULL))));
    CHECK(has_reservation(tree, (uintptr_t)image_base, total_size));
    CHECK(has_reservation(tree, entered_tree, fdt_totalsize(tree)) && fdt_num_mem_rsv(tree) == 4);
}

/* The firmware shows why, and gets its machine back. */
static void expect_exit(uint32_t reason, const char *part)
{
    check_context = part;
    CHECK(!run_stub() && be64_get(*(be64_t *)(void *)(image_base + STUB_REASON_OFFSET)) == reason);
    CHECK(strstr(made_up_firmware.console, part) != NULL);
    CHECK(made_up_firmware.left && !made_up_firmware.quiesced);
    check_context = "";
}

static void test_refusals(void)
{
    start(FIRMWARE_MSR);
    image_base[0x6000] ^= 1;
    expect_exit(STUB_REASON_ENTRY_DIGEST, "refused: dom0/kernel");
    start(FIRMWARE_MSR | MSR_DR);
    made_up_firmware.moved = 0x1000;
    expect_exit(STUB_REASON_OPEN_FIRMWARE, "the initrd is not at the addresses");
    start(FIRMWARE_MSR);
    CHECK(fdt_del_node(made_up_firmware.tree, fdt_path_offset(made_up_firmware.tree, "/memory@0")) == 0);
    expect_exit(STUB_REASON_OPEN_FIRMWARE, "no memory node");
    start(FIRMWARE_MSR);
    maker_header(image_base)->magic[0] ^= 1;
    expect_exit(STUB_REASON_BAD_HEADER, "no image header");
}

/* What registers hold that are not set is no initrd. */
static void test_without_initrd(void)
{
    const void *tree;

    start(FIRMWARE_MSR);
    entry.r4 = 0xdeadbeef;
    CHECK(run_stub());
    tree = (const void *)(uintptr_t)entered_tree;
    CHECK(fdt_getprop(tree, tree_node(tree, "/chosen"), "linux,initrd-start", NULL) == NULL);
    CHECK(fdt_num_mem_rsv(tree) == 3);
}

int main(void)
{
    test_good();
    test_refusals();
    test_without_initrd();
    free(firmware_tree);
    free(made_up_firmware.tree);
    return 0;
}
