/* SPDX-License-Identifier: BSD-2-Clause */
/* The windows above 4 GiB that memory of cards is seen through, as Linux uses them for virtual functions; translations. */
#include "../lib/fdt.h"
#include "cases.h"

enum { WINDOW_M32 = 1, WINDOW_M64 = 2, WINDOW_IO = 3 };
enum { WINDOW_OFF, WINDOW_SHARED, WINDOW_SINGLE };
enum { KILL_PAGES, KILL_DOMAIN, KILL_ALL };

#define NO_BRIDGE 99
#define PE 1
#define PE_COUNT 256
#define WINDOW 3
#define UNUSED_WINDOW 4
#define WINDOW_COUNT 16

#define MIB UINT64_C(0x100000)
#define PAGE 0x1000

static uint64_t bridge, base;

static void check_no_bridge(void)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: no bridge", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {NO_BRIDGE, WINDOW_M64, WINDOW, 0, 0, MIB}, OPAL_PARAMETER},
        {"OPAL_PCI_TCE_KILL: no bridge", OPAL_PCI_TCE_KILL, {NO_BRIDGE, KILL_ALL}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

/* A window of one domain: first whose it is, then where, then on. */
static void check_single(void)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: M64 for one", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE, WINDOW_M64, WINDOW, 0}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: for one, 1M", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, WINDOW, base, 0, MIB}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: for one, 32M", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, WINDOW, base + 32 * MIB, 0, 32 * MIB}, OPAL_SUCCESS},
        {"OPAL_PCI_PHB_MMIO_ENABLE: for one, for all", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, WINDOW, WINDOW_SHARED}, OPAL_PARAMETER},
        {"OPAL_PCI_PHB_MMIO_ENABLE: for one", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, WINDOW, WINDOW_SINGLE}, OPAL_SUCCESS},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: M64 that is on", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE + 1, WINDOW_M64, WINDOW, 0}, OPAL_PARTIAL},
        {"OPAL_PCI_PHB_MMIO_ENABLE: for one, off", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, WINDOW, WINDOW_OFF}, OPAL_SUCCESS},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

/* One that all domains share, of which a part belongs to each. */
static void check_shared(void)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_PHB_MMIO_ENABLE: nowhere yet", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, UNUSED_WINDOW, WINDOW_SHARED}, OPAL_PARTIAL},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: for all", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, WINDOW, base + 256 * MIB, 0, 256 * MIB}, OPAL_SUCCESS},
        {"OPAL_PCI_PHB_MMIO_ENABLE: for all, for one", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, WINDOW, WINDOW_SINGLE}, OPAL_PARAMETER},
        {"OPAL_PCI_PHB_MMIO_ENABLE: for all", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, WINDOW, WINDOW_SHARED}, OPAL_SUCCESS},
        {"OPAL_PCI_PHB_MMIO_ENABLE: for all, off", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, WINDOW, WINDOW_OFF}, OPAL_SUCCESS},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: outside", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, UNUSED_WINDOW, MIB, 0, MIB}, OPAL_SUCCESS},
        {"OPAL_PCI_PHB_MMIO_ENABLE: outside", OPAL_PCI_PHB_MMIO_ENABLE,
         {bridge, WINDOW_M64, UNUSED_WINDOW, WINDOW_SHARED}, OPAL_PARTIAL},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

static void check_errors(void)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: window 16", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, WINDOW_COUNT, base, 0, 256 * MIB}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: no size", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, WINDOW, base, 0, 0}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: 3M", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, WINDOW, base, 0, 3 * MIB}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: misaligned", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M64, WINDOW, base + MIB, 0, 2 * MIB}, OPAL_PARAMETER},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: 32-bit window", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_M32, 0, 0x80000000, 0x80000000, 0x80000000}, OPAL_UNSUPPORTED},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: I/O", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, WINDOW_IO, 0, 0, 0, MIB}, OPAL_UNSUPPORTED},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW: unknown kind", OPAL_PCI_SET_PHB_MEM_WINDOW,
         {bridge, 4, 0, base, 0, MIB}, OPAL_PARAMETER},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW: M64 window 16", OPAL_PCI_MAP_PE_MMIO_WINDOW,
         {bridge, PE, WINDOW_M64, WINDOW_COUNT, 0}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

static void check_translations(void)
{
    const struct opal_case cases[] = {
        {"OPAL_PCI_TCE_KILL: pages", OPAL_PCI_TCE_KILL, {bridge, KILL_PAGES, PE, PAGE, 0, 3}, OPAL_SUCCESS},
        {"OPAL_PCI_TCE_KILL: no page", OPAL_PCI_TCE_KILL, {bridge, KILL_PAGES, PE, PAGE, 0, 0}, OPAL_SUCCESS},
        {"OPAL_PCI_TCE_KILL: a domain's", OPAL_PCI_TCE_KILL, {bridge, KILL_DOMAIN, PE}, OPAL_SUCCESS},
        {"OPAL_PCI_TCE_KILL: all", OPAL_PCI_TCE_KILL, {bridge, KILL_ALL}, OPAL_SUCCESS},
        {"OPAL_PCI_TCE_KILL: unknown kind", OPAL_PCI_TCE_KILL, {bridge, 3, PE, PAGE, 0, 1}, OPAL_PARAMETER},
        {"OPAL_PCI_TCE_KILL: domain 256", OPAL_PCI_TCE_KILL, {bridge, KILL_DOMAIN, PE_COUNT}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
}

void cases_pci_windows(bool has_bridge, uint64_t number)
{
    struct fdt_property window;

    check_no_bridge();
    if (!has_bridge)
        return;
    bridge = number;
    check_true(fdt_find("pciex@", "ibm,opal-m64-window", &window), "entry: the tree has a bridge's high window");
    base = (uint64_t)fdt_cell(&window, 2) << 32 | fdt_cell(&window, 3);
    check_single();
    check_shared();
    check_errors();
    check_translations();
}
