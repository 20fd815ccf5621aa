/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz_arguments.h"

#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/hcall.h"
#include "lib/memory.h"
#include "lib/mmu.h"
#include "lib/pattern.h"
#include "lib/rtas.h"

#define PAGE UINT64_C(0x1000)
#define ARENA_SIZE (UINT64_C(256) << 10)

/* What an argument should be. */
enum want {
    ANY,
    FLAGS,      /* of hash-table calls and H_PAGE_INIT */
    SLOT,       /* index into the hash table */
    PTE_V,
    PTE_R,
    BULK,       /* first word of a pair of H_BULK_REMOVE */
    TARGET,     /* page that is written: in the arena, or not memory of ours at all */
    SOURCE,     /* page that is read */
    PROCESSOR,
    PRIORITY,
    XIRR,
    UNIT,
    NO_LENGTH,  /* of text: 0, or too much */
    VPA_FUNCTION,
    VPA_ADDRESS,
    MODE_FLAGS,
    MODE_RESOURCE,
    RTAS_BUFFER,
};

struct kind {
    const char *name;
    uint64_t number;
    bool can_succeed;
    enum want want[8];
};

static const struct kind kinds[] = {
    {"H_ENTER", H_ENTER, true, {FLAGS, SLOT, PTE_V, PTE_R}},
    {"H_ENTER again", H_ENTER, true, {FLAGS, SLOT, PTE_V, PTE_R}},
    {"H_REMOVE", H_REMOVE, true, {FLAGS, SLOT, PTE_V}},
    {"H_READ", H_READ, true, {FLAGS, SLOT}},
    {"H_PROTECT", H_PROTECT, true, {FLAGS, SLOT, PTE_V}},
    {"H_CLEAR_MOD", H_CLEAR_MOD, true, {FLAGS, SLOT}},
    {"H_CLEAR_REF", H_CLEAR_REF, true, {FLAGS, SLOT}},
    {"H_BULK_REMOVE", H_BULK_REMOVE, true, {BULK, PTE_V, BULK, PTE_V, BULK, PTE_V, BULK, PTE_V}},
    {"H_PAGE_INIT", H_PAGE_INIT, true, {FLAGS, TARGET, SOURCE}},
    {"H_SET_DABR", H_SET_DABR, true, {ANY}},
    {"H_SET_XDABR", H_SET_XDABR, true, {ANY, PRIORITY}},
    {"H_SET_SPRG0", H_SET_SPRG0, true, {ANY}},
    {"H_GET_TERM_CHAR", H_GET_TERM_CHAR, true, {UNIT}},
    {"H_PUT_TERM_CHAR", H_PUT_TERM_CHAR, true, {UNIT, NO_LENGTH, ANY, ANY}},
    {"H_EOI", H_EOI, true, {XIRR}},
    {"H_CPPR", H_CPPR, true, {PRIORITY}},
    {"H_IPI", H_IPI, true, {PROCESSOR, PRIORITY}},
    {"H_IPOLL", H_IPOLL, true, {PROCESSOR}},
    {"H_XIRR", H_XIRR, true, {ANY}},
    {"H_XIRR_X", H_XIRR_X, true, {ANY}},
    {"H_REGISTER_VPA", H_REGISTER_VPA, true, {VPA_FUNCTION, PROCESSOR, VPA_ADDRESS}},
    {"H_CEDE", H_CEDE, true, {ANY}},
    {"H_CONFER", H_CONFER, true, {PROCESSOR, ANY}},
    {"H_PROD", H_PROD, true, {PROCESSOR}},
    {"H_JOIN", H_JOIN, false, {ANY}},
    {"H_RANDOM", H_RANDOM, false, {ANY}},
    {"H_SET_MODE", H_SET_MODE, true, {MODE_FLAGS, MODE_RESOURCE, ANY, ANY}},
    {"H_GET_CPU_CHARACTERISTICS", H_GET_CPU_CHARACTERISTICS, true, {ANY}},
    {"H_SIGNAL_SYS_RESET", H_SIGNAL_SYS_RESET, true, {PROCESSOR}},
    {"H_RTAS", H_RTAS, true, {RTAS_BUFFER}},
    {"unknown number", 0, false, {ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY}},
};

_Static_assert(ARRAY_COUNT(kinds) == FUZZ_KINDS, "FUZZ_KINDS");

static uint8_t arena[ARENA_SIZE] __attribute__((aligned(0x10000)));
static uint64_t last_pages; /* the end of memory belongs to the arena, too */

const char *fuzz_name(unsigned kind)
{
    return kinds[kind].name;
}

bool fuzz_can_succeed(unsigned kind)
{
    return kinds[kind].can_succeed;
}

void fuzz_init(void)
{
    last_pages = fdt_memory_size() - 4 * PAGE;
    if (pattern_covers(last_pages, 4 * PAGE))
        pattern_exclude(last_pages, 4 * PAGE);
    else
        last_pages = (uintptr_t)arena;
}

