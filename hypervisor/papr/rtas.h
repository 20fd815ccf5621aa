/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PAPR_RTAS_H
#define PAPR_RTAS_H

struct domain;

/* Writes the code that a domain calls as RTAS: it passes r3 on with H_RTAS. */
void rtas_install(const struct domain *domain);

#endif
