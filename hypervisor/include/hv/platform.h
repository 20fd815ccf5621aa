/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine, as the rest of the hypervisor sees it. Nothing else knows what board this is. */
#ifndef HV_PLATFORM_H
#define HV_PLATFORM_H

#include "hv/calendar.h"
#include "hv/types.h"

struct platform {
    const char *name;

    /* Both move up to size bytes and tell how many; never wait. */
    size_t (*console_write)(const char *text, size_t size);
    size_t (*console_read)(char *text, size_t size);
    /* Waits until the last byte has gone out. */
    void (*console_flush)(void);
    /* Gives the firmware time for its own work. */
    void (*poll)(void);

    /* Once per processor: finds and quiets its interrupt controller. */
    void (*interrupts_init)(const void *fdt);
    /* An external interrupt of this processor that stays until it is turned off again. */
    void (*self_interrupt)(bool on);

    bool (*clock_read)(struct calendar *now);
    /* Real random bits; false when the machine has none. */
    bool (*random)(uint64_t *value);

    /* Neither returns when it works. */
    void (*power_off)(void);
    void (*reboot)(void);
};

/*
 * How real mode may be confined on this machine: limits (bytes) that LPCR[RMLS] accepts and handles, 0 ends the
 * list.
 */
struct rmls_limit {
    uint64_t size;
    uint32_t code;
};

/* What H_GET_CPU_CHARACTERISTICS answers; false when the firmware does not say. */
struct cpu_characteristics {
    uint64_t character;
    uint64_t behaviour;
};

/* The machine we run on; a silent one until platform_init() has looked. */
extern const struct platform *platform;

void platform_init(const void *fdt, uint64_t opal_base, uint64_t opal_entry);
bool platform_is_emulated(void); /* QEMU, with the faults that docs/hardware.md lists */
const struct rmls_limit *platform_rmls_limits(void);
bool platform_cpu_characteristics(struct cpu_characteristics *result);

#endif
