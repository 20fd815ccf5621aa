/* SPDX-License-Identifier: BSD-2-Clause */
/* The remaining hypercalls, unknown numbers, and calls from problem state. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/mmu.h"
#include "lib/timer.h"
#include "lib/trap.h"

#define H_CONTINUE 18

const char guest_name[] = "hcall_misc";

static const uint64_t known[] = {
    H_REMOVE, H_ENTER, H_READ, H_CLEAR_MOD, H_CLEAR_REF, H_PROTECT, H_SET_DABR, H_PAGE_INIT, H_SET_SPRG0, H_GET_TERM_CHAR,
    H_PUT_TERM_CHAR, H_EOI, H_CPPR, H_IPI, H_IPOLL, H_XIRR, H_REGISTER_VPA, H_CEDE, H_CONFER, H_PROD, H_BULK_REMOVE,
    H_SET_XDABR, H_JOIN, H_XIRR_X, H_RANDOM, H_SET_MODE, H_GET_CPU_CHARACTERISTICS, H_SIGNAL_SYS_RESET, H_RTAS,
};

static bool is_known(uint64_t number)
{
    for (unsigned i = 0; i < ARRAY_COUNT(known); i++)
        if (known[i] == number)
            return true;
    return false;
}

/* Numbers in PAPR, written down once more: what the domain sees must not follow a slip in ours. */
static void check_numbers(void)
{
    static const struct {
        const char *name;
        uint64_t ours, papr;
    } numbers[] = {
        {"H_REMOVE", H_REMOVE, 0x4},
        {"H_ENTER", H_ENTER, 0x8},
        {"H_READ", H_READ, 0xc},
        {"H_CLEAR_MOD", H_CLEAR_MOD, 0x10},
        {"H_CLEAR_REF", H_CLEAR_REF, 0x14},
        {"H_PROTECT", H_PROTECT, 0x18},
        {"H_SET_SPRG0", H_SET_SPRG0, 0x24},
        {"H_SET_DABR", H_SET_DABR, 0x28},
        {"H_PAGE_INIT", H_PAGE_INIT, 0x2c},
        {"H_GET_TERM_CHAR", H_GET_TERM_CHAR, 0x54},
        {"H_PUT_TERM_CHAR", H_PUT_TERM_CHAR, 0x58},
        {"H_EOI", H_EOI, 0x64},
        {"H_CPPR", H_CPPR, 0x68},
        {"H_IPI", H_IPI, 0x6c},
        {"H_IPOLL", H_IPOLL, 0x70},
        {"H_XIRR", H_XIRR, 0x74},
        {"H_REGISTER_VPA", H_REGISTER_VPA, 0xdc},
        {"H_CEDE", H_CEDE, 0xe0},
        {"H_CONFER", H_CONFER, 0xe4},
        {"H_PROD", H_PROD, 0xe8},
        {"H_BULK_REMOVE", H_BULK_REMOVE, 0x124},
        {"H_SET_XDABR", H_SET_XDABR, 0x134},
        {"H_GET_CPU_CHARACTERISTICS", H_GET_CPU_CHARACTERISTICS, 0x1c8},
        {"H_JOIN", H_JOIN, 0x298},
        {"H_XIRR_X", H_XIRR_X, 0x2fc},
        {"H_RANDOM", H_RANDOM, 0x300},
        {"H_SET_MODE", H_SET_MODE, 0x31c},
        {"H_SIGNAL_SYS_RESET", H_SIGNAL_SYS_RESET, 0x380},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(numbers); i++)
        check_equal(numbers[i].ours, numbers[i].papr, "number of %s", numbers[i].name);
}

