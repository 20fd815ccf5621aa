/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HV_INIT_H
#define HV_INIT_H

#include <stdint.h>

/* Called by head.S on the boot stack with what the boot stub passed. Does not return. */
void hypervisor_main(const void *fdt, uint64_t opal_base, uint64_t opal_entry);

#endif
