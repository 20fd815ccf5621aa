/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Somebody else's partition: a PAPR machine that gives us no hypervisor mode (QEMU's pseries, an LPAR). We are its
 * guest there: console by hypercall, power by RTAS. Enough to say what we are and to leave.
 */
#ifndef PLATFORM_PAPR_CLIENT_H
#define PLATFORM_PAPR_CLIENT_H

#include "hv/platform.h"

extern const struct platform papr_client_platform;

/* True for a tree with a hypercall console; RTAS was instantiated by the boot stub (/rtas linux,rtas-entry). */
bool papr_client_init(const void *fdt);

#endif
