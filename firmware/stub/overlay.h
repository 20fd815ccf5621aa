/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot overlay: image-relative module addresses become physical ones, then it joins the firmware's tree. */
#ifndef STUB_OVERLAY_H
#define STUB_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"
#include "refusal.h"

/* Room that tree and overlay get beyond their contents, in bytes. */
#define OVERLAY_HEADROOM (UINT64_C(64) << 10)

/* Check that the image's overlay is a sound flat device tree; every failure here is STUB_REASON_OVERLAY. */
bool overlay_check(const struct image *image, struct refusal *refusal);

/* Give every node of `overlay` (writable, with room) whose `compatible` has multiboot,module its physical address in
 * `reg` and in its name.  `load_address` is the image's. */
bool overlay_place_modules(void *overlay, const struct image *image, uint64_t load_address, struct refusal *refusal);

/* Merge `overlay` into `tree`, making /chosen when it is missing; `overlay` is used up. */
bool overlay_apply(void *tree, void *overlay, struct refusal *refusal);

#endif
