/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and tables of the POWER8 PCI host bridge (PHB3) and of the queue in front of it (PBCQ): QEMU,
 * include/hw/pci-host/pnv_phb3_regs.h.  Bit 0 is the most significant.
 */
#ifndef BOARD_PHB3_REGS_H
#define BOARD_PHB3_REGS_H

#define PHB3_BIT(bit) (1ULL << (63 - (bit)))

/* A field from bit `first` to bit `last`: a value put there, a value taken from there. */
#define PHB3_MASK(first, last) (~0ULL >> (first) & ~0ULL << (63 - (last)))
#define PHB3_PUT(first, last, value) ((uint64_t)(value) << (63 - (last)) & PHB3_MASK(first, last))
#define PHB3_GET(first, last, word) (((word) & PHB3_MASK(first, last)) >> (63 - (last)))

/* SCOM registers of the PBCQ's nest side.  Addresses stand 14 bits further left than on the bus. */
#define PBCQ_FIR 0x00
#define PBCQ_FIR_MASK 0x03
#define PBCQ_FIR_WOF 0x08
#define PBCQ_IRSN_COMPARE 0x1a
#define PBCQ_IRSN_MASK 0x1b
#define PBCQ_IRSN(value) PHB3_PUT(0, 18, value)
#define PBCQ_IRSN_BITS 0x7ffffU
#define PBCQ_LSI_SOURCE 0x1f
#define PBCQ_LSI_SOURCE_ID(value) PHB3_PUT(0, 7, value)
#define PBCQ_MMIO_BAR 0x40 /* and the next */
#define PBCQ_MMIO_BARS 2
#define PBCQ_PHB_BAR 0x42
#define PBCQ_MMIO_MASK 0x43 /* and the next */
#define PBCQ_BAR_ENABLE 0x45
#define PBCQ_BAR_ENABLE_ALL PHB3_MASK(0, 4) /* both MMIO BARs, the registers, interrupts both ways */
#define PBCQ_ADDRESS_SHIFT 14

/* SCOM registers of the PBCQ's PCI side */
#define PBCQ_PCI_PHB_BAR 0x0b

