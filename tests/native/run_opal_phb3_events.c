/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's PHB3 code over time: no message is ever lost, and resets take as long as they must.
 *
 * Include: tests/native/opal_pci_standins firmware/opal . hypervisor/include lib/include build/third_party/libfdt
 * Link: build/third_party/libfdt
 */
#include "opal_phb3.h"

static void test_pins(void)
{
    struct pci_host *host = &start_emulated()->host;
    struct pci_xive xive = {8 << 2, 5}, got;

    phb3_xive_set(host, 2041, xive);
    CHECK((model_tables[2][1] >> 40 & 0xffff) == 8 << 2 && (model_tables[2][1] >> 32 & 0xff) == 5);
    phb3_xive_get(host, 2041, &got);
    CHECK(got.server == 8 << 2 && got.priority == 5);
}

/* A device writes `data` to an address on the bus. */
static bool model_device_writes(uint16_t bdfn, uint64_t address, uint16_t data)
{
    uint32_t source = ((uint32_t)(address >> 4) & 0xffff) | (data & 0x1f);
    uint8_t *ive = model_ive(source & 0x7ff);

    if (address >> 60 != 1) {
        CHECK((address & 0xffffffffffff0000ULL) == 0xffff0000);
        source = ((uint32_t)(address & 0xffff) >> 4) | (data & 0x1f);
        ive = model_ive(source);
    }
    if ((uint32_t)(ive[6] << 8 | ive[7]) != model_pe(bdfn))
        return false;
    model_message_try(source);
    return true;
}

/* A message that a device may send, and one that it may not. */
static void test_message(void)
{
    struct pci_host *host = &start_emulated()->host;
    struct pci_xive xive = {8 << 2, 5}, got;
    uint16_t bdfn = PCI_BDFN(1, 0, 0);

    phb3_xive_set(host, 35, xive);
    phb3_xive_get(host, 35, &got);
    CHECK(got.server == 8 << 2 && got.priority == 5);
    CHECK(*model_register(0x2a0) == 1ULL << 63); /* the copies on the chip are forgotten: all at first, then this one */
    phb3_message_set_pe(host, 35, 9);
    CHECK(*model_register(0x2a0) == 35ULL << 32);
    CHECK(!model_device_writes(bdfn, 1ULL << 60 | 0x200, 3) && model_presented[35] == 0);
    phb3_requesters_map(host, 9, bdfn, 0xffff, true);
    CHECK(model_device_writes(bdfn, 1ULL << 60 | 0x200, 3) && model_presented[35] == 1);
    phb3_message_end(host, 35);
    CHECK(model_device_writes(bdfn, 0xffff0200, 3) && model_presented[35] == 2);
}

static struct {
    struct pci_host *host;
    uint32_t left;    /* accesses until the message comes */
    uint32_t arrived; /* how many have come */
} traffic;

static void message_arrives(void)
{
    if (traffic.left-- == 0) {
        model_message_try(1);
        traffic.arrived++;
    }
}

/* The work of a kernel: ends what was presented as often as there is something. */
static void drain(void)
{
    uint32_t ended = 0;

    while ((model_ive(1)[4] & 1) != 0) {
        phb3_message_end(traffic.host, 1);
        CHECK(++ended < 10);
    }
}

/* Whenever a message comes while another is ended, masked or unmasked: it is presented after it came, and nothing stays
 * behind that would keep the next one away. */
static void test_no_message_is_lost(void)
{
    struct pci_xive on = {8 << 2, 5}, off = {8 << 2, 0xff};

    traffic.host = &start_emulated()->host;
    phb3_xive_set(traffic.host, 1, on);
    for (uint32_t when = 0; when < 40; when++) {
        for (uint32_t kind = 0; kind < 3; kind++) {
            uint32_t before = model_presented[1];

            model_message_try(1);
            CHECK(model_presented[1] == ++before);
            traffic.left = when;
            traffic.arrived = 0;
            model_hook = message_arrives;
            if (kind == 0) {
                drain();
            } else {
                phb3_xive_set(traffic.host, 1, off);
                if (kind == 2)
                    drain();
                phb3_xive_set(traffic.host, 1, on);
                drain();
            }
            model_hook = NULL;
            CHECK(traffic.arrived == 0 || model_presented[1] > before);
            CHECK(model_ive(1)[4] % 2 == 0 && model_ive(1)[5] == 0);
            before = model_presented[1];
            model_message_try(1);
            CHECK(model_presented[1] == before + 1);
            drain();
        }
    }
}

