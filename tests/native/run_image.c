/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's image checks: every field wrong once, then every bit flipped.
 *
 * Include: firmware/stub abi tests/native
 */
#include "../../firmware/stub/image.c"
#include "../../firmware/stub/refusal.c"
#include "../../firmware/stub/sha256.c"
#include "../../firmware/stub/sha256_mix.c"

#include "check.h"
#include "image_maker.h"
#include "refusal_check.h"

#define HYPERVISOR_SIZE 100U
#define OVERLAY_SIZE 0x1000U
#define KERNEL_SIZE 5000U

static uint8_t pattern[0x2000];
static uint8_t *base;
static size_t total_size;
static struct refusal refusal;

static const struct payload payloads[] = {
    {ENTRY_TYPE_HYPERVISOR, "hypervisor", pattern, HYPERVISOR_SIZE},
    {ENTRY_TYPE_BOOT_OVERLAY, "boot-overlay", pattern, OVERLAY_SIZE},
    {ENTRY_TYPE_KERNEL, "dom0/kernel", pattern, KERNEL_SIZE},
    {ENTRY_TYPE_RAMDISK, "dom0/ramdisk", pattern, 1},
};
#define COUNT (sizeof(payloads) / sizeof(payloads[0]))

/* A fresh, good image in a buffer of exactly its size, so that the sanitizer sees a read too far. */
static void make_image(void)
{
    static uint8_t scratch[0x10000];

    memset(scratch, 0, sizeof(scratch));
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 7 + 1);
    total_size = maker_build(scratch, payloads, COUNT);
    free(base);
    base = malloc(total_size);
    memcpy(base, scratch, total_size);
}

static bool check(uint64_t memory_size)
{
    struct image image = {
        .base = base,
        .memory_size = memory_size,
        .stub_size = MAKER_STUB_SIZE,
        .scratch_offset = MAKER_SCRATCH_OFFSET,
    };

    memset(&refusal, 0, sizeof(refusal));
    return image_check(&image, &refusal);
}

/* Expect a refusal for this reason whose text contains `part`, then start over. */
static void expect_refusal(uint32_t reason, const char *part)
{
    check_context = part;
    CHECK(!check(total_size));
    check_refusal(&refusal, reason, part);
    make_image();
}

static void test_good(void)
{
    struct image image = {
        .base = base,
        .memory_size = total_size,
        .stub_size = MAKER_STUB_SIZE,
        .scratch_offset = MAKER_SCRATCH_OFFSET,
    };

    CHECK(image_check(&image, &refusal));
    CHECK(image.entry_count == COUNT && image.total_size == total_size);
    CHECK(image.hypervisor == maker_entry(base, 0) && image.overlay == maker_entry(base, 1));
    CHECK(memcmp(image_payload(&image, &image.entries[2]), pattern, KERNEL_SIZE) == 0);
}

/* The scratch area is in use when the digest is checked. */
static void test_scratch_is_ignored(void)
{
    memset(base + MAKER_SCRATCH_OFFSET, 0xff, MAKER_STUB_SIZE - MAKER_SCRATCH_OFFSET);
    CHECK(check(total_size));
    make_image();
}

static void test_header(void)
{
    memset(maker_header(base), 0, IMAGE_HEADER_SIZE);
    expect_refusal(STUB_REASON_BAD_HEADER, "truncated");
    maker_header(base)->magic[7] ^= 1;
    expect_refusal(STUB_REASON_BAD_HEADER, "no image header");
    be32_set(&maker_header(base)->version, 2);
    expect_refusal(STUB_REASON_BAD_HEADER, "image version 2, this stub reads 1");
    be32_set(&maker_header(base)->header_size, 256);
    expect_refusal(STUB_REASON_BAD_HEADER, "header size 256");
    be32_set(&maker_header(base)->entry_size, 64);
    expect_refusal(STUB_REASON_BAD_HEADER, "entry size 64");
    be32_set(&maker_header(base)->entry_count, 0);
    expect_refusal(STUB_REASON_BAD_HEADER, "entry count 0");
    be32_set(&maker_header(base)->entry_count, IMAGE_MAX_ENTRIES + 1);
    expect_refusal(STUB_REASON_BAD_HEADER, "entry count 257");
    be32_set(&maker_header(base)->entry_count, UINT32_MAX);
    expect_refusal(STUB_REASON_BAD_HEADER, "entry count 4294967295");
    be32_set(&maker_header(base)->entry_count, 100);
    expect_refusal(STUB_REASON_BAD_HEADER, "signature offset 0x3000 is not 0x6000");
    be64_set(&maker_header(base)->flags, 1);
    expect_refusal(STUB_REASON_BAD_HEADER, "header flags 0x1");
    maker_header(base)->reserved[31] = 1;
    expect_refusal(STUB_REASON_BAD_HEADER, "reserved");
    be64_set(&maker_header(base)->table_offset, MAKER_STUB_SIZE);
    expect_refusal(STUB_REASON_BAD_HEADER, "table offset");
    be64_set(&maker_header(base)->signature_offset, MAKER_SIGNATURE_OFFSET + 0x1000);
    expect_refusal(STUB_REASON_BAD_HEADER, "signature offset 0x4000 is not 0x3000");
    be64_set(&maker_header(base)->payload_offset, MAKER_PAYLOAD_OFFSET + 0x1000);
    expect_refusal(STUB_REASON_BAD_HEADER, "payload offset");
    be64_set(&maker_header(base)->total_size, MAKER_PAYLOAD_OFFSET - 0x1000);
    expect_refusal(STUB_REASON_BAD_HEADER, "total size");
    be64_set(&maker_header(base)->total_size, total_size - 1);
    expect_refusal(STUB_REASON_BAD_HEADER, "total size");
}

