/* SPDX-License-Identifier: BSD-2-Clause */
/* A host bridge's tables: DMA windows, messages, and routes of interrupts. Nothing does DMA meanwhile. */
#include "../../../abi/types.h"
#include "../lib/fdt.h"
#include "../lib/regs.h"
#include "cases.h"

#define PE 1
#define WINDOW (2 * PE)
#define WINDOW_HIGH (2 * PE + 1)
#define HIGH_HALF (UINT64_C(1) << 59)
#define TABLE UINT64_C(0x10000000)
#define TABLE_SIZE 0x10000

#define SOURCES 2048
#define MASKED 0xff
#define LINK_SHIFT 2
#define NO_SERVER (0x7f8 << LINK_SHIFT) /* above every processor of the machine */
#define SPR_PIR 1023

static void check_windows(uint64_t bridge)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: 4K pages", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 1, TABLE, TABLE_SIZE, 0x1000}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: 64K pages", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 1, TABLE, TABLE_SIZE, 0x10000}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: 16M pages", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 1, TABLE, TABLE_SIZE, 0x1000000}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: five levels", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 5, TABLE, TABLE_SIZE, 0x1000}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: removed", OPAL_PCI_MAP_PE_DMA_WINDOW, {bridge, PE, WINDOW}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: removed again", OPAL_PCI_MAP_PE_DMA_WINDOW, {bridge, PE, WINDOW}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: domain 256", OPAL_PCI_MAP_PE_DMA_WINDOW, {bridge, 256, 512}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: another's window", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW + 2}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: no level", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 0, TABLE, TABLE_SIZE, 0x1000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: six levels", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 6, TABLE, TABLE_SIZE, 0x1000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: table of 2K", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 1, TABLE, 0x800, 0x1000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: table of 12K", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 1, TABLE, 0x3000, 0x1000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: 8K pages", OPAL_PCI_MAP_PE_DMA_WINDOW,
         {bridge, PE, WINDOW, 1, TABLE, TABLE_SIZE, 0x2000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: high window", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, PE, WINDOW_HIGH, HIGH_HALF, 0x40000000}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: removed", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, PE, WINDOW_HIGH}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: domain 256", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, 256, 513}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: another's window", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, PE, WINDOW_HIGH + 2}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: the other half", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, PE, WINDOW_HIGH, 0, 0x40000000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: misaligned", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, PE, WINDOW_HIGH, HIGH_HALF + 0x1000, 0x40000000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: odd size", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, PE, WINDOW_HIGH, HIGH_HALF, 0x1000}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: too large", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {bridge, PE, WINDOW_HIGH, HIGH_HALF, UINT64_C(1) << 50}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

static void check_messages(uint64_t bridge)
{
    be32_t address, data;
    be64_t wide;
    const uint64_t to_address = opal_address(&address), to_wide = opal_address(&wide), to_data = opal_address(&data);
    const struct opal_case cases[] = {
        {"OPAL_GET_MSI_32: two at once", OPAL_GET_MSI_32, {bridge, PE, 0, 2, to_address, to_data}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_32: source 2048", OPAL_GET_MSI_32,
         {bridge, PE, SOURCES, 1, to_address, to_data}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_32: domain 256", OPAL_GET_MSI_32, {bridge, 256, 0, 1, to_address, to_data}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_32: bad address", OPAL_GET_MSI_32, {bridge, PE, 0, 1, OPAL_NO_ADDRESS, to_data}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_64: two at once", OPAL_GET_MSI_64, {bridge, PE, 0, 2, to_wide, to_data}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_64: source 2048", OPAL_GET_MSI_64, {bridge, PE, SOURCES, 1, to_wide, to_data}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_64: domain 256", OPAL_GET_MSI_64, {bridge, 256, 0, 1, to_wide, to_data}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_64: bad address", OPAL_GET_MSI_64, {bridge, PE, 0, 1, OPAL_NO_ADDRESS, to_data}, OPAL_PARAMETER},
        {"OPAL_PCI_MSI_EOI: a source", OPAL_PCI_MSI_EOI, {bridge, 5}, OPAL_SUCCESS},
    };

    /* Message number 35: the low five bits are data, the others address. */
    check_answer(OPAL(OPAL_GET_MSI_32, bridge, PE, 35, 1, to_address, to_data), OPAL_SUCCESS,
                 "OPAL_GET_MSI_32: status");
    check_equal(be32_get(address), 0xffff0200, "OPAL_GET_MSI_32: address");
    check_equal(be32_get(data), 3, "OPAL_GET_MSI_32: data");
    check_answer(OPAL(OPAL_GET_MSI_64, bridge, PE, 35, 1, to_wide, to_data), OPAL_SUCCESS, "OPAL_GET_MSI_64: status");
    check_equal(be64_get(wide), UINT64_C(0x1000000000000200), "OPAL_GET_MSI_64: address");
    check_equal(be32_get(data), 3, "OPAL_GET_MSI_64: data");
    check_cases(cases, ARRAY_COUNT(cases));
}

static void check_route(uint64_t source, const char *name)
{
    uint64_t server = SPR_READ(SPR_PIR) << LINK_SHIFT;
    uint8_t got[3] = {0};

    check_answer(OPAL(OPAL_SET_XIVE, source, NO_SERVER, 6), OPAL_PARAMETER, "OPAL_SET_XIVE: %s, no such server", name);
    check_answer(OPAL(OPAL_SET_XIVE, source, server, 6), OPAL_SUCCESS, "OPAL_SET_XIVE: %s", name);
    check_answer(OPAL(OPAL_GET_XIVE, source, opal_address(got), opal_address(got + 2)), OPAL_SUCCESS,
                 "OPAL_GET_XIVE: %s", name);
    check_true((uint64_t)(got[0] << 8 | got[1]) == server && got[2] == 6, "OPAL_GET_XIVE: %s, what was set", name);
    check_answer(OPAL(OPAL_SET_XIVE, source, server, MASKED), OPAL_SUCCESS, "OPAL_SET_XIVE: %s, masked", name);
    OPAL(OPAL_GET_XIVE, source, opal_address(got), opal_address(got + 2));
    check_equal(got[2], MASKED, "OPAL_GET_XIVE: %s, masked", name);
}

/* The tree gives the messages' numbers; the interrupt pins follow them. */
static void check_routes(void)
{
    struct fdt_property range;
    uint64_t first, count;

    check_true(fdt_find("pciex@", "ibm,opal-msi-ranges", &range), "entry: the tree has a bridge's messages");
    first = fdt_cell(&range, 0);
    count = fdt_cell(&range, 1);
    check_route(first, "first message");
    check_route(first + count - 1, "last message");
    check_route(first + count, "interrupt pin A");
    check_route(first + count + 3, "interrupt pin D");
}

void cases_pci_tables(uint64_t bridge)
{
    check_windows(bridge);
    check_messages(bridge);
    check_routes();
}
