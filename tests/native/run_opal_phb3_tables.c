/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware's PHB3 code puts into registers and tables: everything denied at first, then what was asked for.
 *
 * Include: tests/native/opal_pci_standins firmware/opal . hypervisor/include lib/include build/third_party/libfdt
 * Link: build/third_party/libfdt
 */
#include "opal_phb3.h"

static void test_start(void)
{
    struct phb3 *phb = start_emulated();
    const struct pci_host *host = &phb->host;

    CHECK(phb->registers == MODEL_BASE && model_pci_bar == MODEL_BASE << 14 && model_nest[0x45] == 0x1fULL << 59);
    CHECK(model_bar_enables == 1);
    CHECK(host->windows[PCI_M64].cpu == 0x3d00000000000 && host->windows[PCI_M64].size == 64ULL << 30);
    CHECK(host->windows[PCI_M32].cpu == 0x3ff8000000000 && host->windows[PCI_M32].size == 2ULL << 30);
    CHECK(host->id == 0 && host->irq_base == 0x800 && host->msi_count == 2040 && host->lsi_base == 0xff8);
    /* interrupts: 19 bits on the left; the queue and the bridge must agree on where the pins are */
    CHECK(model_nest[0x1a] == 0x800ULL << 45 && model_nest[0x1b] == 0x7f800ULL << 45);
    CHECK(model_nest[0x1f] == 0xffULL << 56 && *model_register(0x100) == 0xffULL << 51);
    CHECK(*model_register(0x190) == 0x3ff8000000000 && *model_register(0x1a0) == 0x80000000);
    CHECK(*model_register(0x198) == 0x3ffff80000000);
    CHECK((*model_register(0x160) & 0x0082800000000000ULL) == 0x0082800000000000ULL);
    CHECK(host->device_count == 2 && model_said[0] == 0);
    check_denied(phb);
}

/* A machine that starts anew has everything as the kernel left it. */
static void test_start_again(void)
{
    struct phb3 *phb = start_emulated();
    uint32_t enables = model_bar_enables;

    memset(model_tables, 0x5a, sizeof(model_tables));
    phb3_init(machine_tree("qemu,powernv"), 5);
    CHECK(model_bar_enables == enables && started != &phb->host);
    check_denied(phb3_of(started));
}

static void test_unusable_queue(void)
{
    start_emulated();
    model_nest[0x44] = 0x3fffc00000000ULL << 14; /* no 2 GiB */
    started = NULL;
    phb3_init(machine_tree("qemu,powernv"), 5);
    CHECK(started == NULL && strstr(model_said, "PCI 0000 is not used") != NULL);
    model_said[0] = 0;
}

static void test_config(void)
{
    struct pci_host *host = &start_emulated()->host;
    uint16_t bdfn = PCI_BDFN(1, 0, 0);

    fake_put(&fake[card].config[0x50], 4, 0x44332211);
    CHECK(pci_config_read(host, bdfn, 0x50, 4) == 0x44332211);
    CHECK(pci_config_read(host, bdfn, 0x52, 2) == 0x4433 && pci_config_read(host, bdfn, 0x53, 1) == 0x44);
    pci_config_write(host, bdfn, 0x51, 1, 0xaa);
    pci_config_write(host, bdfn, 0x52, 2, 0xbbcc);
    CHECK(fake_get(&fake[card].config[0x50], 4) == 0xbbccaa11);
    pci_config_write(host, bdfn, 0x50, 4, 0x01020304);
    CHECK(fake_get(&fake[card].config[0x50], 4) == 0x01020304);
    CHECK(pci_config_read(host, PCI_BDFN(1, 1, 0), 0, 4) == UINT32_MAX);
}

