/* SPDX-License-Identifier: BSD-2-Clause */
/* The hash table hypercalls against a model that knows guest addresses only, with hardware that notes references and
 * changes as late as it may.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include hypervisor/arch/ppc64 hypervisor/papr abi .
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "hv_domain.h"
#include "hv_processor.h"
#include "hv_random.h"

static void instruction(const char *text);

/* Inline assembly becomes a call that says which instructions stood there. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#define __asm__
#define volatile(...) instruction(#__VA_ARGS__)
#include "../../hypervisor/arch/ppc64/hpt.c"
#undef __asm__
#undef volatile
#pragma GCC diagnostic pop

#include "../../hypervisor/papr/hpt.c"

#define ENTRIES 64u
#define FLAG(bit) (UINT64_C(1) << (63 - (bit)))
#define EXACT FLAG(24)
#define READ_4 FLAG(26)
#define AVPN FLAG(32)
#define ANDCOND FLAG(33)
#define ZERO_PAGE FLAG(48)
#define SOFTWARE_BITS UINT64_C(0x60)
#define RC UINT64_C(0x180)
#define MARK 0xa5

enum slot_state { FREE, GUESTS, OURS };

/* What the guest may believe about one entry. */
struct slot {
    enum slot_state state;
    uint64_t v, r;
};

static const uint32_t extents[] = { 40, 17, 33, 18, 60 };
static struct domain *guest;
static struct domain *other;
static struct slot model[ENTRIES];
static uint64_t *args;
static char log_text[256];
static bool invalidation_open; /* a translation may still be in use */

/* ---- the processor ---- */

/* Between the invalidation and its end, references and changes by translations that are still cached arrive. */
static void hardware_notes_late(void)
{
    for (unsigned i = 0; guest != NULL && i < ENTRIES; i++) {
        if (model[i].state == GUESTS && (guest->hpt[2 * i] & HPTE_V_VALID) == 0) {
            uint64_t bits = random_next() & RC;

            guest->hpt[2 * i + 1] |= bits;
            model[i].r |= bits;
        }
    }
}

static uint64_t *watched; /* an entry whose state at each instruction goes into the log */

static void instruction(const char *text)
{
    static const char *const names[] = { "mfspr", "eieio", "tlbie", "tlbsync", "ptesync" };

    for (const char *at = text; *at != '\0'; at++) {
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            if (strncmp(at, names[i], strlen(names[i])) == 0 && watched != NULL) {
                snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "%s(%lx,%lx) ", names[i], watched[0],
                         watched[1]);
            }
        }
    }
    invalidation_open |= strstr(text, "tlbie") != NULL;
    if (strstr(text, "tlbsync") != NULL) {
        invalidation_open = false;
        hardware_notes_late();
    }
}

/* ---- arch/ppc64/hpt.c ---- */

static void test_store_order(void)
{
    uint64_t entry[2] = { 0, 0x1111 };

    watched = entry;
    log_text[0] = '\0';
    hpte_write(entry, 0x21, 0x2222);
    CHECK(strcmp(log_text, "eieio(0,2222) ptesync(21,2222) ") == 0);
    log_text[0] = '\0';
    hpte_invalidate_begin(entry, 0);
    CHECK(strcmp(log_text, "mfspr(20,2222) ptesync(20,2222) tlbie(20,2222) ") == 0);
    log_text[0] = '\0';
    hpte_invalidate_end();
    CHECK(strcmp(log_text, "eieio(20,2222) tlbsync(20,2222) ptesync(20,2222) ") == 0);
    watched = NULL;
}

