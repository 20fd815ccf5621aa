/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * WARN_ON counts and goes on; a broken invariant of one domain ends in domain_crash(); BUG_ON and hv_panic stop
 * the machine and are for what no guest can bring about.
 */
#ifndef HV_BUG_H
#define HV_BUG_H

#include <stdint.h>

/* Prints, leaves PANIC_REASON at stop_reason (docs/hypervisor.md) and stops. */
void hv_panic(const char *text, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Takes the console over for last words; stops at once when the last words themselves fail. A panic may begin twice. */
void hv_panic_begin(void);

/* Prints the first few and counts them all. */
void hv_warn(const char *file, int line);
uint64_t hv_warnings(void);

#define BUG_ON(condition) \
    do { \
        if (condition) { \
            hv_panic("bug at %s:%d", __FILE__, __LINE__); \
        } \
    } while (0)

#define WARN_ON(condition) \
    do { \
        if (condition) { \
            hv_warn(__FILE__, __LINE__); \
        } \
    } while (0)

#endif
