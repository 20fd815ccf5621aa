/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

#include <libfdt.h>

#include "tree.h"
#include "units.h"

/* The controller all sources of the machine belong to; the presenters, one for each processor, are in the tree. */
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

/* What hangs on the LPC bus and is ours is not the payload's to drive. */
static void describe_lpc(void *tree)
{
    int node = tree_next_compatible(tree, -1, "ibm,lpc");

    if (node >= 0) {
        tree_set_bytes(tree, node, "interrupt-controller", NULL, 0);
        tree_set_u32(tree, node, "#interrupt-cells", 1);
    }
    node = tree_next_compatible(tree, -1, "ns16550");
    if (node >= 0) {
        tree_set_string(tree, node, "status", "reserved");
    }
}

void board_init(void *tree)
{
    uint32_t controller = describe_sources(tree);

    xscom_init(tree);
    ipmi_init(tree);
    rtc_init(tree);
    psi_init();
    psi_describe(tree, controller);
    phb3_init(tree, controller);
    describe_lpc(tree);
}
