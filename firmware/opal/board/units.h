/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder tell each other. */
#ifndef BOARD_UNITS_H
#define BOARD_UNITS_H

#include <stdint.h>

/* Each takes note of what the tree says about its device. */
void xscom_init(const void *tree);
void ipmi_init(const void *tree);
void rtc_init(const void *tree);

/* Places the bridge and its sources, all of them masked. */
void psi_init(void);

/* Adds the sources to /ibm,opal; `controller` is the phandle of their interrupt controller. */
void psi_describe(void *tree, uint32_t controller);

/* Host bridges: their registers, what is behind them, and the nodes for both; `controller` as above. */
void phb3_init(void *tree, uint32_t controller);

#endif
