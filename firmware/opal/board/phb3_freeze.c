/* SPDX-License-Identifier: BSD-2-Clause */
/* Isolation after errors: which PEs are frozen, and what the error registers say. */
#include <stddef.h>
#include <string.h>

#include "board/phb3.h"
#include "board/board.h"
#include "calls.h"
#include "pci/opal_pci.h"

#define PEST_TABLES_LOADS 1
#define PEST_TABLES_DMA 2

#define EXTENDED_CAPABILITIES 0x100
#define EXTENDED_CAPABILITIES_MAX 32
#define CAPABILITY_ERRORS 0x0001

/* What OPAL_PCI_GET_PHB_DIAG_DATA2 gives for this bridge: skiboot's doc/opal-api and Linux's OpalIoPhb3ErrorData. */
struct phb3_diagnostics {
    be32_t version;
    be32_t type;
    be32_t size;
    be32_t bridge_control;
    be32_t port_status;
    be32_t root_complex_status;
    be32_t bus_agent_status;
    be32_t device_status;
    be32_t slot_status;
    be32_t link_status;
    be32_t command_status;
    be32_t secondary_status;
    be32_t root_error_status;
    be32_t uncorrectable_status;
    be32_t correctable_status;
    be32_t packet_header[4];
    be32_t error_source;
    be32_t reserved[2];
    be64_t error_class;
    be64_t correlator;
    be64_t nest_fir;
    be64_t nest_fir_mask;
    be64_t nest_fir_wof;
    be64_t loadstore_status;
    be64_t dma_status;
    be64_t lem_fir;
    be64_t lem_error_mask;
    be64_t lem_wof;
    be64_t errors[4][4]; /* of each block: status, first, two logs */
    be64_t pest_a[PHB3_PES];
    be64_t pest_b[PHB3_PES];
};
_Static_assert(sizeof(struct phb3_diagnostics) == PHB3_DIAGNOSTICS_SIZE, "as the tree and kernels have it");

#define DIAGNOSTICS_VERSION 1
#define DIAGNOSTICS_TYPE_PHB3 2

static const uint32_t error_blocks[4] = {PHB3_ERRORS_PHB, PHB3_ERRORS_OUTBOUND, PHB3_ERRORS_INBOUND_A,
                                         PHB3_ERRORS_INBOUND_B};
static const uint32_t error_registers[4] = {PHB3_ERRORS_STATUS, PHB3_ERRORS_FIRST, PHB3_ERRORS_LOG_0,
                                            PHB3_ERRORS_LOG_1};

void phb3_freeze_link(struct pci_host *host, uint32_t parent, uint32_t child, bool add)
{
    uint8_t *byte = &phb3_of(host)->tables->peltv[parent][child / 8];
    uint8_t bit = (uint8_t)(0x80 >> child % 8);

    *byte = (uint8_t)(add ? *byte | bit : *byte & ~bit);
}

void phb3_freeze_get(struct pci_host *host, uint32_t pe, struct pci_freeze *freeze)
{
    const struct phb3 *phb = phb3_of(host);
    bool loads = (phb3_table_read(phb, PHB3_TABLE_PESTA, pe) & PHB3_PEST_FROZEN) != 0;
    bool dma = (phb3_table_read(phb, PHB3_TABLE_PESTB, pe) & PHB3_PEST_FROZEN) != 0;

    freeze->state = (uint8_t)((loads ? OPAL_EEH_STOPPED_MMIO_FREEZE : 0) | (dma ? OPAL_EEH_STOPPED_DMA_FREEZE : 0));
    freeze->error = loads || dma ? OPAL_EEH_PE_ERROR : OPAL_EEH_NO_ERROR;
}

void phb3_freeze_change(struct pci_host *host, uint32_t pe, uint32_t actions, bool freeze)
{
    const struct phb3 *phb = phb3_of(host);
    uint64_t value = freeze ? PHB3_PEST_FROZEN : 0;

    if ((actions & PEST_TABLES_LOADS) != 0) {
        phb3_table_write(phb, PHB3_TABLE_PESTA, pe, value);
    }
    if ((actions & PEST_TABLES_DMA) != 0) {
        phb3_table_write(phb, PHB3_TABLE_PESTB, pe, value);
    }
}

bool phb3_freeze_find(struct pci_host *host, uint32_t *pe)
{
    for (uint32_t i = 0; i < PHB3_PEEV_WORDS; i++) {
        uint64_t word = phb3_table_read(phb3_of(host), PHB3_TABLE_PEEV, i);

        if (word != 0) {
            *pe = 64 * i + (uint32_t)__builtin_clzll(word);
            return true;
        }
    }
    return false;
}

void phb3_errors_clear(struct phb3 *phb)
{
    for (uint32_t block = 0; block < 4; block++) {
        for (uint32_t i = 0; i < 4; i++) {
            phb3_write(phb, error_blocks[block] + error_registers[i], i == 0 ? UINT64_MAX : 0);
        }
    }
    phb3_write(phb, PHB3_LEM_FIR_AND, 0);
    phb3_write(phb, PHB3_LEM_WOF, 0);
}

