/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"

#include <string.h>

#include "boot_protocol.h"
#include "sha256.h"

static uint64_t page_align(uint64_t size)
{
    return (size + IMAGE_PAGE_SIZE - 1) & ~(IMAGE_PAGE_SIZE - 1);
}

bool image_is_zero(const void *bytes, uint64_t size)
{
    const uint8_t *next = bytes;
    uint8_t seen = 0;

    for (uint64_t i = 0; i < size; i++)
        seen |= next[i];
    return seen == 0;
}

/* An entry's name, made safe to print: the table may hold anything. */
static const char *entry_name(const struct hv_image_entry *entry, char text[IMAGE_NAME_SIZE])
{
    size_t length = 0;

    for (; length < IMAGE_NAME_SIZE - 1 && entry->name[length] != 0; length++)
        text[length] = entry->name[length] > ' ' && entry->name[length] <= '~' ? (char)entry->name[length] : '?';
    text[length] = '\0';
    return text;
}

bool image_check_header(struct image *image, struct refusal *refusal)
{
    const struct hv_image_header *header = (const void *)(image->base + image->stub_size);
    uint32_t count;

    if (image->memory_size < image->stub_size + sizeof(*header))
        return refuse(refusal, STUB_REASON_TRUNCATED, "memory ends before the image's header");
    if (image_is_zero(header, sizeof(*header)))
        return refuse(refusal, STUB_REASON_BAD_HEADER, "the header is all zeros; the image may be truncated");
    if (memcmp(header->magic, IMAGE_MAGIC, sizeof(header->magic)) != 0)
        return refuse(refusal, STUB_REASON_BAD_HEADER, "no image header behind the stub");
    if (be32_get(header->version) != IMAGE_VERSION)
        return refuse(refusal, STUB_REASON_BAD_HEADER, "image version %lu, this stub reads %lu",
                      (unsigned long)be32_get(header->version), (unsigned long)IMAGE_VERSION);
    if (be32_get(header->header_size) != sizeof(*header))
        return refuse(refusal, STUB_REASON_BAD_HEADER, "header size %lu is not %lu",
                      (unsigned long)be32_get(header->header_size), (unsigned long)sizeof(*header));
    if (be32_get(header->entry_size) != sizeof(struct hv_image_entry))
        return refuse(refusal, STUB_REASON_BAD_HEADER, "entry size %lu is not %lu",
                      (unsigned long)be32_get(header->entry_size), (unsigned long)sizeof(struct hv_image_entry));
    count = be32_get(header->entry_count);
    if (count == 0 || count > IMAGE_MAX_ENTRIES)
        return refuse(refusal, STUB_REASON_BAD_HEADER, "entry count %lu is not in 1 to %lu", (unsigned long)count,
                      (unsigned long)IMAGE_MAX_ENTRIES);
    if (be64_get(header->flags) != 0)
        return refuse(refusal, STUB_REASON_BAD_HEADER, "unknown header flags 0x%lx",
                      (unsigned long)be64_get(header->flags));
    if (!image_is_zero(header->reserved, sizeof(header->reserved)))
        return refuse(refusal, STUB_REASON_BAD_HEADER, "reserved header bytes are not zero");
    if (be64_get(header->table_offset) != image->stub_size + sizeof(*header))
        return refuse(refusal, STUB_REASON_BAD_HEADER, "table offset 0x%lx is not 0x%lx",
                      (unsigned long)be64_get(header->table_offset),
                      (unsigned long)(image->stub_size + sizeof(*header)));

    image->signature_offset = page_align(image->stub_size + sizeof(*header) + count * sizeof(struct hv_image_entry));
    if (be64_get(header->signature_offset) != image->signature_offset)
        return refuse(refusal, STUB_REASON_BAD_HEADER, "signature offset 0x%lx is not 0x%lx",
                      (unsigned long)be64_get(header->signature_offset), (unsigned long)image->signature_offset);
    image->payload_offset = image->signature_offset + IMAGE_PAGE_SIZE;
    if (be64_get(header->payload_offset) != image->payload_offset)
        return refuse(refusal, STUB_REASON_BAD_HEADER, "payload offset 0x%lx is not 0x%lx",
                      (unsigned long)be64_get(header->payload_offset), (unsigned long)image->payload_offset);
    image->total_size = be64_get(header->total_size);
    if (image->total_size < image->payload_offset || image->total_size % IMAGE_PAGE_SIZE != 0)
        return refuse(refusal, STUB_REASON_BAD_HEADER, "total size 0x%lx is no page multiple from 0x%lx up",
                      (unsigned long)image->total_size, (unsigned long)image->payload_offset);
    if (image->total_size > image->memory_size)
        return refuse(refusal, STUB_REASON_TRUNCATED, "memory ends after 0x%lx of the image's 0x%lx bytes",
                      (unsigned long)image->memory_size, (unsigned long)image->total_size);
    image->entry_count = count;
    image->entries = (const void *)(header + 1);
    return true;
}