static uint64_t arena_address(struct random *random)
{
    if (random_below(random, 8) == 0)
        return last_pages + random_below(random, 4 * PAGE);
    return (uintptr_t)arena + random_below(random, ARENA_SIZE);
}

/* Near the ends of what there is, or wild. */
static uint64_t boundary(struct random *random)
{
    static const uint64_t offsets[] = {0, 1, 4, 8, 0x7f, 0x80, 0xff8, PAGE, WORD_MAX, WORD_MAX - 7, -PAGE, -(PAGE - 1)};
    const uint64_t bases[] = {0, fdt_rma_size(), fdt_memory_size(), mmu_entry_count(), UINT64_C(1) << 31, UINT64_C(1) << 32,
                              UINT64_C(1) << 40, UINT64_C(1) << 59, UINT64_C(1) << 60, UINT64_C(1) << 63};

    switch (random_below(random, 4)) {
    case 0:
        return bases[random_below(random, ARRAY_COUNT(bases))] + offsets[random_below(random, ARRAY_COUNT(offsets))];
    case 1:
        return UINT64_C(1) << random_below(random, 64);
    case 2:
        return random_below(random, 256);
    default:
        return random_next(random);
    }
}

static uint64_t some_flags(struct random *random)
{
    static const uint64_t flags[] = {H_EXACT, H_READ_4, H_AVPN, H_ANDCOND, H_ICACHE_INVALIDATE, H_ICACHE_SYNCHRONIZE, H_ZERO_PAGE,
                                     H_COPY_PAGE, H_PROTECT_N, H_PROTECT_PP, 0x100, 0x3000};
    uint64_t value = 0;

    for (uint64_t count = random_below(random, 3); count; count--)
        value |= flags[random_below(random, ARRAY_COUNT(flags))];
    return value;
}

/* Few groups, so that entries are met again; now and then any. */
static uint64_t some_slot(struct random *random)
{
    uint64_t entries = mmu_entry_count();

    return random_below(random, 8) ? random_below(random, 64) : random_below(random, entries);
}

static uint64_t some_pte_v(struct random *random)
{
    return random_below(random, 4) << 12 | (random_below(random, 3) ? PTE_V_VALID : 0) | (random_below(random, 4) ? 0 : PTE_V_LARGE) |
           (random_below(random, 4) ? 0 : PTE_V_1T);
}

static uint64_t some_pte_r(struct random *random)
{
    uint64_t address = random_below(random, fdt_memory_size()) & ~(PAGE - 1);

    if (random_below(random, 3) == 0)
        address = (address & ~UINT64_C(0xffff)) | (random_below(random, 2) ? PTE_R_64K : 0);
    return address | PTE_R_COHERENT | random_below(random, 8) | (random_below(random, 8) ? 0 : random_below(random, 0x1000));
}

static uint64_t some_bulk(struct random *random)
{
    static const uint64_t types[] = {BULK_REQUEST, BULK_REQUEST, BULK_REQUEST, BULK_REQUEST | BULK_AVPN, BULK_REQUEST | BULK_ANDCOND,
                                     BULK_END, BULK_RESPONSE, 0};

    return types[random_below(random, ARRAY_COUNT(types))] | some_slot(random);
}

/* A buffer in the arena with a length field that may fit. */
static uint64_t some_vpa(struct random *random)
{
    uint8_t *area = arena + random_below(random, ARENA_SIZE / 128) * 128;
    uint32_t size = (uint32_t)(random_below(random, 4) ? random_below(random, 0x1000) : random_next(random));

    if (random_below(random, 2))
        size = size << 16 | 640;
    area[4] = (uint8_t)(size >> 24);
    area[5] = (uint8_t)(size >> 16);
    area[6] = (uint8_t)(size >> 8);
    area[7] = (uint8_t)size;
    return (uintptr_t)area;
}

/* An argument of an RTAS call. Those calls that write through one may reach the arena only, and at most 64 KiB of it. */
static uint32_t some_rtas_argument(struct random *random, bool is_written)
{
    uint32_t value;

    switch (random_below(random, 4)) {
    case 0:
        return (uint32_t)((uintptr_t)arena + random_below(random, ARENA_SIZE - NVRAM_SIZE));
    case 1:
        value = (uint32_t)(XICS_FIRST_IRQ + random_below(random, XICS_IRQ_COUNT + 1));
        break;
    case 2:
        value = (uint32_t)random_below(random, 40);
        break;
    default:
        value = (uint32_t)boundary(random);
    }
    return is_written && value < fdt_memory_size() ? UINT32_MAX - value % 4096 : value;
}

static uint32_t some_token(struct random *random)
{
    uint32_t token = random_below(random, 8) ? 0x2000 + (uint32_t)random_below(random, 0x28) : (uint32_t)boundary(random);

    switch (token) {
    case RTAS_POWER_OFF:
    case RTAS_SYSTEM_REBOOT:
    case RTAS_STOP_SELF:
    case RTAS_IBM_OS_TERM:
    case RTAS_DISPLAY_CHARACTER:
        return RTAS_GET_TIME_OF_DAY;
    default:
        return token;
    }
}

