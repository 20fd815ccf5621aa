/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

#include "tree.h"
#include "units.h"

static uint32_t describe_sources(void *tree)
{
    static const char compatible[] = "IBM,ppc-xics\0IBM,opal-xics";
    static const uint32_t no_registers[4];
    int node = tree_add_node(tree, 0, "interrupt-controller@0");

    tree_set_bytes(tree, node, "compatible", compatible, sizeof(compatible));
    tree_set_string(tree, node, "device_type", "PowerPC-Interrupt-Source-Controller");
    tree_set_bytes(tree, node, "interrupt-controller", NULL, 0);
    tree_set_cells(tree, node, "reg", no_registers, 4);
    tree_set_u32(tree, node, "#address-cells", 0);
    tree_set_u32(tree, node, "#interrupt-cells", 2);
    return tree_phandle(tree, node);
}

void board_init(void *tree)
{
    xscom_init(tree);
    phb3_init(tree, describe_sources(tree));
}