/* RB of tlbie from the virtual address itself, for any address, segment and page size and either hash. */
static void test_invalidation_address(void)
{
    static const unsigned shifts[] = { 12, 16, 24 };
    static const uint64_t encodings[] = { 0, 0x1000, 0 };

    for (int step = 0; step < 200000; step++) {
        unsigned kind = (unsigned)random_below(3), shift = shifts[kind];
        bool large_segment = random_one_in(2), secondary = random_one_in(2);
        unsigned segment_shift = large_segment ? 40 : 28;
        uint64_t group_mask = (UINT64_C(1) << (11 + random_below(12))) - 1;
        /* 78 bits of virtual address: as many as the segment number has here, and the offset. */
        uint64_t segment = random_next() & (large_segment ? UINT64_C(0x3fffffffff) : UINT64_C(0x3ffffffffffff));
        uint64_t offset = random_next() & ((UINT64_C(1) << segment_shift) - 1);
        uint64_t low64 = segment << segment_shift | offset;
        uint64_t avpn = (segment << (segment_shift - 23) | offset >> 23) & ~((UINT64_C(1) << (shift == 24 ? 1 : 0)) - 1);
        uint64_t hash = large_segment ? segment ^ segment << 25 ^ offset >> shift : segment ^ offset >> shift;
        uint64_t group = (secondary ? ~hash : hash) & group_mask;
        uint64_t v = (large_segment ? HPTE_V_SEGMENT_1T : 0) | avpn << 7 | (shift == 12 ? 0 : HPTE_V_LARGE) |
                     (secondary ? HPTE_V_SECONDARY : 0) | HPTE_V_VALID;
        uint64_t size_bits = large_segment ? 0x100 : 0, page = low64 & ~((UINT64_C(1) << shift) - 1);
        uint64_t expected = shift == 12 ? page | size_bits
                                        : page | encodings[kind] | size_bits | (page >> 12 & 0xfe) | 1;

        CHECK(tlbie_rb(v, encodings[kind], group * HPTES_PER_GROUP + random_below(8)) == expected);
    }
}

static void test_page_sizes(void)
{
    for (uint64_t lp = 0; lp < 256; lp++) {
        unsigned expected = (lp & 0xf) == 1 ? 16 : lp == 0 ? 24 : 0;

        CHECK(hpte_page_shift(HPTE_V_VALID, lp << 12) == 12);
        CHECK(hpte_page_shift(HPTE_V_LARGE, lp << 12 | 0x1ff) == expected);
    }
}

/* The bolted entries of the real-mode area: their address, and the group that hashing it gives. */
static void test_real_mode_area(void)
{
    CHECK(hpt_sdr1(0x40000000, 18) == 0x40000000);
    CHECK(hpt_sdr1(0x40000000, 24) == 0x40000006);
    for (uint64_t page = 0; page < 4096; page += 7) {
        uint64_t v = vrma_hpte_v(page), vsid = 0x1ffffff;

        CHECK(v >> 62 == 1 && (v & HPTE_V_VALID) != 0 && (v & HPTE_V_OWNED) != 0 && (v & HPTE_V_LARGE) != 0);
        CHECK((v & UINT64_C(0x3fffffffffffff80)) >> 7 == (vsid << 17 | page << 1));
        CHECK(vrma_group(page, 2048) == ((vsid ^ vsid << 25 ^ page) & 2047));
        CHECK(tlbie_rb(v, 0, vrma_group(page, 2048) * 8) == (vsid << 40 | page << 24 | 0x101));
    }
}

/* ---- the model ---- */

uint64_t memory_guest_extent(uint32_t domain_id, paddr_t address)
{
    CHECK(domain_id == guest->id);
    for (uint64_t i = 0; i < ARRAY_SIZE(extents); i++) {
        if (extents[i] == address >> EXTENT_SHIFT) {
            return i;
        }
    }
    CHECK(!"a machine address that is not the domain's");
    return 0;
}

static uint64_t machine_r(uint64_t r)
{
    uint64_t extent = (r & HPTE_R_RPN) >> EXTENT_SHIFT;

    CHECK(extent < ARRAY_SIZE(extents));
    return (r & ~UINT64_C(0x0fffffffff000000)) | (uint64_t)extents[extent] << EXTENT_SHIFT;
}

