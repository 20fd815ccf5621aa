/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls for PCI host bridges. Their errors need no bridge; everything else is tried on the first bridge, with an
 * e1000 behind it as tests/boot/test_opal_calls.py plugs it in.
 */
#include "../lib/fdt.h"
#include "../lib/memory.h"
#include "cases.h"

#define NO_BRIDGE 99
#define ROOT_PORT 0x000
#define CARD 0x100
#define BEHIND_CARD 0x108
#define BESIDE_ROOT_PORT 0x008

#define ROOT_PORT_ID 0x03dc1014
#define CARD_ID 0x100e8086

#define COMMAND 0x04
#define INTERRUPT_LINE 0x3c
#define FIRST_BAR 0x10

#define BUS_ALL 7
#define COMPARE 1
#define MAP 1
#define UNMAP 0

#define PE_COUNT 256
#define PE 1
#define WINDOW (2 * PE)

#define SOURCES 2048

#define RESET_HOT 4
#define DEASSERT 0

static uint64_t bridge;

/* What the last read stored; bytes behind it must stay. */
static uint8_t stored[8];

static int64_t config_read(unsigned size, uint64_t function, uint64_t offset)
{
    uint64_t token = size == 4   ? OPAL_PCI_CONFIG_READ_WORD
                     : size == 2 ? OPAL_PCI_CONFIG_READ_HALF_WORD
                                 : OPAL_PCI_CONFIG_READ_BYTE;

    memset(stored, 0xee, sizeof(stored));
    return OPAL(token, bridge, function, offset, opal_address(stored));
}

static uint32_t config_get(unsigned size, uint64_t function, uint64_t offset)
{
    uint32_t value = 0;

    if (config_read(size, function, offset) != OPAL_SUCCESS)
        return 0xdeadbeef;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | stored[i];
    return value;
}

