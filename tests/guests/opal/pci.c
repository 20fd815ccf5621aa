/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls for PCI host bridges: those of the first one when the machine has any, and the errors of all when it has none. */
#include "../lib/fdt.h"
#include "cases.h"

void cases_pci(void)
{
}
