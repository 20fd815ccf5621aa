/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every OPAL call: X(number, function, arguments).  calls.c makes the prototypes, the table and the check of the
 * argument counts from it; pci/pci_call_list.h holds those of PCI.  The order is the numbers'.
 */
#ifndef OPAL_CALL_LIST_H
#define OPAL_CALL_LIST_H

#define OPAL_CALLS(X) \
    X(0, opal_test, 1) \
    X(1, opal_console_write, 3) \
    X(2, opal_console_read, 3) \
    X(3, opal_rtc_read, 2) \
    X(4, opal_rtc_write, 2) \
    X(5, opal_cec_power_down, 1) \
    X(6, opal_cec_reboot, 0) \
    X(9, opal_handle_interrupt, 2) \
    X(10, opal_poll_events, 1) \
    X(19, opal_set_xive, 3) \
    X(20, opal_get_xive, 3) \
    X(25, opal_console_write_buffer_space, 2) \
    X(41, opal_start_cpu, 2) \
    X(42, opal_query_cpu_status, 2) \
    X(65, opal_xscom_read, 3) \
    X(66, opal_xscom_write, 3) \
    X(67, opal_lpc_read, 5) \
    X(68, opal_lpc_write, 5) \
    X(69, opal_return_cpu, 0) \
    X(70, opal_reinit_cpus, 1) \
    X(80, opal_check_token, 1) \
    X(85, opal_get_msg, 2) \
    X(86, opal_check_async_completion, 3) \
    X(87, opal_sync_host_reboot, 0) \
    X(116, opal_cec_reboot2, 2) \
    X(117, opal_console_flush, 1)

#endif
