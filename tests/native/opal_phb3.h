/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's PHB3 code on a make-believe machine with one such bridge and a card behind it. */
#ifndef TESTS_NATIVE_OPAL_PHB3_H
#define TESTS_NATIVE_OPAL_PHB3_H

#include "opal_phb3_model.h"

#include "../../firmware/opal/board/phb3.c"

#include "../../firmware/opal/board/phb3_freeze.c"

#include "../../firmware/opal/board/phb3_irq.c"

#include "../../firmware/opal/board/phb3_link.c"

#include "../../firmware/opal/board/phb3_tables.c"

#include "../../firmware/opal/pci/assign.c"

#include "../../firmware/opal/pci/walk.c"

#define NOBODY 255

static struct pci_host *started;

void bridge_start(struct pci_host *host)
{
    pci_walk(host);
    pci_assign(host);
    started = host;
}

void phb3_describe(struct phb3 *phb, void *tree, uint32_t controller)
{
    (void)tree;
    CHECK(phb3_of(started) == phb && phb->queue == 77 && controller == 5);
}

uint32_t tree_get_u32(const void *tree, int node, const char *name, uint32_t otherwise)
{
    const fdt32_t *cell = fdt_getprop(tree, node, name, NULL);

    return cell == NULL ? otherwise : fdt32_ld(cell);
}

int tree_next_compatible(const void *tree, int node, const char *compatible)
{
    return fdt_node_offset_by_compatible(tree, node, compatible);
}

uint32_t tree_phandle(void *tree, int node)
{
    return fdt_get_phandle(tree, node);
}

/* A machine with one queue. */
static void *machine_tree(const char *machine)
{
    static uint8_t tree[4096];
    const fdt32_t reg[6] = {cpu_to_fdt32(MODEL_NEST), cpu_to_fdt32(0x46), cpu_to_fdt32(MODEL_PCI), cpu_to_fdt32(0x15),
                            cpu_to_fdt32(0x9013c00),  cpu_to_fdt32(5)};
    int node;

    CHECK(fdt_create_empty_tree(tree, sizeof(tree)) == 0);
    CHECK(fdt_setprop_string(tree, 0, "compatible", machine) == 0);
    node = fdt_add_subnode(tree, 0, "pbcq@2012000");
    CHECK(fdt_setprop_string(tree, node, "compatible", "ibm,power8-pbcq") == 0);
    CHECK(fdt_setprop(tree, node, "reg", reg, sizeof(reg)) == 0);
    CHECK(fdt_setprop_u32(tree, node, "phandle", 77) == 0);
    return tree;
}

static int card;

static struct phb3 *start(const char *machine)
{
    int port;

    model_arena_free();
    model_reset();
    fake_count = 0;
    fake_link = true;
    port = fake_bridge(FAKE_ROOT, 0, true);
    fake_express(port, PCI_EXPRESS_ROOT_PORT);
    card = fake_add(port, 0);
    fake_bar(card, 0, 4096, false, false);
    started = NULL;
    phb3_init(machine_tree(machine), 5);
    CHECK(started != NULL);
    return phb3_of(started);
}

static struct phb3 *start_emulated(void)
{
    return start("qemu,powernv");
}

static inline void check_denied(const struct phb3 *phb)
{
    for (uint32_t i = 0; i < 512; i++)
        CHECK(model_tables[9][i] == 0);
    for (uint32_t i = 0; i < 16; i++)
        CHECK(model_tables[16][i] == 0);
    for (uint32_t i = 0; i < 256; i++)
        CHECK(model_tables[17][i] == (uint64_t)NOBODY << 48);
    for (uint32_t id = 0; id < 0x10000; id++)
        CHECK(model_pe((uint16_t)id) == NOBODY);
    for (uint32_t i = 0; i < 8; i++)
        CHECK((model_tables[2][i] >> 32 & 0xff) == 0xff);
    for (uint32_t i = 0; i < 2048; i++) {
        const uint8_t *ive = model_ive(i);

        CHECK(ive[3] == 0xff && ive[4] == 0 && ive[5] == 0 && ive[7] == NOBODY);
    }
    for (uint32_t pe = 0; pe < PHB3_PES; pe++)
        for (uint32_t i = 0; i < sizeof(phb->tables->peltv[0]); i++)
            CHECK(phb->tables->peltv[pe][i] == 0);
}

#endif
