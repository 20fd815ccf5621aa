/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of the hash-table hypercalls; translation itself stays off (hpt.c turns it on). */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/mmu.h"

#define PAGE UINT64_C(0x1000)
#define SOFTWARE_BITS UINT64_C(0x60)
#define V (UINT64_C(0x123456789) << 12 | PTE_V_VALID)
#define R(real) ((real) | PTE_R_DEFAULT)
#define SOME_PAGE UINT64_C(0x10000)

const char guest_name[] = "hcall_hpt";

static uint64_t entries;
static uint64_t group; /* first slot of a group that is empty when a test begins and left so */

static uint64_t read_v(uint64_t slot)
{
    return mmu_read_v(slot) & ~SOFTWARE_BITS;
}

static void group_clear(void)
{
    for (unsigned i = 0; i < PTEG_SLOTS; i++)
        HCALL(H_REMOVE, 0, group + i, 0);
}

static void check_enter_exact(void)
{
    struct hcall call = HCALL(H_ENTER, H_EXACT, group + 3, V, R(SOME_PAGE));

    check_status(call, H_SUCCESS, "H_ENTER exact");
    check_equal(call.out[0], group + 3, "H_ENTER exact: returns the slot");
    check_equal(mmu_read_v(group + 3), V, "H_READ: first doubleword as entered");
    check_equal(mmu_read_r(group + 3), R(SOME_PAGE), "xen-7 H_READ: guest-real address, never the machine's");
    check_status(HCALL(H_ENTER, H_EXACT, group + 3, V, R(SOME_PAGE)), H_PTEG_FULL, "H_ENTER exact: slot taken");
    check_equal(read_v(group + 3), V, "H_ENTER exact: the taken slot is as before");
    group_clear();
    HCALL(H_ENTER, H_EXACT, group, V | SOFTWARE_BITS, R(SOME_PAGE));
    check_equal(mmu_read_v(group), V, "H_ENTER: reserved software bits are not the guest's");
    group_clear();
}

static void check_enter_search(void)
{
    uint64_t seen = 0;

    for (unsigned i = 0; i < PTEG_SLOTS; i++) {
        struct hcall call = HCALL(H_ENTER, 0, group + 5, V + (i << 12), R(SOME_PAGE + i * PAGE));

        if (call.status == H_SUCCESS && call.out[0] >= group && call.out[0] < group + PTEG_SLOTS)
            seen |= UINT64_C(1) << (call.out[0] - group);
    }
    check_equal(seen, 0xff, "H_ENTER search: eight entries fill the group, low bits of the index do not count");
    check_status(HCALL(H_ENTER, 0, group, V, R(SOME_PAGE)), H_PTEG_FULL, "H_ENTER search: the ninth");
    check_status(HCALL(H_REMOVE, 0, group + 6, 0), H_SUCCESS, "H_REMOVE of slot 6");
    check_equal(HCALL(H_ENTER, 0, group, V, R(SOME_PAGE)).out[0], group + 6, "H_ENTER search: finds the hole");
    group_clear();
}

