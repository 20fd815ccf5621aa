/* SPDX-License-Identifier: BSD-2-Clause */
/* What the board-independent half asks of a host bridge.
 *
 * Arguments have been checked as far as they can be without the hardware: the PE is below `pe_count`, sizes are
 * powers of two where they must be, addresses are aligned.  The host's lock is held.  Results are OPAL's return
 * codes.
 */
#ifndef OPAL_PCI_HOST_OPS_H
#define OPAL_PCI_HOST_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "pci/pci.h"

/* Where a PE's 1 or 2 DMA windows translate to; size 0 closes the window. */
struct pci_dma_window {
    uint32_t pe;
    uint32_t index;  /* 0: addresses with bit 59 clear, 1: with bit 59 set */
    uint32_t levels; /* of the translation table, from 1 */
    uint64_t table;  /* real address, a multiple of 4 KiB */
    uint64_t table_size;
    uint64_t page_size;
};

/* [0, size) bytes of real memory without translation, at bit 59 of the bus address; size 0 closes the window. */
struct pci_dma_bypass {
    uint32_t pe;
    uint64_t base;
    uint64_t size;
};

/* An interrupt's route as OPAL_SET_XIVE has it: the server number shifted left by two, and 0xff for masked. */
struct pci_xive {
    uint16_t server;
    uint8_t priority;
};

/* Answer of OPAL_PCI_EEH_FREEZE_STATUS. */
struct pci_freeze {
    uint8_t state;  /* OPAL_EEH_STOPPED_... */
    uint16_t error; /* OPAL_EEH_NO_ERROR or OPAL_EEH_PE_ERROR */
};

struct pci_host_ops {
    uint32_t (*config_read)(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size);
    void (*config_write)(struct pci_host *host, uint16_t bdfn, uint32_t offset, uint32_t size, uint32_t value);

    /* Whether something answers on the root port's link. */
    bool (*link_is_up)(struct pci_host *host);

    /* Give `pe` every requester ID for which (id & mask) == bdfn, or take them from it. */
    void (*requesters_map)(struct pci_host *host, uint32_t pe, uint16_t bdfn, uint16_t mask, bool add);

    /* Freeze `child` whenever `parent` freezes, or no longer. */
    void (*freeze_link)(struct pci_host *host, uint32_t parent, uint32_t child, bool add);
    void (*freeze_get)(struct pci_host *host, uint32_t pe, struct pci_freeze *freeze);

    /* `actions`: 1 for loads and stores, 2 for DMA, 3 for both. */
    void (*freeze_change)(struct pci_host *host, uint32_t pe, uint32_t actions, bool freeze);

    /* The lowest frozen PE; false when none is. */
    bool (*freeze_find)(struct pci_host *host, uint32_t *pe);

    /* The segment of the M32 window with this index belongs to `pe`. */
    int64_t (*segment_map)(struct pci_host *host, uint32_t pe, uint32_t segment);

    /* An M64 base register for one PE instead of all, its range, and its use (OPAL_..._M64), which ends the first. */
    int64_t (*m64_map)(struct pci_host *host, uint32_t pe, uint32_t index);
    int64_t (*m64_set)(struct pci_host *host, uint32_t index, uint64_t base, uint64_t size);
    int64_t (*m64_enable)(struct pci_host *host, uint32_t index, uint32_t mode);

    int64_t (*dma_map)(struct pci_host *host, const struct pci_dma_window *window);
    int64_t (*dma_bypass)(struct pci_host *host, const struct pci_dma_bypass *bypass);

    /* Forget translations: all, a PE's, or those of one page. */
    void (*tce_forget_all)(struct pci_host *host);
    void (*tce_forget_pe)(struct pci_host *host, uint32_t pe);
    void (*tce_forget_page)(struct pci_host *host, uint32_t pe, uint64_t address);

    /* `source` counts from the host's first interrupt: messages, then pins. */
    void (*xive_get)(struct pci_host *host, uint32_t source, struct pci_xive *xive);
    void (*xive_set)(struct pci_host *host, uint32_t source, struct pci_xive xive);
    void (*message_set_pe)(struct pci_host *host, uint32_t source, uint32_t pe);
    void (*message_end)(struct pci_host *host, uint32_t source);

    /* Begin a reset (OPAL_RESET_...); `poll` carries it on.  Both return 0 when it is done, or after how many
     * milliseconds to poll (again), or an error. */
    int64_t (*reset)(struct pci_host *host, uint32_t scope);
    int64_t (*poll)(struct pci_host *host);

    /* Write the error registers as OPAL's structure for this kind of host bridge. */
    uint32_t diagnostics_size;
    void (*diagnostics)(struct pci_host *host, void *buffer);
};

#endif