static void check_no_bridge(void)
{
    const uint64_t to = opal_address(stored);
    const struct opal_case cases[] = {
        {"OPAL_PCI_CONFIG_READ_BYTE: no bridge", OPAL_PCI_CONFIG_READ_BYTE, {NO_BRIDGE, 0, 0, to}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_READ_HALF_WORD: no bridge", OPAL_PCI_CONFIG_READ_HALF_WORD,
         {NO_BRIDGE, 0, 0, to}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_READ_WORD: no bridge", OPAL_PCI_CONFIG_READ_WORD, {NO_BRIDGE, 0, 0, to}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_WRITE_BYTE: no bridge", OPAL_PCI_CONFIG_WRITE_BYTE, {NO_BRIDGE}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_WRITE_HALF_WORD: no bridge", OPAL_PCI_CONFIG_WRITE_HALF_WORD, {NO_BRIDGE}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_WRITE_WORD: no bridge", OPAL_PCI_CONFIG_WRITE_WORD, {NO_BRIDGE}, OPAL_PARAMETER},
        {"OPAL_PCI_EEH_FREEZE_STATUS: no bridge", OPAL_PCI_EEH_FREEZE_STATUS,
         {NO_BRIDGE, 0, to, to + 2, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_EEH_FREEZE_CLEAR: no bridge", OPAL_PCI_EEH_FREEZE_CLEAR, {NO_BRIDGE, 0, 3}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PE: no bridge", OPAL_PCI_SET_PE,
         {NO_BRIDGE, PE, CARD, BUS_ALL, COMPARE, COMPARE, MAP}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_XIVE_PE: no bridge", OPAL_PCI_SET_XIVE_PE, {NO_BRIDGE, PE, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW: no bridge", OPAL_PCI_MAP_PE_DMA_WINDOW, {NO_BRIDGE, PE, WINDOW}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL: no bridge", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL,
         {NO_BRIDGE, PE, WINDOW}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_32: no bridge", OPAL_GET_MSI_32, {NO_BRIDGE, 0, 0, 1, to, to + 4}, OPAL_PARAMETER},
        {"OPAL_GET_MSI_64: no bridge", OPAL_GET_MSI_64, {NO_BRIDGE, 0, 0, 1, to, to}, OPAL_PARAMETER},
        {"OPAL_PCI_MSI_EOI: no bridge", OPAL_PCI_MSI_EOI, {NO_BRIDGE, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_RESET: no bridge", OPAL_PCI_RESET, {NO_BRIDGE, RESET_HOT, DEASSERT}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

static void check_reading(void)
{
    const uint64_t to = opal_address(stored);
    const struct opal_case cases[] = {
        {"OPAL_PCI_CONFIG_READ_HALF_WORD: misaligned", OPAL_PCI_CONFIG_READ_HALF_WORD,
         {bridge, 0, 1, to}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_READ_WORD: misaligned", OPAL_PCI_CONFIG_READ_WORD, {bridge, 0, 2, to}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_READ_BYTE: offset 4096", OPAL_PCI_CONFIG_READ_BYTE, {bridge, 0, 4096, to}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_READ_WORD: function 2^16", OPAL_PCI_CONFIG_READ_WORD,
         {bridge, 0x10000, 0, to}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_READ_WORD: bad address", OPAL_PCI_CONFIG_READ_WORD,
         {bridge, 0, 0, OPAL_NO_ADDRESS}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_READ_WORD: no memory there", OPAL_PCI_CONFIG_READ_WORD,
         {bridge, 0, 0, OPAL_NO_MEMORY}, OPAL_PARAMETER},
    };

    check_equal(config_get(4, ROOT_PORT, 0), ROOT_PORT_ID, "OPAL_PCI_CONFIG_READ_WORD: the root port");
    check_equal(config_get(4, CARD, 0), CARD_ID, "OPAL_PCI_CONFIG_READ_WORD: a card");
    check_equal(stored[4], 0xee, "OPAL_PCI_CONFIG_READ_WORD: size of what it stores");
    check_equal(config_get(2, CARD, 2), CARD_ID >> 16, "OPAL_PCI_CONFIG_READ_HALF_WORD: a card");
    check_equal(stored[2], 0xee, "OPAL_PCI_CONFIG_READ_HALF_WORD: size of what it stores");
    check_equal(config_get(1, CARD, 2), CARD_ID >> 16 & 0xff, "OPAL_PCI_CONFIG_READ_BYTE: a card");
    check_equal(config_get(1, CARD, 3), CARD_ID >> 24, "OPAL_PCI_CONFIG_READ_BYTE: an odd offset");
    check_equal(stored[1], 0xee, "OPAL_PCI_CONFIG_READ_BYTE: size of what it stores");
    check_cases(cases, ARRAY_COUNT(cases));
    check_answer(config_read(4, BESIDE_ROOT_PORT, 0), OPAL_HARDWARE,
                 "OPAL_PCI_CONFIG_READ_WORD: nothing beside the root port");
    check_equal(stored[0], 0xff, "OPAL_PCI_CONFIG_READ_WORD: an error stores ones");
    check_answer(config_read(4, BEHIND_CARD, 0), OPAL_SUCCESS, "OPAL_PCI_CONFIG_READ_WORD: an empty slot");
    check_true(stored[0] == 0xff && stored[3] == 0xff, "OPAL_PCI_CONFIG_READ_WORD: an empty slot reads as ones");
}

static void check_writing(void)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_CONFIG_WRITE_BYTE: a card", OPAL_PCI_CONFIG_WRITE_BYTE,
         {bridge, CARD, INTERRUPT_LINE, 0x5a}, OPAL_SUCCESS},
        {"OPAL_PCI_CONFIG_WRITE_HALF_WORD: a card", OPAL_PCI_CONFIG_WRITE_HALF_WORD,
         {bridge, CARD, COMMAND, 0x0107}, OPAL_SUCCESS},
        {"OPAL_PCI_CONFIG_WRITE_WORD: a card", OPAL_PCI_CONFIG_WRITE_WORD,
         {bridge, CARD, FIRST_BAR, 0x80a00000}, OPAL_SUCCESS},
        {"OPAL_PCI_CONFIG_WRITE_HALF_WORD: misaligned", OPAL_PCI_CONFIG_WRITE_HALF_WORD,
         {bridge, CARD, 5, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_WRITE_WORD: misaligned", OPAL_PCI_CONFIG_WRITE_WORD, {bridge, CARD, 0x12, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_WRITE_WORD: offset 4096", OPAL_PCI_CONFIG_WRITE_WORD,
         {bridge, CARD, 4096, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_WRITE_WORD: function 2^16", OPAL_PCI_CONFIG_WRITE_WORD,
         {bridge, 0x10000, 0, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_CONFIG_WRITE_WORD: nothing beside the root port", OPAL_PCI_CONFIG_WRITE_WORD,
         {bridge, BESIDE_ROOT_PORT}, OPAL_HARDWARE},
    };
    uint32_t command = config_get(2, CARD, COMMAND);
    uint32_t bar = config_get(4, CARD, FIRST_BAR);

    check_cases(cases, ARRAY_COUNT(cases));
    check_equal(config_get(1, CARD, INTERRUPT_LINE), 0x5a, "OPAL_PCI_CONFIG_WRITE_BYTE: reads back");
    check_equal(config_get(1, CARD, INTERRUPT_LINE + 1), 1, "OPAL_PCI_CONFIG_WRITE_BYTE: the next byte stays");
    check_equal(config_get(2, CARD, COMMAND), 0x0107, "OPAL_PCI_CONFIG_WRITE_HALF_WORD: reads back");
    check_equal(config_get(4, CARD, FIRST_BAR), 0x80a00000, "OPAL_PCI_CONFIG_WRITE_WORD: reads back");
    OPAL(OPAL_PCI_CONFIG_WRITE_HALF_WORD, bridge, CARD, COMMAND, command);
    OPAL(OPAL_PCI_CONFIG_WRITE_WORD, bridge, CARD, FIRST_BAR, bar);
}

static void check_freeze(void)
{
    int64_t status;

    check_answer(OPAL(OPAL_PCI_EEH_FREEZE_CLEAR, bridge, PE, 3), OPAL_SUCCESS, "OPAL_PCI_EEH_FREEZE_CLEAR: status");
    memset(stored, 0xee, sizeof(stored));
    status = OPAL(OPAL_PCI_EEH_FREEZE_STATUS, bridge, PE, opal_address(stored), opal_address(stored + 2), 0);
    check_answer(status, OPAL_SUCCESS, "OPAL_PCI_EEH_FREEZE_STATUS: status");
    check_equal(stored[0], 0, "OPAL_PCI_EEH_FREEZE_STATUS: not frozen");
    check_answer((stored[2] << 8 | stored[3]), 0, "OPAL_PCI_EEH_FREEZE_STATUS: no error");
    check_true(stored[1] == 0xee && stored[4] == 0xee, "OPAL_PCI_EEH_FREEZE_STATUS: size of what it stores");
    check_answer(OPAL(OPAL_PCI_EEH_FREEZE_STATUS, bridge, PE, OPAL_NO_ADDRESS, opal_address(stored + 2), 0),
                 OPAL_PARAMETER, "OPAL_PCI_EEH_FREEZE_STATUS: bad address");
    check_answer(OPAL(OPAL_PCI_EEH_FREEZE_STATUS, bridge, PE_COUNT, opal_address(stored), opal_address(stored + 2), 0),
                 OPAL_PARAMETER, "OPAL_PCI_EEH_FREEZE_STATUS: domain 256");
}

static void check_domains(void)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_SET_PE: a function", OPAL_PCI_SET_PE,
         {bridge, PE, CARD, BUS_ALL, COMPARE, COMPARE, MAP}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_PE: domain 256", OPAL_PCI_SET_PE,
         {bridge, PE_COUNT, CARD, BUS_ALL, COMPARE, COMPARE, MAP}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PE: function 2^16", OPAL_PCI_SET_PE,
         {bridge, PE, 0x10000, BUS_ALL, COMPARE, COMPARE, MAP}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PE: bad bus compare", OPAL_PCI_SET_PE,
         {bridge, PE, CARD, 8, COMPARE, COMPARE, MAP}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PE: bad device compare", OPAL_PCI_SET_PE,
         {bridge, PE, CARD, BUS_ALL, 2, COMPARE, MAP}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PE: bad function compare", OPAL_PCI_SET_PE,
         {bridge, PE, CARD, BUS_ALL, COMPARE, 2, MAP}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PE: bad action", OPAL_PCI_SET_PE,
         {bridge, PE, CARD, BUS_ALL, COMPARE, COMPARE, 2}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PE: a whole bus", OPAL_PCI_SET_PE, {bridge, PE, CARD, BUS_ALL, 0, 0, MAP}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_PE: unmapped", OPAL_PCI_SET_PE, {bridge, PE, CARD, BUS_ALL, 0, 0, UNMAP}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_XIVE_PE: a source", OPAL_PCI_SET_XIVE_PE, {bridge, PE, 5}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_XIVE_PE: domain 256", OPAL_PCI_SET_XIVE_PE, {bridge, PE_COUNT, 5}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_XIVE_PE: source 2048", OPAL_PCI_SET_XIVE_PE, {bridge, PE, SOURCES}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

void cases_pci(void)
{
    struct fdt_property number;

    check_no_bridge();
    if (!fdt_find("pciex@", "ibm,opal-phbid", &number)) {
        cases_pci_host(false, 0);
        cases_pci_windows(false, 0);
        return;
    }
    bridge = (uint64_t)fdt_cell(&number, 0) << 32 | fdt_cell(&number, 1);
    check_reading();
    check_writing();
    check_freeze();
    check_domains();
    cases_pci_tables(bridge);
    cases_pci_windows(true, bridge);
    cases_pci_host(true, bridge);
    check_equal(config_get(4, CARD, 0), CARD_ID, "OPAL_PCI_CONFIG_READ_WORD: a card, after everything");
}