static void check_bounds(void)
{
    const uint64_t wild[] = {entries, entries + 1, entries + 7, entries * 2, UINT64_C(1) << 31, UINT64_C(1) << 40,
                             UINT64_C(1) << 59, UINT64_C(1) << 60, UINT64_C(1) << 63, WORD_MAX};

    for (unsigned i = 0; i < ARRAY_COUNT(wild); i++) {
        uint64_t slot = wild[i];

        check_status(HCALL(H_ENTER, H_EXACT, slot, V, R(SOME_PAGE)), H_PARAMETER, "xen-2 ptex bound %u: H_ENTER exact", i);
        check_status(HCALL(H_ENTER, 0, slot, V, R(SOME_PAGE)), H_PARAMETER, "xen-2 ptex bound %u: H_ENTER search", i);
        check_status(HCALL(H_REMOVE, 0, slot, 0), H_PARAMETER, "xen-2 ptex bound %u: H_REMOVE", i);
        check_status(HCALL(H_READ, 0, slot), H_PARAMETER, "xen-2 ptex bound %u: H_READ", i);
        check_status(HCALL(H_READ, H_READ_4, slot), H_PARAMETER, "xen-2 ptex bound %u: H_READ of four", i);
        check_status(HCALL(H_PROTECT, 0, slot, 0), H_PARAMETER, "xen-2 ptex bound %u: H_PROTECT", i);
        check_status(HCALL(H_CLEAR_MOD, 0, slot), H_PARAMETER, "xen-2 ptex bound %u: H_CLEAR_MOD", i);
        check_status(HCALL(H_CLEAR_REF, 0, slot), H_PARAMETER, "xen-2 ptex bound %u: H_CLEAR_REF", i);
    }
    check_status(HCALL(H_READ, 0, entries - 1), H_SUCCESS, "H_READ: the last entry");
    check_status(HCALL(H_READ, H_READ_4, entries - 1), H_SUCCESS, "H_READ of four: the last entries");
}

static void check_last_group(void)
{
    uint64_t last = entries - PTEG_SLOTS;
    bool used[PTEG_SLOTS];
    unsigned entered = 0;

    for (unsigned i = 0; i < PTEG_SLOTS; i++)
        used[i] = mmu_read_v(last + i) & PTE_V_VALID;
    while (HCALL(H_ENTER, 0, entries - 1, V + (UINT64_C(1) << 20) + (entered << 12), R(SOME_PAGE)).status == H_SUCCESS)
        entered++;
    for (unsigned i = 0; i < PTEG_SLOTS; i++)
        entered += used[i];
    check_equal(entered, PTEG_SLOTS, "xen-2 the last group holds eight entries and no more");
    for (unsigned i = 0; i < PTEG_SLOTS; i++)
        if (!used[i])
            HCALL(H_REMOVE, 0, last + i, 0);
}

static void check_real_addresses(void)
{
    uint64_t end = fdt_memory_size();
    const uint64_t wild[] = {end, end + PAGE, UINT64_C(1) << 32, UINT64_C(1) << 34, (UINT64_C(1) << 34) + (UINT64_C(2048) << 12),
                             UINT64_C(1) << 40, UINT64_C(1) << 50, UINT64_C(1) << 59, PTE_R_ADDRESS_MASK};

    check_status(HCALL(H_ENTER, H_EXACT, group, V, R(end - PAGE)), H_SUCCESS, "H_ENTER: the last page of memory");
    group_clear();
    for (unsigned i = 0; i < ARRAY_COUNT(wild); i++) {
        if (wild[i] < end)
            continue;
        check_status(HCALL(H_ENTER, H_EXACT, group, V, R(wild[i])), H_PARAMETER, "xen-3 real address %u beyond memory", i);
        check_status(HCALL(H_ENTER, H_EXACT, group, V, (R(wild[i]) & ~PTE_R_COHERENT) | PTE_R_INHIBITED | PTE_R_GUARDED),
                     H_PARAMETER, "xen-3 real address %u beyond memory, as a device", i);
    }
    check_status(HCALL(H_ENTER, H_EXACT, group, V, (R(SOME_PAGE) & ~PTE_R_COHERENT) | PTE_R_INHIBITED | PTE_R_GUARDED),
                 H_PARAMETER, "H_ENTER: memory as cache-inhibited");
    check_true(!(mmu_read_v(group) & PTE_V_VALID), "H_ENTER: what is refused leaves no entry");
}

