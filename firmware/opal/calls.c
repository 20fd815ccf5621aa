/* SPDX-License-Identifier: BSD-2-Clause */
#include "calls.h"

#include <stdbool.h>

#include "config.h"
#include "cpus.h"
#include "hv/types.h"

#define X(number, function, arguments) \
    _Static_assert((number) < OPAL_CALL_LIMIT, #function " needs a longer table");
ALL_CALLS(X)
#undef X

/* What opal_entry.S looks calls up in: it leaves the caller's arguments in their registers. */
extern const void *const opal_call_table[OPAL_CALL_LIMIT];
#define X(number, function, arguments) [number] = (const void *)function,
const void *const opal_call_table[OPAL_CALL_LIMIT] = { ALL_CALLS(X) };
#undef X

static uint64_t memory_end;

void caller_memory_init(uint64_t end)
{
    memory_end = end;
}

/* Linux passes its linear mapping's addresses as they are, because real mode ignores the four bits they differ in. */
#define LINEAR_MAPPING (UINT64_C(0xc) << 60)

void *caller_memory(uint64_t address, size_t size)
{
    if ((address & LINEAR_MAPPING) == LINEAR_MAPPING) {
        address &= ~LINEAR_MAPPING;
    }
    if (!range_inside(address, size, 0, memory_end)
        || ranges_overlap(address, size, FIRMWARE_BASE, cpus_end() - FIRMWARE_BASE)) {
        return NULL;
    }
    return paddr_pointer(address);
}

int64_t caller_put_u8(uint64_t address, uint8_t value)
{
    uint8_t *target = caller_memory(address, sizeof(*target));

    if (target == NULL) {
        return OPAL_PARAMETER;
    }
    *target = value;
    return OPAL_SUCCESS;
}

int64_t caller_put_u16(uint64_t address, uint16_t value)
{
    uint16_t *target = caller_memory(address, sizeof(*target));

    if (target == NULL) {
        return OPAL_PARAMETER;
    }
    *target = value;
    return OPAL_SUCCESS;
}

int64_t caller_put_u32(uint64_t address, uint32_t value)
{
    be32_t *target = caller_memory(address, sizeof(*target));

    if (target == NULL) {
        return OPAL_PARAMETER;
    }
    be32_set(target, value);
    return OPAL_SUCCESS;
}

int64_t caller_put_u64(uint64_t address, uint64_t value)
{
    be64_t *target = caller_memory(address, sizeof(*target));

    if (target == NULL) {
        return OPAL_PARAMETER;
    }
    be64_set(target, value);
    return OPAL_SUCCESS;
}

/* OPAL_TEST: says that the calling convention works, whatever the argument. */
int64_t opal_test(uint64_t argument)
{
    (void)argument;
    return 0xfeedf00d;
}

/* OPAL_CHECK_TOKEN: 1 when there is such a call, else 0. */
int64_t opal_check_token(uint64_t token)
{
    return token < OPAL_CALL_LIMIT && opal_call_table[token] != NULL;
}
