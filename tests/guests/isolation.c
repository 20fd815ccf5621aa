/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run as two domains or more: none may see or change another's memory or registers. Every domain fills all it has with its own
 * patterns (option seed=), gives the processor away or loses it many times, and compares.
 */
#include "isolation.h"

#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/mmu.h"
#include "lib/pattern.h"
#include "lib/random.h"
#include "lib/regs.h"
#include "lib/timer.h"
#include "lib/trap.h"

#define ROUNDS 120
#define SLB_FIRST 3
#define SLB_COUNT 32
#define SLB_V UINT64_C(0x8000000)
#define CR_FIELD_7 UINT64_C(0xf)
#define XER_BITS UINT64_C(0xe000007f)
#define FPSCR_BITS UINT64_C(0x70001f003) /* rounding modes and result flags: no summary bit follows from them */
#define VSCR_BITS UINT64_C(0x10001)

_Static_assert(offsetof(struct registers, lr) == REGISTERS_LR, "isolation_registers.S");
_Static_assert(offsetof(struct registers, ctr) == REGISTERS_CTR, "isolation_registers.S");
_Static_assert(offsetof(struct registers, xer) == REGISTERS_XER, "isolation_registers.S");
_Static_assert(offsetof(struct registers, cr) == REGISTERS_CR, "isolation_registers.S");
_Static_assert(offsetof(struct registers, fpscr) == REGISTERS_FPSCR, "isolation_registers.S");
_Static_assert(offsetof(struct registers, vscr) == REGISTERS_VSCR, "isolation_registers.S");
_Static_assert(offsetof(struct registers, vsr) == REGISTERS_VSR, "isolation_registers.S");

const char guest_name[] = "isolation";

static uint64_t seed;

/*
 * Special registers that belong to the guest; `mask` has the bits that keep any value. EAR, BESCRS, BESCRR and USIER
 * are registers of their own in QEMU 7.2 only, which also opens those of transactional memory whatever HFSCR says.
 */
#define SPRS(X) \
    X(DSCR, 17, 0x3ffffff) X(DAR, 19, WORD_MAX) X(DSISR, 18, UINT32_MAX) X(SRR0, 26, ~UINT64_C(3)) X(SRR1, 27, 0x8000000000009032) \
    X(SPRG0, 272, WORD_MAX) X(SPRG1, 273, WORD_MAX) X(SPRG2, 274, WORD_MAX) X(SPRG3, 275, WORD_MAX) \
    X(VRSAVE, 256, UINT32_MAX) X(TAR, 815, WORD_MAX) X(PID, 48, 0xffff) \
    X(EBBHR, 804, ~UINT64_C(3)) X(EBBRR, 805, ~UINT64_C(3)) X(BESCR, 806, 0x100000000) \
    X(PMC1, 787, 0x7fffffff) X(PMC2, 788, 0x7fffffff) X(PMC3, 789, 0x7fffffff) X(PMC4, 790, 0x7fffffff) X(PMC5, 791, 0x7fffffff) \
    X(PMC6, 792, 0x7fffffff) X(MMCR2, 785, 0xf0f0f0f0f0f00000) X(SIAR, 796, WORD_MAX) X(SDAR, 797, WORD_MAX) \
    X(AMR, 29, WORD_MAX >> 2) X(UAMOR, 157, WORD_MAX) X(IAMR, 61, 0x1555555555555555) X(PSPB, 159, UINT32_MAX) X(WORT, 895, UINT32_MAX) \
    X(ACOP, 31, UINT32_MAX) X(PPR, 896, WORD_MAX) X(MMCR1, 798, UINT32_MAX) X(MMCRA, 786, WORD_MAX) X(MMCRS, 894, WORD_MAX) X(SIER, 784, WORD_MAX) \
    X(SPMC1, 892, UINT32_MAX) X(SPMC2, 893, UINT32_MAX) X(TACR, 888, WORD_MAX) X(TCSCR, 889, WORD_MAX) X(CSIGR, 890, WORD_MAX) \
    X(EAR, 282, UINT32_MAX) X(USIER, 768, WORD_MAX) X(BESCRS, 800, 0x100000000) X(BESCRR, 802, 0x100000000) \
    X(TFHAR, 128, ~UINT64_C(3)) X(TFIAR, 129, ~UINT64_C(3)) X(TEXASR, 130, WORD_MAX)

#define MMCR0 795
#define MMCR0_FREEZE UINT64_C(0x80000000)
#define FSCR 153
#define FSCR_TAR_EBB_DSCR UINT64_C(0x184)

#define SPR_ENUM(name, number, mask) SPR_INDEX_##name,
enum { SPRS(SPR_ENUM) SPR_COUNT };

