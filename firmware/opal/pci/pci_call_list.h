/* SPDX-License-Identifier: BSD-2-Clause */
/* OPAL's PCI calls, as opal_call_list.h has the others. */
#ifndef PCI_CALL_LIST_H
#define PCI_CALL_LIST_H

#define PCI_CALLS(X)

#endif
