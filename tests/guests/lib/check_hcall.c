/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"
#include "hcall.h"
#include "rtas.h"

bool check_status(struct hcall result, int64_t want, const char *name, ...)
{
    va_list arguments;
    bool is_good;

    va_start(arguments, name);
    is_good = check_compare((uint64_t)result.status, (uint64_t)want, name, arguments);
    va_end(arguments);
    return is_good;
}

void check_calls(const struct check_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_status(hcall(calls[i].in), calls[i].want, "%s", calls[i].name);
}

_Noreturn void check_done(void)
{
    check_report();
    rtas_power_off();
}
