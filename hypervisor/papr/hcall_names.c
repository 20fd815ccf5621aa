/* SPDX-License-Identifier: BSD-2-Clause */
#include "hcall_names.h"

#include "abi/papr.h"
#include "hcall_list.h"
#include "hv/stats.h"

#define X(number, handler) [(number) / 4] = #number,
static const char *const names[STATS_HCALLS] = { HCALLS(X)[STATS_HCALL_RTAS] = "H_RTAS" };
#undef X

const char *hcall_name(uint64_t slot)
{
    return slot < STATS_HCALLS && names[slot] != 0 ? names[slot] : "H_?";
}