static void test_memory_ends(void)
{
    for (uint64_t size = 0; size < total_size; size += 0x80) {
        CHECK(!check(size));
        CHECK(refusal.reason == STUB_REASON_TRUNCATED);
    }
    be64_set(&maker_header(base)->total_size, total_size + 0x1000);
    expect_refusal(STUB_REASON_TRUNCATED, "memory ends after");
    be64_set(&maker_header(base)->total_size, UINT64_MAX - 0xfff);
    expect_refusal(STUB_REASON_TRUNCATED, "memory ends after");
}

static void test_head_digest(void)
{
    base[0] ^= 1;
    expect_refusal(STUB_REASON_HEAD_DIGEST, "head digest");
    base[STUB_REASON_OFFSET] = 1;
    expect_refusal(STUB_REASON_HEAD_DIGEST, "head digest");
    maker_header(base)->head_digest[31] ^= 0x80;
    expect_refusal(STUB_REASON_HEAD_DIGEST, "head digest");
    maker_entry(base, 2)->name[0] ^= 1;
    expect_refusal(STUB_REASON_HEAD_DIGEST, "head digest");
    base[MAKER_SIGNATURE_OFFSET - 1] = 1;
    expect_refusal(STUB_REASON_HEAD_DIGEST, "head digest");
}

/* A page with `count` signatures whose keys ascend. */
static struct hv_image_signature *make_signatures(uint32_t count)
{
    struct hv_image_signature *records = (void *)(maker_signatures(base) + 1);

    be32_set(&maker_signatures(base)->count, count);
    for (uint32_t i = 0; i < count; i++) {
        memset(&records[i], (int)i + 1, sizeof(records[i]));
        records[i].key_id[0] = 7;
    }
    maker_seal_signatures(base);
    return records;
}

/* Break the sealed signature page. */
#define BREAK_SIGNATURES(statement, part)                                                                             \
    do {                                                                                                              \
        statement;                                                                                                    \
        maker_seal_signatures(base);                                                                                  \
        expect_refusal(STUB_REASON_SIGNATURES, part);                                                                 \
    } while (0)

static void test_signatures(void)
{
    for (uint32_t count = 0; count <= MAX_SIGNATURES; count++) {
        make_signatures(count);
        CHECK(check(total_size));
    }
    make_image();
    BREAK_SIGNATURES(maker_signatures(base)->magic[0] ^= 1, "no signature page");
    BREAK_SIGNATURES(be32_set(&maker_signatures(base)->reserved, 1), "no signature page");
    BREAK_SIGNATURES(make_signatures(MAX_SIGNATURES + 1), "33 signatures, there may be 32");
    BREAK_SIGNATURES(be32_set(&maker_signatures(base)->count, UINT32_MAX), "4294967295 signatures");
    BREAK_SIGNATURES(make_signatures(3)[2].key_id[1] = 1, "in the order of their keys");
    BREAK_SIGNATURES(memset(make_signatures(3)[2].key_id + 1, 2, KEY_ID_SIZE - 1), "in the order of their keys");
    BREAK_SIGNATURES((make_signatures(2), be32_set(&maker_signatures(base)->count, 1)), "behind the signatures");
    BREAK_SIGNATURES(base[MAKER_PAYLOAD_OFFSET - 1] = 1, "behind the signatures");
    make_signatures(1)[0].signature[5] ^= 1;
    expect_refusal(STUB_REASON_SIGNATURES, "does not match its digest");
    make_signatures(1)[0].key_id[5] ^= 1;
    expect_refusal(STUB_REASON_SIGNATURES, "does not match its digest");
    maker_signatures(base)->page_digest[0] ^= 1;
    expect_refusal(STUB_REASON_SIGNATURES, "does not match its digest");
}

static void rename_entry(struct hv_image_entry *entry, const char *name)
{
    memset(entry->name, 0, sizeof(entry->name));
    strcpy((char *)entry->name, name);
}

