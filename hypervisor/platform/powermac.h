/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Apple's machines with a mac-io chip (QEMU's mac99): a serial console and a power switch, to say what we are and
 * to leave.
 */
#ifndef PLATFORM_POWERMAC_H
#define PLATFORM_POWERMAC_H

#include "hv/platform.h"

extern const struct platform powermac_platform;

/* True when the tree has a mac-io chip with an assigned address. */
bool powermac_init(const void *fdt);

#endif
