/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exception leaves on the console when no payload has vectors of its own. */
#include "dump.h"

#include "board/board.h"
#include "console.h"
#include "io.h"
#include "symbols.h"

#define DEPTH 16

struct stack_frame {
    uint64_t back;
    uint64_t cr;
    uint64_t lr;
};

/* HSRR0 and HSRR1 serve these, SRR0 and SRR1 the others; LPCR chooses for external interrupts. */
static bool uses_hsrr(uint64_t vector)
{
    if (vector == 0x500) {
        return (SPR_READ(SPR_LPCR) & LPCR_LPES0) == 0;
    }
    return vector == 0x980 || (vector >= 0xe00 && vector <= 0xe80) || vector == 0xf80;
}

static void print_place(const char *label, uint64_t address)
{
    uint64_t offset;
    const char *name = symbol_find(address, &offset);

    if (name != NULL) {
        say("%s 0x%016lx  %s+0x%lx", label, address, name, offset);
    } else {
        say("%s 0x%016lx  not in the firmware", label, address);
    }
}

static void print_callers(const struct cpu *cpu, uint64_t stack)
{
    uint64_t low = (uint64_t)(uintptr_t)cpu, high = low + CPU_AREA_SIZE;

    for (int i = 0; i < DEPTH && stack >= low && stack % 16 == 0 && stack <= high - sizeof(struct stack_frame); i++) {
        const struct stack_frame *frame = (const struct stack_frame *)(uintptr_t)stack;

        if (i > 0 && frame->back != 0) {
            print_place("called from", frame->lr);
        }
        if (frame->back <= stack) {
            return;
        }
        stack = frame->back;
    }
}

static void print_registers(const struct trap_frame *trap)
{
    bool hsrr = uses_hsrr(trap->vector);
    uint64_t pc = hsrr ? SPR_READ(SPR_HSRR0) : SPR_READ(SPR_SRR0);
    uint64_t msr = hsrr ? SPR_READ(SPR_HSRR1) : SPR_READ(SPR_SRR1);

    say("exception 0x%lx on processor 0x%lx", trap->vector, cpu_self());
    print_place("pc ", pc);
    print_place("lr ", trap->lr);
    say("msr 0x%016lx  ctr 0x%016lx  cr 0x%08lx  xer 0x%lx", msr, trap->ctr, trap->cr, trap->xer);
    say("dar 0x%016lx  dsisr 0x%08lx  hdar 0x%016lx  hdsisr 0x%08lx", SPR_READ(SPR_DAR), SPR_READ(SPR_DSISR),
        SPR_READ(SPR_HDAR), SPR_READ(SPR_HDSISR));
    for (unsigned int i = 0; i < 32; i += 4) {
        say("r%02u %016lx %016lx %016lx %016lx", i, trap->gpr[i], trap->gpr[i + 1], trap->gpr[i + 2], trap->gpr[i + 3]);
    }
}

/* Processors that trap at the same time report one after the other. */
void trap_report(struct cpu *cpu)
{
    uint64_t reports = ++cpu->reports;

    lpc_abandon();
    if (console_seize()) {
        print_registers(&cpu->trap);
        print_callers(cpu, cpu->trap.gpr[1]);
        say("stopped: nobody handles this exception");
        cpu->reports = 0;
    } else if (reports == 2) {
        say("stopped: exception 0x%lx inside the report of another", cpu->trap.vector);
    }
    console_give_back();
    for (;;) {
        cpu_relax();
    }
}