static uint32_t errors_capability(struct pci_host *host)
{
    uint32_t offset = EXTENDED_CAPABILITIES;

    for (uint32_t i = 0; i < EXTENDED_CAPABILITIES_MAX && offset >= EXTENDED_CAPABILITIES; i++) {
        uint32_t head = pci_config_read(host, PHB3_ROOT_PORT, offset, 4);

        if (head == UINT32_MAX || (head & 0xffff) == CAPABILITY_ERRORS) {
            return head == UINT32_MAX ? 0 : offset;
        }
        offset = head >> 20 & 0xffc;
    }
    return 0;
}

/* The root port's own registers, where there is one. */
static void root_port_read(struct pci_host *host, struct phb3_diagnostics *data)
{
    const struct pci_device *port = host->root_bus;
    uint32_t errors;

    if (port == NULL) {
        return;
    }
    be32_set(&data->bridge_control, pci_config_read(host, PHB3_ROOT_PORT, PCI_BRIDGE_CONTROL, 2));
    be32_set(&data->command_status, pci_config_read(host, PHB3_ROOT_PORT, PCI_COMMAND, 4));
    be32_set(&data->secondary_status, pci_config_read(host, PHB3_ROOT_PORT, PCI_BRIDGE_IO, 4));
    if (port->express != 0) {
        be32_set(&data->device_status, pci_config_read(host, PHB3_ROOT_PORT, port->express + 0x08U, 4));
        be32_set(&data->link_status, pci_config_read(host, PHB3_ROOT_PORT, port->express + 0x10U, 4));
        be32_set(&data->slot_status, pci_config_read(host, PHB3_ROOT_PORT, port->express + 0x18U, 4));
    }
    errors = errors_capability(host);
    if (errors != 0) {
        be32_set(&data->uncorrectable_status, pci_config_read(host, PHB3_ROOT_PORT, errors + 0x04, 4));
        be32_set(&data->correctable_status, pci_config_read(host, PHB3_ROOT_PORT, errors + 0x10, 4));
        for (uint32_t i = 0; i < 4; i++) {
            be32_set(&data->packet_header[i], pci_config_read(host, PHB3_ROOT_PORT, errors + 0x1c + 4 * i, 4));
        }
        be32_set(&data->root_error_status, pci_config_read(host, PHB3_ROOT_PORT, errors + 0x30, 4));
        be32_set(&data->error_source, pci_config_read(host, PHB3_ROOT_PORT, errors + 0x34, 4));
    }
}

static void nest_store(const struct phb3 *phb, uint32_t offset, be64_t *target)
{
    uint64_t value;

    if (xscom_read(phb->chip, phb->nest + offset, &value) == OPAL_SUCCESS) {
        be64_set(target, value);
    }
}

void phb3_diagnostics(struct pci_host *host, void *buffer)
{
    const struct phb3 *phb = phb3_of(host);
    struct phb3_diagnostics *data = buffer;

    memset(data, 0, sizeof(*data));
    be32_set(&data->version, DIAGNOSTICS_VERSION);
    be32_set(&data->type, DIAGNOSTICS_TYPE_PHB3);
    be32_set(&data->size, sizeof(*data));
    root_port_read(host, data);
    nest_store(phb, PBCQ_FIR, &data->nest_fir);
    nest_store(phb, PBCQ_FIR_MASK, &data->nest_fir_mask);
    nest_store(phb, PBCQ_FIR_WOF, &data->nest_fir_wof);
    be32_set(&data->port_status, (uint32_t)(phb3_read(phb, PHB3_UTL_PORT_STATUS) >> 32));
    be32_set(&data->root_complex_status, (uint32_t)(phb3_read(phb, PHB3_UTL_RC_STATUS) >> 32));
    be32_set(&data->bus_agent_status, (uint32_t)(phb3_read(phb, PHB3_UTL_BUS_AGENT_STATUS) >> 32));
    be64_set(&data->loadstore_status, phb3_read(phb, PHB3_LOADSTORE_STATUS));
    be64_set(&data->dma_status, phb3_read(phb, PHB3_DMA_STATUS));
    be64_set(&data->lem_fir, phb3_read(phb, PHB3_LEM_FIR));
    be64_set(&data->lem_error_mask, phb3_read(phb, PHB3_LEM_ERROR_MASK));
    be64_set(&data->lem_wof, phb3_read(phb, PHB3_LEM_WOF));
    for (uint32_t block = 0; block < 4; block++) {
        for (uint32_t i = 0; i < 4; i++) {
            be64_set(&data->errors[block][i], phb3_read(phb, error_blocks[block] + error_registers[i]));
        }
    }
    /* the chip knows that a PE is frozen, the table in memory why */
    for (uint32_t pe = 0; pe < PHB3_PES; pe++) {
        const be64_t *why = phb->tables->pest[pe];

        be64_set(&data->pest_a[pe], phb3_table_read(phb, PHB3_TABLE_PESTA, pe) | be64_get(why[0]));
        be64_set(&data->pest_b[pe], phb3_table_read(phb, PHB3_TABLE_PESTB, pe) | be64_get(why[1]));
    }
}