static void check_large_pages(void)
{
    uint64_t end = fdt_memory_size();
    uint64_t size_16m = UINT64_C(1) << mmu_16m.shift;
    uint64_t v = V | PTE_V_LARGE;

    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(SOME_PAGE) | PTE_R_64K), H_SUCCESS, "H_ENTER: 64 KiB page");
    check_equal(mmu_read_r(group), R(SOME_PAGE) | PTE_R_64K, "H_READ: 64 KiB page");
    group_clear();
    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(end - 0x10000) | PTE_R_64K), H_SUCCESS, "H_ENTER: last 64 KiB page");
    group_clear();
    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(end) | PTE_R_64K), H_PARAMETER, "xen-9 64 KiB page behind memory");
    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(end - size_16m)), H_SUCCESS, "H_ENTER: last 16 MiB page");
    check_equal(mmu_read_r(group), R(end - size_16m), "H_READ: 16 MiB page");
    group_clear();
    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(end)), H_PARAMETER, "xen-9 16 MiB page behind memory");
    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(UINT64_C(1) << 50)), H_PARAMETER, "xen-9 16 MiB page far out");
    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(0xf000)), H_PARAMETER, "H_ENTER: page size code nobody defined");
    check_status(HCALL(H_ENTER, H_EXACT, group, v, R(0x3000)), H_PARAMETER, "H_ENTER: page size code of 16 GiB");
}

static void check_remove(void)
{
    struct hcall call;

    HCALL(H_ENTER, H_EXACT, group, V, R(SOME_PAGE));
    check_status(HCALL(H_REMOVE, H_AVPN, group, (V ^ 0x1000) & PTE_V_AVPN_MASK), H_NOT_FOUND, "H_REMOVE: other page number");
    check_status(HCALL(H_REMOVE, H_ANDCOND, group, PTE_V_VALID), H_NOT_FOUND, "H_REMOVE: forbidden bit is set");
    check_equal(read_v(group), V, "H_REMOVE: what does not match stays");
    call = HCALL(H_REMOVE, H_AVPN, group, V & PTE_V_AVPN_MASK);
    check_status(call, H_SUCCESS, "H_REMOVE: matching page number");
    check_equal(call.out[0] & ~SOFTWARE_BITS, V, "H_REMOVE: returns the first doubleword");
    check_equal(call.out[1], R(SOME_PAGE), "xen-7 H_REMOVE: guest-real address, never the machine's");
    check_true(!(mmu_read_v(group) & PTE_V_VALID), "H_REMOVE: the slot is free");
    check_status(HCALL(H_REMOVE, 0, group, 0), H_NOT_FOUND, "H_REMOVE: twice");
    HCALL(H_ENTER, H_EXACT, group, V, R(SOME_PAGE));
    check_status(HCALL(H_REMOVE, H_ANDCOND, group, PTE_V_BOLTED), H_SUCCESS, "H_REMOVE: forbidden bit is clear");
    group_clear();
}

static void check_read_four(void)
{
    struct hcall call;

    for (unsigned i = 0; i < 4; i++)
        HCALL(H_ENTER, H_EXACT, group + 4 + i, V + (i << 12), R(SOME_PAGE + i * PAGE));
    call = HCALL(H_READ, H_READ_4, group + 6);
    check_status(call, H_SUCCESS, "H_READ of four");
    for (unsigned i = 0; i < 4; i++) {
        check_equal(call.out[2 * i] & ~SOFTWARE_BITS, V + (i << 12), "xen-7 H_READ of four: entry %u, first", i);
        check_equal(call.out[2 * i + 1], R(SOME_PAGE + i * PAGE), "xen-7 H_READ of four: entry %u, second", i);
    }
    call = HCALL(H_READ, 0, group + 5);
    check_equal(call.out[1], R(SOME_PAGE + PAGE), "xen-7 H_READ of one: that one");
    group_clear();
}