/* The table is what the model says, entry by entry, in machine addresses of this very domain. */
static void check_table(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t v = guest->hpt[2 * i], r = guest->hpt[2 * i + 1];

        if (model[i].state == FREE) {
            CHECK((v & HPTE_V_VALID) == 0);
        } else {
            CHECK(v == (model[i].v | (model[i].state == OURS ? HPTE_V_OWNED : 0)));
            CHECK(r == machine_r(model[i].r));
        }
    }
    CHECK(guest->hpt_lock.held == 0 && !invalidation_open);
}

/* Which size an entry asks for; 0: none that is offered. */
static uint64_t page_size(uint64_t v, uint64_t r)
{
    if ((v & 4) == 0) {
        return UINT64_C(1) << 12;
    }
    if ((r >> 12 & 0xf) == 1) {
        return UINT64_C(1) << 16;
    }
    return (r >> 12 & 0xff) == 0 ? UINT64_C(1) << 24 : 0;
}

static bool entry_good(uint64_t v, uint64_t r, gpa_t *at, uint64_t *size)
{
    *size = page_size(v, r);
    if (*size == 0 || v >> 62 > 1 || (r >> 3 & 0xf) != 2) {
        return false;
    }
    *at = (r & UINT64_C(0x0ffffffffffff000)) / *size * *size;
    return domain_contains(guest, *at, *size);
}

static uint64_t expected_slot(uint64_t flags, uint64_t index)
{
    if ((flags & EXACT) != 0) {
        return model[index].state == FREE ? index : ENTRIES;
    }
    for (uint64_t i = index / 8 * 8; i < index / 8 * 8 + 8; i++) {
        if (model[i].state == FREE) {
            return i;
        }
    }
    return ENTRIES;
}

static void op_enter(uint64_t flags, uint64_t index, uint64_t v, uint64_t r)
{
    uint64_t size, slot;
    gpa_t at = 0;
    bool good = index < ENTRIES && entry_good(v, r, &at, &size);

    if (good && size == EXTENT_SIZE && !random_one_in(64)) {
        flags &= ~ZERO_PAGE; /* 16 MiB each take time */
    }
    if (good) {
        *domain_byte(guest, at) = *domain_byte(guest, at + size - 1) = MARK;
    }
    args[0] = flags, args[1] = index, args[2] = v, args[3] = r;
    processor.icache_syncs = 0;
    switch (h_enter(&guest->vcpus[0], args)) {
    case H_SUCCESS:
        CHECK(good);
        slot = expected_slot(flags, index);
        CHECK(args[0] == slot && slot < ENTRIES);
        model[slot] = (struct slot){ GUESTS, (v & ~SOFTWARE_BITS) | 1, r };
        CHECK(*domain_byte(guest, at) == ((flags & ZERO_PAGE) != 0 ? 0 : MARK));
        CHECK(*domain_byte(guest, at + size - 1) == ((flags & ZERO_PAGE) != 0 ? 0 : MARK));
        CHECK(processor.icache_syncs == ((flags & (FLAG(40) | FLAG(41))) != 0 ? 1u : 0u));
        CHECK(processor.icache_syncs == 0 ||
              (processor.icache_at == domain_byte(guest, at) && processor.icache_size == size));
        break;
    case H_PTEG_FULL:
        CHECK(good && expected_slot(flags, index) == ENTRIES);
        CHECK(*domain_byte(guest, at) == MARK && args[0] == flags);
        break;
    case H_PARAMETER:
        CHECK(!good && args[0] == flags);
        break;
    default:
        CHECK(!"a code that H_ENTER does not have");
    }
}

static bool condition(uint64_t flags, uint64_t v, uint64_t operand)
{
    return ((flags & AVPN) == 0 || v >> 7 == operand >> 7) && ((flags & ANDCOND) == 0 || (v & operand) == 0);
}