static void check_unknown(void)
{
    static const uint64_t wild[] = {0, 1, 2, 3, 5, 0x31d, 0xeffc, 0xf001, 0xf004, 0xf080, 0xfffc, 0x10000, UINT64_C(1) << 31,
                                    UINT64_C(1) << 32 | H_READ, UINT64_C(1) << 63 | H_READ, WORD_MAX - 3, WORD_MAX};
    uint64_t refused = 0, wrong = 0;

    for (unsigned i = 0; i < ARRAY_COUNT(wild); i++)
        check_status(HCALL(wild[i], 0, 0, 0, 0), H_FUNCTION, "number 0x%lx", wild[i]);
    for (uint64_t number = 4; number < 0x800; number += 4)
        if (!is_known(number)) {
            bool is_refused = HCALL(number, WORD_MAX, WORD_MAX, WORD_MAX, WORD_MAX).status == H_FUNCTION;

            refused += is_refused;
            wrong += !is_refused;
        }
    check_equal(wrong, 0, "xen-10 all unknown numbers below 0x800");
    check_true(refused > 0x100, "xen-10 ... and there are many");
    check_status(HCALL(0x20, 0, 0, 0), H_FUNCTION, "xen-5 H_PUT_TCE: a domain without device windows has none to change");
    check_status(HCALL(0x1c, 0, 0), H_FUNCTION, "xen-4 H_GET_TCE");
    check_status(HCALL(0x138, 0, 0, 0, 1), H_FUNCTION, "xen-4 H_STUFF_TCE");
}

static void check_registers(void)
{
    static const uint64_t values[] = {0, 1, UINT64_C(0x8000000000000000), UINT64_C(0x0123456789abcdef), WORD_MAX};
    static const struct check_call calls[] = {
        {"H_SET_DABR: a place nobody touches", {H_SET_DABR, (UINT64_C(1) << 50) | 7}, H_SUCCESS},
        {"H_SET_DABR: off", {H_SET_DABR, 4}, H_SUCCESS},
        {"H_SET_XDABR: off", {H_SET_XDABR, 0, 3}, H_SUCCESS},
        {"H_SET_XDABR: hypervisor state", {H_SET_XDABR, 0, 4}, H_PARAMETER},
        {"H_SET_XDABR: undefined bits", {H_SET_XDABR, 0, 0x13}, H_PARAMETER},
        {"H_SET_XDABR: wild", {H_SET_XDABR, WORD_MAX, WORD_MAX}, H_PARAMETER},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(values); i++) {
        check_status(HCALL(H_SET_SPRG0, values[i]), H_SUCCESS, "H_SET_SPRG0 %u", i);
        check_equal(SPR_READ(SPR_SPRG0), values[i], "H_SET_SPRG0 %u: SPRG0 has it", i);
    }
    check_calls(calls, ARRAY_COUNT(calls));
}

