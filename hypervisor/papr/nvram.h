/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PAPR_NVRAM_H
#define PAPR_NVRAM_H

struct papr_domain;

/* Lays the non-volatile memory out as one free partition (CHRP, "NVRAM format"), which a guest divides as it likes. */
void nvram_format(struct papr_domain *papr);

#endif
