/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual interrupt controller: presentation hypercalls and delivery at 0x500. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/regs.h"
#include "lib/timer.h"
#include "lib/trap.h"

#define IPI 2
#define XIRR(cppr, source) ((uint64_t)(cppr) << 24 | (source))
#define NONE 0xff

const char guest_name[] = "hcall_xics";

static struct {
    volatile unsigned count;
    volatile unsigned spurious;
    volatile uint64_t xirr;
} taken;

static void external_taken(struct trap_frame *frame)
{
    uint64_t xirr = HCALL(H_XIRR).out[0] & UINT32_MAX;

    (void)frame;
    if (!(xirr & 0xffffff)) {
        taken.spurious++;
        return;
    }
    taken.xirr = xirr;
    taken.count++;
    HCALL(H_IPI, 0, NONE);
    HCALL(H_EOI, xirr);
}

static uint64_t xirr_accept(void)
{
    return HCALL(H_XIRR).out[0] & UINT32_MAX;
}

static void check_presentation(void)
{
    struct hcall call;

    check_equal(xirr_accept(), XIRR(0, 0), "xen-11 H_XIRR: nothing pending, priority 0 at the start");
    check_status(HCALL(H_CPPR, 0xff), H_SUCCESS, "H_CPPR");
    check_equal(xirr_accept(), XIRR(0xff, 0), "xen-11 H_XIRR: nothing pending");
    check_status(HCALL(H_IPI, 0, 5), H_SUCCESS, "H_IPI");
    call = HCALL(H_IPOLL, 0);
    check_status(call, H_SUCCESS, "H_IPOLL");
    check_equal(call.out[0] & UINT32_MAX, XIRR(0xff, IPI), "H_IPOLL: what H_XIRR would accept");
    check_equal(call.out[1], 5, "H_IPOLL: the request's priority");
    check_equal(xirr_accept(), XIRR(0xff, IPI), "H_XIRR accepts");
    check_equal(xirr_accept(), XIRR(5, 0), "H_XIRR: once only, at the interrupt's priority now");
    check_status(HCALL(H_EOI, XIRR(0xff, IPI)), H_SUCCESS, "H_EOI");
    check_equal(xirr_accept(), XIRR(0xff, IPI), "H_XIRR: a request that was not withdrawn comes again");
    HCALL(H_IPI, 0, NONE);
    HCALL(H_EOI, XIRR(0xff, IPI));
    check_equal(xirr_accept(), XIRR(0xff, 0), "H_IPI: withdrawn");
    HCALL(H_IPI, 0, 5);
    HCALL(H_IPI, 0, NONE);
    check_equal(xirr_accept(), XIRR(0xff, 0), "H_IPI: withdrawn before it was accepted");
}

static void check_priorities(void)
{
    HCALL(H_CPPR, 5);
    HCALL(H_IPI, 0, 5);
    check_equal(xirr_accept(), XIRR(5, 0), "a request of the same priority waits");
    HCALL(H_IPI, 0, 4);
    check_equal(HCALL(H_IPOLL, 0).out[0] & UINT32_MAX, XIRR(5, IPI), "a more favoured one is presented");
    HCALL(H_CPPR, 3);
    check_equal(xirr_accept(), XIRR(3, 0), "H_CPPR: takes back what is presented");
    HCALL(H_CPPR, 0xff);
    check_equal(xirr_accept(), XIRR(0xff, IPI), "H_CPPR: lets a waiting request through");
    HCALL(H_IPI, 0, NONE);
    HCALL(H_EOI, XIRR(0xff, IPI));
    HCALL(H_CPPR, 0);
    HCALL(H_IPI, 0, 0);
    check_equal(xirr_accept(), XIRR(0, 0), "priority 0 admits nothing");
    HCALL(H_IPI, 0, NONE);
    HCALL(H_CPPR, 0xff);
}

