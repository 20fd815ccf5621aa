/* SPDX-License-Identifier: BSD-2-Clause */
/* Apple's CUDA microcontroller behind a 6522 VIA: it holds the power switch. */
#ifndef DRIVERS_CUDA_H
#define DRIVERS_CUDA_H

#include <stdint.h>

enum cuda_command { CUDA_POWER_DOWN = 0x0a, CUDA_RESET_SYSTEM = 0x11 };

/* Real address of the VIA's registers. */
void cuda_init(uint64_t via);

/* Sends a command that has no answer we would live to see. */
void cuda_request(enum cuda_command command);

#endif
