/* SPDX-License-Identifier: BSD-2-Clause */
#include "place.h"

#include "boot_image.h"
#include "prom.h"

#define LOW_MEMORY (UINT64_C(1) << 20)

/* Where to try again when Open Firmware uses a place itself. */
#define CLAIM_STEP (UINT64_C(1) << 20)

static bool find_from(struct places *places, uint64_t size, uint64_t from, uint64_t *base)
{
    while (range_set_find(&places->free, size, IMAGE_PAGE_SIZE, from, base)) {
        if (prom_claim(*base, size))
            return range_set_add(&places->used, (struct range){*base, *base + size});
        from = *base + CLAIM_STEP;
    }
    return false;
}

bool place_find(struct places *places, const char *what, uint64_t size, uint64_t from, uint64_t *base,
                struct refusal *refusal)
{
    bool fits = true;

    places->free = places->memory;
    for (size_t i = 0; i < places->used.count; i++)
        fits = fits && range_set_remove(&places->free, places->used.ranges[i]);
    fits = fits && range_set_remove(&places->free, (struct range){places->limit, UINT64_MAX});
    if (fits && (find_from(places, size, from, base) || find_from(places, size, LOW_MEMORY, base)))
        return true;
    return refuse(refusal, STUB_REASON_MEMORY, "no free memory for %s, 0x%lx bytes", what, (unsigned long)size);
}
