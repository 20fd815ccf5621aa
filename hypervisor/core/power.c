/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/power.h"

#include "hv/bug.h"
#include "hv/console.h"
#include "hv/domain.h"
#include "hv/platform.h"

static void farewell(const char *what)
{
    for (uint32_t i = 0; i < domain_count; i++) {
        stats_print(&domains[i]);
    }
    if (hv_warnings() != 0) {
        hv_print("%lu warnings\n", hv_warnings());
    }
    hv_print("%s\n", what);
    console_flush();
}

void machine_power_off(void)
{
    farewell("power off");
    platform->power_off();
    hv_panic("the platform does not power off");
}

void machine_reboot(void)
{
    farewell("reboot");
    platform->reboot();
    hv_panic("the platform does not reboot");
}
