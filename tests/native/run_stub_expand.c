/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub and an image whose kernel is compressed, in host memory that plays the machine's.
 *
 * Include: firmware/stub abi lib/include tests/native build/third_party/libfdt build/third_party/lz4 build/third_party/zstd
 * Link: build/third_party/libfdt build/third_party/lz4/lz4.c
 * Link: firmware/stub/elf.c firmware/stub/expand.c firmware/stub/image.c firmware/stub/opal.c firmware/stub/overlay.c firmware/stub/handover.c firmware/stub/place.c
 * Link: firmware/stub/client.c firmware/stub/prom.c firmware/stub/flatten.c
 * Link: firmware/stub/range.c firmware/stub/refusal.c firmware/stub/sha256.c firmware/stub/sha256_mix.c
 * Link: firmware/stub/tree.c
 */
#include "../../firmware/stub/stub.c"

#include <lz4.h>

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "stub_machine.h"

/* Nothing here is compressed by zstd: test_expand.py runs its decoder. */
ZSTD_DCtx *ZSTD_initStaticDCtx(void *work, size_t size)
{
    CHECK(work != NULL && size == EXPAND_WORK_SIZE);
    return NULL;
}

size_t ZSTD_findFrameCompressedSize(const void *stored, size_t size)
{
    CHECK(stored == NULL);
    return size;
}

size_t ZSTD_decompressDCtx(ZSTD_DCtx *decoder, void *target, size_t capacity, const void *stored, size_t size)
{
    CHECK(decoder != NULL && target == NULL && stored == NULL && size == 0);
    return capacity;
}

/* The kernel is compressed: its module must have MEMORY_KERNEL_SIZE bytes of 0x11 outside of the image. */
#define MEMORY_KERNEL_SIZE 0x3001U

static void compress_kernel(void)
{
    static uint8_t expanded[MEMORY_KERNEL_SIZE];
    uint8_t *stored = image_base + 0x6000;
    struct hv_image_entry *kernel = maker_entry(image_base, 2);
    uint8_t *overlay = image_base + be64_get(maker_entry(image_base, 1)->offset);
    int node = tree_node(overlay, OVERLAY_DOMAIN "/module@6000");
    int size;

    memset(expanded, 0x11, sizeof(expanded));
    memset(stored, 0, KERNEL_SIZE);
    size = LZ4_compress_default((const char *)expanded, (char *)stored + 4, sizeof(expanded), KERNEL_SIZE - 4);
    CHECK(size > 0);
    be32_set((be32_t *)(void *)stored, (uint32_t)size);
    be32_set(&kernel->compression, COMPRESSION_LZ4);
    be64_set(&kernel->size, (uint64_t)size + 4);
    be64_set(&kernel->memory_size, MEMORY_KERNEL_SIZE);
    be64_set(&maker_header(image_base)->total_size, 0x7000);
    total_size = 0x7000;
    CHECK(fdt_setprop_inplace_namelen_partial(overlay, node, "reg", 3, 8, &(fdt64_t){cpu_to_fdt64(MEMORY_KERNEL_SIZE)},
                                              sizeof(fdt64_t)) == 0);
    maker_seal_payload(image_base, 1);
    maker_seal_payload(image_base, 2);
}

static void test_compressed_kernel(void)
{
    const uint8_t *expanded = image_base + 0x7000;
    const void *tree;
    char path[64];

    compress_kernel();
    CHECK(run_stub());
    check_loaded();
    tree = (const void *)(uintptr_t)entered_tree;
    CHECK(entered_tree == (uintptr_t)expanded + 0x4000 + EXPAND_WORK_SIZE);
    for (size_t i = 0; i < MEMORY_KERNEL_SIZE; i++)
        CHECK(expanded[i] == 0x11);
    CHECK(memory_is_zero(expanded + MEMORY_KERNEL_SIZE, 0x4000 - MEMORY_KERNEL_SIZE));
    snprintf(path, sizeof(path), "/chosen/dom0/module@%lx", (unsigned long)(uintptr_t)expanded);
    tree_node(tree, path);
    CHECK(fdt_num_mem_rsv(tree) == 3);
    CHECK(has_reservation(tree, (uintptr_t)expanded, 0x4000));
    make_machine();

    compress_kernel();
    image_base[0x6000 + 3] ^= 1;
    expect_refusal(STUB_REASON_ENTRY_DIGEST, "dom0/kernel does not match its digest");
    compress_kernel();
    image_base[0x6000 + 3] ^= 1;
    maker_seal_payload(image_base, 2);
    expect_refusal(STUB_REASON_COMPRESSION, "dom0/kernel: its lz4 data cannot be expanded");
    compress_kernel();
    be64_set(&maker_entry(image_base, 2)->memory_size, MEMORY_SIZE);
    maker_seal(image_base);
    expect_refusal(STUB_REASON_MEMORY, "no free memory for dom0/kernel, 0x4000000 bytes");
    compress_kernel();
    be64_set(&maker_entry(image_base, 2)->memory_size, UINT64_MAX); /* no pages, once rounded up */
    maker_seal(image_base);
    expect_refusal(STUB_REASON_BAD_ENTRY, "dom0/kernel): larger in memory than a domain may be");
    compress_kernel();
    be64_set(&maker_entry(image_base, 2)->memory_size, MAX_DOMAIN_MEMORY);
    maker_seal(image_base);
    expect_refusal(STUB_REASON_MEMORY, "no free memory for dom0/kernel, 0x1000000000 bytes");
}

int main(void)
{
    open_machine();
    test_compressed_kernel();
    free(firmware_tree);
    return 0;
}