struct state {
    struct registers registers;
    uint64_t spr[SPR_COUNT];
    uint64_t slb[SLB_COUNT][2];
};

static struct state wanted, found;

static const char *const spr_names[] = {
#define SPR_NAME(name, number, mask) #name,
    SPRS(SPR_NAME)
};

static void special_write(const uint64_t value[])
{
#define SPR_PUT(name, number, mask) SPR_WRITE(number, value[SPR_INDEX_##name]);
    SPRS(SPR_PUT)
}

static void special_read(uint64_t value[])
{
#define SPR_GET(name, number, mask) value[SPR_INDEX_##name] = SPR_READ(number) & (mask);
    SPRS(SPR_GET)
}

static void special_fill(struct random *random, uint64_t value[])
{
#define SPR_FILL(name, number, mask) value[SPR_INDEX_##name] = random_next(random) & (mask);
    SPRS(SPR_FILL)
}

static void registers_fill(struct random *random, struct registers *registers)
{
    for (unsigned i = 0; i < 32; i++)
        registers->gpr[i] = random_next(random);
    registers->lr = random_next(random) & ~UINT64_C(3);
    registers->ctr = random_next(random);
    registers->xer = random_next(random) & XER_BITS;
    registers->cr = random_next(random) & UINT32_MAX;
    registers->fpscr[0] = random_next(random) & FPSCR_BITS;
    registers->vscr[0] = 0;
    registers->vscr[1] = 0;
    registers->vscr[__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__] = random_next(random) & VSCR_BITS;
    for (unsigned i = 0; i < 64; i++)
        for (unsigned j = 0; j < 2; j++)
            registers->vsr[i][j] = random_next(random);
}

/* Only what can be compared: field 7 of CR and, in memory order, what mffs and mfvscr put into register 0. */
static void registers_trim(struct registers *registers)
{
    registers->gpr[1] = registers->gpr[3] = registers->gpr[4] = registers->gpr[5] = 0;
    registers->cr &= ~CR_FIELD_7;
    registers->fpscr[0] &= FPSCR_BITS;
    registers->fpscr[1] = 0;
}

/* What a hypercall may change does not count after one. */
static void registers_trim_volatile(struct registers *registers)
{
    registers->gpr[0] = 0;
    for (unsigned i = 3; i <= 12; i++)
        registers->gpr[i] = 0;
    registers->ctr = registers->xer = registers->cr = 0;
}

static void slb_fill(struct random *random, uint64_t slb[][2])
{
    for (uint64_t i = SLB_FIRST; i < SLB_COUNT; i++) {
        slb[i][0] = (random_next(random) & UINT64_C(0xff0000000)) | UINT64_C(0x100000000000) * i | (i % 2 ? SLB_V : 0);
        slb[i][1] = random_next(random) & UINT64_C(0x3ffffffff000);
        __asm__ volatile("slbmte %0, %1" ::"r"(slb[i][1]), "r"(slb[i][0] | i) : "memory");
    }
    __asm__ volatile("isync");
}

static void slb_read(uint64_t slb[][2])
{
    for (uint64_t i = SLB_FIRST; i < SLB_COUNT; i++) {
        __asm__ volatile("slbmfee %0, %1" : "=r"(slb[i][0]) : "r"(i));
        __asm__ volatile("slbmfev %0, %1" : "=r"(slb[i][1]) : "r"(i));
    }
}

#define SHOWN 12

/* The first few differences are worth a line each. */
static void difference_print(unsigned round, const char *name, unsigned index, uint64_t got, uint64_t want)
{
    static unsigned shown;

    if (shown++ < SHOWN)
        print("round %u: %s %u is 0x%lx, was 0x%lx\n", round, name, index, got, want);
}

static unsigned count_registers(unsigned round, const struct registers *left, const struct registers *right)
{
    const uint64_t *a = (const uint64_t *)left;
    const uint64_t *b = (const uint64_t *)right;
    unsigned different = 0;

    for (unsigned i = 0; i < sizeof(*left) / sizeof(uint64_t); i++)
        if (a[i] != b[i]) {
            different++;
            difference_print(round, "doubleword of struct registers", i, b[i], a[i]);
        }
    return different;
}

static unsigned count_special(unsigned round)
{
    unsigned different = 0;

    for (unsigned i = 0; i < SPR_COUNT; i++)
        if (wanted.spr[i] != found.spr[i]) {
            different++;
            difference_print(round, spr_names[i], i, found.spr[i], wanted.spr[i]);
        }
    return different;
}

static unsigned count_slb(void)
{
    unsigned different = 0;

    for (unsigned i = SLB_FIRST; i < SLB_COUNT; i++)
        different += wanted.slb[i][0] != found.slb[i][0] || wanted.slb[i][1] != found.slb[i][1];
    return different;
}

