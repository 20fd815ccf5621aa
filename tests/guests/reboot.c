/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaves traces everywhere, reboots its domain through RTAS, and finds everything as at the first start but for the NVRAM. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/mmu.h"
#include "lib/regs.h"
#include "lib/rtas.h"
#include "lib/timer.h"

#define NVRAM_OFFSET 0x100
#define SOME_PAGE UINT64_C(0x10000)
#define V (UINT64_C(0x123456789) << 12 | PTE_V_VALID)
#define TRACES 6

const char guest_name[] = "reboot";

/* What the first start leaves in the NVRAM: a mark, and how many of its traces it could leave. */
struct message {
    uint8_t mark[8];
    uint64_t traces;
};

static const uint8_t mark[8] = "rebooted";
static uint8_t vpa[1024] __attribute__((aligned(1024)));
static uint64_t initialised = 1;

/* Part of the image's memory beyond its file that start-up leaves to the loader to clear. */
static uint64_t kept __attribute__((section(".kept,\"aw\",@nobits#")));

static uint64_t test_slot(void)
{
    return mmu_entry_count() / 2;
}

static uint64_t leave_traces(void)
{
    uint64_t left = 0;

    initialised = 2;
    kept = 2;
    vpa[4] = 640 >> 8;
    vpa[5] = 640 & 0xff;
    SPR_WRITE(SPR_SPRG0, 0x1234);
    left += HCALL(H_ENTER, H_EXACT, test_slot(), V, SOME_PAGE | PTE_R_DEFAULT).status == H_SUCCESS;
    left += HCALL(H_REGISTER_VPA, VPA_REGISTER, 0, (uintptr_t)vpa).status == H_SUCCESS;
    left += HCALL(H_SET_MODE, 3, MODE_TRANSLATION, 0, 0).status == H_SUCCESS;
    left += RTAS(RTAS_IBM_SET_XIVE, 1, (uint32_t)XICS_FIRST_IRQ, 0, 5).status == 0;
    HCALL(H_CPPR, 0xff);
    left += HCALL(H_IPI, 0, 5).status == H_SUCCESS;
    left += HCALL(H_PROD, 0).status == H_SUCCESS;
    return left;
}

static void check_fresh(uint64_t traces)
{
    uint64_t start = timebase_read();

    check_equal(traces, TRACES, "before: all traces were left");
    check_equal(guest_entry_msr & ~(MSR_LE | MSR_ME), MSR_SF, "after: entry in 64-bit real mode, interrupts off");
    check_equal(guest_entry_registers, 0, "after: entry with zero in all registers but r3");
    check_equal(initialised, 1, "after: the image is loaded again");
    check_equal(kept, 0, "after: memory beyond the image's file is cleared again");
    check_equal(SPR_READ(SPR_SPRG0), 0, "after: SPRG0");
    check_true(!(mmu_read_v(test_slot()) & PTE_V_VALID), "after: the hash table is empty");
    check_equal(HCALL(H_XIRR).out[0], 0, "after: no interrupt is pending, priority 0");
    check_equal(RTAS(RTAS_IBM_GET_XIVE, 3, (uint32_t)XICS_FIRST_IRQ).values[2], XICS_PRIORITY_MASKED, "after: sources are masked");
    vpa[7] = 128;
    check_status(HCALL(H_REGISTER_VPA, VPA_REGISTER_SLB_SHADOW, 0, (uintptr_t)vpa), H_RESOURCE, "after: no processor area is registered");
    timer_init();
    timer_sleep(timer_ticks(5000));
    check_true(timebase_read() - start >= timer_ticks(5000), "after: no H_PROD is left over");
}

void guest_main(void)
{
    struct message message;
    uint32_t address = (uint32_t)(uintptr_t)&message;

    RTAS(RTAS_NVRAM_FETCH, 2, NVRAM_OFFSET, address, sizeof(message));
    if (memcmp(message.mark, mark, sizeof(mark)) == 0) {
        check_fresh(message.traces);
        return;
    }
    memcpy(message.mark, mark, sizeof(mark));
    message.traces = leave_traces();
    RTAS(RTAS_NVRAM_STORE, 2, NVRAM_OFFSET, address, sizeof(message));
    rtas_call(RTAS_SYSTEM_REBOOT, 0, 1, NULL);
    check_true(false, "system-reboot does not return");
}
