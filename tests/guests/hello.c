/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest domain: reads its tree, prints, and ends. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/regs.h"

const char guest_name[] = "hello";

void guest_main(void)
{
    uint64_t first = timebase_read();
    uint64_t second = timebase_read();

    print("memory %lu MiB, of that %lu MiB in real mode; time base %u Hz, now 0x%lx\n", fdt_memory_size() >> 20,
          fdt_rma_size() >> 20, fdt_number("PowerPC,", "timebase-frequency", 0), first);
    check_true(fdt_memory_size() >= fdt_rma_size() && fdt_rma_size() > 0, "memory nodes");
    check_equal(guest_entry_msr & ~(MSR_LE | MSR_ME), MSR_SF, "entry in 64-bit real mode, interrupts off");
    check_equal(guest_entry_registers, 0, "entry with zero in all registers but r3");
    check_true(second > first, "the time base runs");
    check_true(fdt_number("PowerPC,", "timebase-frequency", 0) != 0, "timebase-frequency");
}
