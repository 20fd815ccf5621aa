/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OPAL_START_H
#define OPAL_START_H

#include <stdint.h>

/* head.S: everything between reset and the payload, on the elected processor.  `released` lets the others come. */
_Noreturn void firmware_start(const void *machine_tree, volatile uint32_t *released);

#endif
