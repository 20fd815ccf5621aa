/* SPDX-License-Identifier: BSD-2-Clause */
/* What a virtual processor carries from entry to entry: every register comes back, the decrementer keeps time, interrupts
 * begin as the architecture says.
 *
 * Include: tests/native tests/native/hv_standins hypervisor/arch/ppc64 lib/ppc64
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "hv_processor.h"
#include "hv_random.h"

static void instruction(const char *text);

/* Inline assembly becomes a call that says which instruction stood there. */
#define __asm__
#define volatile(...) instruction(#__VA_ARGS__)
#include "../../hypervisor/arch/ppc64/context.c"
#undef __asm__
#undef volatile

#define MSR_OF_A_GUEST (MSR_SF | MSR_ME | 2)
#define SRR1_REASONS UINT64_C(0x783f0000)
#define LPCR_AIL(value) ((uint64_t)(value) << 23)

static unsigned slb_clears, slb_writes, tm_switches;
static struct vector_state vectors;

static void instruction(const char *text)
{
    slb_clears += strstr(text, "slbia") != NULL ? 1 : 0;
    slb_writes += strstr(text, "slbmte") != NULL ? 1 : 0;
    tm_switches += strstr(text, "mtmsrd") != NULL ? 1 : 0;
}

void vector_save(struct vector_state *state)
{
    *state = vectors;
}

void vector_load(const struct vector_state *state)
{
    vectors = *state;
}

/* Two guests take turns: each finds its registers as it left them, and the partition's number is written last. */
static void test_world_switch(void)
{
    static const unsigned listed[] = {
#define X(name, number) number,
        GUEST_SPRS(X) GUEST_TM_SPRS(X)
#undef X
    };
    static struct guest_context guests[2];
    uint64_t left[2][STANDIN_SPRS];

    for (unsigned g = 0; g < 2; g++) {
        guests[g].lpid = g + 1;
        guests[g].sdr1 = 0x1000 * (g + 1);
        guests[g].rmor = 0x100000 * (g + 1);
        guests[g].lpcr = 0x10 * (g + 1);
    }
    for (unsigned step = 0; step < 20; step++) {
        struct guest_context *guest = &guests[step % 2];

        slb_writes = slb_clears = tm_switches = 0;
        context_load(guest);
        CHECK(processor.last_written == SPR_LPIDR && processor.spr[SPR_LPIDR] == step % 2 + 1);
        CHECK(processor.spr[SPR_SDR1] == guest->sdr1 && processor.spr[SPR_RMOR] == guest->rmor);
        CHECK(processor.spr[SPR_LPCR] == guest->lpcr && slb_clears == 1 && tm_switches == 2);
        CHECK(slb_writes == SLB_ENTRIES); /* invalid ones too: their remains can be read */
        for (unsigned i = 0; step >= 2 && i < sizeof(listed) / sizeof(listed[0]); i++) {
            CHECK(processor.spr[listed[i]] == left[step % 2][listed[i]]);
        }
        CHECK(step < 2 || processor.spr[SPR_CTRLT] == left[step % 2][SPR_CTRLF]);
        CHECK(step < 2 || vectors.fpscr == left[step % 2][0]);
        for (unsigned i = 0; i < STANDIN_SPRS; i++) { /* it runs */
            processor.spr[i] = left[step % 2][i] = random_next();
        }
        vectors.fpscr = left[step % 2][0];
        context_save(guest);
    }
}

/* Time passes while a guest does not run; what expired long ago still has. */
static void test_decrementer(void)
{
    struct guest_context guest = { 0 };
    static const int64_t values[] = { 0, 1, -1, 100, INT32_MAX, INT32_MIN, -5000 };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        processor.timebase = UINT64_MAX - 50; /* runs over meanwhile */
        processor.spr[SPR_DEC] = (uint32_t)values[i];
        context_dec_save(&guest);
        CHECK(context_dec_left(&guest) == values[i]);
        processor.timebase += 60;
        CHECK(context_dec_left(&guest) == values[i] - 60);
        context_dec_load(&guest);
        CHECK((int64_t)processor.spr[SPR_DEC] == (values[i] - 60 < INT32_MIN ? INT32_MIN : values[i] - 60));
    }
    processor.timebase += UINT64_C(1) << 40;
    context_dec_load(&guest);
    CHECK((int64_t)processor.spr[SPR_DEC] == INT32_MIN);
}

static void test_reset(void)
{
    struct guest_context guest;

    memset(&guest, 0xff, sizeof(guest));
    guest.rmor = 1, guest.sdr1 = 2, guest.lpid = 3;
    processor.timebase = 1000;
    context_reset(&guest);
    CHECK(guest.rmor == 1 && guest.sdr1 == 2 && guest.lpid == 3);
    CHECK(guest.lpcr == ~(LPCR_ILE | LPCR_AIL(3))); /* big-endian, interrupts in real mode, all else the domain's */
    CHECK(guest.msr == (MSR_SF | MSR_ME) && guest.pc == 0 && guest.gpr[3] == 0 && guest.spr.sprg0 == 0);
    CHECK(context_dec_left(&guest) == INT32_MAX && guest.slb[0].esid == 0 && guest.vector.vsr[63][1] == 0);
}

/* Power ISA 2.07, Book III-S 6.4.3 and 6.5; the interrupt's location with LPCR[AIL]. */
static void test_interrupt(void)
{
    static const uint64_t translation[] = { 0, MSR_IR, MSR_DR, MSR_IR | MSR_DR };
    static const uint64_t vectors_taken[] = { 0x100, 0x200, 0x300, 0x700 };

    for (unsigned step = 0; step < 4 * 4 * 4 * 2 * 2; step++) {
        uint64_t vector = vectors_taken[step % 4], ail = step / 4 % 4, relocation = translation[step / 16 % 4];
        bool little = (step / 64 & 1) != 0, moved = vector > 0x200 && relocation == (MSR_IR | MSR_DR) && ail >= 2;
        uint64_t offset = ail == 2 ? 0x18000 : UINT64_C(0xc000000000004000);
        struct guest_context guest = {
            .pc = 0x12344,
            .msr = MSR_OF_A_GUEST | MSR_EE | MSR_PR | MSR_FP | relocation | (step / 128 != 0 ? SRR1_REASONS : 0),
            .lpcr = LPCR_AIL(ail) | (little ? LPCR_ILE : 0),
        };
        uint64_t msr = guest.msr;

        context_interrupt(&guest, vector, SRR1_PROGRAM_ILLEGAL);
        CHECK(processor.spr[SPR_SRR0] == 0x12344);
        CHECK(processor.spr[SPR_SRR1] == ((msr & ~SRR1_REASONS) | 0x80000));
        CHECK(guest.pc == vector + (moved ? offset : 0));
        CHECK(guest.msr == (MSR_SF | MSR_ME | (little ? MSR_LE : 0) | (moved ? MSR_IR | MSR_DR : 0)));
    }
}

int main(void)
{
    test_world_switch();
    test_decrementer();
    test_reset();
    test_interrupt();
    return 0;
}