static bool may_change(uint64_t index, uint64_t flags, uint64_t operand)
{
    return model[index].state == GUESTS && condition(flags, model[index].v, operand);
}

static void op_remove(uint64_t flags, uint64_t index, uint64_t operand)
{
    int64_t result;

    args[0] = flags, args[1] = index, args[2] = operand;
    result = h_remove(&guest->vcpus[0], args);
    if (index >= ENTRIES) {
        CHECK(result == H_PARAMETER);
    } else if (!may_change(index, flags, operand)) {
        CHECK(result == H_NOT_FOUND);
    } else {
        CHECK(result == H_SUCCESS && args[0] == model[index].v && args[1] == model[index].r);
        model[index].state = FREE;
    }
}

static void op_read(uint64_t flags, uint64_t index)
{
    int64_t result;
    unsigned count = (flags & READ_4) != 0 ? 4 : 1;

    args[0] = flags, args[1] = index;
    result = h_read(&guest->vcpus[0], args);
    if (index >= ENTRIES) {
        CHECK(result == H_PARAMETER);
        return;
    }
    CHECK(result == H_SUCCESS);
    for (unsigned i = 0; i < count; i++) {
        const struct slot *slot = &model[index / count * count + i];

        if (slot->state == FREE) {
            CHECK((args[2 * i] & 1) == 0 && args[2 * i + 1] == 0);
        } else {
            CHECK(args[2 * i] == slot->v && args[2 * i + 1] == slot->r);
        }
    }
}

static uint64_t bits_move(uint64_t flags, unsigned from, unsigned to, unsigned count)
{
    return (flags >> from & ((1u << count) - 1)) << to;
}

static void op_protect(uint64_t flags, uint64_t index, uint64_t operand)
{
    int64_t result;

    args[0] = flags, args[1] = index, args[2] = operand;
    result = h_protect(&guest->vcpus[0], args);
    if (index >= ENTRIES) {
        CHECK(result == H_PARAMETER);
    } else if (!may_change(index, flags & AVPN, operand)) {
        CHECK(result == H_NOT_FOUND);
    } else {
        CHECK(result == H_SUCCESS);
        /* PAPR's flags: pp 63:62, n 61, key 54:52 as they lie in the entry; pp0 at 55 and the key's upper bits at 51:50. */
        model[index].r = (model[index].r & ~UINT64_C(0xb000000000000e07)) | bits_move(flags, 0, 0, 3) |
                         bits_move(flags, 9, 9, 3) | bits_move(flags, 8, 63, 1) | bits_move(flags, 12, 60, 2);
    }
}

static void op_clear(uint64_t index, uint64_t bit)
{
    int64_t result;

    args[0] = random_next(), args[1] = index;
    result = bit == HPTE_R_C ? h_clear_mod(&guest->vcpus[0], args) : h_clear_ref(&guest->vcpus[0], args);
    if (index >= ENTRIES) {
        CHECK(result == H_PARAMETER);
    } else if (model[index].state != GUESTS) {
        CHECK(result == H_NOT_FOUND);
    } else {
        CHECK(result == H_SUCCESS && args[0] == model[index].r);
        model[index].r &= ~bit;
    }
}

