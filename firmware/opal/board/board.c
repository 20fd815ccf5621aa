/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

#include "units.h"

void board_init(void *tree)
{
    xscom_init(tree);
}