static void check_protect(void)
{
    const uint64_t all = 0x100 | H_PROTECT_N | H_PROTECT_PP;

    HCALL(H_ENTER, H_EXACT, group, V, R(SOME_PAGE));
    check_status(HCALL(H_PROTECT, H_AVPN | all, group, (V ^ 0x1000) & PTE_V_AVPN_MASK), H_NOT_FOUND, "H_PROTECT: other page number");
    check_equal(mmu_read_r(group), R(SOME_PAGE), "H_PROTECT: what does not match stays");
    check_status(HCALL(H_PROTECT, H_AVPN | all, group, V & PTE_V_AVPN_MASK), H_SUCCESS, "H_PROTECT: matching page number");
    check_equal(mmu_read_r(group), R(SOME_PAGE) | PTE_R_PP | PTE_R_NO_EXECUTE, "H_PROTECT: all protection bits");
    check_status(HCALL(H_PROTECT, 2, group, 0), H_SUCCESS, "H_PROTECT: without condition");
    check_equal(mmu_read_r(group), R(SOME_PAGE), "H_PROTECT: protection bits cleared again");
    check_status(HCALL(H_PROTECT, 0x3200 | 2, group, 0), H_SUCCESS, "H_PROTECT: storage key");
    check_equal(mmu_read_r(group), R(SOME_PAGE) | UINT64_C(0x3) << 60 | 0x200, "H_PROTECT: storage key bits, high and low");
    check_equal(read_v(group), V, "H_PROTECT: the first doubleword stays");
    group_clear();
    check_status(HCALL(H_PROTECT, 0, group, 0), H_NOT_FOUND, "H_PROTECT: empty slot");
}

static void check_reference_bits(void)
{
    const uint64_t touched = R(SOME_PAGE) | PTE_R_REFERENCED | PTE_R_CHANGED;
    struct hcall call;

    HCALL(H_ENTER, H_EXACT, group, V, touched);
    call = HCALL(H_CLEAR_MOD, 0, group);
    check_status(call, H_SUCCESS, "H_CLEAR_MOD");
    check_equal(call.out[0], touched, "H_CLEAR_MOD: returns the old second doubleword");
    check_equal(mmu_read_r(group), touched & ~PTE_R_CHANGED, "H_CLEAR_MOD: C is clear, R as before");
    call = HCALL(H_CLEAR_REF, 0, group);
    check_status(call, H_SUCCESS, "xen-6 H_CLEAR_REF");
    check_equal(call.out[0], touched & ~PTE_R_CHANGED, "H_CLEAR_REF: returns the old second doubleword");
    check_equal(mmu_read_r(group), R(SOME_PAGE), "xen-6 H_CLEAR_REF: R is clear");
    check_equal(read_v(group), V, "H_CLEAR_REF: still valid");
    group_clear();
    check_status(HCALL(H_CLEAR_MOD, 0, group), H_NOT_FOUND, "H_CLEAR_MOD: empty slot");
    check_status(HCALL(H_CLEAR_REF, 0, group), H_NOT_FOUND, "H_CLEAR_REF: empty slot");
}