static void add_zeros(struct sha256 *sha, uint64_t size)
{
    static const uint8_t zeros[256];

    while (size > 0) {
        uint64_t part = size < sizeof(zeros) ? size : sizeof(zeros);

        sha256_add(sha, zeros, part);
        size -= part;
    }
}

static const uint8_t *stored_head_digest(const struct image *image)
{
    return image->base + image->stub_size + IMAGE_HEADER_HEAD_DIGEST_OFFSET;
}

static void compute_head_digest(const struct image *image, uint8_t digest[DIGEST_SIZE])
{
    const uint8_t *header = image->base + image->stub_size;
    const uint8_t *behind = stored_head_digest(image) + DIGEST_SIZE;
    struct sha256 sha;

    sha256_start(&sha);
    sha256_add(&sha, image->base, image->scratch_offset);
    add_zeros(&sha, image->stub_size - image->scratch_offset);
    sha256_add(&sha, header, IMAGE_HEADER_HEAD_DIGEST_OFFSET);
    add_zeros(&sha, DIGEST_SIZE);
    sha256_add(&sha, behind, (uint64_t)(image->base + image->signature_offset - behind));
    add_zeros(&sha, IMAGE_PAGE_SIZE);
    sha256_finish(&sha, digest);
}

bool image_check_head_digest(const struct image *image, struct refusal *refusal)
{
    uint8_t digest[DIGEST_SIZE];

    compute_head_digest(image, digest);
    if (memcmp(digest, stored_head_digest(image), sizeof(digest)) != 0)
        return refuse(refusal, STUB_REASON_HEAD_DIGEST, "stub, header or table do not match the head digest");
    return true;
}

bool image_check_again(const struct image *image, struct refusal *refusal)
{
    const uint8_t *stored = stored_head_digest(image);
    uint8_t digest[DIGEST_SIZE];
    unsigned int difference = 0;

    compute_head_digest(image, digest);
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        difference |= (unsigned int)(digest[i] ^ stored[i]);
    if (difference == 0)
        return true;
    return refuse(refusal, STUB_REASON_HEAD_DIGEST, "the stub itself is damaged, or was changed meanwhile");
}

/* True when the first `count` records follow each other in the order of their keys. */
static bool are_records_sorted(const struct hv_image_signature *records, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (memcmp(records[i - 1].key_id, records[i].key_id, KEY_ID_SIZE) >= 0)
            return false;
    }
    return true;
}

