/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads messages from standard input and writes their digests: test_sha256.py's other half.
 *
 * A message is a list of pieces, each a 32-bit big-endian size and that many bytes; a size of 0 ends the message.
 *
 * Include: firmware/stub abi
 */
#include "../../firmware/stub/sha256.c"
#include "../../firmware/stub/sha256_mix.c"

#include <stdio.h>
#include <stdlib.h>

/* The next piece, or NULL at the message's end.  Its size is exact, so that the sanitizer sees a read too far. */
static uint8_t *read_piece(size_t *size, int *at_end)
{
    be32_t stored;
    uint8_t *bytes;

    *at_end = fread(&stored, sizeof(stored), 1, stdin) != 1;
    if (*at_end || be32_get(stored) == 0)
        return NULL;
    *size = be32_get(stored);
    bytes = malloc(*size);
    if (bytes == NULL || fread(bytes, 1, *size, stdin) != *size)
        exit(1);
    return bytes;
}

int main(void)
{
    for (;;) {
        uint8_t digest[SHA256_DIGEST_SIZE];
        struct sha256 sha;
        uint8_t *bytes;
        size_t size;
        int at_end;

        sha256_start(&sha);
        while ((bytes = read_piece(&size, &at_end)) != NULL) {
            sha256_add(&sha, bytes, size);
            free(bytes);
        }
        if (at_end)
            return 0;
        sha256_finish(&sha, digest);
        fwrite(digest, sizeof(digest), 1, stdout);
    }
}
