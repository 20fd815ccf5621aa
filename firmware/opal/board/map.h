/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things are on the powernv8 board: QEMU, hw/ppc/pnv.c and include/hw/ppc/pnv.h. */
#ifndef BOARD_MAP_H
#define BOARD_MAP_H

/* The machine loads our file at 0 and starts every processor at 0x10.  Payloads want low memory for themselves, so
 * we move here: above the kernel and initrd the machine loads, below the 1 GiB it always has. */
#define FIRMWARE_BASE 0x30000000

/* What -kernel loads, as it is, and how much of it. */
#define PAYLOAD_BASE 0x20000000
#define PAYLOAD_MAX_SIZE 0x08000000

/* Chip n's SCOM window is n of these sizes further on. */
#define XSCOM_BASE 0x0003fc0000000000
#define XSCOM_SIZE 0x0000000800000000

/* Memory-mapped PSI host bridge of chip 0. */
#define PSIHB_BASE 0x0003fffe80000000

#endif