static void test_send_register_stays_locked(void)
{
    struct phb3 *phb = start_emulated();
    struct pci_xive on = {8 << 2, 5};

    model_message_try(1); /* masked: queued */
    *model_register(0x240) = 1ULL << 63;
    model_said[0] = 0;
    phb3_xive_set(&phb->host, 1, on);
    CHECK(strstr(model_said, "message 1 is lost") != NULL);
    model_said[0] = 0;
}

/* With slots of metal a reset takes its time, and says how long. */
static void test_reset_times(void)
{
    struct phb3 *phb = start("ibm,powernv");
    struct pci_host *host = &phb->host;
    uint64_t began = model_time;

    CHECK(began >= 200ULL * TICKS_PER_MS && began < 300ULL * TICKS_PER_MS); /* held and settled, at power-on */
    CHECK(phb3_reset(host, OPAL_RESET_PCI_HOT) > 0 && phb3_reset(host, OPAL_RESET_PCI_HOT) == OPAL_BUSY);
    CHECK((fake_get(&fake[0].config[PCI_BRIDGE_CONTROL], 2) & PCI_BRIDGE_CONTROL_RESET) != 0);
    model_time += 99ULL * TICKS_PER_MS;
    CHECK(phb3_poll(host) > 0);
    CHECK((fake_get(&fake[0].config[PCI_BRIDGE_CONTROL], 2) & PCI_BRIDGE_CONTROL_RESET) != 0);
    model_time += TICKS_PER_MS;
    model_train = 1ULL << (63 - 19); /* something is there, no link yet */
    CHECK(phb3_poll(host) > 0);
    CHECK((fake_get(&fake[0].config[PCI_BRIDGE_CONTROL], 2) & PCI_BRIDGE_CONTROL_RESET) == 0);
    model_time += 999ULL * TICKS_PER_MS;
    CHECK(phb3_poll(host) > 0);
    model_train = 1ULL << (63 - 23);
    CHECK(phb3_poll(host) > 0);
    model_time += 100ULL * TICKS_PER_MS;
    CHECK(phb3_poll(host) == OPAL_SUCCESS && phb3_link_is_up(host));
}

static void test_empty_slot(void)
{
    struct phb3 *phb = start("ibm,powernv");
    struct pci_host *host = &phb->host;

    model_train = 0;
    CHECK(phb3_reset(host, OPAL_RESET_PCI_FUNDAMENTAL) > 0);
    model_time += 100ULL * TICKS_PER_MS;
    CHECK(phb3_poll(host) > 0);
    model_time += 100ULL * TICKS_PER_MS;
    CHECK(phb3_poll(host) == OPAL_SUCCESS && !phb3_link_is_up(host));
}

/* In the emulator every reset is done at once; a complete one closes everything again. */
static void test_resets_of_the_emulator(void)
{
    struct phb3 *phb = start_emulated();
    struct pci_dma_bypass bypass = {3, 1ULL << 59, 64ULL << 30};

    CHECK(phb3_reset(&phb->host, OPAL_RESET_PCI_HOT) == OPAL_SUCCESS);
    phb3_dma_bypass(&phb->host, &bypass);
    phb3_requesters_map(&phb->host, 3, 0, 0, true);
    CHECK(phb3_reset(&phb->host, OPAL_RESET_PHB_COMPLETE) == OPAL_SUCCESS);
    check_denied(phb);
    phb3_dma_bypass(&phb->host, &bypass);
    CHECK(phb3_reset(&phb->host, OPAL_RESET_PCI_IODA_TABLE) == OPAL_SUCCESS);
    check_denied(phb);
    *model_register(0xc80) = 0;
    CHECK(phb3_reset(&phb->host, OPAL_RESET_PHB_ERROR) == OPAL_SUCCESS && *model_register(0xc80) == UINT64_MAX);
    CHECK(phb3_reset(&phb->host, 7) == OPAL_PARAMETER);
}

int main(void)
{
    test_pins();
    test_message();
    test_no_message_is_lost();
    test_send_register_stays_locked();
    test_reset_times();
    test_empty_slot();
    test_resets_of_the_emulator();
    model_arena_free();
    return 0;
}
