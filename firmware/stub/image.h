/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict checks of the image in memory (docs/image-format.md), in an order that uses no size before it is checked.
 * Our own powernv firmware is built with this file too (firmware/opal/verify.c). */
#ifndef STUB_IMAGE_H
#define STUB_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_image.h"
#include "refusal.h"

/* The caller fills the first four fields, the checks fill the others.  All offsets and sizes in bytes. */
struct image {
    const uint8_t *base;        /* load base */
    uint64_t memory_size;       /* bytes of memory from the load base on */
    uint64_t stub_size;         /* the header is behind it */
    uint64_t scratch_offset;    /* [scratch_offset, stub_size) counts as zeros */
    uint64_t total_size;        /* image_check_header */
    uint64_t signature_offset;  /* image_check_header */
    uint64_t payload_offset;    /* image_check_header */
    uint32_t entry_count;       /* image_check_header */
    const struct hv_image_entry *entries;     /* image_check_header */
    const struct hv_image_entry *hypervisor;  /* image_check_table */
    const struct hv_image_entry *overlay;     /* image_check_table */
    uint64_t expanded[IMAGE_MAX_ENTRIES];     /* where the stub put a compressed payload's bytes, else 0 */
};

/* All of the below in order.  True, or false with `refusal` filled. */
bool image_check(struct image *image, struct refusal *refusal);

/* The header's fields, and that the whole image lies in memory. */
bool image_check_header(struct image *image, struct refusal *refusal);

/* The digest over stub, header and table, the signature page taken as zeros; image_check_header() went before. */
bool image_check_head_digest(const struct image *image, struct refusal *refusal);

/* The head digest once more, by other instructions: no single bit that flipped in the stub's code makes it skip both. */
bool image_check_again(const struct image *image, struct refusal *refusal);

/* That the signature page is whole, not that anybody signed; image_check_header() went before. */
bool image_check_signatures(const struct image *image, struct refusal *refusal);

/* Every entry's fields; one hypervisor and one overlay; image_check_header() went before. */
bool image_check_table(struct image *image, struct refusal *refusal);

/* One payload's digest and the zeros behind it; image_check_table() went before. */
bool image_check_payload(const struct image *image, const struct hv_image_entry *entry, struct refusal *refusal);

/* Every payload's; image_check_table() went before. */
bool image_check_payloads(const struct image *image, struct refusal *refusal);

/* True when the image ends in at least a page of zeros, as when firmware filled up a file that was cut short, but also
 * when its last payload does; image_check_header() went before. */
bool image_looks_truncated(const struct image *image);

bool image_is_zero(const void *bytes, uint64_t size);

static inline bool image_is_compressed(const struct hv_image_entry *entry)
{
    return be32_get(entry->compression) != COMPRESSION_NONE;
}

/* First byte of an entry's payload as it is stored. */
static inline const uint8_t *image_payload(const struct image *image, const struct hv_image_entry *entry)
{
    return image->base + be64_get(entry->offset);
}

#endif
