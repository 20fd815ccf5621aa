/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL firmware calls (skiboot, doc/opal-api). Numbers in memory are big-endian; buffers are real addresses. */
#ifndef PLATFORM_OPAL_H
#define PLATFORM_OPAL_H

#include "hv/platform.h"

extern const struct platform opal_platform;

/* Finds what the platform needs in the tree; false when there is no OPAL. */
bool opal_init(const void *fdt, uint64_t base, uint64_t entry);

#endif
