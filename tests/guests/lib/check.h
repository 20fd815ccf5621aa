/* SPDX-License-Identifier: BSD-2-Clause */
/* Countable results: "PASS name", "FAIL name: got X want Y", and "DONE guest pass=N fail=M" at the end. */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hcall.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The name is a format; it must be unique in its guest and the same in every run. */
bool check_equal(uint64_t got, uint64_t want, const char *name, ...) __attribute__((format(printf, 3, 4)));
bool check_true(bool condition, const char *name, ...) __attribute__((format(printf, 2, 3)));
bool check_compare(uint64_t got, uint64_t want, const char *name, va_list arguments) __attribute__((format(printf, 3, 0)));

/* Prints DONE. */
void check_report(void);

/* check_hcall.c: the verdicts of guests that are domains. */
bool check_status(struct hcall result, int64_t want, const char *name, ...) __attribute__((format(printf, 3, 4)));

/* One call of a table: registers r3 to r11 and the status wanted. */
struct check_call {
    const char *name;
    uint64_t in[9];
    int64_t want;
};

void check_calls(const struct check_call *calls, size_t count);

/* Prints DONE and powers the domain off. */
_Noreturn void check_done(void);

/* Where every guest begins and what it is called. */
extern const char guest_name[];
void guest_main(void);

/* At entry: the machine state register, and all general registers but r3 and r11 or-ed together. */
extern uint64_t guest_entry_msr;
extern uint64_t guest_entry_registers;

#endif