struct totals {
    unsigned registers;
    unsigned special;
    unsigned slb;
    unsigned early; /* decrementer */
    unsigned late;
};

static void round_fill(unsigned round)
{
    struct random random = {seed << 32 | round};

    registers_fill(&random, &wanted.registers);
    special_fill(&random, wanted.spr);
    slb_fill(&random, wanted.slb);
    SPR_WRITE(MMCR0, MMCR0_FREEZE);
    special_write(wanted.spr);
    special_read(wanted.spr); /* some registers have bits that the processor does not implement */
}

/* Runs on with interrupts off, so that only the hypervisor's own timer takes the processor away. */
static void round_spin(struct totals *totals)
{
    const uint64_t ticks = timer_ticks(15000);
    uint64_t count = timer_count();
    uint64_t before_set = timebase_read(), after_set, before_read, after_read;
    int64_t elapsed;

    timer_set(2 * ticks);
    after_set = timebase_read();
    registers_spin(&wanted.registers, &found.registers, before_set + ticks);
    before_read = timebase_read();
    elapsed = (int64_t)(2 * ticks) - (int32_t)SPR_READ(SPR_DEC);
    after_read = timebase_read();
    special_read(found.spr);
    /* Never ahead of the time base; behind it by the time a switch takes, but not by the time others ran. */
    totals->early += timer_count() != count || elapsed - 1 > (int64_t)(after_read - before_set);
    totals->late += elapsed < (int64_t)(before_read - after_set) * 7 / 8;
}

/* Gives the processor away until the decrementer wakes it. */
static void round_cede(struct totals *totals)
{
    const uint64_t ticks = timer_ticks(2000);
    uint64_t count = timer_count();
    uint64_t start = timebase_read();

    timer_set(ticks);
    while (timer_count() == count) {
        registers_cede(&wanted.registers, &found.registers);
        msr_write(msr_read() & ~MSR_EE);
    }
    special_read(found.spr);
    totals->early += timer_last() - start < ticks;
    /* The hypercall and the decrementer interrupt used these two. */
    found.spr[SPR_INDEX_SRR0] = wanted.spr[SPR_INDEX_SRR0];
    found.spr[SPR_INDEX_SRR1] = wanted.spr[SPR_INDEX_SRR1];
    registers_trim_volatile(&wanted.registers);
    registers_trim_volatile(&found.registers);
}

static void round_compare(unsigned round, struct totals *totals)
{
    slb_read(found.slb);
    registers_trim(&wanted.registers);
    registers_trim(&found.registers);
    totals->registers += count_registers(round, &wanted.registers, &found.registers);
    totals->special += count_special(round);
    totals->slb += count_slb();
}

static uint8_t vpa[1024] __attribute__((aligned(1024)));

/* How often the hypervisor says that this processor lost or gave away the machine. */
static uint32_t vpa_count(void)
{
    be32_t count;

    memcpy(&count, vpa + 0x100, sizeof(count));
    return be32_get(count);
}

void guest_main(void)
{
    struct totals totals = {0};
    uint32_t before;

    seed = fdt_option("seed", 1);
    vpa[4] = 640 >> 8;
    vpa[5] = 640 & 0xff;
    check_status(HCALL(H_REGISTER_VPA, VPA_REGISTER, 0, (uintptr_t)vpa), H_SUCCESS, "register a processor area");
    timer_init();
    if (!mmu_map_identity())
        return;
    pattern_fill(seed);
    before = vpa_count();
    SPR_WRITE(FSCR, SPR_READ(FSCR) | FSCR_TAR_EBB_DSCR);
    msr_write(msr_read() | MSR_FP | MSR_VEC | MSR_VSX | MSR_TM);
    for (unsigned round = 0; round < ROUNDS; round++) {
        round_fill(round);
        if (round % 2)
            round_spin(&totals);
        else
            round_cede(&totals);
        round_compare(round, &totals);
    }
    msr_write(msr_read() & ~(MSR_FP | MSR_VEC | MSR_VSX | MSR_TM));
    print("switches: %u\n", (vpa_count() - before) / 2);
    check_true((vpa_count() - before) / 2 >= 50, "at least 50 switches");
    check_equal(totals.registers, 0, "general, floating point and vector registers");
    check_equal(totals.special, 0, "xen-16 special registers");
    check_equal(totals.slb, 0, "segment lookaside buffer");
    check_equal(totals.early, 0, "the decrementer is never early");
    check_equal(totals.late, 0, "the decrementer counts while others run");
    check_equal(pattern_count_bad(seed), 0, "memory");
}
