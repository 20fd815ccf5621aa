/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware says beyond its hardware, brought to where the hypervisor looks: boot arguments and the initrd. */
#ifndef STUB_HANDOVER_H
#define STUB_HANDOVER_H

#include <stdbool.h>

#include "refusal.h"

/* Append /chosen/bootargs in `tree` (writable, with room, the overlay applied) to the command lines: what is in front of the
 * first word `--` to the hypervisor's, what is behind it to that of the control domain's kernel module. */
bool handover_arguments(void *tree, struct refusal *refusal);

/* Make the firmware's initrd, if there is one, the ramdisk of every domain in `tree` that has PROP_FIRMWARE_RAMDISK, in place
 * of the domain's own. */
bool handover_ramdisk(void *tree, struct refusal *refusal);

#endif