static void check_arguments(void)
{
    static const struct check_call calls[] = {
        {"H_IPI: server 1 of 1", {H_IPI, 1, 5}, H_PARAMETER},
        {"H_IPI: server 4096", {H_IPI, 4096, 5}, H_PARAMETER},
        {"H_IPI: server 2^32", {H_IPI, UINT64_C(1) << 32, 5}, H_PARAMETER},
        {"H_IPI: server -1", {H_IPI, WORD_MAX, 5}, H_PARAMETER},
        {"H_IPOLL: server 1 of 1", {H_IPOLL, 1}, H_PARAMETER},
        {"H_IPOLL: server 2^32", {H_IPOLL, UINT64_C(1) << 32}, H_PARAMETER},
        {"H_IPOLL: server -1", {H_IPOLL, WORD_MAX}, H_PARAMETER},
        {"H_EOI: nothing accepted", {H_EOI, XIRR(0xff, 0)}, H_SUCCESS},
        {"xen-11 H_EOI: a source nobody has", {H_EOI, XIRR(0xff, 0xfffff0)}, H_PARAMETER},
        {"xen-11 H_EOI: one source past the last", {H_EOI, XIRR(0xff, XICS_FIRST_IRQ + XICS_IRQ_COUNT)}, H_PARAMETER},
        {"H_EOI: a source that is not in service", {H_EOI, XIRR(0xff, XICS_FIRST_IRQ)}, H_SUCCESS},
    };
    struct hcall call;
    uint64_t before, after;

    check_calls(calls, ARRAY_COUNT(calls));
    check_equal(xirr_accept(), XIRR(0xff, 0), "bad arguments left nothing pending");
    HCALL(H_IPI, 0, 7);
    before = timebase_read();
    call = HCALL(H_XIRR_X);
    after = timebase_read();
    check_status(call, H_SUCCESS, "H_XIRR_X");
    check_equal(call.out[0] & UINT32_MAX, XIRR(0xff, IPI), "H_XIRR_X accepts");
    check_true(call.out[1] >= before && call.out[1] <= after, "H_XIRR_X: the time base");
    HCALL(H_IPI, 0, NONE);
    HCALL(H_EOI, XIRR(0xff, IPI));
}

static void interrupts_on(void)
{
    msr_write(msr_read() | MSR_EE);
}

static void interrupts_off(void)
{
    msr_write(msr_read() & ~MSR_EE);
}

/* Interrupts that come until `want` have come or the time is over. */
static unsigned count_taken(unsigned want, uint64_t microseconds)
{
    unsigned before = taken.count;
    uint64_t start = timebase_read();

    while (taken.count - before < want && timebase_read() - start < timer_ticks(microseconds))
        continue;
    return taken.count - before;
}

#define LONG 1000000
#define SHORT 20000

static void check_delivery(void)
{
    unsigned before;

    trap_set_handler(VECTOR_EXTERNAL, external_taken);
    timer_init();
    interrupts_on();
    before = taken.count;
    HCALL(H_IPI, 0, 4);
    count_taken(1 - (taken.count - before), LONG);
    check_equal(taken.count - before, 1, "an interrupt to itself arrives");
    check_equal(taken.xirr, XIRR(0xff, IPI), "it is the inter-processor interrupt");
    interrupts_off();
    HCALL(H_IPI, 0, 4);
    check_equal(count_taken(1, SHORT), 0, "with interrupts off it waits");
    before = taken.count;
    interrupts_on();
    count_taken(1 - (taken.count - before), LONG);
    check_equal(taken.count - before, 1, "with interrupts on it comes");
    check_equal(count_taken(1, SHORT), 0, "it comes once");
    interrupts_off();
    before = taken.count;
    HCALL(H_IPI, 0, 4);
    check_status(HCALL(H_CEDE), H_SUCCESS, "H_CEDE with an interrupt pending returns");
    count_taken(1 - (taken.count - before), LONG);
    check_equal(taken.count - before, 1, "H_CEDE turns interrupts on");
    HCALL(H_CPPR, 2);
    HCALL(H_IPI, 0, 3);
    check_equal(count_taken(1, SHORT), 0, "a request below the priority does not interrupt");
    before = taken.count;
    HCALL(H_CPPR, 0xff);
    count_taken(1 - (taken.count - before), LONG);
    check_equal(taken.count - before, 1, "the priority lowered, it does");
    interrupts_off();
    HCALL(H_IPI, 0, 4);
    HCALL(H_IPI, 0, NONE);
    interrupts_on();
    check_equal(count_taken(1, SHORT), 0, "withdrawn with interrupts off, it never comes");
    interrupts_off();
    print("spurious external interrupts: %u\n", taken.spurious);
}

void guest_main(void)
{
    check_presentation();
    check_priorities();
    check_arguments();
    check_delivery();
}
