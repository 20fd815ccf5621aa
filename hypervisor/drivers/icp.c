/* SPDX-License-Identifier: BSD-2-Clause */
#include "icp.h"

#include <libfdt.h>

#include "cpu.h"
#include "hv/console.h"
#include "hv/fdt_reader.h"

/* Register offsets of one thread's page */
#define ICP_XIRR 4
#define ICP_CPPR 4
#define ICP_MFRR 12

/* Only our own request gets through: devices are set up with numerically higher, less favoured priorities. */
#define PRIORITY_SELF 1
#define PRIORITY_OPEN 2
#define PRIORITY_NONE 0xff

static uint64_t icp; /* real address of this processor's page; 0: none */
static bool raised;

/* The index of a server number in the node's ranges, which count the node's reg entries. */
static bool server_index(const void *fdt, int node, uint32_t server, uint32_t *index)
{
    uint64_t range;

    *index = 0;
    for (uint32_t i = 0; fdt_read_u64_at(fdt, node, "ibm,interrupt-server-ranges", i, &range); i++) {
        uint32_t first = (uint32_t)(range >> 32), count = (uint32_t)range;

        if (server >= first && server - first < count) {
            *index += server - first;
            return true;
        }
        *index += count;
    }
    return false;
}

void icp_init(const void *fdt)
{
    uint32_t server = (uint32_t)cpu_mfspr(SPR_PIR), index;
    int node = -1;

    while ((node = fdt_node_offset_by_compatible(fdt, node, "IBM,ppc-xicp")) >= 0) {
        if (server_index(fdt, node, server, &index) && fdt_read_u64_at(fdt, node, "reg", 2 * index, &icp)) {
            cpu_io_write8(icp + ICP_MFRR, PRIORITY_NONE);
            cpu_io_write8(icp + ICP_CPPR, PRIORITY_OPEN);
            return;
        }
    }
    hv_print("no presentation controller for processor %u in the tree: guests poll for interrupts\n", server);
}

void icp_self_interrupt(bool on)
{
    uint32_t xirr;

    if (on == raised || icp == 0) {
        return;
    }
    raised = on;
    if (on) {
        cpu_io_write8(icp + ICP_MFRR, PRIORITY_SELF);
        return;
    }
    /* Lowering MFRR does not withdraw what is already presented: accept it and end it. */
    cpu_io_write8(icp + ICP_MFRR, PRIORITY_NONE);
    xirr = cpu_io_read32(icp + ICP_XIRR);
    cpu_io_write32(icp + ICP_XIRR, xirr);
    cpu_io_write8(icp + ICP_CPPR, PRIORITY_OPEN);
}