/* Control words (PAPR, H_BULK_REMOVE): type 0:1, code 2:3, R and C 4:5, flags 6:7, index 8:63. */
static void op_bulk_remove(const uint64_t pairs[8])
{
    int64_t expected = H_SUCCESS, result;
    uint64_t codes[4] = { 0 };
    bool removed[4] = { false };
    unsigned done = 0;

    memcpy(args, pairs, 8 * sizeof(*pairs));
    for (; done < 4 && pairs[2 * done] >> 62 != 3 && expected == H_SUCCESS; done++) {
        uint64_t control = pairs[2 * done], index = control & UINT64_C(0xffffffffffffff), which = control >> 56 & 3;

        if (control >> 62 != 1) {
            expected = H_PARAMETER;
            break;
        }
        codes[done] = UINT64_C(0x80) | which;
        if (index >= ENTRIES || which == 3) {
            codes[done] |= 0x20;
            expected = H_PARAMETER;
        } else if (!may_change(index, which == 2 ? AVPN : which == 1 ? ANDCOND : 0, pairs[2 * done + 1])) {
            codes[done] |= 0x10;
        } else {
            removed[done] = true;
            model[index].state = FREE;
        }
        codes[done] = codes[done] << 56 | index;
    }
    /* The processor's last notes are due for what has left the table: put the entries back for them. */
    for (unsigned i = 0; i < done; i++) {
        if (removed[i]) {
            model[pairs[2 * i] & 0xff].state = GUESTS;
        }
    }
    result = h_bulk_remove(&guest->vcpus[0], args);
    CHECK(result == expected);
    for (unsigned i = 0; i < 4; i++) {
        if (i < done && removed[i]) {
            uint64_t r = model[pairs[2 * i] & 0xff].r;

            codes[i] |= (r & 0x100) << (59 - 8) | (r & 0x80) << (58 - 7);
            model[pairs[2 * i] & 0xff].state = FREE;
        }
        CHECK(args[2 * i] == (i < done ? codes[i] : pairs[2 * i]));
        CHECK(args[2 * i + 1] == pairs[2 * i + 1]);
    }
}

/* ---- random operations ---- */

static uint64_t random_index(void)
{
    switch (random_below(16)) {
    case 0:
        return random_wild();
    case 1:
        return ENTRIES - 1 + random_below(3);
    default:
        return random_below(ENTRIES);
    }
}

static uint64_t random_flags(void)
{
    static const uint64_t known[] = { EXACT, READ_4, AVPN, ANDCOND, ZERO_PAGE, FLAG(40), FLAG(41), FLAG(49) };
    uint64_t flags = random_one_in(8) ? random_wild() : 0;

    for (uint64_t i = random_below(3); i != 0; i--) {
        flags |= known[random_below(ARRAY_SIZE(known))];
    }
    return flags;
}

/* An entry that can mostly be entered: a page in or right behind the domain's memory. */
static void random_entry(uint64_t *v, uint64_t *r)
{
    uint64_t kind = random_below(3);

    *v = (random_wild() & ~(HPTE_V_SEGMENT_MASK | HPTE_V_LARGE)) | (random_one_in(2) ? HPTE_V_SEGMENT_1T : 0);
    *r = random_below((ARRAY_SIZE(extents) + 1) << EXTENT_SHIFT) & ~UINT64_C(0xfff);
    *r |= HPTE_R_M | (random_next() & UINT64_C(0xf000000000000f87));
    if (kind != 0) {
        *v |= HPTE_V_LARGE;
        *r = kind == 1 ? (*r & ~UINT64_C(0xf000)) | 0x1000 : *r & ~HPTE_R_LP;
    }
    if (random_one_in(10)) {
        *(random_one_in(2) ? v : r) ^= UINT64_C(1) << random_below(64);
    }
    if (random_one_in(20)) {
        *(random_one_in(2) ? v : r) = random_wild();
    }
}

/* A word that matches an entry often enough. */
static uint64_t random_operand(uint64_t index)
{
    if (index < ENTRIES && !random_one_in(4)) {
        return model[index].v ^ (random_one_in(3) ? UINT64_C(1) << random_below(64) : random_below(128));
    }
    return random_wild();
}

static void random_bulk(void)
{
    uint64_t pairs[8];

    for (unsigned i = 0; i < 4; i++) {
        uint64_t index = random_index();

        pairs[2 * i] = random_one_in(10) ? random_wild() : UINT64_C(1) << 62 | random_below(3) << 56 | index;
        pairs[2 * i + 1] = random_operand(index);
    }
    op_bulk_remove(pairs);
}

