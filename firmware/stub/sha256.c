/* SPDX-License-Identifier: BSD-2-Clause */
#include "sha256.h"

#include <string.h>

#include "types.h"

/* FIPS 180-4, sections 4.2.2 (constants) and 5.3.3 (initial state). */
static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

void sha256_start(struct sha256 *sha)
{
    memcpy(sha->state, initial_state, sizeof(sha->state));
    sha->length = 0;
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;
    size_t fill = sha->length % SHA256_BLOCK_SIZE;

    sha->length += size;
    if (fill > 0) {
        size_t part = size < SHA256_BLOCK_SIZE - fill ? size : SHA256_BLOCK_SIZE - fill;

        memcpy(sha->block + fill, next, part);
        next += part;
        size -= part;
        if (fill + part < SHA256_BLOCK_SIZE)
            return;
        sha256_mix_blocks(sha->state, sha->block, 1);
    }
    sha256_mix_blocks(sha->state, next, size / SHA256_BLOCK_SIZE);
    memcpy(sha->block, next + size / SHA256_BLOCK_SIZE * SHA256_BLOCK_SIZE, size % SHA256_BLOCK_SIZE);
}

void sha256_finish(struct sha256 *sha, uint8_t digest[SHA256_DIGEST_SIZE])
{
    static const uint8_t padding[SHA256_BLOCK_SIZE] = {0x80};
    size_t fill = sha->length % SHA256_BLOCK_SIZE;
    be64_t bits;

    be64_set(&bits, sha->length * 8);
    sha256_add(sha, padding, (fill < 56 ? 56 : 56 + SHA256_BLOCK_SIZE) - fill);
    sha256_add(sha, &bits, sizeof(bits));
    for (size_t i = 0; i < 8; i++) {
        be32_t word;

        be32_set(&word, sha->state[i]);
        memcpy(digest + i * sizeof(word), &word, sizeof(word));
    }
}
