/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls (docs/hypercalls.md). Every handler is total: whatever the arguments, it returns a code and touches nothing that is not the
 * caller's. args is the guest's r4 onwards; outputs go back into it.
 */
#ifndef PAPR_HCALL_H
#define PAPR_HCALL_H

#include "cpu.h"
#include "hv/domain.h"
#include "regs.h"

typedef int64_t hcall_handler(struct vcpu *vcpu, uint64_t *args);

/* Runs the hypercall in the vcpu's registers; its number, for the statistics. */
uint64_t hcall_handle(struct vcpu *vcpu);

hcall_handler h_enter, h_remove, h_read, h_protect, h_clear_mod, h_clear_ref, h_bulk_remove;
hcall_handler h_cppr, h_ipi, h_ipoll, h_xirr, h_xirr_x, h_eoi;
hcall_handler h_get_term_char, h_put_term_char;
hcall_handler h_register_vpa, h_cede, h_prod, h_confer, h_join, h_signal_sys_reset;
hcall_handler h_set_mode, h_set_dabr, h_set_xdabr, h_set_sprg0, h_page_init, h_random, h_get_cpu_characteristics;
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
