/* SPDX-License-Identifier: BSD-2-Clause */
#include "cuda.h"

#include <stdbool.h>

#include "cpu.h"

/* 6522 registers, 512 bytes apart */
#define VIA_B 0x0000
#define VIA_DIRECTION_B 0x0400
#define VIA_SHIFT 0x1400
#define VIA_AUXILIARY 0x1600
#define VIA_FLAGS 0x1a00

#define SHIFT_OUT 0x10  /* in VIA_AUXILIARY */
#define SHIFT_DONE 0x04 /* in VIA_FLAGS */

/* Port B; a cleared TIP means that a transfer is in progress, a cleared TACK acknowledges a byte */
#define B_TACK 0x10
#define B_TIP 0x20

#define PACKET_CUDA 1
#define SHIFT_WAIT 1000000 /* reads of VIA_FLAGS: far more than one byte takes */

static uint64_t via;

void cuda_init(uint64_t registers)
{
    via = registers;
}

static void via_set(uint64_t offset, uint8_t clear, uint8_t set)
{
    uint8_t value = cpu_memory_read8(via + offset);

    cpu_memory_write8(via + offset, (uint8_t)((value & ~clear) | set));
}

/* The controller has taken the byte; reading the shift register acknowledges that. */
static void shift_wait(void)
{
    for (uint32_t i = 0; i < SHIFT_WAIT; i++) {
        if ((cpu_memory_read8(via + VIA_FLAGS) & SHIFT_DONE) != 0) {
            break;
        }
    }
    cpu_memory_read8(via + VIA_SHIFT);
}

void cuda_request(enum cuda_command command)
{
    via_set(VIA_DIRECTION_B, 0, B_TACK | B_TIP);
    via_set(VIA_B, 0, B_TACK | B_TIP);
    shift_wait();
    via_set(VIA_AUXILIARY, 0, SHIFT_OUT);
    cpu_memory_write8(via + VIA_SHIFT, PACKET_CUDA);
    via_set(VIA_B, B_TIP, 0);
    shift_wait();
    via_set(VIA_AUXILIARY, 0, SHIFT_OUT);
    cpu_memory_write8(via + VIA_SHIFT, (uint8_t)command);
    /* A change of TACK announces the second byte. */
    via_set(VIA_B, B_TACK, 0);
    shift_wait();
    via_set(VIA_B, 0, B_TACK | B_TIP);
    shift_wait();
}
