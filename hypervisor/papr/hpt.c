/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash table hypercalls (PAPR, "hypervisor page frame table calls"). The guest owns the translations, we own the real
 * page numbers: they are translated on the way in and back on the way out, so no machine address ever reaches a guest.
 */
#include <string.h>

#include "cpu.h"
#include "hcall.h"
#include "hpt.h"
#include "hv/memory.h"

#define EXTENT_NUMBER_MASK (HPTE_R_RPN & ~(EXTENT_SIZE - 1))

/* H_PROTECT flag bits that become the second doubleword's PP0, key and PP/N fields. */
#define PROTECT_PP0_SHIFT 55
#define PROTECT_KEY_HIGH_SHIFT 48
#define PROTECT_FIELDS (HPTE_R_PP0 | HPTE_R_PP | HPTE_R_N | HPTE_R_KEY_HIGH | HPTE_R_KEY_LOW)

static uint64_t *hpte_at(const struct domain *domain, uint64_t index)
{
    return domain->hpt + 2 * index;
}

/*
 * The second doubleword as the guest wrote it, its own real page number instead of the machine's; a free entry
 * shows nothing.
 */
static uint64_t guest_view(const struct domain *domain, uint64_t v, uint64_t r)
{
    if ((v & HPTE_V_VALID) == 0) {
        return 0;
    }
    return (r & ~EXTENT_NUMBER_MASK) | memory_guest_extent(domain->id, r & EXTENT_NUMBER_MASK) << EXTENT_SHIFT;
}

/* H_AVPN: only if the abbreviated address matches; H_ANDCOND: only if no bit of the mask is set. */
static bool condition_met(uint64_t flags, uint64_t v, uint64_t operand)
{
    if ((flags & H_FLAG_AVPN) != 0 && (v & HPTE_V_AVPN) != (operand & HPTE_V_AVPN)) {
        return false;
    }
    return (flags & H_FLAG_ANDCOND) == 0 || (v & operand) == 0;
}

/* An entry that the guest may change now: valid and not the hypervisor's own. */
static bool guest_owned(uint64_t v)
{
    return (v & HPTE_V_VALID) != 0 && (v & HPTE_V_OWNED) == 0;
}

/* Checks the pair that a guest wants to enter and gives it its machine page number. */
static int64_t translate_entry(const struct domain *domain, uint64_t *v, uint64_t *r, paddr_t *page, uint64_t *size)
{
    unsigned shift = hpte_page_shift(*v, *r);
    gpa_t at;

    if (shift == 0 || (*v & HPTE_V_SEGMENT_MASK) > HPTE_V_SEGMENT_1T) {
        return H_PARAMETER;
    }
    /* All that domains have is memory, and memory is mapped coherent and cacheable. */
    if ((*r & HPTE_R_WIMG) != HPTE_R_M) {
        return H_PARAMETER;
    }
    *size = UINT64_C(1) << shift;
    at = *r & HPTE_R_RPN & ~(*size - 1);
    if (!domain_translate(domain, at, *size, page)) {
        return H_PARAMETER;
    }
    *v = (*v & ~HPTE_V_RESERVED) | HPTE_V_VALID;
    *r = (*r & ~EXTENT_NUMBER_MASK) | (*page & EXTENT_NUMBER_MASK);
    return H_SUCCESS;
}

static void prepare_page(uint64_t flags, paddr_t page, uint64_t size)
{
    if ((flags & H_FLAG_ZERO_PAGE) != 0) {
        memset(paddr_pointer(page), 0, size);
    }
    if ((flags & (H_FLAG_ICACHE_INVALIDATE | H_FLAG_ICACHE_SYNCHRONIZE)) != 0) {
        cpu_sync_icache(paddr_pointer(page), size);
    }
}

/* The first free slot of a group, or the group's size when all are taken. */
static uint64_t find_free(const uint64_t *group)
{
    uint64_t slot = 0;

    while (slot < HPTES_PER_GROUP && (group[2 * slot] & HPTE_V_VALID) != 0) {
        slot++;
    }
    return slot;
}

