/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HV_TREE_FIXUP_H
#define HV_TREE_FIXUP_H

#include "hv/types.h"

struct domain;

/* Notes what the machine's own tree says about its processors, for every domain's tree. */
void tree_fixup_init(const void *fdt);

/*
 * Corrects, in a domain's loaded tree, what only the machine knows: command line, clock frequencies, processor
 * version.
 */
void tree_fixup(const struct domain *domain, gpa_t tree);

#endif
