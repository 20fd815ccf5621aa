/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern.h"

#include "../../../abi/papr.h"
#include "console.h"
#include "fdt.h"
#include "memory.h"
#include "mmu.h"

#define PAGE UINT64_C(0x1000)
#define STEP UINT64_C(128)
#define SHOWN 4

static struct {
    uint64_t start;
    uint64_t end;
} excluded[8];
static unsigned excluded_count;

extern const char image_end[];

void pattern_exclude(uint64_t start, uint64_t size)
{
    excluded[excluded_count].start = start & ~(PAGE - 1);
    excluded[excluded_count].end = (start + size + PAGE - 1) & ~(PAGE - 1);
    excluded_count++;
}

static void exclude_own(void)
{
    static bool is_done;

    if (is_done)
        return;
    is_done = true;
    pattern_exclude(0, (uintptr_t)image_end);
    pattern_exclude(fdt_address(), fdt_size());
    pattern_exclude(fdt_number("rtas", "linux,rtas-base", 0), RTAS_SIZE);
}

/* The end of the excluded range that `at` lies in, or `at`. */
static uint64_t skip(uint64_t at)
{
    for (unsigned i = 0; i < excluded_count; i++)
        if (at >= excluded[i].start && at < excluded[i].end)
            return excluded[i].end;
    return at;
}

bool pattern_covers(uint64_t start, uint64_t size)
{
    uint64_t end = fdt_memory_size();
    uint64_t at = start & ~(PAGE - 1);

    exclude_own();
    while (at < end && at < start + size) {
        uint64_t next = skip(at);

        if (next == at)
            return true;
        at = next;
    }
    return false;
}

static uint64_t word_at(uint64_t address, uint64_t seed)
{
    return (address ^ seed << 40) * UINT64_C(0x9e3779b97f4a7c15);
}

void pattern_fill(uint64_t seed)
{
    uint64_t end = fdt_memory_size();

    exclude_own();
    mmu_on();
    for (uint64_t page = skip(0); page < end; page = skip(page + PAGE))
        for (uint64_t at = page; at < page + PAGE; at += STEP)
            *(volatile uint64_t *)real_memory(at) = word_at(at, seed);
    mmu_off();
}

struct bad {
    uint64_t count;
    uint64_t where[SHOWN];
    uint64_t what[SHOWN];
};

static void bad_note(struct bad *bad, uint64_t where, uint64_t what)
{
    if (bad->count < SHOWN) {
        bad->where[bad->count] = where;
        bad->what[bad->count] = what;
    }
    bad->count++;
}

static void bad_print(const struct bad *bad)
{
    for (unsigned i = 0; i < bad->count && i < SHOWN; i++)
        print("0x%lx holds 0x%lx\n", bad->where[i], bad->what[i]);
}

uint64_t pattern_count_bad(uint64_t seed)
{
    uint64_t end = fdt_memory_size();
    struct bad bad = {0};

    mmu_on();
    for (uint64_t page = skip(0); page < end; page = skip(page + PAGE))
        for (uint64_t at = page; at < page + PAGE; at += STEP) {
            uint64_t word = *(volatile uint64_t *)real_memory(at);

            if (word != word_at(at, seed))
                bad_note(&bad, at, word);
        }
    mmu_off();
    bad_print(&bad);
    return bad.count;
}

uint64_t pattern_count_nonzero(void)
{
    uint64_t end = fdt_rma_size();
    struct bad bad = {0};

    exclude_own();
    for (uint64_t page = skip(0); page < end; page = skip(page + PAGE)) {
        const volatile uint64_t *words = real_memory(page);

        for (unsigned i = 0; i < PAGE / sizeof(*words); i++)
            if (words[i])
                bad_note(&bad, page + i * sizeof(*words), words[i]);
    }
    bad_print(&bad);
    return bad.count;
}