bool image_check_signatures(const struct image *image, struct refusal *refusal)
{
    const struct hv_image_signatures *page = (const void *)(image->base + image->signature_offset);
    const struct hv_image_signature *records = (const void *)(page + 1);
    uint32_t count = be32_get(page->count);
    uint8_t digest[DIGEST_SIZE];
    struct sha256 sha;

    if (memcmp(page->magic, SIGNATURE_MAGIC, sizeof(page->magic)) != 0 || be32_get(page->reserved) != 0)
        return refuse(refusal, STUB_REASON_SIGNATURES, "no signature page behind the table");
    if (count > MAX_SIGNATURES)
        return refuse(refusal, STUB_REASON_SIGNATURES, "%lu signatures, there may be %lu", (unsigned long)count,
                      (unsigned long)MAX_SIGNATURES);
    if (!are_records_sorted(records, count))
        return refuse(refusal, STUB_REASON_SIGNATURES, "the signatures are not in the order of their keys");
    if (!image_is_zero(records + count, IMAGE_PAGE_SIZE - sizeof(*page) - count * sizeof(*records)))
        return refuse(refusal, STUB_REASON_SIGNATURES, "bytes behind the signatures are not zero");
    sha256_start(&sha);
    sha256_add(&sha, page, IMAGE_SIGNATURES_PAGE_DIGEST_OFFSET);
    add_zeros(&sha, DIGEST_SIZE);
    sha256_add(&sha, records, IMAGE_PAGE_SIZE - sizeof(*page));
    sha256_finish(&sha, digest);
    if (memcmp(digest, page->page_digest, sizeof(digest)) != 0)
        return refuse(refusal, STUB_REASON_SIGNATURES, "the signature page does not match its digest");
    return true;
}

static bool check_name(const struct hv_image_entry *entry)
{
    size_t length = 0;

    while (length < IMAGE_NAME_SIZE && entry->name[length] > ' ' && entry->name[length] <= '~')
        length++;
    return length > 0 && length < IMAGE_NAME_SIZE && image_is_zero(entry->name + length, IMAGE_NAME_SIZE - length);
}

/* True when entries of `type` may have this name, which check_name() found sound. */
static bool check_name_of_type(const struct hv_image_entry *entry, uint32_t type)
{
    const char *name = (const char *)entry->name;
    const char *slash = strrchr(name, '/');

    if (type == ENTRY_TYPE_HYPERVISOR)
        return strcmp(name, "hypervisor") == 0;
    if (type == ENTRY_TYPE_BOOT_OVERLAY)
        return strcmp(name, "boot-overlay") == 0;
    if (slash == NULL || slash == name)
        return false;
    if (type == ENTRY_TYPE_KERNEL)
        return strcmp(slash, "/kernel") == 0;
    if (type == ENTRY_TYPE_RAMDISK)
        return strcmp(slash, "/ramdisk") == 0;
    return strcmp(slash, "/device-tree") == 0;
}

/* What is wrong with an entry's compression and size in memory, or NULL. */
static const char *compression_problem(const struct hv_image_entry *entry)
{
    uint32_t compression = be32_get(entry->compression);
    uint32_t type = be32_get(entry->type);
    uint64_t size = be64_get(entry->size);
    uint64_t memory_size = be64_get(entry->memory_size);

    if (compression > COMPRESSION_ZSTD)
        return "unknown compression";
    if (compression == COMPRESSION_NONE)
        return memory_size == size ? NULL : "size in memory differs from the stored size";
    if (type != ENTRY_TYPE_KERNEL && type != ENTRY_TYPE_RAMDISK)
        return "its type cannot be compressed";
    if (memory_size > MAX_DOMAIN_MEMORY)
        return "larger in memory than a domain may be";
    return memory_size > size ? NULL : "compressed, but no smaller than in memory";
}