static void check_bulk_remove(void)
{
    struct hcall call;

    HCALL(H_ENTER, H_EXACT, group, V, R(SOME_PAGE) | PTE_R_REFERENCED | PTE_R_CHANGED);
    HCALL(H_ENTER, H_EXACT, group + 1, V, R(SOME_PAGE));
    HCALL(H_ENTER, H_EXACT, group + 2, V, R(SOME_PAGE));
    call = HCALL(H_BULK_REMOVE, BULK_REQUEST | group, 0, BULK_REQUEST | BULK_AVPN | (group + 1), (V ^ 0x1000) & PTE_V_AVPN_MASK,
                 BULK_REQUEST | BULK_ANDCOND | (group + 2), PTE_V_BOLTED, BULK_REQUEST | (group + 3), 0);
    check_status(call, H_SUCCESS, "H_BULK_REMOVE");
    check_equal(call.out[0], BULK_RESPONSE | UINT64_C(3) << 58 | group, "H_BULK_REMOVE: removed, with R and C");
    check_equal(call.out[2], BULK_RESPONSE | BULK_NOT_FOUND | BULK_AVPN | (group + 1), "H_BULK_REMOVE: other page number");
    check_equal(call.out[4], BULK_RESPONSE | BULK_ANDCOND | (group + 2), "H_BULK_REMOVE: no forbidden bit");
    check_equal(call.out[6], BULK_RESPONSE | BULK_NOT_FOUND | (group + 3), "H_BULK_REMOVE: empty slot");
    check_true(mmu_read_v(group + 1) & PTE_V_VALID, "H_BULK_REMOVE: what does not match stays");
    call = HCALL(H_BULK_REMOVE, BULK_END, 0, BULK_REQUEST | (group + 1), 0);
    check_status(call, H_SUCCESS, "H_BULK_REMOVE: end at once");
    check_true(mmu_read_v(group + 1) & PTE_V_VALID, "H_BULK_REMOVE: nothing behind the end");
    call = HCALL(H_BULK_REMOVE, BULK_REQUEST | (group + 1), 0, 0, 0);
    check_status(call, H_PARAMETER, "H_BULK_REMOVE: a pair of no type");
    check_true(!(mmu_read_v(group + 1) & PTE_V_VALID), "H_BULK_REMOVE: what came before is done");
    check_status(HCALL(H_BULK_REMOVE, BULK_RESPONSE | group, 0), H_PARAMETER, "H_BULK_REMOVE: a response as request");
    check_status(HCALL(H_BULK_REMOVE, BULK_REQUEST | BULK_AVPN | BULK_ANDCOND | group, 0), H_PARAMETER, "H_BULK_REMOVE: two conditions");
    call = HCALL(H_BULK_REMOVE, BULK_REQUEST | entries, 0, BULK_END, 0);
    check_status(call, H_PARAMETER, "xen-2 ptex bound: H_BULK_REMOVE");
    check_equal(call.out[0], BULK_RESPONSE | BULK_PARAMETER | entries, "H_BULK_REMOVE: response of a bad index");
    group_clear();
}

static uint8_t pages[4 * PAGE] __attribute__((aligned(PAGE)));

static bool page_is(unsigned index, uint8_t byte)
{
    for (unsigned i = 0; i < PAGE; i++)
        if (pages[index * PAGE + i] != byte)
            return false;
    return true;
}

static void check_page_init(void)
{
    uint64_t page = (uintptr_t)pages;
    uint64_t end = fdt_memory_size();

    memset(pages, 0x11, sizeof(pages));
    memset(pages + 3 * PAGE, 0x33, PAGE);
    check_status(HCALL(H_PAGE_INIT, H_ZERO_PAGE, page + PAGE), H_SUCCESS, "H_PAGE_INIT: zero");
    check_true(page_is(1, 0), "H_PAGE_INIT: the page is zero");
    check_true(page_is(0, 0x11) && page_is(2, 0x11), "xen-1 H_PAGE_INIT: its neighbours are not");
    check_status(HCALL(H_PAGE_INIT, H_COPY_PAGE | H_ICACHE_SYNCHRONIZE, page + PAGE, page + 3 * PAGE), H_SUCCESS, "H_PAGE_INIT: copy");
    check_true(page_is(1, 0x33) && page_is(0, 0x11) && page_is(2, 0x11), "H_PAGE_INIT: the page is the copy");
    check_status(HCALL(H_PAGE_INIT, H_ICACHE_INVALIDATE | H_ICACHE_SYNCHRONIZE, page), H_SUCCESS, "H_PAGE_INIT: caches only");
    check_status(HCALL(H_PAGE_INIT, 0, page), H_SUCCESS, "H_PAGE_INIT: nothing");
    check_true(page_is(0, 0x11), "H_PAGE_INIT: nothing was done");
    check_status(HCALL(H_PAGE_INIT, H_ZERO_PAGE | 1, page), H_PARAMETER, "H_PAGE_INIT: undefined flag");
    check_status(HCALL(H_PAGE_INIT, H_ZERO_PAGE, page + 8), H_PARAMETER, "H_PAGE_INIT: target not a page");
    check_status(HCALL(H_PAGE_INIT, H_COPY_PAGE, page, page + 0x808), H_PARAMETER, "H_PAGE_INIT: source not a page");
    check_status(HCALL(H_PAGE_INIT, H_ZERO_PAGE, end), H_PARAMETER, "H_PAGE_INIT: target behind memory");
    check_status(HCALL(H_PAGE_INIT, H_COPY_PAGE, page, end), H_PARAMETER, "H_PAGE_INIT: source behind memory");
    check_status(HCALL(H_PAGE_INIT, H_ZERO_PAGE, WORD_MAX - 0xfff), H_PARAMETER, "H_PAGE_INIT: target at 2^64");
    check_status(HCALL(H_PAGE_INIT, H_COPY_PAGE, page, UINT64_C(1) << 63), H_PARAMETER, "H_PAGE_INIT: source at 2^63");
    check_true(page_is(0, 0x11), "H_PAGE_INIT: what is refused changes nothing");
}

