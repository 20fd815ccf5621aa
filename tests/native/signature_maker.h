/* SPDX-License-Identifier: BSD-2-Clause */
/* Ed25519 key pairs and signatures for native tests (RFC 8032, 5.1.5 and 5.1.6); the test brings Monocypher, sha256.c and
 * sha512.c. */
#ifndef TESTS_NATIVE_SIGNATURE_MAKER_H
#define TESTS_NATIVE_SIGNATURE_MAKER_H

#include <monocypher.h>
#include <string.h>

#include "../../firmware/opal/sha512.h"
#include "../../firmware/opal/trust.h"
#include "image_maker.h"

#define MAKER_MESSAGE_SIZE (sizeof(SIGNATURE_CONTEXT) - 1 + DIGEST_SIZE)

struct maker_key {
    uint8_t scalar[32];
    uint8_t prefix[32];
    struct trust_key key;
};

static inline struct maker_key maker_key(uint8_t seed)
{
    uint8_t secret[32], digest[SHA512_DIGEST_SIZE];
    struct maker_key made;
    struct sha512 sha;

    memset(secret, seed, sizeof(secret));
    sha512_start(&sha);
    sha512_add(&sha, secret, sizeof(secret));
    sha512_finish(&sha, digest);
    crypto_eddsa_trim_scalar(made.scalar, digest);
    memcpy(made.prefix, digest + 32, 32);
    crypto_eddsa_scalarbase(made.key.public_key, made.scalar);
    maker_digest(made.key.public_key, sizeof(made.key.public_key), made.key.id);
    return made;
}

static inline void maker_hash_parts(const void *first, const void *second, const void *message, size_t size,
                                    uint8_t reduced[32])
{
    uint8_t digest[SHA512_DIGEST_SIZE];
    struct sha512 sha;

    sha512_start(&sha);
    sha512_add(&sha, first, 32);
    if (second != NULL)
        sha512_add(&sha, second, 32);
    sha512_add(&sha, message, size);
    sha512_finish(&sha, digest);
    crypto_eddsa_reduce(reduced, digest);
}

static inline void maker_sign_message(const struct maker_key *key, const void *message, size_t size,
                                      uint8_t signature[64])
{
    uint8_t r[32], h[32];

    maker_hash_parts(key->prefix, NULL, message, size, r);
    crypto_eddsa_scalarbase(signature, r);
    maker_hash_parts(signature, key->key.public_key, message, size, h);
    crypto_eddsa_mul_add(signature + 32, h, key->scalar, r);
}

/* Make these keys' signatures of the image's head digest the page's only ones, in the order of their ids. */
static inline struct hv_image_signature *maker_sign(uint8_t *base, const struct maker_key *const *keys, uint32_t count)
{
    struct hv_image_signature *records = (void *)(maker_signatures(base) + 1);
    uint8_t message[MAKER_MESSAGE_SIZE];

    memcpy(message, SIGNATURE_CONTEXT, sizeof(SIGNATURE_CONTEXT) - 1);
    memcpy(message + sizeof(SIGNATURE_CONTEXT) - 1, maker_header(base)->head_digest, DIGEST_SIZE);
    memset(records, 0, IMAGE_PAGE_SIZE - sizeof(struct hv_image_signatures));
    be32_set(&maker_signatures(base)->count, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = i;

        for (; place > 0 && memcmp(records[place - 1].key_id, keys[i]->key.id, KEY_ID_SIZE) > 0; place--)
            records[place] = records[place - 1];
        memcpy(records[place].key_id, keys[i]->key.id, KEY_ID_SIZE);
        maker_sign_message(keys[i], message, sizeof(message), records[place].signature);
    }
    maker_seal_signatures(base);
    return records;
}

#endif
