/* SPDX-License-Identifier: BSD-2-Clause */
/* For assembly: where the area of the running processor is. */
#ifndef OPAL_CPU_AREA_H
#define OPAL_CPU_AREA_H

#include "config.h"
#include "regs.h"

/* register = address of this processor's area, out of its PIR alone. */
.macro CPU_AREA register
    mfspr \register, SPR_PIR
    sldi \register, \register, CPU_AREA_SHIFT
    addis \register, \register, __cpu_areas@ha
    addi \register, \register, __cpu_areas@l
.endm

#endif
