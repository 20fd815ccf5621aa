/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PAPR_HCALL_NAMES_H
#define PAPR_HCALL_NAMES_H

#include <stdint.h>

/* The name of a slot of the statistics (stats.h); "H_?" for a number nobody implements. */
const char *hcall_name(uint64_t slot);

#endif
