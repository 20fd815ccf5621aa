/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's trust code on files that others made: test_trust.py's other half.
 *
 * ed25519 < RECORDS     raw key, signature, a 32-bit big-endian size and as many bytes of message: writes 1 or 0
 * image FILE GOOD BAD   an image file; files with the good and the revoked keys as struct trust_key: writes the verdict
 *
 * Include: firmware/opal firmware/stub abi build/third_party/monocypher
 * Link: build/third_party/monocypher firmware/stub/sha256.c firmware/stub/sha256_mix.c
 */
#include "../../firmware/opal/ed25519.c"
#include "../../firmware/opal/sha512.c"
#include "../../firmware/opal/trust.c"
#include "../../firmware/opal/verify.c"
#include "../../firmware/stub/image.c"
#include "../../firmware/stub/refusal.c"

#include <stdio.h>
#include <stdlib.h>

struct record {
    uint8_t key[ED25519_KEY_SIZE];
    uint8_t signature[ED25519_SIGNATURE_SIZE];
    be32_t size;
};

/* A file's bytes in a buffer of exactly their size, so that the sanitizer sees a read too far. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        exit(1);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size);
    if (*size > 0 && fread(bytes, *size, 1, file) != 1)
        exit(1);
    fclose(file);
    return bytes;
}

static void check_signatures(void)
{
    struct record record;

    while (fread(&record, sizeof(record), 1, stdin) == 1) {
        uint32_t size = be32_get(record.size);
        uint8_t *message = malloc(size);

        if (size > 0 && fread(message, size, 1, stdin) != 1)
            exit(1);
        putchar(ed25519_check(record.signature, record.key, message, size) ? '1' : '0');
        free(message);
    }
}

static void judge_image(char **paths)
{
    static struct verification result;
    size_t size, good_size, bad_size;
    uint8_t *file = read_file(paths[0], &size), *good = read_file(paths[1], &good_size);
    uint8_t *bad = read_file(paths[2], &bad_size);
    struct trust trust = {
        .keys = (const struct trust_key *)good,
        .key_count = good_size / sizeof(struct trust_key),
        .revoked = (const struct trust_key *)bad,
        .revoked_count = bad_size / sizeof(struct trust_key),
    };

    verify_image(file, size, &trust, &result);
    printf("%s: %s", verdict_word(result.verdict), result.refusal.text);
    free(file);
    free(good);
    free(bad);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "ed25519") == 0)
        check_signatures();
    else if (argc == 5 && strcmp(argv[1], "image") == 0)
        judge_image(argv + 2);
    else
        return 2;
    return 0;
}
