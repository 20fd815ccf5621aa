/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OPAL calls: `OPAL(token, arguments...)`. Numbers as in Linux, arch/powerpc/include/asm/opal-api.h; what the calls have
 * to do: skiboot, doc/opal-api. Each call checks on the way that registers come back as they should (registers.c).
 */
#ifndef GUEST_OPAL_H
#define GUEST_OPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

enum opal_status {
    OPAL_SUCCESS = 0,
    OPAL_PARAMETER = -1,
    OPAL_BUSY = -2,
    OPAL_PARTIAL = -3,
    OPAL_CLOSED = -5,
    OPAL_HARDWARE = -6,
    OPAL_UNSUPPORTED = -7,
    OPAL_RESOURCE = -10,
    OPAL_INTERNAL_ERROR = -11,
    OPAL_BUSY_EVENT = -12,
    OPAL_WRONG_STATE = -14,
};

enum opal_token {
    OPAL_TEST = 0,
    OPAL_CONSOLE_WRITE = 1,
    OPAL_CONSOLE_READ = 2,
    OPAL_RTC_READ = 3,
    OPAL_RTC_WRITE = 4,
    OPAL_CEC_POWER_DOWN = 5,
    OPAL_CEC_REBOOT = 6,
    OPAL_HANDLE_INTERRUPT = 9,
    OPAL_POLL_EVENTS = 10,
    OPAL_PCI_CONFIG_READ_BYTE = 13,
    OPAL_PCI_CONFIG_READ_HALF_WORD = 14,
    OPAL_PCI_CONFIG_READ_WORD = 15,
    OPAL_PCI_CONFIG_WRITE_BYTE = 16,
    OPAL_PCI_CONFIG_WRITE_HALF_WORD = 17,
    OPAL_PCI_CONFIG_WRITE_WORD = 18,
    OPAL_SET_XIVE = 19,
    OPAL_GET_XIVE = 20,
    OPAL_PCI_EEH_FREEZE_STATUS = 23,
    OPAL_CONSOLE_WRITE_BUFFER_SPACE = 25,
    OPAL_PCI_EEH_FREEZE_CLEAR = 26,
    OPAL_PCI_PHB_MMIO_ENABLE = 27,
    OPAL_PCI_SET_PHB_MEM_WINDOW = 28,
    OPAL_PCI_MAP_PE_MMIO_WINDOW = 29,
    OPAL_PCI_SET_PE = 31,
    OPAL_PCI_SET_PELTV = 32,
    OPAL_PCI_SET_XIVE_PE = 37,
    OPAL_GET_MSI_32 = 39,
    OPAL_GET_MSI_64 = 40,
    OPAL_START_CPU = 41,
    OPAL_QUERY_CPU_STATUS = 42,
    OPAL_PCI_MAP_PE_DMA_WINDOW = 44,
    OPAL_PCI_MAP_PE_DMA_WINDOW_REAL = 45,
    OPAL_PCI_RESET = 49,
    OPAL_PCI_REINIT = 53,
    OPAL_PCI_NEXT_ERROR = 60,
    OPAL_PCI_POLL = 62,
    OPAL_PCI_MSI_EOI = 63,
    OPAL_PCI_GET_PHB_DIAG_DATA2 = 64,
    OPAL_XSCOM_READ = 65,
    OPAL_XSCOM_WRITE = 66,
    OPAL_LPC_READ = 67,
    OPAL_LPC_WRITE = 68,
    OPAL_RETURN_CPU = 69,
    OPAL_REINIT_CPUS = 70,
    OPAL_CHECK_TOKEN = 80,
    OPAL_GET_MSG = 85,
    OPAL_CHECK_ASYNC_COMPLETION = 86,
    OPAL_SYNC_HOST_REBOOT = 87,
    OPAL_PCI_EEH_FREEZE_SET = 97,
    OPAL_CONFIG_CPU_IDLE_STATE = 99,
    OPAL_CEC_REBOOT2 = 116,
    OPAL_CONSOLE_FLUSH = 117,
    OPAL_PCI_GET_PRESENCE_STATE = 119,
    OPAL_PCI_GET_POWER_STATE = 120,
    OPAL_PCI_TCE_KILL = 126,
};

#define OPAL_EVENT_CONSOLE_INPUT UINT64_C(0x10)

/* An address that no machine has memory at, and one whose top nibble is none of a kernel's. */
#define OPAL_NO_MEMORY UINT64_C(0x0800000000000000)
#define OPAL_NO_ADDRESS UINT64_C(0x8000000000000000)

/* Where the firmware said its calls are. */
void opal_init(uint64_t base, uint64_t entry);

/* in: r3 to r10. Any processor may call, several at once. */
int64_t opal_call(uint64_t token, const uint64_t in[8]);

#define OPAL(token, ...) opal_call(token, (const uint64_t[8]){__VA_ARGS__})

/* One call with everything under control; fills in the frame's registers that opal_call() does. */
int64_t opal_call_frame(struct opal_frame *frame, uint64_t token, const uint64_t in[8], uint64_t msr);

/* The firmware's own way: poll, and call again while it is busy. */
int64_t opal_call_until_done(uint64_t token, const uint64_t in[8]);
void opal_poll(void);

/* Gives the calling processor back to the firmware. */
_Noreturn void opal_leave(void);

/* An argument that is a pointer. */
static inline uint64_t opal_address(const void *pointer)
{
    return (uint64_t)pointer;
}

/* The first call that came back with a damaged register, and which: 0 to 31, 32 for CR, 33 for MSR. */
struct opal_damage {
    bool is_seen;
    uint64_t token;
    unsigned reg;
};

extern struct opal_damage opal_damage;

#endif
