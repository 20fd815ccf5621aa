/* SPDX-License-Identifier: BSD-2-Clause */
/* The groups of cases, in the order they run in (main.c), and what they share. */
#ifndef GUEST_OPAL_CASES_H
#define GUEST_OPAL_CASES_H

#include "../lib/check.h"
#include "opal.h"

/* At entry: r3 to r9 and the machine state register, as start.S stores them. */
enum entry_register { ENTRY_R3, ENTRY_R4, ENTRY_R5, ENTRY_R6, ENTRY_R7, ENTRY_R8, ENTRY_R9, ENTRY_MSR };

extern uint64_t entry_registers[8];

/* What a call returned. */
bool check_answer(int64_t got, int64_t want, const char *name, ...) __attribute__((format(printf, 3, 4)));

/* A call whose status is all there is to check. */
struct opal_case {
    const char *name;
    uint64_t token;
    uint64_t in[8];
    int64_t want;
};

void check_cases(const struct opal_case *cases, size_t count);

void cases_entry(void);
void cases_tokens(void);
void cases_registers(void);
void cases_terminal(void);
void cases_typing(void);
void cases_processors(void);
void cases_byte_order(void);
void cases_together(void);
void cases_interrupts(void);
void cases_clock(void);
void cases_xscom(void);
void cases_lpc(void);
void cases_pci(void);
void cases_pci_tables(uint64_t bridge);
void cases_pci_host(bool has_bridge, uint64_t bridge);
void cases_pci_windows(bool has_bridge, uint64_t bridge);
void cases_reboot(void);
_Noreturn void cases_power(void);

/*
 * Prints once more all that print() has printed: firmware that logs what it is called for breaks lines, and here it is
 * called for nothing else.
 */
void console_repeat(void);

/* Other processors: how many, what they are called, and how they run a function (processors.c). */
#define PROCESSOR_MAX 8

typedef void processor_body(unsigned index);

unsigned processor_count(void);
uint64_t processor_server(unsigned index);
unsigned processor_self(void);

/* Starts all others with a function and waits until they have come back from it and are the firmware's again. */
bool processors_run(processor_body *body);

#endif
