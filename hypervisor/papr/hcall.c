/* SPDX-License-Identifier: BSD-2-Clause */
#include "hcall.h"

#define X(number, handler) [(number) / 4] = handler,
static hcall_handler *const handlers[STATS_HCALL_MAX / 4] = { HCALLS(X) };
#undef X

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
