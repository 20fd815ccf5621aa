/* SPDX-License-Identifier: BSD-2-Clause */
/* The POWER8 PCI host bridge.  One file per job: init, tables (IODA), interrupts, link and reset, diagnostics, tree. */
#ifndef BOARD_PHB3_H
#define BOARD_PHB3_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "board/phb3_regs.h"
#include "pci/host_ops.h"
#include "pci/pci.h"

#define PHB3_MAX 8
#define PHB3_ROOT_PORT PCI_BDFN(0, 0, 0)
#define PHB3_DIAGNOSTICS_SIZE 0x1128
#define PHB3_MESSAGES_SIZE 0x10000 /* the last bytes below 4 GiB are written to, not read */

/* One interrupt of a device's message, as the hardware reads and writes it in memory (IVE). */
struct phb3_ive {
    be32_t route;   /* server << 8 | priority */
    uint8_t state;  /* generation << 1 | presented */
    uint8_t queued; /* 1: came while it was masked or presented */
    uint8_t pe[2];  /* who may send it */
    be64_t unused;
};
_Static_assert(sizeof(struct phb3_ive) == 16, "the hardware's stride");

/* What the hardware looks up in memory.  The members are in the order of their alignment, which is their size. */
struct phb3_tables {
    uint8_t rtt[0x10000][2];                /* requester ID: PE */
    struct phb3_ive ivt[PHB3_SOURCES];      /* message: route and state */
    uint8_t peltv[PHB3_PES][PHB3_PES / 8];  /* PE: which PEs freeze with it */
    be64_t pest[PHB3_PES][2];               /* PE: why it froze */
    uint8_t rba[PHB3_SOURCES / 8];          /* messages that a server refused */
};
#define PHB3_TABLES_ALIGNMENT 0x20000

/* How long real slots take, in milliseconds; an emulator's need no time. */
struct phb3_times {
    uint32_t hold;     /* reset asserted */
    uint32_t presence; /* until something would have been noticed in the slot */
    uint32_t train;    /* from noticed to a link */
    uint32_t settle;   /* from a link to the first configuration access */
};

enum phb3_phase {
    PHB3_IDLE,
    PHB3_HELD,
    PHB3_TRAINING,
    PHB3_SETTLING,
};

struct phb3 {
    struct pci_host host; /* first */
    uint32_t chip;
    uint32_t index;
    uint32_t nest; /* SCOM addresses */
    uint32_t pci;
    uint32_t spci;
    uint32_t queue; /* phandle of the node that names them */
    uint64_t registers;
    struct phb3_tables *tables;
    uint64_t m64[PHB3_M64_BARS];
    const struct phb3_times *times;
    enum phb3_phase phase;
    uint64_t phase_start; /* time base */
};

static inline struct phb3 *phb3_of(struct pci_host *host)
{
    return (struct phb3 *)host;
}

uint64_t phb3_read(const struct phb3 *phb, uint32_t offset);
void phb3_write(const struct phb3 *phb, uint32_t offset, uint64_t value);

/* An entry of a table on the chip. */
uint64_t phb3_table_read(const struct phb3 *phb, uint32_t table, uint32_t entry);
void phb3_table_write(const struct phb3 *phb, uint32_t table, uint32_t entry, uint64_t value);
void phb3_table_fill(const struct phb3 *phb, uint32_t table, uint32_t count, uint64_t value);

/* phb3_tables.c: every table in the state in which nothing is allowed. */
void phb3_tables_reset(struct phb3 *phb);
void phb3_requesters_map(struct pci_host *host, uint32_t pe, uint16_t bdfn, uint16_t mask, bool add);
int64_t phb3_segment_map(struct pci_host *host, uint32_t pe, uint32_t segment);
int64_t phb3_m64_map(struct pci_host *host, uint32_t pe, uint32_t index);
int64_t phb3_m64_set(struct pci_host *host, uint32_t index, uint64_t base, uint64_t size);
int64_t phb3_m64_enable(struct pci_host *host, uint32_t index, uint32_t mode);
int64_t phb3_dma_map(struct pci_host *host, const struct pci_dma_window *window);
int64_t phb3_dma_bypass(struct pci_host *host, const struct pci_dma_bypass *bypass);
void phb3_tce_forget_all(struct pci_host *host);
void phb3_tce_forget_pe(struct pci_host *host, uint32_t pe);
void phb3_tce_forget_page(struct pci_host *host, uint32_t pe, uint64_t address);

/* phb3_freeze.c: isolation after errors, and their registers. */
void phb3_freeze_link(struct pci_host *host, uint32_t parent, uint32_t child, bool add);
void phb3_freeze_get(struct pci_host *host, uint32_t pe, struct pci_freeze *freeze);
void phb3_freeze_change(struct pci_host *host, uint32_t pe, uint32_t actions, bool freeze);
bool phb3_freeze_find(struct pci_host *host, uint32_t *pe);
void phb3_errors_clear(struct phb3 *phb);
void phb3_diagnostics(struct pci_host *host, void *buffer);

/* phb3_irq.c */
void phb3_xives_reset(struct phb3 *phb);
void phb3_xive_get(struct pci_host *host, uint32_t source, struct pci_xive *xive);
void phb3_xive_set(struct pci_host *host, uint32_t source, struct pci_xive xive);
void phb3_message_set_pe(struct pci_host *host, uint32_t source, uint32_t pe);
void phb3_message_end(struct pci_host *host, uint32_t source);

/* phb3_link.c */
bool phb3_link_is_up(struct pci_host *host);
int64_t phb3_reset(struct pci_host *host, uint32_t scope);
int64_t phb3_poll(struct pci_host *host);

/* phb3_tree.c: the node; `controller` is the phandle of the interrupt controller. */
void phb3_describe(struct phb3 *phb, void *tree, uint32_t controller);

/* phb3.c: everything but the link, from whatever state the registers are in. */
void phb3_setup(struct phb3 *phb);

#endif