static void random_operation(void)
{
    uint64_t index = random_index(), v, r;

    switch (random_below(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        random_entry(&v, &r);
        op_enter(random_flags(), index, v, r);
        break;
    case 4:
        op_remove(random_flags(), index, random_operand(index));
        break;
    case 5:
        op_read(random_flags(), index);
        break;
    case 6:
        op_protect(random_flags() | (random_next() & 0xffff), index, random_operand(index));
        break;
    case 7:
        op_clear(index, random_one_in(2) ? HPTE_R_C : HPTE_R_R);
        break;
    case 8:
        random_bulk();
        break;
    default: {
        unsigned used = (unsigned)random_below(ENTRIES); /* the processor uses a page */
        uint64_t bits = random_next() & RC;

        if (model[used].state == GUESTS) {
            guest->hpt[2 * used + 1] |= bits;
            model[used].r |= bits;
        }
    }
    }
}

static void own_entry(unsigned index, uint64_t page)
{
    model[index] = (struct slot){ OURS, vrma_hpte_v(page) & ~SOFTWARE_BITS, page << EXTENT_SHIFT | 0x192 };
    hpte_write(&guest->hpt[2 * index], vrma_hpte_v(page), machine_r(model[index].r));
}

static void test_random(void)
{
    static char step_text[32];

    for (int step = 0; step < 100000; step++) {
        snprintf(step_text, sizeof(step_text), "step %d", step);
        check_context = step_text;
        random_operation();
        check_table();
    }
    check_context = "";
}

/* Each code by hand as well: the random steps must not be the only ones to reach it. */
static void test_codes(void)
{
    const uint64_t v = HPTE_V_SEGMENT_1T | 0x12345680, r = 0x1000000 | HPTE_R_M | 2;
    const uint64_t pairs[8] = {
        UINT64_C(1) << 62 | 8,         0, UINT64_C(1) << 62 | UINT64_C(2) << 56 | 9, v,
        UINT64_C(1) << 62 | ENTRIES,   0, UINT64_C(3) << 62,                         0,
    };

    for (unsigned i = 0; i < ENTRIES; i++) {
        if (model[i].state == GUESTS) {
            op_remove(0, i, 0);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        op_enter(0, 8 + i / 2, v, r); /* any index of a group takes the first free slot */
        CHECK(args[0] == 8 + i);
    }
    op_enter(0, 15, v, r);
    op_enter(EXACT, 8, v, r);
    op_remove(AVPN, 8, v ^ 0x80);
    op_remove(ANDCOND, 8, v);
    op_remove(AVPN | ANDCOND, 10, v & ~UINT64_C(0x7f));
    op_enter(EXACT, 10, v | HPTE_V_OWNED | 0x20, r); /* the owner's mark is not the guest's to set */
    op_remove(0, 10, 0);
    op_read(READ_4, ENTRIES - 1);
    op_read(READ_4, 11);
    op_read(0, UINT64_MAX);
    op_bulk_remove(pairs);
    CHECK(args[0] >> 56 == (0x80 | (args[0] >> 56 & 0x0c)) && args[4] >> 56 == 0xa0);
    op_enter(EXACT, 7, v, r); /* ours */
    op_remove(0, 7, 0);
    op_protect(0, 7, 0);
    op_clear(7, HPTE_R_C);
    op_read(0, 7);
    check_table();
}

int main(void)
{
    static const uint32_t foreign[] = { 20, 21 };

    test_store_order();
    test_invalidation_address();
    test_page_sizes();
    test_real_mode_area();

    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    other = domain_make(foreign, ARRAY_SIZE(foreign));
    machine_forbid((uint64_t)foreign[0] << EXTENT_SHIFT, 2 * EXTENT_SIZE); /* exists, and stays untouched */
    guest->hpt = calloc(ENTRIES, 16);
    guest->hpte_count = ENTRIES;
    args = &guest->vcpus[0].context.gpr[4];
    own_entry(7, 0);
    own_entry(23, 4);
    own_entry(22, 1);
    test_random();
    test_codes();
    return 0;
}
