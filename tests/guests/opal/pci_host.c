/* SPDX-License-Identifier: BSD-2-Clause */
/* A host bridge as a whole: resets, its slot, errors, and the windows that memory of cards is seen through. */
#include "../../../abi/types.h"
#include "../lib/memory.h"
#include "../lib/regs.h"
#include "cases.h"

#define NO_BRIDGE 99
#define CARD 0x100
#define EMPTY 0x108
#define PE 1
#define PE_COUNT 256

enum { WINDOW_M32 = 1, WINDOW_M64 = 2, WINDOW_IO = 3 };

#define RESET_HOT 4
#define RESET_FUNDAMENTAL 5
#define RESET_TABLES 6
#define RESET_ASSERT 1
#define REINIT_DEVICE 1000

#define SLOT_PRESENT 1
#define SLOT_ON 1

#define FREEZE_BOTH 3
#define SEVERITY_NONE 0

#define PATIENCE (UINT64_C(30) * 512000000)

#define DIAGNOSTICS_OF_PHB3 2

static be64_t wide;
static be32_t diagnostics[0x1128 / sizeof(be32_t)];
static be32_t narrow;
static uint8_t byte;

static void check_no_bridge(void)
{
    const uint64_t to = opal_address(&wide);
    const struct opal_case cases[] = {
        {"OPAL_PCI_SET_PELTV: no bridge", OPAL_PCI_SET_PELTV, {NO_BRIDGE, PE, PE, 1}, OPAL_PARAMETER},
        {"OPAL_PCI_PHB_MMIO_ENABLE: no bridge", OPAL_PCI_PHB_MMIO_ENABLE,
         {NO_BRIDGE, WINDOW_M64, 0, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: no bridge", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {NO_BRIDGE, PE, WINDOW_M32}, OPAL_PARAMETER},
        {"OPAL_PCI_EEH_FREEZE_SET: no bridge", OPAL_PCI_EEH_FREEZE_SET, {NO_BRIDGE, PE, FREEZE_BOTH}, OPAL_PARAMETER},
        {"OPAL_PCI_NEXT_ERROR: no bridge", OPAL_PCI_NEXT_ERROR, {NO_BRIDGE, to, to, to}, OPAL_PARAMETER},
        {"OPAL_PCI_POLL: no bridge", OPAL_PCI_POLL, {NO_BRIDGE}, OPAL_PARAMETER},
        {"OPAL_PCI_REINIT: no bridge", OPAL_PCI_REINIT, {NO_BRIDGE, REINIT_DEVICE, CARD}, OPAL_PARAMETER},
        {"OPAL_PCI_GET_PRESENCE_STATE: no bridge", OPAL_PCI_GET_PRESENCE_STATE, {NO_BRIDGE, to}, OPAL_PARAMETER},
        {"OPAL_PCI_GET_POWER_STATE: no bridge", OPAL_PCI_GET_POWER_STATE, {NO_BRIDGE, to}, OPAL_PARAMETER},
        {"OPAL_PCI_GET_PHB_DIAG_DATA2: no bridge", OPAL_PCI_GET_PHB_DIAG_DATA2, {NO_BRIDGE, to, 8}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

static void check_windows(uint64_t bridge)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_SET_PELTV: itself", OPAL_PCI_SET_PELTV, {bridge, PE, PE, 1}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_PELTV: removed", OPAL_PCI_SET_PELTV, {bridge, PE, PE, 0}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_PELTV: parent 256", OPAL_PCI_SET_PELTV, {bridge, PE_COUNT, PE, 1}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PELTV: child 256", OPAL_PCI_SET_PELTV, {bridge, PE, PE_COUNT, 1}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: a segment", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE, WINDOW_M32, 0, 3}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: segment 256", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE, WINDOW_M32, 0, PE_COUNT}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: window 1 of one", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE, WINDOW_M32, 1, 3}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: domain 256", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE_COUNT, WINDOW_M32, 0, 3}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: I/O", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE, WINDOW_IO, 0, 0}, OPAL_UNSUPPORTED},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: unknown kind", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE, 4, 0, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_PHB_MMIO_ENABLE: off", OPAL_PCI_PHB_MMIO_ENABLE, {bridge, WINDOW_M64, 1, 0}, OPAL_SUCCESS},
        {"OPAL_PCI_PHB_MMIO_ENABLE: window 16", OPAL_PCI_PHB_MMIO_ENABLE, {bridge, WINDOW_M64, 16, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_PHB_MMIO_ENABLE: bad action", OPAL_PCI_PHB_MMIO_ENABLE, {bridge, WINDOW_M64, 1, 3}, OPAL_PARAMETER},
        {"OPAL_PCI_PHB_MMIO_ENABLE: 32-bit window", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M32, 0, 0}, OPAL_UNSUPPORTED},
        {"OPAL_PCI_PHB_MMIO_ENABLE: unknown kind", OPAL_PCI_PHB_MMIO_ENABLE, {bridge, 4, 0, 0}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

static void check_errors(uint64_t bridge)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_EEH_FREEZE_SET: domain 256", OPAL_PCI_EEH_FREEZE_SET,
         {bridge, PE_COUNT, FREEZE_BOTH}, OPAL_PARAMETER},
        {"OPAL_PCI_EEH_FREEZE_SET: both", OPAL_PCI_EEH_FREEZE_SET, {bridge, PE, FREEZE_BOTH}, OPAL_SUCCESS},
        {"OPAL_PCI_EEH_FREEZE_CLEAR: both", OPAL_PCI_EEH_FREEZE_CLEAR, {bridge, PE, FREEZE_BOTH}, OPAL_SUCCESS},
        {"OPAL_PCI_EEH_FREEZE_SET: nothing", OPAL_PCI_EEH_FREEZE_SET, {bridge, PE, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_GET_PHB_DIAG_DATA2: too small", OPAL_PCI_GET_PHB_DIAG_DATA2,
         {bridge, opal_address(&wide), sizeof(wide)}, OPAL_PARAMETER},
        {"OPAL_PCI_GET_PHB_DIAG_DATA2: status", OPAL_PCI_GET_PHB_DIAG_DATA2,
         {bridge, opal_address(diagnostics), sizeof(diagnostics)}, OPAL_SUCCESS},
        {"OPAL_PCI_POLL: nothing to wait for", OPAL_PCI_POLL, {bridge}, OPAL_SUCCESS},
        {"OPAL_PCI_REINIT: a card", OPAL_PCI_REINIT, {bridge, REINIT_DEVICE, CARD}, OPAL_SUCCESS},
        {"OPAL_PCI_REINIT: an empty slot", OPAL_PCI_REINIT, {bridge, REINIT_DEVICE, EMPTY}, OPAL_PARAMETER},
        {"OPAL_PCI_REINIT: unknown scope", OPAL_PCI_REINIT, {bridge, 1, CARD}, OPAL_PARAMETER},
    };
    uint8_t kinds[4];

    check_cases(cases, ARRAY_COUNT(cases));
    check_equal(be32_get(diagnostics[1]), DIAGNOSTICS_OF_PHB3, "OPAL_PCI_GET_PHB_DIAG_DATA2: kind");
    check_answer(OPAL(OPAL_PCI_NEXT_ERROR, bridge, opal_address(&wide), opal_address(kinds), opal_address(kinds + 2)),
                 OPAL_SUCCESS, "OPAL_PCI_NEXT_ERROR: status");
    check_equal((uint64_t)(kinds[2] << 8 | kinds[3]), SEVERITY_NONE, "OPAL_PCI_NEXT_ERROR: there is none");
}

static void check_slot(uint64_t bridge)
{
    byte = 0xee;
    check_answer(OPAL(OPAL_PCI_GET_PRESENCE_STATE, bridge, opal_address(&byte)), OPAL_SUCCESS,
                 "OPAL_PCI_GET_PRESENCE_STATE: status");
    check_equal(byte, SLOT_PRESENT, "OPAL_PCI_GET_PRESENCE_STATE: a card");
    check_answer(OPAL(OPAL_PCI_GET_PRESENCE_STATE, bridge, OPAL_NO_ADDRESS), OPAL_PARAMETER,
                 "OPAL_PCI_GET_PRESENCE_STATE: bad address");
    byte = 0xee;
    check_answer(OPAL(OPAL_PCI_GET_POWER_STATE, bridge, opal_address(&byte)), OPAL_SUCCESS,
                 "OPAL_PCI_GET_POWER_STATE: status");
    check_equal(byte, SLOT_ON, "OPAL_PCI_GET_POWER_STATE: on");
}

static void wait_milliseconds(int64_t count)
{
    uint64_t end = timebase_read() + (uint64_t)count * 512000;

    while (timebase_read() < end)
        opal_poll();
}

/* As Linux does it: a positive answer asks to come back after so many milliseconds. */
static int64_t reset(uint64_t bridge, uint64_t scope)
{
    uint64_t end = timebase_read() + PATIENCE;
    int64_t status = OPAL(OPAL_PCI_RESET, bridge, scope, RESET_ASSERT);

    while (status > 0 && timebase_read() < end) {
        wait_milliseconds(status);
        status = OPAL(OPAL_PCI_POLL, bridge);
    }
    return status;
}

static uint32_t card_id(uint64_t bridge)
{
    int64_t status = OPAL(OPAL_PCI_CONFIG_READ_WORD, bridge, CARD, 0, opal_address(&narrow));

    return status == OPAL_SUCCESS ? be32_get(narrow) : 0;
}

static void check_resets(uint64_t bridge)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_RESET: unknown scope", OPAL_PCI_RESET, {bridge, 77, RESET_ASSERT}, OPAL_PARAMETER},
        {"OPAL_PCI_RESET: bad action", OPAL_PCI_RESET, {bridge, RESET_TABLES, 2}, OPAL_PARAMETER},
        {"OPAL_PCI_RESET: tables", OPAL_PCI_RESET, {bridge, RESET_TABLES, RESET_ASSERT}, OPAL_SUCCESS},
        {"OPAL_PCI_RESET: tables, no longer", OPAL_PCI_RESET, {bridge, RESET_TABLES, 0}, OPAL_SUCCESS},
    };
    uint32_t id = card_id(bridge);

    check_cases(cases, ARRAY_COUNT(cases));
    check_answer(reset(bridge, RESET_HOT), OPAL_SUCCESS, "OPAL_PCI_RESET: hot");
    check_equal(card_id(bridge), id, "OPAL_PCI_RESET: hot, the card is there");
    check_answer(reset(bridge, RESET_FUNDAMENTAL), OPAL_SUCCESS, "OPAL_PCI_RESET: fundamental");
    check_equal(card_id(bridge), id, "OPAL_PCI_RESET: fundamental, the card is there");
}

void cases_pci_host(bool has_bridge, uint64_t bridge)
{
    check_no_bridge();
    if (!has_bridge)
        return;
    check_windows(bridge);
    check_errors(bridge);
    check_slot(bridge);
    check_resets(bridge);
}
