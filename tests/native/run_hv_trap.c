/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits of a guest: what each becomes, what the guest's registers and counters are afterwards, and who is entered.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include <setjmp.h>

#include "check.h"
#include "hv_messages.h"
#include "hv_processor.h"

/* The guest's two counters run on while its own control has them run. */
static uint64_t register_read(unsigned number)
{
    uint64_t control = processor.spr[SPR_MMCR0];

    if ((number == SPR_PMC5 || number == SPR_PMC6) && (control & MMCR0_FC) == 0 && control != MMCR0_FC14) {
        processor.spr[number] += 1000;
    }
    return processor.spr[number];
}

#undef cpu_mfspr
#define cpu_mfspr(number) register_read(number)
#include "../../hypervisor/core/trap.c"

static struct domain guest;
static struct vcpu *vcpu = &guest.vcpus[0];
static struct vcpu other = { .domain = &guest };
static jmp_buf entry;
static const struct guest_context *entered;
static unsigned hypercalls, ticks, choices, crashes;
static bool interrupt_pending, interrupt_raised, timebase_was_set;
static enum exit_kind counted_kind;
static uint64_t counted_hcall, counted_instructions, interrupt_vector, interrupt_reason;

uint64_t hcall_handle(struct vcpu *caller)
{
    CHECK(caller == vcpu && processor.spr[SPR_MMCR0] == MMCR0_FC14 && processor.spr[SPR_PMC5] == 0);
    hypercalls++;
    processor.spr[SPR_PMC5] = 321; /* what the handler costs */
    return 0x54;
}

bool timebase_restore(void)
{
    return timebase_was_set;
}

void sched_tick(void)
{
    ticks++;
}

bool sched_requested(void)
{
    return processor.percpu.reschedule;
}

struct vcpu *sched_choose(void)
{
    choices++;
    return &other;
}

void stats_count(struct stats *stats, enum exit_kind kind, uint64_t hcall, uint64_t instructions)
{
    CHECK(stats == &guest.stats);
    counted_kind = kind;
    counted_hcall = hcall;
    counted_instructions = instructions;
}

void domain_crash(struct vcpu *of, const char *why)
{
    CHECK(of == vcpu && *why != '\0');
    crashes++;
    processor.percpu.reschedule = true;
}

bool xics_pending(const struct vcpu *of)
{
    return of == vcpu && interrupt_pending;
}

static void self_interrupt(bool on)
{
    interrupt_raised = on;
}

static const struct platform machine = { .self_interrupt = self_interrupt };
const struct platform *platform = &machine;

void hv_panic_begin(void)
{
}

/* In real mode, as with LPCR[AIL] = 0. */
void context_interrupt(struct guest_context *context, uint64_t vector, uint64_t reason)
{
    interrupt_vector = vector;
    interrupt_reason = reason;
    context->pc = vector;
    context->msr = MSR_SF | MSR_ME;
}

void guest_enter(struct guest_context *context)
{
    entered = context;
    longjmp(entry, 1);
}

static void start(void)
{
    memset(&guest, 0, sizeof(guest));
    memset(&processor, 0, sizeof(processor));
    vcpu->domain = &guest;
    processor.percpu.vcpu = vcpu;
    processor.spr[SPR_MMCR0] = 0x1111;
    processor.spr[SPR_PMC5] = 0x2222;
    processor.spr[SPR_PMC6] = 0x3333;
    vcpu->context.pc = 0x4000;
    vcpu->context.msr = MSR_SF | MSR_ME;
    hypercalls = ticks = choices = crashes = 0;
    interrupt_vector = interrupt_reason = 0;
    interrupt_pending = interrupt_raised = timebase_was_set = false;
    messages_clear();
}

/* One exit; returns when somebody is entered. */
static void leave(uint64_t vector)
{
    entered = NULL;
    if (setjmp(entry) == 0) {
        trap_handle(vector);
    }
    CHECK(entered != NULL);
}

static void test_hypercall(void)
{
    start();
    leave(TRAP_SYSTEM_CALL);
    CHECK(hypercalls == 1 && entered == &vcpu->context && choices == 0);
    CHECK(counted_kind == EXIT_HYPERCALL && counted_hcall == 0x54 && counted_instructions == 321);
    /* The guest's counters are as it left them. */
    CHECK(processor.spr[SPR_MMCR0] == 0x1111 && processor.spr[SPR_PMC5] == 0x2222);
    CHECK(processor.spr[SPR_PMC6] == 0x3333);
}

