/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256's compression for any 64-bit PowerPC: state and message schedule live in registers, the round constants are
 * immediate operands, because a load costs more than an addition, most of all under an emulator. */
#include "sha256.h"

#include "types.h"

static inline uint32_t rotate_right(uint32_t value, unsigned int count)
{
    return value >> count | value << (32 - count);
}

static inline uint32_t message_word(const uint8_t *block, size_t index)
{
    be32_t word;

    __builtin_memcpy(&word, block + index * sizeof(word), sizeof(word));
    return be32_get(word);
}

/* One step of the schedule (FIPS 180-4, 6.2.2): w[i] becomes word i + 16. */
#define EXTEND(i)                                                                                                     \
    (w[i] += (rotate_right(w[((i) + 1) % 16], 7) ^ rotate_right(w[((i) + 1) % 16], 18) ^ w[((i) + 1) % 16] >> 3) +    \
             w[((i) + 9) % 16] +                                                                                      \
             (rotate_right(w[((i) + 14) % 16], 17) ^ rotate_right(w[((i) + 14) % 16], 19) ^ w[((i) + 14) % 16] >> 10))

/* One round; `was` is a ^ b of the round before, that is b ^ c here, and saves half of the majority function. */
#define ROUND(a, b, c, d, e, f, g, h, constant, word)                                                                 \
    do {                                                                                                              \
        h += (constant) + (word);                                                                                     \
        h += (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + (((f ^ g) & e) ^ g);                  \
        d += h;                                                                                                       \
        now = a ^ b;                                                                                                  \
        h += (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((now & was) ^ b);                    \
        was = now;                                                                                                    \
    } while (0)

#define EIGHT_ROUNDS(i, word, k0, k1, k2, k3, k4, k5, k6, k7)                                                         \
    do {                                                                                                              \
        ROUND(a, b, c, d, e, f, g, h, k0, word(i));                                                                   \
        ROUND(h, a, b, c, d, e, f, g, k1, word(i + 1));                                                               \
        ROUND(g, h, a, b, c, d, e, f, k2, word(i + 2));                                                               \
        ROUND(f, g, h, a, b, c, d, e, k3, word(i + 3));                                                               \
        ROUND(e, f, g, h, a, b, c, d, k4, word(i + 4));                                                               \
        ROUND(d, e, f, g, h, a, b, c, k5, word(i + 5));                                                               \
        ROUND(c, d, e, f, g, h, a, b, k6, word(i + 6));                                                               \
        ROUND(b, c, d, e, f, g, h, a, k7, word(i + 7));                                                               \
    } while (0)

#define FETCH(i) (w[i] = message_word(blocks, i))

void sha256_mix_blocks(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    for (; count > 0; count--, blocks += SHA256_BLOCK_SIZE) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        uint32_t was = b ^ c;
        uint32_t now;
        uint32_t w[16];

        EIGHT_ROUNDS(0, FETCH, 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
                     0xab1c5ed5);
        EIGHT_ROUNDS(8, FETCH, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
                     0xc19bf174);
        EIGHT_ROUNDS(0, EXTEND, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc,
                     0x76f988da);
        EIGHT_ROUNDS(8, EXTEND, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351,
                     0x14292967);
        EIGHT_ROUNDS(0, EXTEND, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
                     0x92722c85);
        EIGHT_ROUNDS(8, EXTEND, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
                     0x106aa070);
        EIGHT_ROUNDS(0, EXTEND, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
                     0x682e6ff3);
        EIGHT_ROUNDS(8, EXTEND, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
                     0xc67178f2);
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}
