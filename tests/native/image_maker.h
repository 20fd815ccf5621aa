/* SPDX-License-Identifier: BSD-2-Clause */
/* A small image in memory for native tests; the test brings sha256.c.  The digests are computed in one go over a
 * copy, unlike the stub's own. */
#ifndef TESTS_NATIVE_IMAGE_MAKER_H
#define TESTS_NATIVE_IMAGE_MAKER_H

#include <string.h>

#include "boot_image.h"
#include "check.h"
#include "sha256.h"

#define MAKER_STUB_SIZE 0x2000U
#define MAKER_SCRATCH_OFFSET 0x1800U
#define MAKER_SIGNATURE_OFFSET 0x3000U
#define MAKER_PAYLOAD_OFFSET 0x4000U
#define MAKER_MAX_ENTRIES 8U

struct payload {
    uint32_t type;
    const char *name;
    const void *bytes;
    size_t size;
};

static inline struct hv_image_header *maker_header(uint8_t *base)
{
    return (void *)(base + MAKER_STUB_SIZE);
}

static inline struct hv_image_entry *maker_entry(uint8_t *base, size_t index)
{
    return (struct hv_image_entry *)(void *)(maker_header(base) + 1) + index;
}

static inline void maker_digest(const void *bytes, size_t size, uint8_t digest[DIGEST_SIZE])
{
    struct sha256 sha;

    sha256_start(&sha);
    sha256_add(&sha, bytes, size);
    sha256_finish(&sha, digest);
}

/* Make the head digest right for whatever the head holds. */
static inline void maker_seal(uint8_t *base)
{
    static uint8_t copy[MAKER_PAYLOAD_OFFSET];

    memcpy(copy, base, sizeof(copy));
    memset(copy + MAKER_SCRATCH_OFFSET, 0, MAKER_STUB_SIZE - MAKER_SCRATCH_OFFSET);
    memset(maker_header(copy)->head_digest, 0, DIGEST_SIZE);
    memset(copy + MAKER_SIGNATURE_OFFSET, 0, IMAGE_PAGE_SIZE);
    maker_digest(copy, sizeof(copy), maker_header(base)->head_digest);
}

static inline struct hv_image_signatures *maker_signatures(uint8_t *base)
{
    return (void *)(base + MAKER_SIGNATURE_OFFSET);
}

/* Make the signature page's digest right for whatever the page holds. */
static inline void maker_seal_signatures(uint8_t *base)
{
    uint8_t digest[DIGEST_SIZE];

    memset(maker_signatures(base)->page_digest, 0, DIGEST_SIZE);
    maker_digest(maker_signatures(base), IMAGE_PAGE_SIZE, digest);
    memcpy(maker_signatures(base)->page_digest, digest, DIGEST_SIZE);
}

/* Make an entry's digest and the head's right for the payload as it is. */
static inline void maker_seal_payload(uint8_t *base, size_t index)
{
    struct hv_image_entry *entry = maker_entry(base, index);

    maker_digest(base + be64_get(entry->offset), be64_get(entry->size), entry->digest);
    maker_seal(base);
}

/* Build an image at `base` (zeros, large enough) and return its total size. */
static inline size_t maker_build(uint8_t *base, const struct payload *payloads, size_t count)
{
    struct hv_image_header *header = maker_header(base);
    size_t offset = MAKER_PAYLOAD_OFFSET;

    CHECK(count <= MAKER_MAX_ENTRIES);
    memset(base, 0x5a, STUB_MAGIC_OFFSET);
    be64_set((be64_t *)(void *)(base + STUB_MAGIC_OFFSET), STUB_MAGIC);
    be64_set((be64_t *)(void *)(base + STUB_SIZE_OFFSET), MAKER_STUB_SIZE);
    be64_set((be64_t *)(void *)(base + STUB_SCRATCH_OFFSET), MAKER_SCRATCH_OFFSET);
    for (size_t i = 0; i < count; i++) {
        struct hv_image_entry *entry = maker_entry(base, i);

        be32_set(&entry->type, payloads[i].type);
        be64_set(&entry->offset, offset);
        be64_set(&entry->size, payloads[i].size);
        be64_set(&entry->memory_size, payloads[i].size);
        be32_set(&entry->alignment, 8);
        strcpy((char *)entry->name, payloads[i].name);
        memcpy(base + offset, payloads[i].bytes, payloads[i].size);
        maker_digest(payloads[i].bytes, payloads[i].size, entry->digest);
        offset = (offset + payloads[i].size + 0xfff) & ~(size_t)0xfff;
    }
    memcpy(header->magic, IMAGE_MAGIC, sizeof(header->magic));
    be64_set(&header->total_size, offset);
    be32_set(&header->version, IMAGE_VERSION);
    be32_set(&header->header_size, IMAGE_HEADER_SIZE);
    be32_set(&header->entry_size, IMAGE_ENTRY_SIZE);
    be32_set(&header->entry_count, (uint32_t)count);
    be64_set(&header->table_offset, MAKER_STUB_SIZE + IMAGE_HEADER_SIZE);
    be64_set(&header->signature_offset, MAKER_SIGNATURE_OFFSET);
    be64_set(&header->payload_offset, MAKER_PAYLOAD_OFFSET);
    memcpy(maker_signatures(base)->magic, SIGNATURE_MAGIC, sizeof(maker_signatures(base)->magic));
    maker_seal_signatures(base);
    maker_seal(base);
    return offset;
}

#endif
