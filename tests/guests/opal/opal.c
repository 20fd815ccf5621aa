/* SPDX-License-Identifier: BSD-2-Clause */
#include "opal.h"

#include "../lib/regs.h"

/* Condition register fields 2 to 4 belong to the caller (ELFv2 ABI 2.2.2). */
#define CR_KEPT UINT64_C(0x00fff000)
#define CR_PATTERN UINT64_C(0x5a5a5a5a)

#define DAMAGED_CR 32
#define DAMAGED_MSR 33

/* start.S */
void opal_run(struct opal_frame *frame, uint64_t base, uint64_t entry);
_Noreturn void opal_return_cpu(uint64_t base, uint64_t entry, uint64_t token);

static struct {
    uint64_t base;
    uint64_t entry;
} opal;

struct opal_damage opal_damage;

void opal_init(uint64_t base, uint64_t entry)
{
    opal.base = base;
    opal.entry = entry;
}

static void damage_note(uint64_t token, unsigned reg)
{
    if (!opal_damage.is_seen)
        opal_damage = (struct opal_damage){true, token, reg};
}

int64_t opal_call_frame(struct opal_frame *frame, uint64_t token, const uint64_t in[8], uint64_t msr)
{
    frame->in[0] = token;
    for (unsigned i = 0; i < 8; i++)
        frame->in[3 + i] = in[i];
    for (unsigned i = 13; i < 32; i++)
        frame->in[i] = UINT64_C(0x1357000000000000) * i + token;
    frame->cr_in = CR_PATTERN;
    frame->msr_in = msr & ~MSR_LE;
    opal_run(frame, opal.base, opal.entry);
    return (int64_t)frame->out[3];
}

int64_t opal_call(uint64_t token, const uint64_t in[8])
{
    struct opal_frame frame;
    int64_t status = opal_call_frame(&frame, token, in, msr_read() & ~MSR_EE);

    if (frame.out[1] != frame.in[1])
        damage_note(token, 1);
    for (unsigned i = 13; i < 32; i++)
        if (frame.out[i] != frame.in[i])
            damage_note(token, i);
    if ((frame.cr_out ^ frame.cr_in) & CR_KEPT)
        damage_note(token, DAMAGED_CR);
    if (frame.msr_out != frame.msr_in)
        damage_note(token, DAMAGED_MSR);
    return status;
}

void opal_poll(void)
{
    OPAL(OPAL_POLL_EVENTS, 0);
}

int64_t opal_call_until_done(uint64_t token, const uint64_t in[8])
{
    int64_t status;

    for (;;) {
        status = opal_call(token, in);
        if (status != OPAL_BUSY && status != OPAL_BUSY_EVENT)
            return status;
        opal_poll();
    }
}

_Noreturn void opal_leave(void)
{
    opal_return_cpu(opal.base, opal.entry, OPAL_RETURN_CPU);
}