/* (flags, index, first doubleword, second doubleword) -> index */
int64_t h_enter(struct vcpu *vcpu, uint64_t *args)
{
    struct domain *domain = vcpu->domain;
    uint64_t flags = args[0], index = args[1], v = args[2], r = args[3], size = 0;
    paddr_t page = 0;
    int64_t result;

    if (index >= domain->hpte_count) {
        return H_PARAMETER;
    }
    result = translate_entry(domain, &v, &r, &page, &size);
    if (result != H_SUCCESS) {
        return result;
    }
    lock_take(&domain->hpt_lock);
    if ((flags & H_FLAG_EXACT) == 0) {
        uint64_t group = index & ~(uint64_t)(HPTES_PER_GROUP - 1);
        uint64_t slot = find_free(hpte_at(domain, group));

        if (slot == HPTES_PER_GROUP) {
            result = H_PTEG_FULL;
        }
        index = group + slot;
    } else if ((*hpte_at(domain, index) & HPTE_V_VALID) != 0) {
        result = H_PTEG_FULL;
    }
    if (result == H_SUCCESS) {
        prepare_page(flags, page, size);
        hpte_write(hpte_at(domain, index), v, r);
        args[0] = index;
    }
    lock_release(&domain->hpt_lock);
    return result;
}

/* Makes one entry invalid; the caller holds the lock and flushes. */
static int64_t remove_locked(struct domain *domain, uint64_t flags, uint64_t operand, struct hpte_removal *removal)
{
    removal->hpte = hpte_at(domain, removal->index);
    if (!guest_owned(removal->hpte[0]) || !condition_met(flags, removal->hpte[0], operand)) {
        return H_NOT_FOUND;
    }
    hpte_invalidate(removal);
    return H_SUCCESS;
}

/* (flags, index, AVPN or mask) -> both doublewords */
int64_t h_remove(struct vcpu *vcpu, uint64_t *args)
{
    struct domain *domain = vcpu->domain;
    struct hpte_removal removal = { .index = args[1] };
    int64_t result;

    if (removal.index >= domain->hpte_count) {
        return H_PARAMETER;
    }
    lock_take(&domain->hpt_lock);
    result = remove_locked(domain, args[0], args[2], &removal);
    if (result == H_SUCCESS) {
        hpte_flush(&removal, 1);
        args[0] = removal.v & ~HPTE_V_RESERVED;
        args[1] = guest_view(domain, removal.v, removal.hpte[1]);
    }
    lock_release(&domain->hpt_lock);
    return result;
}

/* (flags, index) -> one entry's doublewords, or those of four with H_READ_4 */
int64_t h_read(struct vcpu *vcpu, uint64_t *args)
{
    struct domain *domain = vcpu->domain;
    uint64_t index = args[1], count = 1;

    if (index >= domain->hpte_count) {
        return H_PARAMETER;
    }
    if ((args[0] & H_FLAG_READ_4) != 0) {
        index &= ~UINT64_C(3);
        count = 4;
    }
    lock_take(&domain->hpt_lock);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t *hpte = hpte_at(domain, index + i);

        args[2 * i] = hpte[0] & ~HPTE_V_RESERVED;
        args[2 * i + 1] = guest_view(domain, hpte[0], hpte[1]);
    }
    lock_release(&domain->hpt_lock);
    return H_SUCCESS;
}

/*
 * Replaces an entry's second doubleword by (r & ~clear) | set, with its translation dropped meanwhile; the old one
 * in *old.
 */
static void change_locked(struct domain *domain, uint64_t index, uint64_t clear, uint64_t set, uint64_t *old)
{
    struct hpte_removal removal = { .hpte = hpte_at(domain, index), .index = index };

    hpte_invalidate(&removal);
    hpte_flush(&removal, 1);
    *old = removal.hpte[1];
    hpte_write(removal.hpte, removal.v, (*old & ~clear) | set);
}

/* (flags, index, AVPN) */
int64_t h_protect(struct vcpu *vcpu, uint64_t *args)
{
    struct domain *domain = vcpu->domain;
    uint64_t flags = args[0], index = args[1], v, old;
    int64_t result = H_NOT_FOUND;

    if (index >= domain->hpte_count) {
        return H_PARAMETER;
    }
    lock_take(&domain->hpt_lock);
    v = *hpte_at(domain, index);
    if (guest_owned(v) && condition_met(flags & H_FLAG_AVPN, v, args[2])) {
        uint64_t set = (flags << PROTECT_PP0_SHIFT & HPTE_R_PP0) | (flags << PROTECT_KEY_HIGH_SHIFT & HPTE_R_KEY_HIGH) |
                       (flags & (HPTE_R_PP | HPTE_R_N | HPTE_R_KEY_LOW));

        change_locked(domain, index, PROTECT_FIELDS, set, &old);
        result = H_SUCCESS;
    }
    lock_release(&domain->hpt_lock);
    return result;
}

