/* SPDX-License-Identifier: BSD-2-Clause */
/* The hash table hypercalls: random operations against the model, and each return code by hand.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include "hv_hpt_model.h"

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
}

int main(void)
{
    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
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
