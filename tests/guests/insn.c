/* SPDX-License-Identifier: BSD-2-Clause */
/* Illegal and privileged instructions arrive as program interrupts with the right reason, in both states. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/mmu.h"
#include "lib/regs.h"
#include "lib/timer.h"
#include "lib/trap.h"

#define MFSPR(spr) (UINT32_C(0x7c6002a6) | ((spr) & 0x1f) << 16 | ((spr) >> 5 & 0x1f) << 11) /* into r3 */
#define MTSPR(spr) (UINT32_C(0x7c6003a6) | ((spr) & 0x1f) << 16 | ((spr) >> 5 & 0x1f) << 11) /* from r3 */

const char guest_name[] = "insn";

struct instruction {
    const char *name;
    uint32_t word;
};

/* Nobody defined these (Power ISA 2.07, appendix D: opcode 0 is reserved for ever). */
static const struct instruction illegal[] = {
    {"opcode 0", 0x00000000},
    {"opcode 1", 0x04000000},
    {"opcode 5", 0x14000000},
    {"opcode 31, extended opcode 1023", 0x7c0007fe},
    {"opcode 31, all ones", 0x7fffffff},
};

/* For the hypervisor only. */
static const struct instruction hypervisor_only[] = {
    {"hrfid", 0x4c000224},
    {"nap", 0x4c000364},
    {"sleep", 0x4c0003a4},
    {"rvwinkle", 0x4c0003e4},
    {"tlbie", 0x7c001a64},
    {"tlbsync", 0x7c00046c},
    {"msgsnd", 0x7c00199c},
    {"msgclr", 0x7c0019dc},
    {"stdcix", 0x7c6007ea},
    {"ldcix", 0x7c6006ea},
    {"mtspr LPCR", MTSPR(318)},
    {"mfspr LPCR", MFSPR(318)},
    {"mtspr LPIDR", MTSPR(319)},
    {"mtspr RMOR", MTSPR(312)},
    {"mtspr HRMOR", MTSPR(313)},
    {"mtspr SDR1", MTSPR(25)},
    {"mfspr SDR1", MFSPR(25)},
    {"mtspr HSPRG0", MTSPR(304)},
    {"mfspr HSPRG0", MFSPR(304)},
    {"mfspr HSPRG1", MFSPR(305)},
    {"mtspr HDEC", MTSPR(310)},
    {"mfspr HDEC", MFSPR(310)},
    {"mtspr HSRR0", MTSPR(314)},
    {"mtspr HSRR1", MTSPR(315)},
    {"mfspr HDAR", MFSPR(307)},
    {"mfspr HDSISR", MFSPR(306)},
    {"mtspr HFSCR", MTSPR(190)},
    {"mtspr AMOR", MTSPR(349)},
    {"mtspr HID0", MTSPR(1008)},
    {"mtspr PCR", MTSPR(338)},
    {"mtspr TBU40", MTSPR(286)},
    {"mtspr DAWR0", MTSPR(180)},
    {"mtspr DAWRX0", MTSPR(188)},
    {"mtspr CIABR", MTSPR(187)},
};

/* Of a facility that the hypervisor keeps off (HFSCR): QEMU 7.2 stops altogether when the doorbell of a guest arrives. */
static const struct instruction facility_off[] = {
    {"msgsndp", 0x7c00191c},
    {"msgclrp", 0x7c00195c},
    {"mfspr DPDES", MFSPR(176)},
};

/* For the supervisor: a guest may, its problem state may not. */
static const struct instruction supervisor_only[] = {
    {"mfmsr", 0x7c6000a6},
    {"mtmsrd", 0x7c600164},
    {"rfid", 0x4c000024},
    {"slbia", 0x7c0003e4},
    {"slbmte", 0x7c601b24},
    {"tlbiel", 0x7c001a24},
    {"mtspr SPRG0", MTSPR(272)},
    {"mtspr DEC", MTSPR(22)},
    {"mtspr SRR0", MTSPR(26)},
    {"mtspr DAR", MTSPR(19)},
};

