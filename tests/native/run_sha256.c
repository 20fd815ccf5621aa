/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's SHA-256 on the examples of FIPS 180-2, appendix B; test_sha256.py compares random messages with
 * Python's.
 *
 * Include: firmware/stub abi
 */
#include "../../firmware/stub/sha256.c"
#include "../../firmware/stub/sha256_mix.c"

#include "check.h"

static void digest_hex(struct sha256 *sha, char text[2 * SHA256_DIGEST_SIZE + 1])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_finish(sha, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        sprintf(text + 2 * i, "%02x", digest[i]);
}

static void check_digest(const char *message, const char *expected)
{
    char text[2 * SHA256_DIGEST_SIZE + 1];
    struct sha256 sha;

    sha256_start(&sha);
    sha256_add(&sha, message, strlen(message));
    digest_hex(&sha, text);
    check_context = message;
    CHECK(strcmp(text, expected) == 0);
}

/* Appendix B.3: a million times the letter a, added in uneven pieces. */
static void check_million(void)
{
    static char letters[1000];
    char text[2 * SHA256_DIGEST_SIZE + 1];
    struct sha256 sha;
    size_t left = 1000000;

    memset(letters, 'a', sizeof(letters));
    sha256_start(&sha);
    for (size_t part = 1; left > 0; part = part * 7 % 997 + 1) {
        size_t size = part < left ? part : left;

        sha256_add(&sha, letters, size);
        left -= size;
    }
    digest_hex(&sha, text);
    CHECK(strcmp(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0);
}

int main(void)
{
    check_digest("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_digest("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_million();
    return 0;
}
