/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OPAL_DUMP_H
#define OPAL_DUMP_H

#include "cpus.h"

/* head.S: prints the exception in `cpu->trap` with names for the firmware's addresses, and stops. */
_Noreturn void trap_report(struct cpu *cpu);

#endif