/* A table entry for DMA as the hardware understands it. */
static void test_dma_windows(void)
{
    struct pci_host *host = &start_emulated()->host;
    struct pci_dma_window window = {3, 0, 2, 0x123456000, 1 << 16, 1 << 12};
    struct pci_dma_bypass bypass = {3, 1ULL << 59, 64ULL << 30};
    uint64_t tve;

    CHECK(phb3_dma_map(host, &window) == OPAL_SUCCESS);
    tve = model_tables[9][6];
    CHECK(tve >> 16 << 12 == window.table && (tve >> 13 & 7) == 1 && (tve >> 8 & 31) + 11 == 16);
    CHECK((tve & 31) + 11 == 12);
    CHECK((*model_register(0x210) & ~0xffULL) == 1ULL << 62 && (*model_register(0x210) & 0xff) == 3);
    window.index = 1;
    window.page_size = 1 << 24;
    CHECK(phb3_dma_map(host, &window) == OPAL_SUCCESS && (model_tables[9][7] & 31) + 11 == 24);
    window.table_size = 0;
    CHECK(phb3_dma_map(host, &window) == OPAL_SUCCESS && model_tables[9][7] == 0);
    CHECK(phb3_dma_bypass(host, &bypass) == OPAL_SUCCESS);
    tve = model_tables[9][7];
    CHECK((tve & 31) == 0 && (tve >> 12 & 1) == 1);                    /* no translation, and a window at all */
    CHECK(tve >> 40 == 0 && (tve >> 16 & 0xffffff) == 64ULL << 30 >> 24); /* its first and last 16 MiB */
    bypass.size = 0;
    CHECK(phb3_dma_bypass(host, &bypass) == OPAL_SUCCESS && model_tables[9][7] == 0);
    CHECK(model_tables[9][6] != 0);
}

static void test_requesters(void)
{
    struct pci_host *host = &start_emulated()->host;

    phb3_requesters_map(host, 9, PCI_BDFN(1, 0, 0), 0xff00, true);
    CHECK(model_pe(PCI_BDFN(1, 31, 7)) == 9 && model_pe(PCI_BDFN(1, 0, 0)) == 9);
    CHECK(model_pe(PCI_BDFN(0, 31, 7)) == NOBODY && model_pe(PCI_BDFN(2, 0, 0)) == NOBODY);
    CHECK(*model_register(0x208) == 1ULL << 63);
    phb3_requesters_map(host, 8, PCI_BDFN(1, 2, 3), 0xffff, true);
    CHECK(model_pe(PCI_BDFN(1, 2, 3)) == 8 && model_pe(PCI_BDFN(1, 2, 4)) == 9);
    phb3_requesters_map(host, 9, PCI_BDFN(1, 0, 0), 0xff00, false);
    CHECK(model_pe(PCI_BDFN(1, 2, 3)) == NOBODY);
}

static void test_windows_of_processors(void)
{
    struct pci_host *host = &start_emulated()->host;
    uint64_t base = 0x3d00000000000, size = 64ULL << 30;

    CHECK(phb3_segment_map(host, 7, 255) == OPAL_SUCCESS && model_tables[17][255] == 7ULL << 48);
    CHECK(phb3_segment_map(host, 7, 256) == OPAL_PARAMETER);
    CHECK(phb3_m64_enable(host, 15, OPAL_ENABLE_M64_SPLIT) == OPAL_PARTIAL);
    CHECK(phb3_m64_set(host, 15, base, size) == OPAL_SUCCESS && model_tables[16][15] >> 63 == 0);
    CHECK(phb3_m64_enable(host, 15, OPAL_ENABLE_M64_NON_SPLIT) == OPAL_PARAMETER);
    CHECK(phb3_m64_enable(host, 15, OPAL_ENABLE_M64_SPLIT) == OPAL_SUCCESS);
    CHECK(model_tables[16][15] >> 62 == 2);
    CHECK((model_tables[16][15] >> 32 & 0x3fffffff) << 20 == base);
    CHECK((~((model_tables[16][15] & 0x3fffffff) << 20 | 0xfffc000000000000ULL)) + 1 == size);
    CHECK(phb3_m64_enable(host, 15, OPAL_DISABLE_M64) == OPAL_SUCCESS && model_tables[16][15] >> 63 == 0);
    /* one for a single PE: 25 bits of address, the PE in two halves */
    CHECK(phb3_m64_map(host, 0xab, 2) == OPAL_SUCCESS && phb3_m64_map(host, 0xab, 16) == OPAL_PARAMETER);
    CHECK(phb3_m64_set(host, 2, base, 1ULL << 24) == OPAL_PARAMETER);
    CHECK(phb3_m64_enable(host, 2, OPAL_ENABLE_M64_NON_SPLIT) == OPAL_PARTIAL);
    CHECK(phb3_m64_set(host, 2, base + (1ULL << 25), 1ULL << 25) == OPAL_SUCCESS);
    CHECK(phb3_m64_enable(host, 2, OPAL_ENABLE_M64_SPLIT) == OPAL_PARAMETER);
    CHECK(phb3_m64_enable(host, 2, OPAL_ENABLE_M64_NON_SPLIT) == OPAL_SUCCESS);
    CHECK(phb3_m64_map(host, 0xac, 2) == OPAL_PARTIAL);
    CHECK(model_tables[16][2] >> 62 == 3);
    CHECK((model_tables[16][2] >> 37 & 0x1ffffff) << 25 == base + (1ULL << 25));
    CHECK((model_tables[16][2] >> 32 & 31) << 5 == (0xab & 0xe0) && (model_tables[16][2] & 31) == (0xab & 0x1f));
    /* switched off it is nobody's in particular again, the same register as any other */
    CHECK(phb3_m64_enable(host, 2, OPAL_DISABLE_M64) == OPAL_SUCCESS && model_tables[16][2] >> 62 == 0);
    CHECK(phb3_m64_set(host, 2, base + size / 2, size / 2) == OPAL_SUCCESS);
    CHECK(phb3_m64_enable(host, 2, OPAL_ENABLE_M64_SPLIT) == OPAL_SUCCESS && model_tables[16][2] >> 62 == 2);
    CHECK((model_tables[16][2] >> 32 & 0x3fffffff) << 20 == base + size / 2);
    /* a range of which a part is not the bridge's */
    CHECK(phb3_m64_set(host, 3, base, 2 * size) == OPAL_SUCCESS);
    CHECK(phb3_m64_enable(host, 3, OPAL_ENABLE_M64_SPLIT) == OPAL_PARTIAL && model_tables[16][3] >> 63 == 0);
    CHECK(phb3_m64_set(host, 16, base, size) == OPAL_PARAMETER);
    CHECK(phb3_m64_set(host, 15, base + 1, size) == OPAL_PARAMETER);
    CHECK(phb3_m64_set(host, 15, base, size - 1) == OPAL_PARAMETER && phb3_m64_set(host, 0, base, 0) == OPAL_PARAMETER);
}

