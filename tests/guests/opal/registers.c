/* SPDX-License-Identifier: BSD-2-Clause */
/* What a call must leave alone: the caller's registers, its mode, its stack. */
#include "../lib/memory.h"
#include "../lib/regs.h"
#include "cases.h"

#define SPR_HID0 1008
#define SPR_LPCR 318
#define SPR_HSPRG1 305
#define SPR_DSCR 17

/* Condition register fields 2 to 4 (ELFv2 ABI 2.2.2). */
#define CR_KEPT UINT64_C(0x00fff000)

#define GUARD_DEPTH 1024
#define GUARD_SIZE 2048
#define GUARD_BYTE 0xa5

/* A harmless call for each way through the firmware that the registers are looked at after. */
static const struct {
    const char *name;
    uint64_t token;
    uint64_t argument;
} calls[] = {
    {"OPAL_TEST", OPAL_TEST, 0},
    {"OPAL_POLL_EVENTS", OPAL_POLL_EVENTS, 0},
    {"OPAL_CONSOLE_FLUSH", OPAL_CONSOLE_FLUSH, 0},
    {"an unknown token", 255, 0},
};

static int64_t call(struct opal_frame *frame, unsigned index, uint64_t msr)
{
    return opal_call_frame(frame, calls[index].token, (const uint64_t[8]){calls[index].argument}, msr);
}

static bool is_kept(const struct opal_frame *frame, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++)
        if (frame->out[i] != frame->in[i])
            return false;
    return true;
}

static void check_general(unsigned index)
{
    struct opal_frame frame;
    const char *name = calls[index].name;

    call(&frame, index, msr_read());
    check_true(is_kept(&frame, 1, 1), "registers: r1, %s", name);
    check_true(is_kept(&frame, 13, 13), "registers: r13, %s", name);
    check_true(is_kept(&frame, 14, 31), "registers: r14 to r31, %s", name);
    check_equal(frame.cr_out & CR_KEPT, frame.cr_in & CR_KEPT, "registers: CR2 to CR4, %s", name);
    check_equal(frame.msr_out, frame.msr_in, "registers: MSR, %s", name);
    call(&frame, index, msr_read() | MSR_ME | MSR_RI);
    check_equal(frame.msr_out, frame.msr_in, "registers: MSR with ME and RI, %s", name);
}

/* No interrupt may come: the decrementer is far off and nothing is routed here. */
static void check_interrupts_on(unsigned index)
{
    struct opal_frame frame;

    SPR_WRITE(SPR_DEC, 0x7fffffff);
    call(&frame, index, msr_read() | MSR_EE);
    check_equal(frame.msr_out, frame.msr_in, "registers: MSR with EE, %s", calls[index].name);
    check_true(is_kept(&frame, 13, 31), "registers: r13 to r31 with EE, %s", calls[index].name);
}

struct special {
    uint64_t hid0, lpcr, hsprg1, sprg0, sprg1, sprg2, sprg3, dscr;
};

static struct special special_read(void)
{
    return (struct special){
        SPR_READ(SPR_HID0), SPR_READ(SPR_LPCR), SPR_READ(SPR_HSPRG1), SPR_READ(SPR_SPRG0),
        SPR_READ(SPR_SPRG0 + 1), SPR_READ(SPR_SPRG0 + 2), SPR_READ(SPR_SPRG0 + 3), SPR_READ(SPR_DSCR),
    };
}

static void check_special(void)
{
    struct special before, after;
    struct opal_frame frame;

    SPR_WRITE(SPR_HSPRG1, UINT64_C(0x1122334455667788));
    SPR_WRITE(SPR_SPRG0, 0x1000);
    SPR_WRITE(SPR_SPRG0 + 1, 0x1001);
    SPR_WRITE(SPR_SPRG0 + 2, 0x1002);
    SPR_WRITE(SPR_SPRG0 + 3, 0x1003);
    before = special_read();
    for (unsigned i = 0; i < ARRAY_COUNT(calls); i++)
        call(&frame, i, msr_read());
    after = special_read();
    check_equal(after.hid0, before.hid0, "registers: HID0");
    check_equal(after.lpcr, before.lpcr, "registers: LPCR");
    check_equal(after.hsprg1, before.hsprg1, "registers: HSPRG1");
    check_equal(after.sprg0, before.sprg0, "registers: SPRG0");
    check_equal(after.sprg1, before.sprg1, "registers: SPRG1");
    check_equal(after.sprg2, before.sprg2, "registers: SPRG2");
    check_equal(after.sprg3, before.sprg3, "registers: SPRG3");
    check_equal(after.dscr, before.dscr, "registers: DSCR");
}

/* Floating point is off during the call, as in a kernel; what a user program had in the registers must stay. */
static void check_floating_point(void)
{
    uint64_t msr = msr_read();
    uint64_t value = UINT64_C(0x400921fb54442d18);
    uint64_t after_f0 = 0, after_f31 = 0;
    struct opal_frame frame;

    msr_write(msr | MSR_FP);
    __asm__ volatile("lfd 0, 0(%0)\n\tlfd 31, 0(%0)" ::"b"(&value) : "memory");
    msr_write(msr);
    for (unsigned i = 0; i < ARRAY_COUNT(calls); i++)
        call(&frame, i, msr);
    msr_write(msr | MSR_FP);
    __asm__ volatile("stfd 0, 0(%0)\n\tstfd 31, 0(%1)" ::"b"(&after_f0), "b"(&after_f31) : "memory");
    msr_write(msr);
    check_true(after_f0 == value && after_f31 == value, "registers: floating point");
}

/* The firmware has a stack of its own. What is deeper in the caller's than our own calls go must stay. */
static __attribute__((noinline)) void check_stack(void)
{
    volatile uint8_t *guard = (volatile uint8_t *)__builtin_frame_address(0) - GUARD_DEPTH - GUARD_SIZE;
    struct opal_frame frame;
    unsigned changed = 0;

    for (unsigned i = 0; i < GUARD_SIZE; i++)
        guard[i] = GUARD_BYTE;
    call(&frame, 0, msr_read());
    for (unsigned i = 0; i < GUARD_SIZE; i++)
        changed += guard[i] != GUARD_BYTE;
    check_equal(changed, 0, "registers: the caller's stack");
}

void cases_registers(void)
{
    for (unsigned i = 0; i < ARRAY_COUNT(calls); i++) {
        check_general(i);
        check_interrupts_on(i);
    }
    check_special();
    check_floating_point();
    check_stack();
}
