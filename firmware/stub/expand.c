/* SPDX-License-Identifier: BSD-2-Clause */
#include "expand.h"

#include <lz4.h>
#include <string.h>

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#define CHUNK_HEADER_SIZE sizeof(be32_t)

static uint64_t lower(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

/* Expand one chunk of `length` stored bytes to the `size` bytes that it must become. */
static bool expand_lz4_chunk(const uint8_t *stored, uint64_t length, bool plain, uint8_t *target, uint64_t size)
{
    if (length == 0 || length > size || plain != (length == size))
        return false;
    if (plain) {
        memcpy(target, stored, size);
        return true;
    }
    return LZ4_decompress_safe((const char *)stored, (char *)target, (int)length, (int)size) == (int)size;
}

static bool expand_lz4(const uint8_t *stored, uint64_t stored_size, uint8_t *target, uint64_t target_size)
{
    uint64_t position = 0;
    uint64_t done = 0;

    while (done < target_size) {
        uint64_t size = lower(LZ4_CHUNK_SIZE, target_size - done);
        be32_t header;
        uint64_t length;

        if (stored_size - position < CHUNK_HEADER_SIZE)
            return false;
        memcpy(&header, stored + position, CHUNK_HEADER_SIZE);
        position += CHUNK_HEADER_SIZE;
        length = be32_get(header) & (LZ4_PLAIN_CHUNK - 1);
        if (length > stored_size - position ||
            !expand_lz4_chunk(stored + position, length, (be32_get(header) & LZ4_PLAIN_CHUNK) != 0, target + done, size))
            return false;
        position += length;
        done += size;
    }
    return position == stored_size;
}

static bool expand_zstd(const uint8_t *stored, uint64_t stored_size, uint8_t *target, uint64_t target_size, void *work)
{
    ZSTD_DCtx *decoder = ZSTD_initStaticDCtx(work, EXPAND_WORK_SIZE);

    return decoder != NULL && ZSTD_findFrameCompressedSize(stored, stored_size) == stored_size &&
           ZSTD_decompressDCtx(decoder, target, target_size, stored, stored_size) == target_size;
}

bool expand_payload(const struct hv_image_entry *entry, const uint8_t *stored, uint8_t *target, void *work,
                    struct refusal *refusal)
{
    uint64_t stored_size = be64_get(entry->size);
    uint64_t target_size = be64_get(entry->memory_size);
    bool lz4 = be32_get(entry->compression) == COMPRESSION_LZ4;

    if (lz4 ? expand_lz4(stored, stored_size, target, target_size)
            : expand_zstd(stored, stored_size, target, target_size, work))
        return true;
    return refuse(refusal, STUB_REASON_COMPRESSION, "%s: its %s data cannot be expanded", (const char *)entry->name,
                  lz4 ? "lz4" : "zstd");
}