static void check_modes(void)
{
    const uint64_t endian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const struct check_call calls[] = {
        {"H_SET_MODE: resource 0", {H_SET_MODE, 0, 0, 0, 0}, H_P2},
        {"H_SET_MODE: resource 5", {H_SET_MODE, 0, 5, 0, 0}, H_P2},
        {"H_SET_MODE: resource -1", {H_SET_MODE, 0, WORD_MAX, 0, 0}, H_P2},
        {"H_SET_MODE: resource 2^32 + 4", {H_SET_MODE, endian, (UINT64_C(1) << 32) + 4, 0, 0}, H_P2},
        {"H_SET_MODE endian: first value", {H_SET_MODE, endian, MODE_ENDIAN, 1, 0}, H_P3},
        {"H_SET_MODE endian: second value", {H_SET_MODE, endian, MODE_ENDIAN, 0, 1}, H_P4},
        {"H_SET_MODE endian: flags 2", {H_SET_MODE, 2, MODE_ENDIAN, 0, 0}, H_UNSUPPORTED_FLAG},
        {"H_SET_MODE endian: flags -1", {H_SET_MODE, WORD_MAX, MODE_ENDIAN, 0, 0}, H_UNSUPPORTED_FLAG},
        {"H_SET_MODE endian: as it is", {H_SET_MODE, endian, MODE_ENDIAN, 0, 0}, H_SUCCESS},
        {"H_SET_MODE translation: first value", {H_SET_MODE, 3, MODE_TRANSLATION, 1, 0}, H_P3},
        {"H_SET_MODE translation: second value", {H_SET_MODE, 3, MODE_TRANSLATION, 0, 1}, H_P4},
        {"H_SET_MODE translation: 1", {H_SET_MODE, 1, MODE_TRANSLATION, 0, 0}, H_UNSUPPORTED_FLAG},
        {"H_SET_MODE translation: 4", {H_SET_MODE, 4, MODE_TRANSLATION, 0, 0}, H_UNSUPPORTED_FLAG},
        {"H_SET_MODE translation: -1", {H_SET_MODE, WORD_MAX, MODE_TRANSLATION, 0, 0}, H_UNSUPPORTED_FLAG},
        {"H_SET_MODE translation: 2", {H_SET_MODE, 2, MODE_TRANSLATION, 0, 0}, H_SUCCESS},
        {"H_SET_MODE translation: 3", {H_SET_MODE, 3, MODE_TRANSLATION, 0, 0}, H_SUCCESS},
        {"H_SET_MODE translation: 0", {H_SET_MODE, 0, MODE_TRANSLATION, 0, 0}, H_SUCCESS},
        {"H_SET_MODE breakpoint: flags", {H_SET_MODE, 1, MODE_CIABR, 0, 0}, H_UNSUPPORTED_FLAG},
        {"H_SET_MODE breakpoint: second value", {H_SET_MODE, 0, MODE_CIABR, 0, 1}, H_P4},
        {"H_SET_MODE breakpoint: hypervisor state", {H_SET_MODE, 0, MODE_CIABR, 0x10003, 0}, H_P3},
        {"H_SET_MODE breakpoint: off", {H_SET_MODE, 0, MODE_CIABR, 0, 0}, H_SUCCESS},
        {"H_SET_MODE watchpoint: flags", {H_SET_MODE, 1, MODE_DAWR, 0, 0}, H_UNSUPPORTED_FLAG},
        {"H_SET_MODE watchpoint: hypervisor state", {H_SET_MODE, 0, MODE_DAWR, 0x10000, 0x1f}, H_P4},
        {"H_SET_MODE watchpoint: off", {H_SET_MODE, 0, MODE_DAWR, 0, 0}, H_SUCCESS},
    };

    check_calls(calls, ARRAY_COUNT(calls));
}

static void check_random(void)
{
    struct hcall first = HCALL(H_RANDOM), second = HCALL(H_RANDOM);

    bool is_absent = first.status == H_FUNCTION || first.status == H_HARDWARE;

    check_true(is_absent || (first.status == H_SUCCESS && first.out[0] != second.out[0]), "H_RANDOM: none, or not the same twice");
    check_true(first.status == second.status, "H_RANDOM: the same answer twice");
}

static unsigned resets;

static void reset_taken(struct trap_frame *frame)
{
    (void)frame;
    resets++;
}

static void check_reset(void)
{
    static const struct check_call calls[] = {
        {"H_SIGNAL_SYS_RESET: processor 1 of 1", {H_SIGNAL_SYS_RESET, 1}, H_PARAMETER},
        {"H_SIGNAL_SYS_RESET: processor -3", {H_SIGNAL_SYS_RESET, WORD_MAX - 2}, H_PARAMETER},
        {"H_SIGNAL_SYS_RESET: all the others of one", {H_SIGNAL_SYS_RESET, WORD_MAX - 1}, H_SUCCESS},
    };

    trap_set_handler(VECTOR_RESET, reset_taken);
    check_calls(calls, ARRAY_COUNT(calls));
    check_equal(resets, 0, "H_SIGNAL_SYS_RESET: not to the caller");
    check_status(HCALL(H_SIGNAL_SYS_RESET, 0), H_SUCCESS, "H_SIGNAL_SYS_RESET: itself");
    check_equal(resets, 1, "H_SIGNAL_SYS_RESET: arrives at 0x100 at once");
    check_status(HCALL(H_SIGNAL_SYS_RESET, WORD_MAX), H_SUCCESS, "H_SIGNAL_SYS_RESET: all");
    check_equal(resets, 2, "H_SIGNAL_SYS_RESET: all are one");
    trap_set_handler(VECTOR_RESET, NULL);
}

