/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting, asking after and giving back processors, and their byte order in interrupts. */
#include "../lib/console.h"
#include "../lib/fdt.h"
#include "../lib/regs.h"
#include "cases.h"
#include "vectors.h"

#define THREAD_INACTIVE 0
#define THREAD_STARTED 1

#define REINIT_HILE_BE 1
#define REINIT_HILE_LE 2
#define REINIT_MMU_HASH 4
#define REINIT_UNKNOWN 0x20

#define SPR_PIR 1023
#define SPR_HID0 1008
#define HID0_HILE (UINT64_C(1) << (63 - 19))

/* Above every processor of the machine. */
#define NO_SERVER 0x7f8

#define PATIENCE (UINT64_C(20) * 512000000)

/* start.S */
extern uint8_t stacks[STACK_SIZE * STACK_COUNT];
uint64_t secondary_stack;
void secondary_entry(void);
_Noreturn void secondary_start(uint64_t r3, uint64_t msr);

/* What a started processor found and does. */
static struct {
    volatile uint64_t r3, msr, pir, order;
    processor_body *body;
    unsigned index;
    unsigned entries;
    volatile bool is_here, may_leave;
} started;

unsigned processor_count(void)
{
    struct fdt_property property;
    unsigned count = 0;

    while (count < PROCESSOR_MAX && fdt_find_at("PowerPC,", "ibm,ppc-interrupt-server#s", count, &property))
        count++;
    return count;
}

uint64_t processor_server(unsigned index)
{
    struct fdt_property property;

    return fdt_find_at("PowerPC,", "ibm,ppc-interrupt-server#s", index, &property) ? fdt_cell(&property, 0) : 0;
}

unsigned processor_self(void)
{
    unsigned index = 0;

    while (index < PROCESSOR_MAX && processor_server(index) != SPR_READ(SPR_PIR))
        index++;
    return index;
}

/* start.S, on the started processor. */
_Noreturn void secondary_start(uint64_t r3, uint64_t msr)
{
    processor_body *body = started.body;
    unsigned index = started.index;

    started.r3 = r3;
    started.msr = msr;
    started.pir = SPR_READ(SPR_PIR);
    started.order = interrupt_order();
    __atomic_add_fetch(&started.entries, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&started.is_here, true, __ATOMIC_RELEASE);
    if (body)
        body(index);
    while (!__atomic_load_n(&started.may_leave, __ATOMIC_ACQUIRE))
        continue;
    opal_leave();
}

static int64_t start(unsigned index, processor_body *body)
{
    started.body = body;
    started.index = index;
    started.is_here = false;
    secondary_stack = opal_address(stacks) + STACK_SIZE * (index + 2);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return OPAL(OPAL_START_CPU, processor_server(index), opal_address((const void *)(uintptr_t)secondary_entry));
}

static bool wait_for_start(void)
{
    uint64_t end = timebase_read() + PATIENCE;

    while (!__atomic_load_n(&started.is_here, __ATOMIC_ACQUIRE))
        if (timebase_read() > end)
            return false;
    return true;
}

/* The status of a processor, or -1. */
static int query(unsigned index)
{
    volatile uint8_t status = 0xee;
    uint64_t to = opal_address((const void *)(uintptr_t)&status);

    return OPAL(OPAL_QUERY_CPU_STATUS, processor_server(index), to) == OPAL_SUCCESS ? status : -1;
}

static bool wait_for_status(unsigned index, int status)
{
    uint64_t end = timebase_read() + PATIENCE;

    while (query(index) != status)
        if (timebase_read() > end)
            return false;
    return true;
}

bool processors_run(processor_body *body)
{
    unsigned self = processor_self();
    bool is_good = true;

    started.may_leave = false;
    for (unsigned i = 0; i < processor_count(); i++)
        if (i != self)
            is_good = is_good && start(i, body) == OPAL_SUCCESS && wait_for_start();
    __atomic_store_n(&started.may_leave, true, __ATOMIC_RELEASE);
    if (body)
        body(self);
    for (unsigned i = 0; i < processor_count(); i++)
        if (i != self)
            is_good = wait_for_status(i, THREAD_INACTIVE) && is_good;
    return is_good;
}