/* Check one entry whose payload has to begin at `expected`. */
static bool check_entry(const struct image *image, uint32_t index, uint64_t expected, struct refusal *refusal)
{
    const struct hv_image_entry *entry = &image->entries[index];
    uint32_t alignment = be32_get(entry->alignment);
    uint64_t size = be64_get(entry->size);
    char text[IMAGE_NAME_SIZE];
    const char *problem = NULL;

    if (!check_name(entry))
        problem = "name is not printable ASCII with zeros behind";
    else if (be32_get(entry->type) < ENTRY_TYPE_HYPERVISOR || be32_get(entry->type) > ENTRY_TYPE_DEVICE_TREE)
        problem = "unknown type";
    else if (!check_name_of_type(entry, be32_get(entry->type)))
        problem = "name does not go with the type";
    else if (be32_get(entry->flags) != 0)
        problem = "unknown flags";
    else if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > IMAGE_PAGE_SIZE)
        problem = "alignment is no power of two up to a page";
    else if (be64_get(entry->offset) != expected)
        problem = "payload does not follow the one before";
    else if (size == 0 || size > image->total_size - expected)
        problem = "payload is empty or exceeds the image";
    else
        problem = compression_problem(entry);
    for (uint32_t i = 0; i < index && problem == NULL; i++) {
        if (memcmp(image->entries[i].name, entry->name, IMAGE_NAME_SIZE) == 0)
            problem = "name is not unique";
    }
    if (problem == NULL)
        return true;
    return refuse(refusal, STUB_REASON_BAD_ENTRY, "entry %lu (%s): %s", (unsigned long)index, entry_name(entry, text),
                  problem);
}

bool image_check_table(struct image *image, struct refusal *refusal)
{
    uint64_t expected = image->payload_offset;
    const uint8_t *table_end = (const uint8_t *)(image->entries + image->entry_count);

    image->hypervisor = NULL;
    image->overlay = NULL;
    if (!image_is_zero(table_end, (uint64_t)(image->base + image->signature_offset - table_end)))
        return refuse(refusal, STUB_REASON_PADDING, "bytes behind the table are not zero");
    for (uint32_t i = 0; i < image->entry_count; i++) {
        const struct hv_image_entry *entry = &image->entries[i];

        if (!check_entry(image, i, expected, refusal))
            return false;
        if (be32_get(entry->type) == ENTRY_TYPE_HYPERVISOR)
            image->hypervisor = entry;
        if (be32_get(entry->type) == ENTRY_TYPE_BOOT_OVERLAY)
            image->overlay = entry;
        expected = page_align(expected + be64_get(entry->size));
    }
    if (expected != image->total_size)
        return refuse(refusal, STUB_REASON_BAD_ENTRY, "the last payload ends at 0x%lx, the image at 0x%lx",
                      (unsigned long)expected, (unsigned long)image->total_size);
    if (image->hypervisor == NULL)
        return refuse(refusal, STUB_REASON_NO_HYPERVISOR, "no entry holds a hypervisor");
    if (image->overlay == NULL)
        return refuse(refusal, STUB_REASON_OVERLAY, "no entry holds a boot overlay");
    return true;
}

bool image_looks_truncated(const struct image *image)
{
    return image_is_zero(image->base + image->total_size - IMAGE_PAGE_SIZE, IMAGE_PAGE_SIZE);
}

bool image_check_payload(const struct image *image, const struct hv_image_entry *entry, struct refusal *refusal)
{
    const uint8_t *payload = image_payload(image, entry);
    uint64_t size = be64_get(entry->size);
    uint8_t digest[DIGEST_SIZE];
    char text[IMAGE_NAME_SIZE];
    struct sha256 sha;

    sha256_start(&sha);
    sha256_add(&sha, payload, size);
    sha256_finish(&sha, digest);
    if (memcmp(digest, entry->digest, sizeof(digest)) != 0)
        return refuse(refusal, STUB_REASON_ENTRY_DIGEST, "%s does not match its digest%s", entry_name(entry, text),
                      image_looks_truncated(image) ? "; the image may be truncated" : "");
    if (!image_is_zero(payload + size, page_align(size) - size))
        return refuse(refusal, STUB_REASON_PADDING, "bytes behind %s are not zero", entry_name(entry, text));
    return true;
}

bool image_check_payloads(const struct image *image, struct refusal *refusal)
{
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (!image_check_payload(image, &image->entries[i], refusal))
            return false;
    }
    return true;
}

bool image_check(struct image *image, struct refusal *refusal)
{
    return image_check_header(image, refusal) && image_check_head_digest(image, refusal) &&
           image_check_signatures(image, refusal) && image_check_table(image, refusal) &&
           image_check_payloads(image, refusal);
}
