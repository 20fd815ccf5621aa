/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-512 (FIPS 180-4), for the two blocks that an Ed25519 signature needs: small rather than fast. */
#ifndef OPAL_SHA512_H
#define OPAL_SHA512_H

#include <stddef.h>
#include <stdint.h>

#define SHA512_BLOCK_SIZE 128
#define SHA512_DIGEST_SIZE 64

struct sha512 {
    uint64_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[SHA512_BLOCK_SIZE];
};

void sha512_start(struct sha512 *sha);
void sha512_add(struct sha512 *sha, const void *bytes, size_t size);
void sha512_finish(struct sha512 *sha, uint8_t digest[SHA512_DIGEST_SIZE]);

#endif
