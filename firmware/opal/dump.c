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

/* HSRR0 and HSRR1 serve these, SRR0 and SRR1 the others. */
static bool uses_hsrr(uint64_t vector)
{
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

void trap_report(struct cpu *cpu)
{
    const struct trap_frame *trap = &cpu->trap;
    bool hsrr = uses_hsrr(trap->vector);
    uint64_t pc = hsrr ? SPR_READ(SPR_HSRR0) : SPR_READ(SPR_SRR0);
    uint64_t msr = hsrr ? SPR_READ(SPR_HSRR1) : SPR_READ(SPR_SRR1);

    console_break_locks();
    lpc_break_locks();
    say("exception 0x%lx on processor 0x%lx", trap->vector, SPR_READ(SPR_PIR));
    print_place("pc ", pc);
    print_place("lr ", trap->lr);
    say("msr 0x%016lx  ctr 0x%016lx  cr 0x%08lx  xer 0x%lx", msr, trap->ctr, trap->cr, trap->xer);
    say("dar 0x%016lx  dsisr 0x%08lx  hdar 0x%016lx  hdsisr 0x%08lx", SPR_READ(SPR_DAR), SPR_READ(SPR_DSISR),
        SPR_READ(SPR_HDAR), SPR_READ(SPR_HDSISR));
    for (unsigned int i = 0; i < 32; i += 4) {
        say("r%02u %016lx %016lx %016lx %016lx", i, trap->gpr[i], trap->gpr[i + 1], trap->gpr[i + 2], trap->gpr[i + 3]);
    }
    print_callers(cpu, trap->gpr[1]);
    give_up("nobody handles this exception");
}
