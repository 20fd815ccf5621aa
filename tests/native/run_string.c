/* SPDX-License-Identifier: BSD-2-Clause */
/* The freestanding C library functions against the host's. */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define memcpy our_memcpy
#define memmove our_memmove
#define memset our_memset
#define memcmp our_memcmp
#define memchr our_memchr
#define strlen our_strlen
#define strnlen our_strnlen
#define strcmp our_strcmp
#define strncmp our_strncmp
#define strchr our_strchr
#define strrchr our_strrchr
#define strtoul our_strtoul
#include "../../lib/freestanding/include/stdlib.h"
#include "../../lib/freestanding/include/string.h"
#include "../../lib/freestanding/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strtoul

#include "check.h"

#define SIZE 200U

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void fill_random(unsigned char *bytes)
{
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)rand();
}

/* Every pair of alignments and sizes around the unrolled loops. */
static void test_copies(void)
{
    unsigned char source[SIZE], ours[SIZE], theirs[SIZE];

    fill_random(source);
    for (size_t from = 0; from < 16; from++) {
        for (size_t to = 0; to < 16; to++) {
            for (size_t size = 0; size < 100; size++) {
                memset(ours, 0x55, SIZE);
                memset(theirs, 0x55, SIZE);
                memcpy(theirs + to, source + from, size);
                CHECK(our_memcpy(ours + to, source + from, size) == ours + to);
                CHECK(memcmp(ours, theirs, SIZE) == 0);

                memcpy(ours, source, SIZE);
                memcpy(theirs, source, SIZE);
                memmove(theirs + 40 + to, theirs + 40 + from, size);
                CHECK(our_memmove(ours + 40 + to, ours + 40 + from, size) == ours + 40 + to);
                CHECK(memcmp(ours, theirs, SIZE) == 0);
            }
        }
    }
}

static void test_memset(void)
{
    unsigned char ours[SIZE], theirs[SIZE];

    for (size_t to = 0; to < 16; to++) {
        for (size_t size = 0; size < 100; size++) {
            memset(ours, 0x55, SIZE);
            memset(theirs, 0x55, SIZE);
            memset(theirs + to, 0x1a3, size);
            CHECK(our_memset(ours + to, 0x1a3, size) == ours + to);
            CHECK(memcmp(ours, theirs, SIZE) == 0);
        }
    }
}

static void test_comparisons(void)
{
    static const char *const texts[] = {"", "a", "b", "ab", "abc", "abd", "\xff", "\x7f", "a\xff"};
    const size_t count = sizeof(texts) / sizeof(texts[0]);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            size_t shorter = strlen(texts[i]) < strlen(texts[j]) ? strlen(texts[i]) : strlen(texts[j]);

            CHECK(sign(our_strcmp(texts[i], texts[j])) == sign(strcmp(texts[i], texts[j])));
            for (size_t limit = 0; limit < 5; limit++)
                CHECK(sign(our_strncmp(texts[i], texts[j], limit)) == sign(strncmp(texts[i], texts[j], limit)));
            CHECK(sign(our_memcmp(texts[i], texts[j], shorter)) == sign(memcmp(texts[i], texts[j], shorter)));
        }
    }
}

static void test_searches(void)
{
    static const char text[] = "/chosen/dom0\xf1/x";

    for (int value = 0; value < 256; value++) {
        CHECK(our_memchr(text, value, sizeof(text) - 1) == memchr(text, value, sizeof(text) - 1));
        CHECK(our_strchr(text, value) == strchr(text, value));
        CHECK(our_strrchr(text, value) == strrchr(text, value));
    }
    CHECK(our_strlen(text) == strlen(text) && our_strlen("") == 0);
    CHECK(our_strnlen(text, 3) == 3 && our_strnlen(text, 100) == strlen(text));
}

static void test_strtoul(void)
{
    static const char *const texts[] = {
        "",     "0",    "7",   "08",   "0x",   "0xg", "0x1F",
        "0X1f", "12:3", "077", "ffff", "-",    "z",   "18446744073709551615",
        "18446744073709551616", "99999999999999999999",
    };
    static const int bases[] = {0, 8, 10, 16, 36};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t j = 0; j < sizeof(bases) / sizeof(bases[0]); j++) {
            char *our_end;
            char *their_end;

            check_context = texts[i];
            CHECK(our_strtoul(texts[i], &our_end, bases[j]) == strtoul(texts[i], &their_end, bases[j]));
            CHECK(our_end == their_end);
        }
    }
    CHECK(our_strtoul("12", NULL, 10) == 12);
}

int main(void)
{
    srand(1);
    test_copies();
    test_memset();
    test_comparisons();
    test_searches();
    test_strtoul();
    return 0;
}
