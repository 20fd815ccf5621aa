/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's text formatting against the C library's.
 *
 * Include: tests/native hypervisor/include lib/include
 */
#include "../../lib/format.c"

#include <stdint.h>
#include <stdio.h>

#include "check.h"
#include "hv_random.h"

#define ROOM 200

static char ours[ROOM];
static char theirs[ROOM];

/* Both sides with the same arguments into `size` bytes: the same text, and the length that was written. */
#define SAME(size, ...) \
    do { \
        size_t used_; \
        memset(ours, 'x', sizeof(ours)); \
        memset(theirs, 'x', sizeof(theirs)); \
        used_ = format(ours, size, __VA_ARGS__); \
        snprintf(theirs, size, __VA_ARGS__); \
        if (memcmp(ours, theirs, sizeof(ours)) != 0) { \
            fprintf(stderr, "\"%s\" instead of \"%s\"\n", ours, theirs); \
        } \
        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0); \
        CHECK(used_ == ((size) == 0 ? 0 : strlen(theirs))); \
    } while (0)

static void test_conversions(void)
{
    SAME(ROOM, "plain");
    SAME(ROOM, "%%");
    SAME(ROOM, "%c%c", 'a', 'b');
    SAME(ROOM, "[%s]", "");
    SAME(ROOM, "%d %d %d", INT32_MIN, 0, INT32_MAX);
    SAME(ROOM, "%ld %ld", INT64_MIN, INT64_MAX);
    SAME(ROOM, "%lld", (long long)INT64_MIN);
    SAME(ROOM, "%u %x", UINT32_MAX, UINT32_MAX);
    SAME(ROOM, "%lu 0x%016lx", UINT64_MAX, UINT64_MAX);
    SAME(ROOM, "%zu", SIZE_MAX);
    SAME(ROOM, "0x%09lx-0x%09lx domain %u", UINT64_C(0x1000000), UINT64_C(0x20), 3u);
}

static void test_padding(void)
{
    SAME(ROOM, "[%5d|%-5d|%05d]", 42, 42, 42);
    SAME(ROOM, "[%1d|%-1d|%01d]", 12345, 12345, 12345);
    SAME(ROOM, "[%10s|%-10s|%2s]", "name", "name", "name");
    SAME(ROOM, "[%3c|%-3c]", 'a', 'b');
    SAME(ROOM, "[%-26s %10lu]", "H_ENTER", UINT64_C(7));
    SAME(ROOM, "[%02d %5d %-5d]", 3, -3, -3);
}

/* A string with a precision need not be terminated (the sanitizer's own snprintf thinks it must). */
static void test_precision(void)
{
    char *text = malloc(4);

    memcpy(text, "abcd", 4);
    format(ours, sizeof(ours), "[%.4s]", text);
    CHECK(strcmp(ours, "[abcd]") == 0);
    free(text);
    SAME(ROOM, "[%.2s|%.0s|%.9s|%6.3s|%-6.3s]", "abcd", "abcd", "abcd", "abcd", "abcd");
}

/* Every size from nothing to more than enough, in a buffer of just that size. */
static void test_cutting(void)
{
    for (size_t size = 0; size < 32; size++) {
        char *exact = malloc(size);

        SAME(size, "%08x %s %5d", 0xabcu, "text", -1);
        format(exact, size, "%08x %s %5d", 0xabcu, "text", -1);
        CHECK(size == 0 || exact[size - 1] == '\0' || strlen(exact) < size);
        free(exact);
    }
    CHECK(format(NULL, 0, "%s", "text") == 0);
}

static void test_zeros_behind_the_sign(void)
{
    SAME(ROOM, "[%05d|%05ld]", -3, INT64_C(-42));
}

static void test_unknown_conversion_ends_the_text(void)
{
    const char *const bad[] = { "ab%qcd", "ab%", "ab%5", "ab%l", "ab%." };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *volatile text = bad[i]; /* hidden from the compiler's own check */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
        CHECK(format(ours, sizeof(ours), text) == 2);
#pragma GCC diagnostic pop
        CHECK(strcmp(ours, "ab") == 0);
    }
}

/* Random values through every combination of flag, width and type. */
static void test_random(void)
{
    static const char *const flags[] = { "", "0", "-" };
    static const char *const types[] = { "u", "x", "lu", "lx", "d", "ld" };
    char text[32];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    for (int step = 0; step < 20000; step++) {
        const char *type = types[random_below(6)];
        uint64_t value = random_wild();

        if (type[strlen(type) - 1] == 'd') {
            value >>= type[0] == 'l' ? 1 : 33; /* nobody pads a negative number with zeros */
        }
        snprintf(text, sizeof(text), "<%%%s%u%s>", flags[random_below(3)], (unsigned)random_below(30), type);
        check_context = text;
        if (text[2] == '0' && text[3] == '0') {
            continue; /* width 0 is another flag */
        }
        if (type[0] == 'l') {
            SAME(ROOM, text, value);
        } else {
            SAME(ROOM, text, (unsigned)value);
        }
    }
#pragma GCC diagnostic pop
    check_context = "";
}

int main(void)
{
    test_conversions();
    test_padding();
    test_precision();
    test_cutting();
    test_unknown_conversion_ends_the_text();
    test_random();
    test_zeros_behind_the_sign();
    return 0;
}
