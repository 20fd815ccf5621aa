/* SPDX-License-Identifier: BSD-2-Clause */
#include "hcall.h"

/* start.S: r3 to r11 from and to memory around `sc 1`. */
void hcall_run(uint64_t registers[9]);

struct hcall hcall(const uint64_t in[9])
{
    uint64_t registers[9];
    struct hcall result;

    for (unsigned i = 0; i < 9; i++)
        registers[i] = in[i];
    hcall_run(registers);
    result.status = (int64_t)registers[0];
    for (unsigned i = 0; i < 8; i++)
        result.out[i] = registers[1 + i];
    return result;
}
