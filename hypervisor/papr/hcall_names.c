/* SPDX-License-Identifier: BSD-2-Clause */
#include "hcall_names.h"

#include "abi/papr.h"
#include "hv/stats.h"

#define NAME(call) [(call) / 4] = #call

static const char *const names[STATS_HCALLS] = {
    NAME(H_REMOVE), NAME(H_ENTER), NAME(H_READ), NAME(H_CLEAR_MOD), NAME(H_CLEAR_REF), NAME(H_PROTECT),
    NAME(H_SET_DABR), NAME(H_PAGE_INIT), NAME(H_SET_SPRG0), NAME(H_GET_TERM_CHAR), NAME(H_PUT_TERM_CHAR),
    NAME(H_EOI), NAME(H_CPPR), NAME(H_IPI), NAME(H_IPOLL), NAME(H_XIRR), NAME(H_REGISTER_VPA), NAME(H_CEDE),
    NAME(H_CONFER), NAME(H_PROD), NAME(H_BULK_REMOVE), NAME(H_SET_XDABR), NAME(H_JOIN), NAME(H_XIRR_X),
    NAME(H_RANDOM), NAME(H_SET_MODE), NAME(H_GET_CPU_CHARACTERISTICS), NAME(H_SIGNAL_SYS_RESET),
    [STATS_HCALL_RTAS] = "H_RTAS",
};

const char *hcall_name(uint64_t slot)
{
    return slot < STATS_HCALLS && names[slot] != 0 ? names[slot] : "H_?";
}
