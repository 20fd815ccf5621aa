/* SPDX-License-Identifier: BSD-2-Clause */
/* What the PAPR interface keeps for a domain and for each of its processors. */
#ifndef PAPR_GUEST_H
#define PAPR_GUEST_H

#include "abi/papr.h"
#include "hv/lock.h"
#include "hv/types.h"

/* One interrupt source of the virtual XICS. */
struct xics_source {
    uint32_t server;
    uint8_t priority; /* 0xff: masked */
    uint8_t saved_priority;
    bool level;     /* the device asks for attention */
    bool presented; /* a presentation controller holds it; until H_EOI it does not come again */
};

/* The presentation controller of one virtual processor. */
struct xics_presenter {
    uint32_t pending; /* interrupt number that H_XIRR would accept, or 0 */
    uint8_t pending_priority;
    uint8_t cppr; /* current processor priority: only lower numbers interrupt */
    uint8_t mfrr; /* most favoured request: the processor's inter-processor interrupt */
};

struct papr_vcpu {
    struct xics_presenter presenter;
    bool prodded;
    gpa_t vpa; /* all three: 0 when not registered */
    gpa_t slb_shadow;
    gpa_t dispatch_log;
};

struct papr_domain {
    struct lock xics_lock;
    struct xics_source sources[XICS_IRQ_COUNT];
    int64_t clock_offset; /* seconds that set-time-of-day moved this domain's clock by */
    uint8_t nvram[NVRAM_SIZE];
};

#endif
