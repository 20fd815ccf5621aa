/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every hypercall with its handler: declarations, dispatch table and names all come from here. H_RTAS, beyond the
 * table, stands apart.
 */
#ifndef PAPR_HCALL_LIST_H
#define PAPR_HCALL_LIST_H

#define HCALLS(X) \
    X(H_ENTER, h_enter) \
    X(H_REMOVE, h_remove) \
    X(H_READ, h_read) \
    X(H_PROTECT, h_protect) \
    X(H_CLEAR_MOD, h_clear_mod) \
    X(H_CLEAR_REF, h_clear_ref) \
    X(H_BULK_REMOVE, h_bulk_remove) \
    X(H_CPPR, h_cppr) \
    X(H_IPI, h_ipi) \
    X(H_IPOLL, h_ipoll) \
    X(H_XIRR, h_xirr) \
    X(H_XIRR_X, h_xirr_x) \
    X(H_EOI, h_eoi) \
    X(H_GET_TERM_CHAR, h_get_term_char) \
    X(H_PUT_TERM_CHAR, h_put_term_char) \
    X(H_REGISTER_VPA, h_register_vpa) \
    X(H_CEDE, h_cede) \
    X(H_PROD, h_prod) \
    X(H_CONFER, h_confer) \
    X(H_JOIN, h_join) \
    X(H_SIGNAL_SYS_RESET, h_signal_sys_reset) \
    X(H_SET_MODE, h_set_mode) \
    X(H_SET_DABR, h_set_dabr) \
    X(H_SET_XDABR, h_set_xdabr) \
    X(H_SET_SPRG0, h_set_sprg0) \
    X(H_PAGE_INIT, h_page_init) \
    X(H_RANDOM, h_random) \
    X(H_GET_CPU_CHARACTERISTICS, h_get_cpu_characteristics)

#endif