static void check_enter_flags(void)
{
    uint64_t page = (uintptr_t)pages;

    memset(pages, 0x11, sizeof(pages));
    check_status(HCALL(H_ENTER, H_EXACT | H_ZERO_PAGE, group, V, R(page + PAGE)), H_SUCCESS, "H_ENTER with zero page");
    check_true(page_is(1, 0), "H_ENTER with zero page: the page is zero");
    check_true(page_is(0, 0x11) && page_is(2, 0x11) && page_is(3, 0x11), "xen-1 H_ENTER with zero page: its neighbours are not");
    memset(pages, 0x11, sizeof(pages));
    check_status(HCALL(H_ENTER, H_EXACT | H_ZERO_PAGE, group, V, R(page + PAGE)), H_PTEG_FULL, "H_ENTER with zero page: slot taken");
    check_true(page_is(1, 0x11), "xen-1 H_ENTER with zero page: nothing zeroed when refused");
    group_clear();
}

/* Entries that were there before ours map the virtual real mode area; they are the hypervisor's. */
static void check_foreign(void)
{
    unsigned found = 0, kept = 0;

    for (uint64_t slot = 0; slot < entries; slot += 4) {
        struct hcall four = HCALL(H_READ, H_READ_4, slot);

        for (unsigned i = 0; i < 4; i++) {
            if (!(four.out[2 * i] & PTE_V_VALID))
                continue;
            found++;
            kept += HCALL(H_REMOVE, 0, slot + i, 0).status == H_NOT_FOUND &&
                    HCALL(H_PROTECT, H_PROTECT_PP, slot + i, 0).status == H_NOT_FOUND &&
                    HCALL(H_CLEAR_REF, 0, slot + i).status == H_NOT_FOUND &&
                    HCALL(H_BULK_REMOVE, BULK_REQUEST | (slot + i), 0, BULK_END).out[0] ==
                        (BULK_RESPONSE | BULK_NOT_FOUND | (slot + i)) &&
                    HCALL(H_ENTER, H_EXACT, slot + i, V, R(SOME_PAGE)).status == H_PTEG_FULL &&
                    mmu_read_v(slot + i) == four.out[2 * i] && mmu_read_r(slot + i) == four.out[2 * i + 1];
        }
    }
    print("entries of the hypervisor's own: %u\n", found);
    check_equal(kept, found, "entries of the hypervisor's own stay as they are");
}

void guest_main(void)
{
    entries = mmu_entry_count();
    group = mmu_empty_group(entries / PTEG_SLOTS / 2) * PTEG_SLOTS;
    if (!check_true(group < entries, "an empty group"))
        return;
    check_foreign();
    check_enter_exact();
    check_enter_search();
    check_bounds();
    check_last_group();
    check_real_addresses();
    check_large_pages();
    check_remove();
    check_read_four();
    check_protect();
    check_reference_bits();
    check_bulk_remove();
    check_page_init();
    check_enter_flags();
}
