/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PSI host bridge: six interrupt sources of the chip's own, among them one wire for the whole LPC bus.  Register
 * names: QEMU, hw/ppc/pnv_psi.c.
 */
#include "board.h"
#include "calls.h"
#include "hv/lock.h"
#include "hv/types.h"
#include "io.h"
#include "map.h"
#include "sources.h"
#include "tree.h"
#include "units.h"

#define PSIHB_PCBA 0x2010900
#define SCOM_BAR 0x0a
#define BAR_ENABLE 1

/* Offsets into the bridge's memory */
#define XIVR_FSP 0x30
#define XIVR_OCC 0x60
#define XIVR_FSI 0x68
#define XIVR_LPC 0x70
#define XIVR_ERROR 0x78
#define XIVR_EXTERNAL 0x80
#define IRSN 0x88

#define XIVR_SERVER_SHIFT 40
#define XIVR_PRIORITY_SHIFT 32
#define XIVR_SOURCE_SHIFT 29
#define IRSN_FIRST_SHIFT 45
#define IRSN_MASK_SHIFT 13
#define IRSN_MASK 0x7fff8 /* the lowest three bits count the sources */
#define IRSN_DOWNSTREAM (UINT64_C(1) << 33)
#define IRSN_UPSTREAM (UINT64_C(1) << 32)

#define FIRST_SOURCE 16

static const struct {
    uint32_t xivr;
    const char *name;
} sources[] = {
    { XIVR_FSP, "psi#0:fsp" },
    { XIVR_OCC, "psi#0:occ" },
    { XIVR_FSI, "psi#0:fsi" },
    { XIVR_LPC, "psi#0:lpchc" },
    { XIVR_ERROR, "psi#0:local_err" },
    { XIVR_EXTERNAL, "psi#0:external" },
};
#define SOURCE_COUNT ARRAY_SIZE(sources)

static struct lock lock;

static void xivr_write(uint32_t index, uint16_t server, uint8_t priority)
{
    io_write64(PSIHB_BASE + sources[index].xivr, (uint64_t)server << XIVR_SERVER_SHIFT
                                                     | (uint64_t)priority << XIVR_PRIORITY_SHIFT
                                                     | (uint64_t)index << XIVR_SOURCE_SHIFT);
}

static int64_t psi_set(const struct source_range *range, uint32_t source, uint16_t server, uint8_t priority)
{
    lock_take(&lock);
    xivr_write(source - range->first, server, priority);
    lock_release(&lock);
    return OPAL_SUCCESS;
}

static int64_t psi_get(const struct source_range *range, uint32_t source, uint16_t *server, uint8_t *priority)
{
    uint64_t xivr = io_read64(PSIHB_BASE + sources[source - range->first].xivr);

    *server = (uint16_t)(xivr >> XIVR_SERVER_SHIFT);
    *priority = (uint8_t)(xivr >> XIVR_PRIORITY_SHIFT);
    return OPAL_SUCCESS;
}

static const struct source_range psi_range = {
    .first = FIRST_SOURCE,
    .count = SOURCE_COUNT,
    .set_xive = psi_set,
    .get_xive = psi_get,
};

void psi_init(void)
{
    xscom_write(0, PSIHB_PCBA + SCOM_BAR, PSIHB_BASE | BAR_ENABLE);
    for (uint32_t i = 0; i < SOURCE_COUNT; i++) {
        xivr_write(i, 0, PRIORITY_MASKED);
    }
    io_write64(PSIHB_BASE + IRSN, (uint64_t)FIRST_SOURCE << IRSN_FIRST_SHIFT
                                      | (uint64_t)IRSN_MASK << IRSN_MASK_SHIFT | IRSN_DOWNSTREAM | IRSN_UPSTREAM);
    sources_register(&psi_range);
}

/* /ibm,opal says which sources are the firmware's to look after, once in the standard way and once in OPAL's. */
void psi_describe(void *tree, uint32_t controller)
{
    uint32_t numbers[SOURCE_COUNT], interrupts[2 * SOURCE_COUNT];
    char names[128];
    size_t used = 0;
    int node = tree_add_node(tree, 0, "ibm,opal");

    for (uint32_t i = 0; i < SOURCE_COUNT; i++) {
        numbers[i] = FIRST_SOURCE + i;
        interrupts[2 * i] = FIRST_SOURCE + i;
        interrupts[2 * i + 1] = 1; /* level */
        used = tree_add_name(names, sizeof(names), used, sources[i].name);
    }
    tree_set_u32(tree, node, "interrupt-parent", controller);
    tree_set_cells(tree, node, "interrupts", interrupts, ARRAY_SIZE(interrupts));
    tree_set_bytes(tree, node, "interrupt-names", names, used);
    tree_set_cells(tree, node, "opal-interrupts", numbers, ARRAY_SIZE(numbers));
    tree_set_bytes(tree, node, "opal-interrupts-names", names, used);
}