/* (flags, index) -> second doubleword as it was */
static int64_t clear_bit(struct vcpu *vcpu, uint64_t *args, uint64_t bit)
{
    struct domain *domain = vcpu->domain;
    uint64_t index = args[1], v, old;
    int64_t result = H_NOT_FOUND;

    if (index >= domain->hpte_count) {
        return H_PARAMETER;
    }
    lock_take(&domain->hpt_lock);
    v = *hpte_at(domain, index);
    if (guest_owned(v)) {
        change_locked(domain, index, bit, 0, &old);
        args[0] = guest_view(domain, v, old);
        result = H_SUCCESS;
    }
    lock_release(&domain->hpt_lock);
    return result;
}

int64_t h_clear_mod(struct vcpu *vcpu, uint64_t *args)
{
    return clear_bit(vcpu, args, HPTE_R_C);
}

int64_t h_clear_ref(struct vcpu *vcpu, uint64_t *args)
{
    return clear_bit(vcpu, args, HPTE_R_R);
}

/* H_BULK_REMOVE: four pairs of a control word and an operand; the control word's top byte tells and is told. */
#define BULK_PAIRS 4
#define BULK_TYPE UINT64_C(0xc000000000000000)
#define BULK_REQUEST UINT64_C(0x4000000000000000)
#define BULK_RESPONSE UINT64_C(0x8000000000000000)
#define BULK_END UINT64_C(0xc000000000000000)
#define BULK_NOT_FOUND UINT64_C(0x1000000000000000)
#define BULK_BAD_PARAMETER UINT64_C(0x2000000000000000)
#define BULK_RC_SHIFT 51 /* moves the entry's R and C (0x180) to bits 0x0c00... */
#define BULK_FLAGS UINT64_C(0x0300000000000000)
#define BULK_ANDCOND UINT64_C(0x0100000000000000)
#define BULK_AVPN UINT64_C(0x0200000000000000)
#define BULK_INDEX UINT64_C(0x00ffffffffffffff)

/* One request; true when an entry became invalid and its R and C bits are still to come. */
static bool bulk_one(struct domain *domain, uint64_t *pair, struct hpte_removal *removal)
{
    uint64_t control = pair[0], flags = 0;

    removal->index = control & BULK_INDEX;
    pair[0] = (control & (BULK_FLAGS | BULK_INDEX)) | BULK_RESPONSE;
    if (removal->index >= domain->hpte_count || (control & BULK_FLAGS) == BULK_FLAGS) {
        pair[0] |= BULK_BAD_PARAMETER;
        return false;
    }
    if ((control & BULK_AVPN) != 0) {
        flags = H_FLAG_AVPN;
    } else if ((control & BULK_ANDCOND) != 0) {
        flags = H_FLAG_ANDCOND;
    }
    if (remove_locked(domain, flags, pair[1], removal) != H_SUCCESS) {
        pair[0] |= BULK_NOT_FOUND;
        return false;
    }
    return true;
}

int64_t h_bulk_remove(struct vcpu *vcpu, uint64_t *args)
{
    struct domain *domain = vcpu->domain;
    struct hpte_removal removals[BULK_PAIRS];
    uint64_t *controls[BULK_PAIRS];
    uint64_t count = 0;
    int64_t result = H_SUCCESS;

    lock_take(&domain->hpt_lock);
    for (unsigned i = 0; i < BULK_PAIRS && (args[2 * i] & BULK_TYPE) != BULK_END; i++) {
        if ((args[2 * i] & BULK_TYPE) != BULK_REQUEST) {
            result = H_PARAMETER;
            break;
        }
        if (bulk_one(domain, &args[2 * i], &removals[count])) {
            controls[count++] = &args[2 * i];
        } else if ((args[2 * i] & BULK_BAD_PARAMETER) != 0) {
            result = H_PARAMETER;
            break;
        }
    }
    if (count != 0) {
        hpte_flush(removals, count);
    }
    for (uint64_t i = 0; i < count; i++) {
        *controls[i] |= (removals[i].hpte[1] & (HPTE_R_R | HPTE_R_C)) << BULK_RC_SHIFT;
    }
    lock_release(&domain->hpt_lock);
    return result;
}