/* Break one field of entry `index` under a good head digest. */
#define BREAK_ENTRY(index, statement, reason, part)                                                                   \
    do {                                                                                                              \
        struct hv_image_entry *entry = maker_entry(base, index);                                                      \
        statement;                                                                                                    \
        maker_seal(base);                                                                                             \
        expect_refusal(reason, part);                                                                                 \
    } while (0)

static void test_entries(void)
{
    BREAK_ENTRY(2, be32_set(&entry->type, 0), STUB_REASON_BAD_ENTRY, "entry 2 (dom0/kernel): unknown type");
    BREAK_ENTRY(2, be32_set(&entry->type, 6), STUB_REASON_BAD_ENTRY, "unknown type");
    BREAK_ENTRY(2, be32_set(&entry->type, ENTRY_TYPE_RAMDISK), STUB_REASON_BAD_ENTRY, "go with the type");
    BREAK_ENTRY(2, be32_set(&entry->compression, 3), STUB_REASON_BAD_ENTRY, "unknown compression");
    BREAK_ENTRY(2, be32_set(&entry->compression, COMPRESSION_LZ4), STUB_REASON_BAD_ENTRY, "no smaller than in memory");
    BREAK_ENTRY(2, be32_set(&entry->compression, UINT32_MAX), STUB_REASON_BAD_ENTRY, "unknown compression");
    BREAK_ENTRY(0, be32_set(&entry->compression, COMPRESSION_ZSTD), STUB_REASON_BAD_ENTRY, "type cannot be compressed");
    BREAK_ENTRY(1, be32_set(&entry->compression, COMPRESSION_LZ4), STUB_REASON_BAD_ENTRY, "type cannot be compressed");
    BREAK_ENTRY(2, be32_set(&entry->flags, 1), STUB_REASON_BAD_ENTRY, "unknown flags");
    BREAK_ENTRY(2, be32_set(&entry->alignment, 0), STUB_REASON_BAD_ENTRY, "alignment");
    BREAK_ENTRY(2, be32_set(&entry->alignment, 24), STUB_REASON_BAD_ENTRY, "alignment");
    BREAK_ENTRY(2, be32_set(&entry->alignment, 0x2000), STUB_REASON_BAD_ENTRY, "alignment");
    BREAK_ENTRY(2, be64_set(&entry->offset, 0x5000), STUB_REASON_BAD_ENTRY, "does not follow");
    BREAK_ENTRY(2, be64_set(&entry->offset, 0x7000), STUB_REASON_BAD_ENTRY, "does not follow");
    BREAK_ENTRY(2, be64_set(&entry->offset, 0x6001), STUB_REASON_BAD_ENTRY, "does not follow");
    BREAK_ENTRY(2, be64_set(&entry->size, 0), STUB_REASON_BAD_ENTRY, "empty or exceeds");
    BREAK_ENTRY(2, be64_set(&entry->size, UINT64_MAX), STUB_REASON_BAD_ENTRY, "empty or exceeds");
    BREAK_ENTRY(2, be64_set(&entry->size, 0x3001), STUB_REASON_BAD_ENTRY, "empty or exceeds");
    BREAK_ENTRY(2, be64_set(&entry->memory_size, KERNEL_SIZE + 1), STUB_REASON_BAD_ENTRY, "size in memory");
    BREAK_ENTRY(2, entry->name[0] = 0, STUB_REASON_BAD_ENTRY, "printable");
    BREAK_ENTRY(2, entry->name[1] = 0x80, STUB_REASON_BAD_ENTRY, "(d?m0/kernel): name is not printable");
    BREAK_ENTRY(2, entry->name[47] = 'x', STUB_REASON_BAD_ENTRY, "printable");
    BREAK_ENTRY(2, memset(entry->name, 'x', 48), STUB_REASON_BAD_ENTRY, "printable");
    BREAK_ENTRY(2, rename_entry(entry, "kernel"), STUB_REASON_BAD_ENTRY, "go with the type");
    BREAK_ENTRY(2, rename_entry(entry, "/kernel"), STUB_REASON_BAD_ENTRY, "go with the type");
    BREAK_ENTRY(0, rename_entry(entry, "hypervisoR"), STUB_REASON_BAD_ENTRY, "go with the type");
    BREAK_ENTRY(3, (rename_entry(entry, "dom0/kernel"), be32_set(&entry->type, ENTRY_TYPE_KERNEL)),
                STUB_REASON_BAD_ENTRY, "entry 3 (dom0/kernel): name is not unique");
    BREAK_ENTRY(1, (rename_entry(entry, "hypervisor"), be32_set(&entry->type, ENTRY_TYPE_HYPERVISOR)),
                STUB_REASON_BAD_ENTRY, "not unique");
    BREAK_ENTRY(0, (rename_entry(entry, "d/kernel"), be32_set(&entry->type, ENTRY_TYPE_KERNEL)),
                STUB_REASON_NO_HYPERVISOR, "no entry holds a hypervisor");
    BREAK_ENTRY(1, (rename_entry(entry, "d/kernel"), be32_set(&entry->type, ENTRY_TYPE_KERNEL)),
                STUB_REASON_OVERLAY, "no entry holds a boot overlay");
    BREAK_ENTRY(2, (be64_set(&entry->size, 0x1000), be64_set(&entry->memory_size, 0x1000)), STUB_REASON_BAD_ENTRY,
                "entry 3 (dom0/ramdisk): payload does not follow");
}

