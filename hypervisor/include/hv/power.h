/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HV_POWER_H
#define HV_POWER_H

/* Both print what every domain cost (stats.h), empty the console and do not return. */
void machine_power_off(void) __attribute__((noreturn));
void machine_reboot(void) __attribute__((noreturn));

#endif
