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
    X(9, opal_handle_interrupt, 2) \
    X(10, opal_poll_events, 1) \
    X(19, opal_set_xive, 3) \
    X(20, opal_get_xive, 3) \
    X(25, opal_console_write_buffer_space, 2) \
    X(80, opal_check_token, 1) \
    X(117, opal_console_flush, 1)

#endif
