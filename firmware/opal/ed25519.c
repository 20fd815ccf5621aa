/* SPDX-License-Identifier: BSD-2-Clause */
#include "ed25519.h"

#include <monocypher.h>

#include "sha512.h"

#define POINT_SIZE 32

/* Monocypher's own EdDSA hashes with BLAKE2b; the curve arithmetic below is the same for Ed25519. */
bool ed25519_check(const uint8_t *signature, const uint8_t public_key[ED25519_KEY_SIZE], const void *message,
                   size_t size)
{
    uint8_t digest[SHA512_DIGEST_SIZE], scalar[32];
    struct sha512 sha;

    sha512_start(&sha);
    sha512_add(&sha, signature, POINT_SIZE);
    sha512_add(&sha, public_key, ED25519_KEY_SIZE);
    sha512_add(&sha, message, size);
    sha512_finish(&sha, digest);
    crypto_eddsa_reduce(scalar, digest);
    return crypto_eddsa_check_equation(signature, public_key, scalar) == 0;
}