/* Each guest is entered with its own, whatever the one before had; none counts what the hypervisor does. */
static void test_counters(void)
{
    static const uint64_t controls[] = { MMCR0_FC, 0x1111, MMCR0_FC | 0x1111, 0 };

    for (unsigned i = 0; i < 16; i++) {
        start();
        processor.spr[SPR_MMCR0] = controls[i / 4];
        leave(TRAP_SYSTEM_CALL);
        CHECK(processor.spr[SPR_MMCR0] == controls[i / 4] && processor.spr[SPR_PMC5] == 0x2222);
        CHECK(processor.spr[SPR_PMC6] == 0x3333 && counted_instructions == 321);
        other.context.mmcr0 = controls[i % 4];
        processor.percpu.reschedule = true;
        leave(TRAP_HV_DECREMENTER);
        CHECK(entered == &other.context && processor.spr[SPR_MMCR0] == controls[i % 4]);
    }
}

static void test_timer(void)
{
    start();
    leave(TRAP_HV_DECREMENTER);
    CHECK(ticks == 1 && counted_kind == EXIT_TIMER && entered == &vcpu->context);
    processor.percpu.reschedule = true;
    leave(TRAP_HV_DECREMENTER);
    CHECK(choices == 1 && entered == &other.context);
}

static void test_reflected(void)
{
    start();
    processor.spr[SPR_HDAR] = 0x123456;
    processor.spr[SPR_HDSISR] = UINT64_MAX;
    leave(TRAP_HV_DATA_STORAGE);
    CHECK(interrupt_vector == 0x300 && counted_kind == EXIT_STORAGE && processor.spr[SPR_DAR] == 0x123456);
    CHECK(processor.spr[SPR_DSISR] == UINT64_C(0x7ae00000));
    start();
    vcpu->context.msr = UINT64_MAX;
    leave(TRAP_HV_INSTRUCTION_STORAGE);
    CHECK(interrupt_vector == 0x400 && interrupt_reason == UINT64_C(0x78200000));
    start();
    leave(TRAP_HV_EMULATION);
    CHECK(interrupt_vector == 0x700 && interrupt_reason == UINT64_C(0x80000) && counted_kind == EXIT_EMULATION);
    start();
    leave(TRAP_HV_FACILITY);
    CHECK(interrupt_vector == 0x700 && counted_kind == EXIT_OTHER && crashes == 0);
}

/* A handler whose first instruction is illegal would go round for ever. */
static void test_endless_handler(void)
{
    start();
    vcpu->context.pc = 0x700;
    leave(TRAP_HV_EMULATION);
    CHECK(crashes == 1 && entered == &other.context);
}

/* A process of the guest at the virtual address 0x700 is not the handler at the real address 0x700. */
static void test_process_at_a_vectors_address(void)
{
    start();
    vcpu->context.pc = 0x700;
    vcpu->context.msr = MSR_SF | MSR_ME | MSR_PR | MSR_IR | MSR_DR | MSR_EE;
    leave(TRAP_HV_EMULATION);
    CHECK(crashes == 0 && entered == &vcpu->context);
}

static void test_crashes(void)
{
    start();
    leave(TRAP_MACHINE_CHECK);
    CHECK(crashes == 1 && entered == &other.context && counted_kind == EXIT_OTHER);
}

/* Whatever it asks for then, the hypervisor does not listen. */
static void test_timebase_set(void)
{
    start();
    timebase_was_set = true;
    leave(TRAP_SYSTEM_CALL);
    CHECK(crashes == 1 && hypercalls == 0 && entered == &other.context && counted_kind == EXIT_OTHER);
}

static void test_pending(void)
{
    start();
    interrupt_pending = true;
    leave(TRAP_HV_DECREMENTER);
    CHECK(interrupt_raised);
    interrupt_pending = false;
    leave(TRAP_HV_DECREMENTER);
    CHECK(!interrupt_raised);
    vcpu->reset_pending = true;
    leave(TRAP_HV_DECREMENTER);
    CHECK(interrupt_vector == 0x100 && !vcpu->reset_pending);
    interrupt_vector = 0;
    leave(TRAP_HV_DECREMENTER);
    CHECK(interrupt_vector == 0);
}

static void test_fault(void)
{
    struct percpu percpu = { .fault_trap = 0x300, .fault_pc = 0xabcd, .fault_gpr = { [31] = 0x7777 } };

    start();
    CHECK_PANICS(fault_handle(&percpu));
    CHECK(messages_have("vector 0x300 pc 0x000000000000abcd") && messages_have("0x0000000000007777"));
}

int main(void)
{
    test_hypercall();
    test_counters();
    test_timer();
    test_reflected();
    test_endless_handler();
    test_crashes();
    test_timebase_set();
    test_pending();
    test_fault();
    test_process_at_a_vectors_address();
    return 0;
}
