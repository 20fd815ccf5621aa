/* SPDX-License-Identifier: BSD-2-Clause */
/* Resets and the link below the root port, as steps that never wait: boot runs all bridges' links at once, and
 * OPAL's callers poll.
 *
 * The emulator has a link the moment a device is there, so every step is done when it is looked at for the first
 * time and three bridges cost a few dozen register accesses.  Slots of metal are given the times of the PCI Express
 * Card Electromechanical Specification 3.0 (2.2, 2.6.2) and of the Base Specification 3.0 (6.6.1); no metal has
 * seen this.
 */
#include "board/phb3.h"
#include "calls.h"
#include "config.h"
#include "io.h"
#include "pci/opal_pci.h"

/* Until the walk numbers the buses: everything is behind the root port, the device on the link is on bus 1. */
#define FIRST_BUS 1
#define LAST_BUS 255

static void bus_reset(struct phb3 *phb, bool on)
{
    uint32_t control = pci_config_read(&phb->host, PHB3_ROOT_PORT, PCI_BRIDGE_CONTROL, 2);

    control = on ? control | PCI_BRIDGE_CONTROL_RESET : control & ~(uint32_t)PCI_BRIDGE_CONTROL_RESET;
    pci_config_write(&phb->host, PHB3_ROOT_PORT, PCI_BRIDGE_CONTROL, 2, control);
}

/* PERST#, which only metal has, and the reset that goes through the link. */
static void slot_reset(struct phb3 *phb, bool on, bool fundamental)
{
    if (fundamental) {
        uint64_t reset = phb3_read(phb, PHB3_RESET);

        phb3_write(phb, PHB3_RESET, on ? reset & ~PHB3_RESET_PERST_OFF : reset | PHB3_RESET_PERST_OFF);
    }
    bus_reset(phb, on);
}

static void phase_begin(struct phb3 *phb, enum phb3_phase phase)
{
    phb->phase = phase;
    phb->phase_start = timebase();
}

/* Milliseconds that are left of a phase that takes `length` of them; 0 when it is over. */
static int64_t phase_left(const struct phb3 *phb, uint32_t length)
{
    uint64_t gone = (timebase() - phb->phase_start) / TICKS_PER_MS;

    return gone < length ? (int64_t)(length - gone) : 0;
}

/* The bridge says on which bus number it looks for the device: keep one there. */
static void buses_open(struct phb3 *phb)
{
    uint32_t buses = pci_config_read(&phb->host, PHB3_ROOT_PORT, PCI_BRIDGE_BUSES, 4);

    if ((buses >> 8 & 0xff) == 0) {
        buses = (buses & 0xff000000U) | (uint32_t)LAST_BUS << 16 | (uint32_t)FIRST_BUS << 8;
        pci_config_write(&phb->host, PHB3_ROOT_PORT, PCI_BRIDGE_BUSES, 4, buses);
    }
}

/* What to do after each phase; false as long as there is time to wait. */
static bool phase_step(struct phb3 *phb)
{
    uint64_t train;

    switch (phb->phase) {
    case PHB3_HELD:
        if (phase_left(phb, phb->times->hold) != 0) {
            return false;
        }
        slot_reset(phb, false, true);
        buses_open(phb);
        phase_begin(phb, PHB3_TRAINING);
        return true;
    case PHB3_TRAINING:
        train = phb3_read(phb, PHB3_TRAIN_CONTROL);
        if ((train & PHB3_TRAIN_LINK_ACTIVE) != 0) {
            phase_begin(phb, PHB3_SETTLING);
            return true;
        }
        if (phase_left(phb, (train & PHB3_TRAIN_PRESENT) != 0 ? phb->times->train : phb->times->presence) != 0) {
            return false;
        }
        phase_begin(phb, PHB3_IDLE); /* an empty slot, or a device that does not train: no link */
        return true;
    case PHB3_SETTLING:
        if (phase_left(phb, phb->times->settle) != 0) {
            return false;
        }
        phase_begin(phb, PHB3_IDLE);
        return true;
    default:
        return true;
    }
}

int64_t phb3_poll(struct pci_host *host)
{
    struct phb3 *phb = phb3_of(host);

    while (phb->phase != PHB3_IDLE) {
        if (!phase_step(phb)) {
            return 1;
        }
    }
    return OPAL_SUCCESS;
}

static int64_t slot_reset_begin(struct phb3 *phb, bool fundamental)
{
    slot_reset(phb, true, fundamental);
    phase_begin(phb, PHB3_HELD);
    return phb3_poll(&phb->host);
}

int64_t phb3_reset(struct pci_host *host, uint32_t scope)
{
    struct phb3 *phb = phb3_of(host);

    if (phb->phase != PHB3_IDLE) {
        return OPAL_BUSY;
    }
    switch (scope) {
    case OPAL_RESET_PHB_COMPLETE:
        phb3_setup(phb);
        phb3_errors_clear(phb);
        return slot_reset_begin(phb, true);
    case OPAL_RESET_PCI_LINK:
    case OPAL_RESET_PCI_HOT:
        return slot_reset_begin(phb, false);
    case OPAL_RESET_PCI_FUNDAMENTAL:
        return slot_reset_begin(phb, true);
    case OPAL_RESET_PHB_ERROR:
        phb3_errors_clear(phb);
        return OPAL_SUCCESS;
    case OPAL_RESET_PCI_IODA_TABLE:
        phb3_tables_reset(phb);
        phb3_xives_reset(phb);
        return OPAL_SUCCESS;
    default:
        return OPAL_PARAMETER;
    }
}

bool phb3_link_is_up(struct pci_host *host)
{
    return (phb3_read(phb3_of(host), PHB3_TRAIN_CONTROL) & PHB3_TRAIN_LINK_ACTIVE) != 0;
}