static void test_compressed_entries(void)
{
    for (uint32_t compression = COMPRESSION_LZ4; compression <= COMPRESSION_ZSTD; compression++) {
        for (size_t index = 2; index < COUNT; index++) {
            be32_set(&maker_entry(base, index)->compression, compression);
            be64_set(&maker_entry(base, index)->memory_size, KERNEL_SIZE + 1);
        }
        maker_seal(base);
        CHECK(check(total_size));
    }
    make_image();
}

static void test_table_end(void)
{
    be32_set(&maker_header(base)->entry_count, COUNT - 1);
    maker_seal(base);
    expect_refusal(STUB_REASON_PADDING, "behind the table");
    base[MAKER_SIGNATURE_OFFSET - 1] = 1;
    maker_seal(base);
    expect_refusal(STUB_REASON_PADDING, "behind the table");
}

static void test_image_ends_elsewhere(void)
{
    memset(maker_entry(base, 3), 0, IMAGE_ENTRY_SIZE);
    be32_set(&maker_header(base)->entry_count, COUNT - 1);
    maker_seal(base);
    expect_refusal(STUB_REASON_BAD_ENTRY, "the last payload ends at 0x8000, the image at 0x9000");
}

static void test_payloads(void)
{
    base[MAKER_PAYLOAD_OFFSET + HYPERVISOR_SIZE - 1] ^= 1;
    expect_refusal(STUB_REASON_ENTRY_DIGEST, "hypervisor does not match its digest");
    base[MAKER_PAYLOAD_OFFSET + HYPERVISOR_SIZE] = 1;
    expect_refusal(STUB_REASON_PADDING, "behind hypervisor");
    base[MAKER_PAYLOAD_OFFSET + 0xfff] = 1;
    expect_refusal(STUB_REASON_PADDING, "behind hypervisor");
    base[MAKER_PAYLOAD_OFFSET + 0x2000] ^= 0x80;
    expect_refusal(STUB_REASON_ENTRY_DIGEST, "dom0/kernel does not match its digest");
    base[total_size - 1] = 1;
    expect_refusal(STUB_REASON_PADDING, "behind dom0/ramdisk");
    memset(base + 0x7000, 0, total_size - 0x7000);
    expect_refusal(STUB_REASON_ENTRY_DIGEST, "dom0/kernel does not match its digest; the image may be truncated");
}

/* The second look finds what the first one does, by itself. */
static void test_second_check(void)
{
    struct image image = {
        .base = base,
        .memory_size = total_size,
        .stub_size = MAKER_STUB_SIZE,
        .scratch_offset = MAKER_SCRATCH_OFFSET,
    };

    CHECK(image_check_header(&image, &refusal));
    CHECK(image_check_again(&image, &refusal));
    for (size_t i = 0; i < MAKER_SIGNATURE_OFFSET; i += 7) {
        if (i >= MAKER_SCRATCH_OFFSET && i < MAKER_STUB_SIZE)
            continue;
        base[i] ^= 1;
        memset(&refusal, 0, sizeof(refusal));
        CHECK(!image_check_again(&image, &refusal));
        CHECK(refusal.reason == STUB_REASON_HEAD_DIGEST && strstr(refusal.text, "damaged") != NULL);
        base[i] ^= 1;
    }
}

/* No bit of the image outside the scratch area may change unnoticed. */
static void test_every_bit(void)
{
    check_context = "every bit";
    make_signatures(2);
    for (size_t i = 0; i < total_size; i++) {
        uint8_t mask = (uint8_t)(1U << (i % 8));

        if (i >= MAKER_SCRATCH_OFFSET && i < MAKER_STUB_SIZE)
            continue;
        base[i] ^= mask;
        CHECK(!check(total_size));
        base[i] ^= mask;
    }
    CHECK(check(total_size));
}

int main(void)
{
    make_image();
    test_good();
    test_scratch_is_ignored();
    test_header();
    test_memory_ends();
    test_head_digest();
    test_signatures();
    test_entries();
    test_compressed_entries();
    test_table_end();
    test_image_ends_elsewhere();
    test_payloads();
    test_second_check();
    test_every_bit();
    free(base);
    return 0;
}
