/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * papr/hpt.c beside a model of the hash table that knows guest addresses only. Each operation runs on both, then the
 * whole table is compared. The processor notes references and changes as late as it may.
 */
#ifndef TESTS_NATIVE_HV_HPT_MODEL_H
#define TESTS_NATIVE_HV_HPT_MODEL_H

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "hv_domain.h"
#include "hv_processor.h"
#include "hv_random.h"

#include "hv_hpte.h"

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
static struct slot model[ENTRIES];
static uint64_t *args;

/* Addresses whose translations have to be dropped by the end of an operation, and those that were. */
static uint64_t due[4], dropped[4];
static unsigned due_count, dropped_count;
static bool drop_pending; /* announced and not waited for */

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

static void instruction(const char *text, uint64_t address)
{
    if (strstr(text, "tlbie") != NULL) {
        CHECK(dropped_count < ARRAY_SIZE(dropped));
        dropped[dropped_count++] = address;
        drop_pending = true;
    } else if (strstr(text, "tlbsync") != NULL) {
        drop_pending = false;
        hardware_notes_late();
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
    CHECK(guest->hpt_lock.held == 0 && !drop_pending);
    CHECK(dropped_count == due_count && memcmp(dropped, due, due_count * sizeof(*due)) == 0);
    dropped_count = due_count = 0;
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
    check_table();
}

static bool condition(uint64_t flags, uint64_t v, uint64_t operand)
{
    return ((flags & AVPN) == 0 || v >> 7 == operand >> 7) && ((flags & ANDCOND) == 0 || (v & operand) == 0);
}

/* The translation of an entry as it is now may not outlive the operation. */
static void translation_ends(uint64_t index)
{
    due[due_count++] = tlbie_rb(model[index].v, model[index].r, index);
}

static bool may_change(uint64_t index, uint64_t flags, uint64_t operand)
{
    return model[index].state == GUESTS && condition(flags, model[index].v, operand);
}

static void op_remove(uint64_t flags, uint64_t index, uint64_t operand)
{
    int64_t result;

    if (index < ENTRIES && may_change(index, flags, operand)) {
        translation_ends(index);
    }
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
    check_table();
}

static void op_read(uint64_t flags, uint64_t index)
{
    int64_t result;
    unsigned count = (flags & READ_4) != 0 ? 4 : 1;

    args[0] = flags, args[1] = index;
    result = h_read(&guest->vcpus[0], args);
    if (index >= ENTRIES) {
        CHECK(result == H_PARAMETER);
        count = 0;
    }
    CHECK(count == 0 || result == H_SUCCESS);
    for (unsigned i = 0; i < count; i++) {
        const struct slot *slot = &model[index / count * count + i];

        if (slot->state == FREE) {
            CHECK((args[2 * i] & 1) == 0 && args[2 * i + 1] == 0);
        } else {
            CHECK(args[2 * i] == slot->v && args[2 * i + 1] == slot->r);
        }
    }
    check_table();
}

static uint64_t bits_move(uint64_t flags, unsigned from, unsigned to, unsigned count)
{
    return (flags >> from & ((1u << count) - 1)) << to;
}

static void op_protect(uint64_t flags, uint64_t index, uint64_t operand)
{
    int64_t result;

    if (index < ENTRIES && may_change(index, flags & AVPN, operand)) {
        translation_ends(index);
    }
    args[0] = flags, args[1] = index, args[2] = operand;
    result = h_protect(&guest->vcpus[0], args);
    if (index >= ENTRIES) {
        CHECK(result == H_PARAMETER);
    } else if (!may_change(index, flags & AVPN, operand)) {
        CHECK(result == H_NOT_FOUND);
    } else {
        CHECK(result == H_SUCCESS);
        /* PAPR's flags: pp 63:62, n 61, key 54:52 as they lie in the entry; pp0 at 55, the key's upper bits 51:50. */
        model[index].r = (model[index].r & ~UINT64_C(0xb000000000000e07)) | bits_move(flags, 0, 0, 3) |
                         bits_move(flags, 9, 9, 3) | bits_move(flags, 8, 63, 1) | bits_move(flags, 12, 60, 2);
    }
    check_table();
}

static void op_clear(uint64_t index, uint64_t bit)
{
    int64_t result;

    if (index < ENTRIES && may_change(index, 0, 0)) {
        translation_ends(index);
    }
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
    check_table();
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
            translation_ends(index);
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
    check_table();
}

#endif