static void check_errors(void)
{
    const uint64_t self = SPR_READ(SPR_PIR);
    const uint64_t code = opal_address((const void *)(uintptr_t)secondary_entry);
    uint8_t status[2] = {0xee, 0xee};
    const struct opal_case cases[] = {
        {"OPAL_START_CPU: unknown processor", OPAL_START_CPU, {NO_SERVER, code}, OPAL_PARAMETER},
        {"OPAL_START_CPU: processor 2^32", OPAL_START_CPU, {self + (UINT64_C(1) << 32), code}, OPAL_PARAMETER},
        {"OPAL_START_CPU: processor -1", OPAL_START_CPU, {WORD_MAX, code}, OPAL_PARAMETER},
        {"OPAL_START_CPU: itself", OPAL_START_CPU, {self, code}, OPAL_WRONG_STATE},
        {"OPAL_START_CPU: bad address", OPAL_START_CPU, {self, OPAL_NO_ADDRESS}, OPAL_PARAMETER},
        {"OPAL_START_CPU: no memory there", OPAL_START_CPU, {self, OPAL_NO_MEMORY}, OPAL_PARAMETER},
        {"OPAL_QUERY_CPU_STATUS: unknown processor", OPAL_QUERY_CPU_STATUS,
         {NO_SERVER, opal_address(status)}, OPAL_PARAMETER},
        {"OPAL_QUERY_CPU_STATUS: processor -1", OPAL_QUERY_CPU_STATUS,
         {WORD_MAX, opal_address(status)}, OPAL_PARAMETER},
        {"OPAL_QUERY_CPU_STATUS: bad address", OPAL_QUERY_CPU_STATUS, {self, OPAL_NO_ADDRESS}, OPAL_PARAMETER},
        {"OPAL_QUERY_CPU_STATUS: no memory there", OPAL_QUERY_CPU_STATUS, {self, OPAL_NO_MEMORY}, OPAL_PARAMETER},
        {"OPAL_QUERY_CPU_STATUS: itself", OPAL_QUERY_CPU_STATUS, {self, opal_address(status)}, OPAL_SUCCESS},
    };

    check_cases(cases, ARRAY_COUNT(cases));
    check_equal(status[0], THREAD_STARTED, "OPAL_QUERY_CPU_STATUS: itself is started");
    check_equal(status[1], 0xee, "OPAL_QUERY_CPU_STATUS: one byte");
}

static void check_start(unsigned index, const char *when)
{
    const uint64_t code = opal_address((const void *)(uintptr_t)secondary_entry);

    started.may_leave = false;
    check_answer(query(index), THREAD_INACTIVE, "OPAL_QUERY_CPU_STATUS: inactive, %s", when);
    check_answer(start(index, 0), OPAL_SUCCESS, "OPAL_START_CPU: %s", when);
    check_true(wait_for_start(), "OPAL_START_CPU: arrives, %s", when);
    check_equal(started.r3, processor_server(index), "OPAL_START_CPU: r3 is the processor, %s", when);
    check_equal(started.pir, processor_server(index), "OPAL_START_CPU: the right one, %s", when);
    check_equal(started.msr, MSR_SF | MSR_HV, "OPAL_START_CPU: 64-bit hypervisor real mode, big-endian, %s", when);
    check_true(wait_for_status(index, THREAD_STARTED), "OPAL_QUERY_CPU_STATUS: started, %s", when);
    check_answer(OPAL(OPAL_START_CPU, processor_server(index), code), OPAL_WRONG_STATE,
                 "OPAL_START_CPU: runs already, %s", when);
}

static void leave(unsigned index, const char *when)
{
    __atomic_store_n(&started.may_leave, true, __ATOMIC_RELEASE);
    check_true(wait_for_status(index, THREAD_INACTIVE), "OPAL_RETURN_CPU: inactive again, %s", when);
}

static struct {
    unsigned index;
    unsigned callers;
    unsigned arrived;
    unsigned successes;
    unsigned refusals;
    unsigned answers;
} prize;

/* On several processors at once: each wants to start the same other one. */
static void compete(unsigned index)
{
    const uint64_t code = opal_address((const void *)(uintptr_t)secondary_entry);
    int64_t status;

    (void)index;
    while (!__atomic_load_n(&prize.callers, __ATOMIC_ACQUIRE))
        continue;
    __atomic_add_fetch(&prize.arrived, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&prize.arrived, __ATOMIC_SEQ_CST) < prize.callers)
        continue;
    status = OPAL(OPAL_START_CPU, processor_server(prize.index), code);
    if (status == OPAL_SUCCESS)
        __atomic_add_fetch(&prize.successes, 1, __ATOMIC_SEQ_CST);
    else if (status == OPAL_WRONG_STATE)
        __atomic_add_fetch(&prize.refusals, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&prize.answers, 1, __ATOMIC_SEQ_CST);
}

