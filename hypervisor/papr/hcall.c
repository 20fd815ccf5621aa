/* SPDX-License-Identifier: BSD-2-Clause */
#include "hcall.h"

#define SLOT(number) [(number) / 4]

static hcall_handler *const handlers[STATS_HCALL_MAX / 4] = {
    SLOT(H_ENTER) = h_enter,
    SLOT(H_REMOVE) = h_remove,
    SLOT(H_READ) = h_read,
    SLOT(H_PROTECT) = h_protect,
    SLOT(H_CLEAR_MOD) = h_clear_mod,
    SLOT(H_CLEAR_REF) = h_clear_ref,
    SLOT(H_BULK_REMOVE) = h_bulk_remove,
    SLOT(H_CPPR) = h_cppr,
    SLOT(H_IPI) = h_ipi,
    SLOT(H_IPOLL) = h_ipoll,
    SLOT(H_XIRR) = h_xirr,
    SLOT(H_XIRR_X) = h_xirr_x,
    SLOT(H_EOI) = h_eoi,
    SLOT(H_GET_TERM_CHAR) = h_get_term_char,
    SLOT(H_PUT_TERM_CHAR) = h_put_term_char,
    SLOT(H_REGISTER_VPA) = h_register_vpa,
    SLOT(H_CEDE) = h_cede,
    SLOT(H_PROD) = h_prod,
    SLOT(H_CONFER) = h_confer,
    SLOT(H_JOIN) = h_join,
    SLOT(H_SIGNAL_SYS_RESET) = h_signal_sys_reset,
    SLOT(H_SET_MODE) = h_set_mode,
    SLOT(H_SET_DABR) = h_set_dabr,
    SLOT(H_SET_XDABR) = h_set_xdabr,
    SLOT(H_SET_SPRG0) = h_set_sprg0,
    SLOT(H_PAGE_INIT) = h_page_init,
    SLOT(H_RANDOM) = h_random,
    SLOT(H_GET_CPU_CHARACTERISTICS) = h_get_cpu_characteristics,
};

static hcall_handler *handler_find(uint64_t number)
{
    if (number == H_RTAS) {
        return h_rtas;
    }
    if (number >= STATS_HCALL_MAX || number % 4 != 0) {
        return NULL;
    }
    return handlers[number / 4];
}

uint64_t hcall_handle(struct vcpu *vcpu)
{
    struct guest_context *context = &vcpu->context;
    uint64_t number = context->gpr[3];
    hcall_handler *handler = handler_find(number);
    int64_t result;

    if ((context->msr & MSR_PR) != 0) {
        result = H_PRIVILEGE;
    } else if (handler == NULL) {
        result = H_FUNCTION;
    } else {
        result = handler(vcpu, &context->gpr[4]);
    }
    context->gpr[3] = (uint64_t)result;
    return number;
}
