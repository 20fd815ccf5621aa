/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that does nothing but call OPAL: one line PASS or FAIL per call and error case. It runs in hypervisor real
 * mode under any firmware that starts kernels as skiboot does; docs/opal-conformance.md lists the cases.
 */
#include "../lib/console.h"
#include "../lib/fdt.h"
#include "cases.h"
#include "vectors.h"

const char guest_name[] = "opal";

_Noreturn void payload_start(const uint64_t *registers);

bool check_answer(int64_t got, int64_t want, const char *name, ...)
{
    va_list arguments;
    bool is_good;

    va_start(arguments, name);
    is_good = check_compare((uint64_t)got, (uint64_t)want, name, arguments);
    va_end(arguments);
    return is_good;
}

void check_cases(const struct opal_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_answer(opal_call(cases[i].token, cases[i].in), cases[i].want, "%s", cases[i].name);
}

/* start.S, with the stack and nothing else set up. */
_Noreturn void payload_start(const uint64_t *registers)
{
    opal_init(registers[ENTRY_R8], registers[ENTRY_R9]);
    fdt_init(registers[ENTRY_R3]);
    vectors_init();
    print("\nopal conformance, %u processors\n", processor_count());
    cases_entry();
    cases_tokens();
    cases_registers();
    cases_terminal();
    cases_processors();
    cases_byte_order();
    cases_together();
    cases_interrupts();
    cases_typing();
    cases_clock();
    cases_xscom();
    cases_lpc();
    cases_pci();
    cases_reboot();
    check_true(!opal_damage.is_seen, "registers: every call of this run keeps them");
    if (opal_damage.is_seen)
        print("register %u after call %lu\n", opal_damage.reg, opal_damage.token);
    check_report();
    print("AGAIN\n");
    console_repeat();
    cases_power();
}
