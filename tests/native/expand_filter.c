/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads compressed payloads from standard input and writes what they expand to: test_expand.py's other half.
 *
 * A payload is its compression, stored size and size in memory (32-bit big-endian each) and the stored bytes.  The answer
 * is a byte, 1 and the expanded bytes or 0 alone.
 *
 * Include: firmware/stub abi build/third_party/lz4 build/third_party/zstd
 * Define: HUF_FORCE_DECOMPRESS_X1 ZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT ZSTD_STRIP_ERROR_STRINGS=1
 * Link: build/third_party/lz4/lz4.c build/third_party/zstd/zstd.c
 */
#include "../../firmware/stub/expand.c"
#include "../../firmware/stub/refusal.c"

#include <stdlib.h>

#include "check.h"

/* Exact sizes, so that the sanitizer sees an access too far. */
static uint8_t *allocate(uint32_t size)
{
    uint8_t *bytes = malloc(size);

    CHECK(bytes != NULL);
    return bytes;
}

int main(void)
{
    void *work = allocate(EXPAND_WORK_SIZE);
    be32_t header[3];

    while (fread(header, sizeof(header), 1, stdin) == 1) {
        struct hv_image_entry entry = {.compression = header[0], .name = "dom0/kernel"};
        uint32_t size = be32_get(header[1]), memory_size = be32_get(header[2]);
        uint8_t *stored = allocate(size), *target = allocate(memory_size);
        struct refusal refusal = {.reason = STUB_REASON_NONE};
        uint8_t good;

        be64_set(&entry.size, size);
        be64_set(&entry.memory_size, memory_size);
        CHECK(fread(stored, 1, size, stdin) == size);
        good = expand_payload(&entry, stored, target, work, &refusal);
        CHECK(good || refusal.reason == STUB_REASON_COMPRESSION);
        fwrite(&good, 1, 1, stdout);
        if (good)
            fwrite(target, 1, memory_size, stdout);
        free(stored);
        free(target);
    }
    free(work);
    return 0;
}
