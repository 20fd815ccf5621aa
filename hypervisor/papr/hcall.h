/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls (docs/hypercalls.md). Every handler is total: whatever the arguments, it returns a code and touches
 * nothing that is not the caller's. args is the guest's r4 onwards; outputs go back into it.
 */
#ifndef PAPR_HCALL_H
#define PAPR_HCALL_H

#include "cpu.h"
#include "hv/domain.h"
#include "papr/hcall_list.h"
#include "regs.h"

typedef int64_t hcall_handler(struct vcpu *vcpu, uint64_t *args);

/* Runs the hypercall in the vcpu's registers; its number, for the statistics. */
uint64_t hcall_handle(struct vcpu *vcpu);

#define X(number, handler) hcall_handler handler;
HCALLS(X)
#undef X
hcall_handler h_rtas;

/* The argument flags that H_ENTER and H_PAGE_INIT share (PAPR; bit numbers count from the most significant). */
#define H_FLAG(bit) (UINT64_C(1) << (63 - (bit)))
#define H_FLAG_EXACT H_FLAG(24)
#define H_FLAG_READ_4 H_FLAG(26)
#define H_FLAG_AVPN H_FLAG(32)
#define H_FLAG_ANDCOND H_FLAG(33)
#define H_FLAG_ICACHE_INVALIDATE H_FLAG(40)
#define H_FLAG_ICACHE_SYNCHRONIZE H_FLAG(41)
#define H_FLAG_ZERO_PAGE H_FLAG(48)
#define H_FLAG_COPY_PAGE H_FLAG(49)

#endif
