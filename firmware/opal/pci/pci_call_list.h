/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's PCI calls, as opal_call_list.h has the others.  Not here, and so OPAL_UNSUPPORTED: what only other host
 * bridges have (migration of messages with MVEs, XIVE reissue, hub and IODA1 tables, tunnels, NVLink, CAPI), error
 * injection, and switching a slot's power.
 */
#ifndef PCI_CALL_LIST_H
#define PCI_CALL_LIST_H

#define PCI_CALLS(X) \
    X(13, opal_pci_config_read_byte, 4) \
    X(14, opal_pci_config_read_half_word, 4) \
    X(15, opal_pci_config_read_word, 4) \
    X(16, opal_pci_config_write_byte, 4) \
    X(17, opal_pci_config_write_half_word, 4) \
    X(18, opal_pci_config_write_word, 4) \
    X(23, opal_pci_eeh_freeze_status, 5) \
    X(26, opal_pci_eeh_freeze_clear, 3) \
    X(27, opal_pci_phb_mmio_enable, 4) \
    X(28, opal_pci_set_phb_mem_window, 6) \
    X(29, opal_pci_map_pe_mmio_window, 5) \
    X(31, opal_pci_set_pe, 7) \
    X(32, opal_pci_set_peltv, 4) \
    X(37, opal_pci_set_xive_pe, 3) \
    X(39, opal_get_msi_32, 6) \
    X(40, opal_get_msi_64, 6) \
    X(44, opal_pci_map_pe_dma_window, 7) \
    X(45, opal_pci_map_pe_dma_window_real, 5) \
    X(49, opal_pci_reset, 3) \
    X(53, opal_pci_reinit, 3) \
    X(60, opal_pci_next_error, 4) \
    X(62, opal_pci_poll, 1) \
    X(63, opal_pci_msi_eoi, 2) \
    X(64, opal_pci_get_phb_diag_data2, 3) \
    X(97, opal_pci_eeh_freeze_set, 3) \
    X(119, opal_pci_get_presence_state, 2) \
    X(120, opal_pci_get_power_state, 2) \
    X(126, opal_pci_tce_kill, 6)

#endif
