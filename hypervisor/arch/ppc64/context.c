/* SPDX-License-Identifier: BSD-2-Clause */
#include "context.h"

#include <string.h>

#include "cpu.h"

/* head.S */
void vector_save(struct vector_state *state);
void vector_load(const struct vector_state *state);

#define AIL_VECTOR_OFFSET UINT64_C(0xc000000000004000)
#define AIL2_VECTOR_OFFSET UINT64_C(0x18000)

static void slb_save(struct slb_entry *slb)
{
    for (struct slb_entry *entry = slb; entry < slb + SLB_ENTRIES; entry++) {
        __asm__ volatile("slbmfee %0,%1" : "=r"(entry->esid) : "r"(entry - slb));
        __asm__ volatile("slbmfev %0,%1" : "=r"(entry->vsid) : "r"(entry - slb));
    }
}

/* Invalid entries too: slbia spares the first, and on QEMU the next guest could read what they held before. */
static void slb_load(const struct slb_entry *slb)
{
    cpu_isync();
    __asm__ volatile("slbia" : : : "memory");
    for (const struct slb_entry *entry = slb; entry < slb + SLB_ENTRIES; entry++) {
        __asm__ volatile("slbmte %0,%1" : : "r"(entry->vsid), "r"(entry->esid | (uint64_t)(entry - slb)) : "memory");
    }
    cpu_isync();
}

static void tm_enable(void)
{
    __asm__ volatile("mtmsrd %0" : : "r"(cpu_msr() | MSR_TM) : "memory");
    cpu_isync();
}

static void tm_disable(void)
{
    __asm__ volatile("mtmsrd %0" : : "r"(cpu_msr() & ~MSR_TM) : "memory");
    cpu_isync();
}

void context_save(struct guest_context *context)
{
#define X(name, number) context->spr.name = cpu_mfspr(number);
    context->ctrl = cpu_mfspr(SPR_CTRLF);
    GUEST_SPRS(X)
    tm_enable();
    GUEST_TM_SPRS(X)
    tm_disable();
#undef X
    vector_save(&context->vector);
    slb_save(context->slb);
}

void context_load(const struct guest_context *context)
{
#define X(name, number) cpu_mtspr(number, context->spr.name);
    cpu_mtspr(SPR_CTRLT, context->ctrl);
    GUEST_SPRS(X)
    tm_enable();
    GUEST_TM_SPRS(X)
    tm_disable();
#undef X
    context_dec_load(context);
    vector_load(&context->vector);
    slb_load(context->slb);
    cpu_mtspr(SPR_SDR1, context->sdr1);
    cpu_mtspr(SPR_RMOR, context->rmor);
    cpu_mtspr(SPR_LPCR, context->lpcr);
    cpu_isync();
    /* Last of all: QEMU does not tag its TLB by partition, and of these registers only this one's write drops it. */
    cpu_mtspr(SPR_LPIDR, context->lpid);
    cpu_isync();
}

void context_reset(struct guest_context *context)
{
    uint64_t lpcr = context->lpcr, rmor = context->rmor, sdr1 = context->sdr1, lpid = context->lpid;

    memset(context, 0, sizeof(*context));
    context->lpcr = lpcr & ~(LPCR_ILE | LPCR_AIL_MASK);
    context->rmor = rmor;
    context->sdr1 = sdr1;
    context->lpid = lpid;
    context->msr = MSR_SF | MSR_ME;
    context->dec_expiry = cpu_timebase() + INT32_MAX;
    context->mmcr0 = MMCR0_FC; /* the power-on value */
    context->spr.ppr = UINT64_C(0x0010000000000000); /* medium priority, the architecture's default */
}

void context_interrupt(struct guest_context *context, uint64_t vector, uint64_t srr1_reason)
{
    uint64_t msr = context->msr, new_msr = MSR_SF | MSR_ME, pc = vector;
    uint64_t ail = (context->lpcr & LPCR_AIL_MASK) >> LPCR_AIL_SHIFT;

    cpu_mtspr(SPR_SRR0, context->pc);
    cpu_mtspr(SPR_SRR1, (msr & ~SRR1_INTERRUPT_MASK) | srr1_reason);
    if ((context->lpcr & LPCR_ILE) != 0) {
        new_msr |= MSR_LE;
    }
    /* System reset and machine check always start in real mode at their own vector. */
    if (vector > 0x200 && (msr & MSR_IR) != 0 && (msr & MSR_DR) != 0 && ail >= 2) {
        new_msr |= MSR_IR | MSR_DR;
        pc += ail == 2 ? AIL2_VECTOR_OFFSET : AIL_VECTOR_OFFSET;
    }
    context->pc = pc;
    context->msr = new_msr;
}

int64_t context_dec_left(const struct guest_context *context)
{
    return (int64_t)(context->dec_expiry - cpu_timebase());
}

void context_dec_save(struct guest_context *context)
{
    /* In this order the time between the two reads makes the guest's interrupt late, never early. */
    int64_t left = (int32_t)cpu_mfspr(SPR_DEC);

    context->dec_expiry = cpu_timebase() + (uint64_t)left;
}

void context_dec_load(const struct guest_context *context)
{
    int64_t left = context_dec_left(context);

    /* Long expired must not look like far in the future in 32 bits. */
    cpu_mtspr(SPR_DEC, left < INT32_MIN ? INT32_MIN : left);
}
