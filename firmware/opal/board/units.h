/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder tell each other. */
#ifndef BOARD_UNITS_H
#define BOARD_UNITS_H

/* Takes note of the chips in the tree. */
void xscom_init(const void *tree);

#endif
