/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder tell each other. */
#ifndef BOARD_UNITS_H
#define BOARD_UNITS_H

#include <stdint.h>

/* Takes note of the chips in the tree. */
void xscom_init(const void *tree);

/* Host bridges: their registers, what is behind them, and the nodes for both; `controller` as above. */
void phb3_init(void *tree, uint32_t controller);

#endif