static bool rtas_writes(uint32_t token)
{
    return token == RTAS_NVRAM_FETCH || token == RTAS_IBM_GET_SYSTEM_PARAMETER || token == RTAS_EVENT_SCAN ||
           token == RTAS_CHECK_EXCEPTION;
}

static uint64_t some_rtas_buffer(struct random *random)
{
    struct rtas_buffer *buffer = (struct rtas_buffer *)(arena + random_below(random, (ARENA_SIZE - PAGE) / 64) * 64);
    uint32_t token = some_token(random);
    bool is_usual = random_below(random, 4);

    be32_set(&buffer->token, token);
    be32_set(&buffer->argument_count, (uint32_t)(is_usual ? random_below(random, 8) : boundary(random)));
    be32_set(&buffer->return_count, (uint32_t)(is_usual ? random_below(random, 9) : boundary(random)));
    for (unsigned i = 0; i < RTAS_WORDS; i++)
        be32_set(&buffer->words[i], some_rtas_argument(random, rtas_writes(token)));
    return (uintptr_t)buffer;
}

static uint64_t some_right(struct random *random, enum want want)
{
    static const uint64_t processors[] = {0, 0, 0, WORD_MAX, WORD_MAX - 1, 1};

    switch (want) {
    case FLAGS:
        return some_flags(random);
    case SLOT:
        return some_slot(random);
    case PTE_V:
        return some_pte_v(random);
    case PTE_R:
        return some_pte_r(random);
    case BULK:
        return some_bulk(random);
    case TARGET:
        return arena_address(random) & ~(PAGE - 1);
    case SOURCE:
        return random_below(random, fdt_memory_size()) & ~(PAGE - 1);
    case PROCESSOR:
        return processors[random_below(random, ARRAY_COUNT(processors))];
    case PRIORITY:
        return random_below(random, 16);
    case XIRR:
        return random_below(random, 256) << 24 | (random_below(random, 2) ? 2 : XICS_FIRST_IRQ + random_below(random, 17));
    case UNIT:
        return random_below(random, 2) ? console_unit() : 0;
    case NO_LENGTH:
        return random_below(random, 2) ? 0 : 17;
    case VPA_FUNCTION:
        return random_below(random, 8) << 45;
    case VPA_ADDRESS:
        return some_vpa(random);
    case MODE_FLAGS:
        return random_below(random, 4);
    case MODE_RESOURCE:
        return random_below(random, 5);
    case RTAS_BUFFER:
        return some_rtas_buffer(random);
    case ANY:
        break;
    }
    return random_below(random, 2) ? 0 : boundary(random);
}

/* Arguments that name memory a call writes to, or text: what is wild there must still not hit what others own. */
static uint64_t tame(struct random *random, enum want want, uint64_t value)
{
    bool is_address = want == TARGET || want == VPA_ADDRESS || want == RTAS_BUFFER;

    if (is_address && value < fdt_memory_size() &&
        (value < (uintptr_t)arena || value - (uintptr_t)arena > ARENA_SIZE - PAGE) && value - last_pages >= 4 * PAGE)
        return arena_address(random) & ~UINT64_C(7);
    if (want == NO_LENGTH && value <= 16)
        return 0;
    return value;
}

/* H_ENTER may zero or copy the page it maps. */
static void tame_enter(uint64_t in[9])
{
    uint64_t address = in[4] & PTE_R_ADDRESS_MASK;

    if (in[3] & PTE_V_LARGE || address < (uintptr_t)arena || address - (uintptr_t)arena > ARENA_SIZE - PAGE)
        in[1] &= ~(H_ZERO_PAGE | H_COPY_PAGE);
}

static uint64_t unknown_number(struct random *random)
{
    uint64_t number;

    for (;;) {
        bool is_known = false;

        number = random_below(random, 2) ? random_below(random, 0x400) * 4 : boundary(random);
        for (unsigned i = 0; i < FUZZ_KINDS; i++)
            is_known |= kinds[i].number == number && number;
        if (!is_known)
            return number;
    }
}

unsigned fuzz_arguments(struct random *random, uint64_t in[9])
{
    unsigned kind = (unsigned)random_below(random, FUZZ_KINDS);
    bool is_careful = random_below(random, 2);

    in[0] = kinds[kind].number ? kinds[kind].number : unknown_number(random);
    for (unsigned i = 0; i < 8; i++) {
        enum want want = kinds[kind].want[i];
        uint64_t value = is_careful || random_below(random, 4) ? some_right(random, want) : boundary(random);

        in[1 + i] = tame(random, want, value);
    }
    if (in[0] == H_ENTER)
        tame_enter(in);
    return kind;
}