static void test_freeze(void)
{
    struct phb3 *phb = start_emulated();
    struct pci_freeze freeze;
    uint32_t pe;

    phb3_freeze_get(&phb->host, 5, &freeze);
    CHECK(freeze.state == 0 && freeze.error == OPAL_EEH_NO_ERROR && !phb3_freeze_find(&phb->host, &pe));
    phb3_freeze_change(&phb->host, 5, OPAL_EEH_ACTION_DMA, true);
    phb3_freeze_get(&phb->host, 5, &freeze);
    CHECK(freeze.state == OPAL_EEH_STOPPED_DMA_FREEZE && freeze.error == OPAL_EEH_PE_ERROR);
    phb3_freeze_change(&phb->host, 5, OPAL_EEH_ACTION_ALL, true);
    phb3_freeze_get(&phb->host, 5, &freeze);
    CHECK(freeze.state == 3);
    phb3_freeze_change(&phb->host, 5, OPAL_EEH_ACTION_MMIO, false);
    phb3_freeze_get(&phb->host, 5, &freeze);
    CHECK(freeze.state == OPAL_EEH_STOPPED_DMA_FREEZE);
    model_tables[20][1] = 1ULL << 62;
    CHECK(phb3_freeze_find(&phb->host, &pe) && pe == 65);
    phb3_freeze_link(&phb->host, 2, 9, true);
    CHECK(phb->tables->peltv[2][1] == 0x40);
    phb3_freeze_link(&phb->host, 2, 9, false);
    CHECK(phb->tables->peltv[2][1] == 0);
}

static void test_diagnostics(void)
{
    struct phb3 *phb = start_emulated();
    static uint8_t data[PHB3_DIAGNOSTICS_SIZE];

    model_nest[0] = 0x1122;
    *model_register(0xc00) = 0x3344;
    *model_register(0xe48) = 0x5566;
    model_tables[7][3] = 1ULL << 63;
    be64_set(&phb->tables->pest[3][0], 0x77);
    fake_put(&fake[0].config[PCI_BRIDGE_CONTROL], 2, 0x1234);
    phb3_diagnostics(&phb->host, data);
    CHECK(data[3] == 1 && data[7] == 2 && data[10] == 0x11 && data[11] == 0x28);
    CHECK(data[14] == 0x12 && data[15] == 0x34);
    CHECK(be64_get(*(be64_t *)&data[104]) == 0x1122 && be64_get(*(be64_t *)&data[144]) == 0x3344);
    CHECK(be64_get(*(be64_t *)&data[288]) == 0x5566);
    CHECK(be64_get(*(be64_t *)&data[296 + 8 * 3]) == ((1ULL << 63) | 0x77));
}

int main(void)
{
    test_start();
    test_start_again();
    test_unusable_queue();
    test_config();
    test_dma_windows();
    test_requesters();
    test_windows_of_processors();
    test_freeze();
    test_diagnostics();
    model_arena_free();
    return 0;
}