/* Memory-mapped registers, 8 bytes each but for CONFIG_DATA */
#define PHB3_REGISTERS_SIZE 0x1000
#define PHB3_LSI_SOURCE_ID 0x100
#define PHB3_LSI_SOURCE(value) PHB3_PUT(5, 12, value)
#define PHB3_DMA_STATUS 0x110
#define PHB3_LOADSTORE_STATUS 0x120
#define PHB3_CONFIG_DATA 0x130 /* little-endian, 1, 2 or 4 bytes */
#define PHB3_CONFIG_ADDRESS 0x140
#define PHB3_CONFIG_ENABLE PHB3_BIT(0)
#define PHB3_CONFIG_BDFN(value) PHB3_PUT(4, 19, value)
#define PHB3_CONFIG_REGISTER(value) PHB3_PUT(20, 31, value)
#define PHB3_CONFIG_PE(value) PHB3_PUT(40, 47, value)
#define PHB3_IVT_BAR 0x150
#define PHB3_RBA_BAR 0x158
#define PHB3_MAIN_CONFIG 0x160
#define PHB3_MAIN_64B_TCE PHB3_BIT(2)
#define PHB3_MAIN_MSI_32 PHB3_BIT(8)
#define PHB3_MAIN_MSI_64 PHB3_BIT(14)
#define PHB3_MAIN_M32 PHB3_BIT(16)
#define PHB3_RTT_BAR 0x168
#define PHB3_PELTV_BAR 0x188
#define PHB3_M32_BASE 0x190
#define PHB3_M32_MASK 0x198
#define PHB3_M32_START 0x1a0
#define PHB3_PEST_BAR 0x1a8
#define PHB3_BAR_ENABLE PHB3_BIT(0) /* of each table's BAR */
#define PHB3_M64_UPPER 0x1f0
#define PHB3_RTC_INVALIDATE 0x208
#define PHB3_RTC_INVALIDATE_ALL PHB3_BIT(0)
#define PHB3_TCE_KILL 0x210
#define PHB3_TCE_KILL_ALL PHB3_BIT(0)
#define PHB3_TCE_KILL_PE PHB3_BIT(1)
#define PHB3_TCE_KILL_ONE PHB3_BIT(2)
#define PHB3_IODA_ADDRESS 0x220
#define PHB3_IODA_ADVANCE PHB3_BIT(0) /* to the next entry with each access */
#define PHB3_IODA_TABLE(value) PHB3_PUT(11, 15, value)
#define PHB3_IODA_ENTRY(value) PHB3_PUT(55, 63, value)
#define PHB3_IODA_DATA 0x228
#define PHB3_FFI_REQUEST 0x238
#define PHB3_FFI_SOURCE(value) PHB3_PUT(49, 59, value)
#define PHB3_FFI_LOCK 0x240 /* reads as before and is taken by reading; a request gives it back */
#define PHB3_FFI_LOCKED PHB3_BIT(0)
#define PHB3_IVC_INVALIDATE 0x2a0 /* the copies of messages on the chip */
#define PHB3_IVC_INVALIDATE_ALL PHB3_BIT(0)
#define PHB3_IVC_INVALIDATE_SOURCE(value) PHB3_PUT(16, 31, value)
#define PHB3_IVC_UPDATE 0x2a8
#define PHB3_IVC_UPDATE_P PHB3_BIT(0) /* which fields to change */
#define PHB3_IVC_UPDATE_Q PHB3_BIT(1)
#define PHB3_IVC_UPDATE_SERVER PHB3_BIT(2)
#define PHB3_IVC_UPDATE_PRIORITY PHB3_BIT(3)
#define PHB3_IVC_UPDATE_GENERATION PHB3_BIT(4)
#define PHB3_IVC_SERVER(value) PHB3_PUT(8, 23, value)
#define PHB3_IVC_PRIORITY(value) PHB3_PUT(24, 31, value)
#define PHB3_IVC_GENERATION(value) PHB3_PUT(32, 33, value)
#define PHB3_IVC_SOURCE(value) PHB3_PUT(48, 63, value)
#define PHB3_UTL_BUS_AGENT_STATUS 0x410
#define PHB3_UTL_PORT_STATUS 0x548
#define PHB3_UTL_RC_STATUS 0x560
#define PHB3_TRAIN_CONTROL 0x640
#define PHB3_TRAIN_PRESENT PHB3_BIT(19)
#define PHB3_TRAIN_LINK_ACTIVE PHB3_BIT(23)
#define PHB3_RESET 0x808
#define PHB3_RESET_PERST_OFF PHB3_BIT(2)
#define PHB3_LEM_FIR 0xc00
#define PHB3_LEM_FIR_AND 0xc08
#define PHB3_LEM_ERROR_MASK 0xc18
#define PHB3_LEM_WOF 0xc40
/* Four blocks of error registers, each with the same layout. */
#define PHB3_ERRORS_PHB 0xc80
#define PHB3_ERRORS_OUTBOUND 0xd00
#define PHB3_ERRORS_INBOUND_A 0xd80
#define PHB3_ERRORS_INBOUND_B 0xe00
#define PHB3_ERRORS_STATUS 0x00
#define PHB3_ERRORS_FIRST 0x08
#define PHB3_ERRORS_LOG_0 0x40
#define PHB3_ERRORS_LOG_1 0x48

/* Tables on the chip, reached through IODA_ADDRESS and IODA_DATA */
#define PHB3_TABLE_LXIVT 2 /* routes of the pins */
#define PHB3_LXIVT_SERVER(value) PHB3_PUT(8, 23, value)
#define PHB3_LXIVT_PRIORITY(value) PHB3_PUT(24, 31, value)
#define PHB3_TABLE_PESTA 7 /* frozen for loads and stores: bit 0 */
#define PHB3_TABLE_PESTB 8 /* stopped DMA: bit 0 */
#define PHB3_PEST_FROZEN PHB3_BIT(0)
#define PHB3_TABLE_TVT 9
#define PHB3_TABLE_M64BT 16
#define PHB3_TABLE_M32DT 17
#define PHB3_M32DT_PE(value) PHB3_PUT(8, 15, value)
#define PHB3_TABLE_PEEV 20 /* a bit for each PE that is frozen */

#define PHB3_PES 256
#define PHB3_PEEV_WORDS (PHB3_PES / 64)
#define PHB3_TVES (2 * PHB3_PES)
#define PHB3_M64_BARS 16
#define PHB3_M32_SEGMENTS 256
#define PHB3_LSIS 8
#define PHB3_SOURCES 2048
#define PHB3_MSIS (PHB3_SOURCES - PHB3_LSIS)

#endif
