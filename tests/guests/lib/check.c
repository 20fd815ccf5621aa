/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "console.h"

static struct {
    unsigned pass;
    unsigned fail;
} counts;

static void put_value(uint64_t value)
{
    int64_t number = (int64_t)value;

    if (number > -4096 && number < 4096)
        print("%ld", number);
    else
        print("0x%lx", value);
}

bool check_compare(uint64_t got, uint64_t want, const char *name, va_list arguments)
{
    bool is_good = got == want;

    counts.pass += is_good;
    counts.fail += !is_good;
    print(is_good ? "PASS " : "FAIL ");
    print_arguments(name, arguments);
    if (!is_good) {
        print(": got ");
        put_value(got);
        print(" want ");
        put_value(want);
    }
    print("\n");
    return is_good;
}

bool check_equal(uint64_t got, uint64_t want, const char *name, ...)
{
    va_list arguments;
    bool is_good;

    va_start(arguments, name);
    is_good = check_compare(got, want, name, arguments);
    va_end(arguments);
    return is_good;
}

bool check_true(bool condition, const char *name, ...)
{
    va_list arguments;
    bool is_good;

    va_start(arguments, name);
    is_good = check_compare(condition, true, name, arguments);
    va_end(arguments);
    return is_good;
}

void check_report(void)
{
    print("DONE %s pass=%u fail=%u\n", guest_name, counts.pass, counts.fail);
}
