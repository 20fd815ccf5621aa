/* SPDX-License-Identifier: BSD-2-Clause */
/* Every exit of a guest passes through here once, and every fault of the hypervisor. */
#include "cpu.h"
#include "hv/bug.h"
#include "hv/console.h"
#include "hv/domain.h"
#include "hv/platform.h"
#include "hv/sched.h"
#include "papr/hcall.h"
#include "papr/xics.h"
#include "timebase.h"
#include "hv/trap.h"

/* HDSISR and HSRR1 bits that the guest's own DSISR and SRR1 know as well (Power ISA 2.07, Book III-S 6.5.3, 6.5.5). */
#define DATA_STORAGE_REASONS UINT64_C(0x7ae00000)
#define INSTRUCTION_STORAGE_REASONS UINT64_C(0x78200000)

/*
 * Hands an interrupt to the guest; a guest whose handler at that very address is what raised it would only raise it again,
 * for ever.
 */
static void interrupt_reflect(struct vcpu *vcpu, uint64_t vector, uint64_t reason)
{
    const uint64_t where = MSR_PR | MSR_IR | MSR_DR;
    uint64_t pc = vcpu->context.pc, msr = vcpu->context.msr;

    context_interrupt(&vcpu->context, vector, reason);
    if (vcpu->context.pc == pc && ((vcpu->context.msr ^ msr) & where) == 0) {
        domain_crash(vcpu, "an interrupt handler that raises the interrupt it handles");
    }
}

/* A real-mode access beyond the RMA in VRMA mode: the guest's own storage interrupt. */
static void storage_reflect(struct vcpu *vcpu, uint64_t vector)
{
    if (vector == TRAP_HV_DATA_STORAGE) {
        cpu_mtspr(SPR_DAR, cpu_mfspr(SPR_HDAR));
        cpu_mtspr(SPR_DSISR, cpu_mfspr(SPR_HDSISR) & DATA_STORAGE_REASONS);
        interrupt_reflect(vcpu, VECTOR_DATA_STORAGE, 0);
    } else {
        interrupt_reflect(vcpu, VECTOR_INSTRUCTION_STORAGE, vcpu->context.msr & INSTRUCTION_STORAGE_REASONS);
    }
}

static enum exit_kind exit_dispatch(struct vcpu *vcpu, uint64_t vector, uint64_t *hcall)
{
    /* Before anything looks at the clock. */
    if (timebase_restore()) {
        domain_crash(vcpu, "it set the time base, which is the machine's");
        return EXIT_OTHER;
    }
    switch (vector) {
    case TRAP_SYSTEM_CALL:
        *hcall = hcall_handle(vcpu);
        return EXIT_HYPERCALL;
    case TRAP_HV_DECREMENTER:
        sched_tick();
        return EXIT_TIMER;
    case TRAP_HV_DATA_STORAGE:
    case TRAP_HV_INSTRUCTION_STORAGE:
        storage_reflect(vcpu, vector);
        return EXIT_STORAGE;
    case TRAP_HV_EMULATION:
        interrupt_reflect(vcpu, VECTOR_PROGRAM, SRR1_PROGRAM_ILLEGAL);
        return EXIT_EMULATION;
    case TRAP_HV_FACILITY:
        interrupt_reflect(vcpu, VECTOR_PROGRAM, SRR1_PROGRAM_ILLEGAL);
        return EXIT_OTHER;
    case TRAP_MACHINE_CHECK:
        domain_crash(vcpu, "machine check");
        return EXIT_OTHER;
    default:
        hv_print("unexpected exit 0x%lx\n", vector);
        WARN_ON(true);
        domain_crash(vcpu, "an exit the hypervisor does not expect");
        return EXIT_OTHER;
    }
}

/* What became pending for the guest while it was out. */
static void interrupts_deliver(struct vcpu *vcpu)
{
    if (vcpu->reset_pending) {
        vcpu->reset_pending = false;
        context_interrupt(&vcpu->context, VECTOR_SYSTEM_RESET, 0);
    }
    /*
     * With LPCR[LPES0] the processor itself takes a pending external interrupt to the guest's vector once MSR[EE]
     * is on. The interrupt controller's own inter-processor interrupt stands in for LPCR[MER], which QEMU does not
     * have.
     */
    platform->self_interrupt(xics_pending(vcpu));
}

void trap_enter(struct vcpu *vcpu)
{
    interrupts_deliver(vcpu);
    if (vcpu->context.mmcr0 != MMCR0_FC) {
        cpu_mtspr(SPR_MMCR0, vcpu->context.mmcr0);
    }
    guest_enter(&vcpu->context);
}

/*
 * The guest's counters stand still from its exit to its next entry; in between ours run on two of them, and where they
 * do not MMCR0 is just MMCR0_FC. Writing it costs QEMU more than a small hypercall's own work, and most guests keep
 * their counters frozen: for them it is written twice an exit instead of four times.
 */
struct counters {
    uint64_t pmc5, pmc6;
};

static void counting_begin(struct counters *guest, uint64_t mmcr0)
{
    if ((mmcr0 & MMCR0_FC) == 0) {
        cpu_mtspr(SPR_MMCR0, MMCR0_FC);
    }
    guest->pmc5 = cpu_mfspr(SPR_PMC5);
    guest->pmc6 = cpu_mfspr(SPR_PMC6);
    cpu_mtspr(SPR_PMC5, 0);
    cpu_mtspr(SPR_MMCR0, MMCR0_FC14);
}

static uint64_t counting_end(const struct counters *guest)
{
    uint64_t instructions = cpu_mfspr(SPR_PMC5);

    cpu_mtspr(SPR_MMCR0, MMCR0_FC);
    cpu_mtspr(SPR_PMC5, guest->pmc5);
    cpu_mtspr(SPR_PMC6, guest->pmc6);
    return instructions;
}

void trap_handle(uint64_t vector)
{
    uint64_t hcall = 0;
    struct counters guest;
    struct vcpu *vcpu = percpu_this()->vcpu;
    struct domain *domain = vcpu->domain;
    enum exit_kind kind;

    vcpu->context.mmcr0 = cpu_mfspr(SPR_MMCR0);
    counting_begin(&guest, vcpu->context.mmcr0);
    kind = exit_dispatch(vcpu, vector, &hcall);
    stats_count(&domain->stats, kind, hcall, counting_end(&guest));
    if (sched_requested()) {
        vcpu = sched_choose();
    }
    trap_enter(vcpu);
}

void fault_handle(const struct percpu *percpu)
{
    hv_panic_begin();
    hv_print("hypervisor fault: vector 0x%lx pc 0x%016lx msr 0x%016lx lr 0x%016lx\n", percpu->fault_trap,
             percpu->fault_pc, percpu->fault_msr, percpu->fault_lr);
    hv_print("  ctr 0x%016lx cr 0x%08lx dar 0x%016lx dsisr 0x%08lx\n", percpu->fault_ctr, percpu->fault_cr,
             cpu_mfspr(SPR_DAR), cpu_mfspr(SPR_DSISR));
    for (int i = 0; i < 32; i += 4) {
        hv_print("  r%02d 0x%016lx 0x%016lx 0x%016lx 0x%016lx\n", i, percpu->fault_gpr[i], percpu->fault_gpr[i + 1],
                 percpu->fault_gpr[i + 2], percpu->fault_gpr[i + 3]);
    }
    hv_panic("the hypervisor faulted");
}
