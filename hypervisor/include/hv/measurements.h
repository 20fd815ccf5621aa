/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware measured of itself and the image, as it stands in the tree (docs/trust.md). */
#ifndef HV_MEASUREMENTS_H
#define HV_MEASUREMENTS_H

/* Finds them in the tree, which has to stay where it is. Firmware that measures nothing is no error. */
void measurements_init(const void *fdt);

/* One line an event, digest first, then the chain, as `mkimage inspect --measure` predicts them, and the verdict. */
void measurements_print(void);

#endif
