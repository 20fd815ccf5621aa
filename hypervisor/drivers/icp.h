/* SPDX-License-Identifier: BSD-2-Clause */
/* POWER8's interrupt presentation controller, of which we use the inter-processor interrupt to this very processor. */
#ifndef DRIVERS_ICP_H
#define DRIVERS_ICP_H

#include <stdbool.h>

/* Finds this processor's registers in the tree. Without them self interrupts are left out and guests poll. */
void icp_init(const void *fdt);

/* Raises or withdraws the external interrupt of the calling processor. */
void icp_self_interrupt(bool on);

#endif
