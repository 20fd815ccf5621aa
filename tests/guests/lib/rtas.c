/* SPDX-License-Identifier: BSD-2-Clause */
#include "rtas.h"

#include "fdt.h"
#include "hcall.h"

/* start.S: runs the RTAS code at `entry` with r3 = arguments. */
void rtas_enter(uint64_t arguments, uint64_t entry);

static struct rtas_buffer buffer;

static void buffer_fill(uint32_t token, unsigned argument_count, unsigned return_count, const uint32_t arguments[])
{
    be32_set(&buffer.token, token);
    be32_set(&buffer.argument_count, argument_count);
    be32_set(&buffer.return_count, return_count);
    for (unsigned i = 0; i < RTAS_WORDS; i++)
        be32_set(&buffer.words[i], i < argument_count ? arguments[i] : UINT32_C(0x5a5a5a5a));
}

static struct rtas buffer_result(int64_t hcall_status, unsigned argument_count, unsigned return_count)
{
    struct rtas result = {.hcall_status = hcall_status};

    for (unsigned i = 0; i < return_count && argument_count + i < RTAS_WORDS; i++)
        result.values[i] = be32_get(buffer.words[argument_count + i]);
    result.status = (int32_t)result.values[0];
    return result;
}

struct rtas rtas_call(uint32_t token, unsigned argument_count, unsigned return_count, const uint32_t arguments[])
{
    struct hcall call;

    buffer_fill(token, argument_count, return_count, arguments);
    call = HCALL(H_RTAS, (uintptr_t)&buffer);
    return buffer_result(call.status, argument_count, return_count);
}

struct rtas rtas_call_entry(uint32_t token, unsigned argument_count, unsigned return_count, const uint32_t arguments[])
{
    buffer_fill(token, argument_count, return_count, arguments);
    rtas_enter((uintptr_t)&buffer, fdt_number("rtas", "linux,rtas-entry", 0));
    return buffer_result(0, argument_count, return_count);
}

_Noreturn void rtas_power_off(void)
{
    for (;;)
        RTAS(RTAS_POWER_OFF, 1, UINT32_MAX, UINT32_MAX);
}