static void check_program(struct trap trap, uint64_t address, uint64_t reason, const char *state, const char *name)
{
    bool is_good = trap.vector == VECTOR_PROGRAM && trap.srr0 == address && (trap.srr1 & SRR1_PROGRAM_MASK) == reason;

    if (!is_good)
        print("vector 0x%lx srr0 0x%lx (at 0x%lx) srr1 0x%lx\n", trap.vector, trap.srr0, address, trap.srr1);
    check_true(is_good, "%s: %s", state, name);
}

static void check_supervisor(const struct instruction *list, size_t count, uint64_t reason)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t address;
        struct trap trap = trap_instruction(list[i].word, &address);

        check_program(trap, address, reason, "supervisor", list[i].name);
    }
}

static void check_user(const struct instruction *list, size_t count, uint64_t reason)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t address;
        struct trap trap = trap_instruction_user(list[i].word, &address);

        check_program(trap, address, reason, "problem state", list[i].name);
    }
}

static void check_traps(void)
{
    uint64_t address;
    struct trap trap = trap_instruction(UINT32_C(0x7fe00008), &address);

    check_program(trap, address, SRR1_TRAP, "supervisor", "trap");
    trap = trap_instruction(UINT32_C(0x44000002), &address);
    check_equal(trap.vector, VECTOR_SYSTEM_CALL, "supervisor: sc 0 stays in the guest");
    check_equal(trap.srr0, address + 4, "supervisor: sc 0, SRR0 behind it");
    trap = trap_instruction(UINT32_C(0xfc00002a), &address);
    check_equal(trap.vector, VECTOR_FP_UNAVAILABLE, "supervisor: fadd without MSR[FP]");
    trap = trap_instruction(UINT32_C(0x100004c4), &address);
    check_equal(trap.vector, VECTOR_VECTOR_UNAVAILABLE, "supervisor: vxor without MSR[VEC]");
    trap = trap_instruction(UINT32_C(0xf00004d0), &address);
    check_equal(trap.vector, VECTOR_VSX_UNAVAILABLE, "supervisor: xxlxor without MSR[VSX]");
    check_equal(trap.srr0, address, "supervisor: xxlxor, SRR0");
}

/* Registers and mode bits of the interrupted code survive the way through the hypervisor. */
static void check_state(void)
{
    uint64_t address;
    struct trap real = trap_instruction(0, &address);
    struct trap translated;

    check_equal(real.srr1 & ~SRR1_PROGRAM_MASK, msr_read(), "real mode: SRR1 has the mode");
    mmu_on();
    translated = trap_instruction(0, &address);
    check_equal(translated.srr1 & ~SRR1_PROGRAM_MASK, msr_read(), "translated: SRR1 has the mode");
    mmu_off();
    check_equal(translated.vector, VECTOR_PROGRAM, "translated: 0x700");
    check_equal(translated.srr1 & SRR1_PROGRAM_MASK, SRR1_ILLEGAL, "translated: illegal");
    translated = trap_instruction_user(0, &address);
    check_equal(translated.srr1 & (MSR_PR | MSR_IR | MSR_DR | MSR_EE), MSR_PR | MSR_IR | MSR_DR | MSR_EE,
                "problem state: SRR1 has the mode");
}

static void check_many(void)
{
    uint64_t address, good = 0;

    for (unsigned i = 0; i < 1000; i++)
        good += trap_instruction(0, &address).vector == VECTOR_PROGRAM;
    check_equal(good, 1000, "a thousand illegal instructions");
}

void guest_main(void)
{
    timer_init();
    check_supervisor(illegal, ARRAY_COUNT(illegal), SRR1_ILLEGAL);
    check_supervisor(hypervisor_only, ARRAY_COUNT(hypervisor_only), SRR1_PRIVILEGED);
    check_supervisor(facility_off, ARRAY_COUNT(facility_off), SRR1_ILLEGAL);
    check_traps();
    if (!mmu_map_identity())
        return;
    check_user(illegal, ARRAY_COUNT(illegal), SRR1_ILLEGAL);
    check_user(hypervisor_only, ARRAY_COUNT(hypervisor_only), SRR1_PRIVILEGED);
    check_user(supervisor_only, ARRAY_COUNT(supervisor_only), SRR1_PRIVILEGED);
    check_state();
    check_many();
}
