/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OPAL as its callers and our own firmware see it: what calls return, and the numbers of those that stub and hypervisor
 * make (skiboot, doc/opal-api). The firmware has every number in opal_call_list.h. Usable from assembly.
 */
#ifndef HV_OPAL_H
#define HV_OPAL_H

#define OPAL_SUCCESS 0
#define OPAL_PARAMETER (-1)
#define OPAL_BUSY (-2)    /* nothing was done: call again */
#define OPAL_PARTIAL (-3) /* a part was done: call again for the rest */
#define OPAL_HARDWARE (-6)
#define OPAL_UNSUPPORTED (-7)
#define OPAL_RESOURCE (-10)
#define OPAL_INTERNAL_ERROR (-11)
#define OPAL_BUSY_EVENT (-12) /* as OPAL_BUSY, and OPAL_POLL_EVENTS between the calls */
#define OPAL_WRONG_STATE (-14)

#define OPAL_CONSOLE_WRITE 1
#define OPAL_CONSOLE_READ 2
#define OPAL_RTC_READ 3
#define OPAL_CEC_POWER_DOWN 5
#define OPAL_CEC_REBOOT 6
#define OPAL_POLL_EVENTS 10
#define OPAL_CONSOLE_FLUSH 117

#endif
