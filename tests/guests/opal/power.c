/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a run: `end=` in the command line says which; tests/boot/test_opal_calls.py sees whether it happened. */
#include "../lib/console.h"
#include "../lib/fdt.h"
#include "../lib/regs.h"
#include "cases.h"

enum { END_POWER_OFF = 0, END_REBOOT = 1 };

#define PATIENCE (UINT64_C(20) * 512000000)

/* After all that other processors do: skiboot holds their calls from here on, whatever it answers. */
void cases_reboot(void)
{
    check_answer(OPAL(OPAL_CEC_REBOOT2, 77), OPAL_UNSUPPORTED, "OPAL_CEC_REBOOT2: unknown kind");
}

/* With a management controller both requests are carried out while we poll; without one they must say so and return. */
_Noreturn void cases_power(void)
{
    bool is_reboot = fdt_option("end", END_POWER_OFF) == END_REBOOT;
    const char *name = is_reboot ? "OPAL_CEC_REBOOT" : "OPAL_CEC_POWER_DOWN";
    uint64_t end = timebase_read() + PATIENCE;
    int64_t status;

    print("END %s\n", name);
    status = opal_call_until_done(is_reboot ? OPAL_CEC_REBOOT : OPAL_CEC_POWER_DOWN, (const uint64_t[8]){0});
    while (status == OPAL_SUCCESS && timebase_read() < end)
        opal_poll();
    print("LEFT %s %ld\n", name, status);
    for (;;)
        opal_poll();
}
