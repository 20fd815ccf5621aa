/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"
#include "console.h"
#include "fdt.h"
#include "hcall.h"
#include "trap.h"

_Noreturn void guest_start(uint64_t tree, uint64_t msr, uint64_t registers);

uint64_t guest_entry_msr;
uint64_t guest_entry_registers;

/* Called by start.S in real mode with interrupts off. */
_Noreturn void guest_start(uint64_t tree, uint64_t msr, uint64_t registers)
{
    guest_entry_msr = msr;
    guest_entry_registers = registers;
    trap_init();
    fdt_init(tree);
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && HCALL(H_SET_MODE, 1, MODE_ENDIAN).status != H_SUCCESS)
        check_true(false, "H_SET_MODE: little-endian exceptions");
    guest_main();
    check_done();
}
