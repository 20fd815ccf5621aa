/* SPDX-License-Identifier: BSD-2-Clause */
#include "silent.h"

size_t silent_write(const char *text, size_t size)
{
    (void)text;
    return size;
}

size_t silent_read(char *text, size_t size)
{
    (void)text;
    (void)size;
    return 0;
}

void silent_action(void)
{
}

void silent_interrupts_init(const void *fdt)
{
    (void)fdt;
}

void silent_interrupt(bool on)
{
    (void)on;
}

bool silent_clock(struct calendar *now)
{
    (void)now;
    return false;
}

bool silent_random(uint64_t *value)
{
    (void)value;
    return false;
}

const struct platform silent_platform = {
    .name = "unknown",
    .console_write = silent_write,
    SILENT_DEVICES,
    .power_off = silent_action,
    .reboot = silent_action,
};
