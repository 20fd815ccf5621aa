/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's text formatting.
 *
 * Include: firmware/stub
 */
#include "../../firmware/stub/refusal.c"

#include <limits.h>

#include "check.h"

static void test_conversions(void)
{
    char text[64];

    text_format(text, sizeof(text), "%s is %lu, 0x%lx", "it", 0UL, 0UL);
    CHECK(strcmp(text, "it is 0, 0x0") == 0);
    text_format(text, sizeof(text), "%lu%s%lx", ULONG_MAX, "-", ULONG_MAX);
    CHECK(strcmp(text, "18446744073709551615-ffffffffffffffff") == 0);
    text_format(text, sizeof(text), "%s%s", "", "");
    CHECK(strcmp(text, "") == 0);
}

static void test_cutting(void)
{
    char text[8] = "xxxxxxx";

    text_format(text, sizeof(text), "%s", "0123456789");
    CHECK(strcmp(text, "0123456") == 0);
    text_format(text, 3, "%lu", 12345UL);
    CHECK(strcmp(text, "12") == 0);
    text_format(text, 1, "%s", "a");
    CHECK(strcmp(text, "") == 0);
}

static void test_refuse(void)
{
    struct refusal refusal;

    CHECK(!refuse(&refusal, 7, "entry %lu (%s)", 3UL, "name"));
    CHECK(refusal.reason == 7);
    CHECK(strcmp(refusal.text, "entry 3 (name)") == 0);
}

int main(void)
{
    test_conversions();
    test_cutting();
    test_refuse();
    return 0;
}
