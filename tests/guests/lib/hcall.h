/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls: `HCALL(number, arguments...)`. Flags are PAPR's, independent of the hypervisor's own headers. */
#ifndef GUEST_HCALL_H
#define GUEST_HCALL_H

#include <stdint.h>

#include "../../../abi/papr.h"

/* Registers after the call: r3, and r4 to r11. */
struct hcall {
    int64_t status;
    uint64_t out[8];
};

/* in: r3 (the number) to r11. */
struct hcall hcall(const uint64_t in[9]);

#define HCALL(...) hcall((const uint64_t[9]){__VA_ARGS__})

#define WORD_MAX UINT64_MAX

/* Hash-table calls (PAPR 14.5.4.1, flags word). */
#define H_EXACT (UINT64_C(1) << (63 - 24))
#define H_READ_4 (UINT64_C(1) << (63 - 26))
#define H_AVPN (UINT64_C(1) << (63 - 32))
#define H_ANDCOND (UINT64_C(1) << (63 - 33))
#define H_ICACHE_INVALIDATE (UINT64_C(1) << (63 - 40))
#define H_ICACHE_SYNCHRONIZE (UINT64_C(1) << (63 - 41))
#define H_ZERO_PAGE (UINT64_C(1) << (63 - 48))
#define H_COPY_PAGE (UINT64_C(1) << (63 - 49))
#define H_PROTECT_N (UINT64_C(1) << (63 - 61))
#define H_PROTECT_PP 3

/* H_BULK_REMOVE, first word of a pair. */
#define BULK_REQUEST (UINT64_C(1) << 62)
#define BULK_RESPONSE (UINT64_C(2) << 62)
#define BULK_END (UINT64_C(3) << 62)
#define BULK_NOT_FOUND (UINT64_C(1) << 60)
#define BULK_PARAMETER (UINT64_C(2) << 60)
#define BULK_ANDCOND (UINT64_C(1) << 56)
#define BULK_AVPN (UINT64_C(2) << 56)

/* H_REGISTER_VPA, flags. */
#define VPA_REGISTER (UINT64_C(1) << 45)
#define VPA_REGISTER_DTL (UINT64_C(2) << 45)
#define VPA_REGISTER_SLB_SHADOW (UINT64_C(3) << 45)
#define VPA_DEREGISTER (UINT64_C(5) << 45)
#define VPA_DEREGISTER_DTL (UINT64_C(6) << 45)
#define VPA_DEREGISTER_SLB_SHADOW (UINT64_C(7) << 45)

/* H_SET_MODE, resources. */
#define MODE_CIABR 1
#define MODE_DAWR 2
#define MODE_TRANSLATION 3
#define MODE_ENDIAN 4

#endif
