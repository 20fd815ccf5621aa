/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor's interrupt vectors, which work in both byte orders: HID0[HILE] is the firmware's to change. */
#ifndef GUEST_OPAL_VECTORS_H
#define GUEST_OPAL_VECTORS_H

#include <stdint.h>

/* Writes them to real address 0x100 and above. An interrupt that nobody asked for is reported and ends the run. */
void vectors_init(void);

/* start.S: takes a trap; 0 when its handler was entered big-endian, 1 when little-endian. */
uint64_t interrupt_order(void);

#endif
