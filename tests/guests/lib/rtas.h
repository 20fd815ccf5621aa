/* SPDX-License-Identifier: BSD-2-Clause */
/* RTAS calls: a big-endian argument buffer in real memory (PAPR 7.2.6). */
#ifndef GUEST_RTAS_H
#define GUEST_RTAS_H

#include <stdint.h>

#include "../../../abi/papr.h"
#include "../../../abi/types.h"

#define RTAS_WORDS 16

struct rtas_buffer {
    be32_t token;
    be32_t argument_count;
    be32_t return_count;
    be32_t words[RTAS_WORDS]; /* arguments, then results */
};

/* What a call gave back; values[0] is the status. */
struct rtas {
    int64_t hcall_status;
    int32_t status;
    uint32_t values[RTAS_WORDS];
};

struct rtas rtas_call(uint32_t token, unsigned argument_count, unsigned return_count, const uint32_t arguments[]);

/* With at least one argument. */
#define RTAS(token, return_count, ...)                                                                \
    rtas_call(token, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), return_count, \
              (const uint32_t[]){__VA_ARGS__})

/* The same call through the code at linux,rtas-entry instead of the hypercall. */
struct rtas rtas_call_entry(uint32_t token, unsigned argument_count, unsigned return_count, const uint32_t arguments[]);

_Noreturn void rtas_power_off(void);

#endif
