/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the processor for two seconds with interrupts off and no hypercall; others must get their share meanwhile. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/regs.h"
#include "lib/timer.h"

const char guest_name[] = "spin";

void guest_main(void)
{
    uint64_t microseconds = fdt_option("spin-us", 2000000);
    uint64_t start = timebase_read();

    print("spinning\n");
    timer_spin(timer_ticks(microseconds));
    print("spun for %lu us\n", (timebase_read() - start) / timer_ticks(1));
    check_equal(msr_read() & MSR_EE, 0, "interrupts stayed off");
    check_true(timebase_read() - start >= timer_ticks(microseconds), "the loop ended");
}
