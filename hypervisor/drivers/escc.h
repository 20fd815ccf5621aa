/* SPDX-License-Identifier: BSD-2-Clause */
/* Zilog 8530 serial controller in Apple's mac-io, transmit only; firmware has set line and speed. */
#ifndef DRIVERS_ESCC_H
#define DRIVERS_ESCC_H

#include <stddef.h>
#include <stdint.h>

/* Real address of a channel's registers. */
void escc_init(uint64_t channel);

size_t escc_write(const char *text, size_t size);

#endif
