/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of OPAL's PCI calls: skiboot, doc/opal-api. */
#ifndef OPAL_PCI_OPAL_PCI_H
#define OPAL_PCI_OPAL_PCI_H

/* What a PE is stopped from; they add up. */
#define OPAL_EEH_STOPPED_NOT_FROZEN 0
#define OPAL_EEH_STOPPED_MMIO_FREEZE 1
#define OPAL_EEH_STOPPED_DMA_FREEZE 2

#define OPAL_EEH_ACTION_MMIO 1
#define OPAL_EEH_ACTION_DMA 2
#define OPAL_EEH_ACTION_ALL 3

#define OPAL_EEH_NO_ERROR 0
#define OPAL_EEH_PE_ERROR 3
#define OPAL_EEH_SEV_NO_ERROR 0
#define OPAL_EEH_SEV_PE_ER 4

#define OPAL_M32_WINDOW_TYPE 1
#define OPAL_M64_WINDOW_TYPE 2
#define OPAL_IO_WINDOW_TYPE 3

#define OPAL_DISABLE_M64 0
#define OPAL_ENABLE_M64_SPLIT 1
#define OPAL_ENABLE_M64_NON_SPLIT 2

/* How much of a bus number counts: none of it, its upper 3 to 7 bits, all. */
#define OPAL_BUS_ANY 0
#define OPAL_BUS_3_BITS 2
#define OPAL_BUS_ALL 7

#define OPAL_UNMAP_PE 0
#define OPAL_MAP_PE 1

#define OPAL_REMOVE_PE_FROM_DOMAIN 0
#define OPAL_ADD_PE_TO_DOMAIN 1

#define OPAL_RESET_PHB_COMPLETE 1
#define OPAL_RESET_PCI_LINK 2
#define OPAL_RESET_PHB_ERROR 3
#define OPAL_RESET_PCI_HOT 4
#define OPAL_RESET_PCI_FUNDAMENTAL 5
#define OPAL_RESET_PCI_IODA_TABLE 6
#define OPAL_DEASSERT_RESET 0
#define OPAL_ASSERT_RESET 1
#define OPAL_REINIT_PCI_DEV 1000

#define OPAL_PCI_SLOT_EMPTY 0
#define OPAL_PCI_SLOT_PRESENT 1
#define OPAL_PCI_SLOT_POWER_ON 1

#define OPAL_PCI_TCE_KILL_PAGES 0
#define OPAL_PCI_TCE_KILL_PE 1
#define OPAL_PCI_TCE_KILL_ALL 2

/* A slot is named by this bit, the bridge above it in bits 16 to 31 from the right, and the host bridge in the
 * lowest 16; a host bridge by its number alone. */
#define OPAL_PCI_SLOT_PREFIX (1ULL << 63)
#define OPAL_PCI_SLOT_BDFN(id) ((id) >> 16 & 0xffff)
#define OPAL_PCI_SLOT_HOST(id) ((id) & 0xffff)

#endif