static void check_yielding(void)
{
    static const struct check_call calls[] = {
        {"H_PROD: processor 1 of 1", {H_PROD, 1}, H_PARAMETER},
        {"H_PROD: processor 2^32", {H_PROD, UINT64_C(1) << 32}, H_PARAMETER},
        {"H_PROD: processor -1", {H_PROD, WORD_MAX}, H_PARAMETER},
        {"H_CONFER: processor 1 of 1", {H_CONFER, 1, 0}, H_PARAMETER},
        {"H_CONFER: processor -2", {H_CONFER, WORD_MAX - 1, 0}, H_PARAMETER},
        {"H_CONFER: to all", {H_CONFER, WORD_MAX, 0}, H_SUCCESS},
        {"H_PROD: itself", {H_PROD, 0}, H_SUCCESS},
        {"H_CEDE: returns at once after H_PROD", {H_CEDE}, H_SUCCESS},
        {"H_PROD: itself, again", {H_PROD, 0}, H_SUCCESS},
        {"H_CONFER: to itself after H_PROD", {H_CONFER, 0, 0}, H_SUCCESS},
    };
    uint64_t start, count;

    timer_init();
    check_calls(calls, ARRAY_COUNT(calls));
    check_true(msr_read() & MSR_EE, "H_CEDE: interrupts are on behind it");
    check_status(HCALL(H_JOIN), H_BAD_MODE, "H_JOIN: with interrupts on");
    msr_write(msr_read() & ~MSR_EE);
    check_status(HCALL(H_JOIN), H_CONTINUE, "H_JOIN: the last one continues");
    count = timer_count();
    start = timebase_read();
    check_true(timer_sleep(timer_ticks(20000)) < 10, "H_CEDE: H_PROD counts for one only");
    check_true(timebase_read() - start >= timer_ticks(20000), "H_CEDE: sleeps until the decrementer");
    check_equal(timer_count() - count, 1, "H_CEDE: the decrementer interrupt comes");
}

static void body_hcall(uint64_t number)
{
    HCALL(number);
}

static void body_hcall_check(uint64_t result)
{
    struct hcall *call = (struct hcall *)result;

    *call = HCALL(H_SET_SPRG0, 0x5a5a);
}

static void check_user(void)
{
    struct hcall call = {.status = 1};
    struct trap trap;
    unsigned returned = 0;

    if (!mmu_map_identity())
        return;
    HCALL(H_SET_SPRG0, 0x1111);
    trap = trap_catch_user(body_hcall_check, (uintptr_t)&call);
    check_equal(trap.vector, VECTOR_SYSTEM_CALL, "problem state: a hypercall returns");
    check_status(call, H_PRIVILEGE, "problem state: H_PRIVILEGE");
    check_equal(SPR_READ(SPR_SPRG0), 0x1111, "problem state: it did nothing");
    for (unsigned i = 0; i < ARRAY_COUNT(known); i++)
        returned += trap_catch_user(body_hcall, known[i]).vector == VECTOR_SYSTEM_CALL;
    check_equal(returned, ARRAY_COUNT(known), "problem state: each hypercall returns");
}

void guest_main(void)
{
    check_numbers();
    check_registers();
    check_modes();
    check_random();
    check_true(HCALL(H_GET_CPU_CHARACTERISTICS).status == H_SUCCESS, "H_GET_CPU_CHARACTERISTICS");
    check_reset();
    check_yielding();
    check_unknown();
    check_user();
}