static bool wait_for_count(const unsigned *counter, unsigned count)
{
    uint64_t end = timebase_read() + PATIENCE;

    while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < count)
        if (timebase_read() > end)
            return false;
    return true;
}

/*
 * All processors but the last are started, and then each of them calls for the last, which may leave when all have their
 * answers. A firmware that has taken more than one of the calls starts it again then.
 */
static void check_competition(void)
{
    unsigned self = processor_self();
    unsigned count = processor_count();
    bool is_good = true;

    prize.index = self == count - 1 ? count - 2 : count - 1;
    started.entries = 0;
    started.may_leave = false;
    for (unsigned i = 0; i < count; i++)
        if (i != self && i != prize.index)
            is_good = is_good && start(i, compete) == OPAL_SUCCESS && wait_for_start();
    started.body = 0;
    started.is_here = false;
    secondary_stack = opal_address(stacks) + STACK_SIZE * (prize.index + 2);
    __atomic_store_n(&prize.callers, count - 1, __ATOMIC_RELEASE);
    compete(self);
    check_true(is_good && wait_for_start(), "OPAL_START_CPU: several at once for one, it starts");
    is_good = wait_for_count(&prize.answers, count - 1);
    __atomic_store_n(&started.may_leave, true, __ATOMIC_RELEASE);
    is_good = wait_for_count(&started.entries, count - 2 + prize.successes) && is_good;
    for (unsigned i = 0; i < count; i++)
        if (i != self)
            is_good = wait_for_status(i, THREAD_INACTIVE) && is_good;
    check_true(is_good, "OPAL_START_CPU: several at once for one, all return");
    check_equal(prize.successes, 1, "OPAL_START_CPU: several at once for one, one succeeds");
    check_equal(prize.refusals, count - 2, "OPAL_START_CPU: several at once for one, the others are refused");
}

void cases_processors(void)
{
    unsigned self = processor_self();
    unsigned other = self == 0;

    check_errors();
    if (processor_count() < 2)
        return;
    check_start(other, "first time");
    check_answer(OPAL(OPAL_REINIT_CPUS, REINIT_HILE_BE), OPAL_WRONG_STATE, "OPAL_REINIT_CPUS: another processor runs");
    leave(other, "first time");
    check_start(other, "second time");
    leave(other, "second time");
    check_true(processors_run(0), "OPAL_START_CPU: all, and all return");
    check_competition();
}

/* Interrupts of the hypervisor arrive in the order that was asked for, here and on processors started since. */
static void check_order(uint64_t flag, bool is_little, const char *name)
{
    check_answer(OPAL(OPAL_REINIT_CPUS, flag), OPAL_SUCCESS, "OPAL_REINIT_CPUS: %s", name);
    check_equal(SPR_READ(SPR_HID0) & HID0_HILE, is_little ? HID0_HILE : 0, "OPAL_REINIT_CPUS: HID0, %s", name);
    check_equal(interrupt_order(), is_little, "OPAL_REINIT_CPUS: an interrupt, %s", name);
    check_answer(OPAL(OPAL_TEST, 0), 0xfeedf00d, "OPAL_REINIT_CPUS: OPAL goes on, %s", name);
    if (processor_count() < 2)
        return;
    check_true(processors_run(0), "OPAL_REINIT_CPUS: processors start, %s", name);
    check_equal(started.order, is_little, "OPAL_REINIT_CPUS: an interrupt elsewhere, %s", name);
    check_equal(started.msr & MSR_LE, 0, "OPAL_REINIT_CPUS: processors start big-endian, %s", name);
}

void cases_byte_order(void)
{
    const struct opal_case cases[] = {
        {"OPAL_REINIT_CPUS: nothing", OPAL_REINIT_CPUS, {0}, OPAL_SUCCESS},
        {"OPAL_REINIT_CPUS: what POWER8 has not", OPAL_REINIT_CPUS, {REINIT_MMU_HASH}, OPAL_UNSUPPORTED},
        {"OPAL_REINIT_CPUS: an unknown flag", OPAL_REINIT_CPUS, {REINIT_UNKNOWN}, OPAL_UNSUPPORTED},
        {"OPAL_REINIT_CPUS: flag 2^32", OPAL_REINIT_CPUS, {UINT64_C(1) << 32}, OPAL_UNSUPPORTED},
    };

    check_equal(interrupt_order(), 0, "entry: interrupts are big-endian");
    check_cases(cases, ARRAY_COUNT(cases));
    check_order(REINIT_HILE_LE, true, "little-endian");
    check_order(REINIT_HILE_LE, true, "little-endian again");
    check_order(REINIT_HILE_BE, false, "big-endian");
}
