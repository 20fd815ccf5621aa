/* SPDX-License-Identifier: BSD-2-Clause */
/* What mkimage planned, as read from /chosen and checked again (docs/boot-protocol.md). */
#ifndef HV_PLAN_H
#define HV_PLAN_H

#include "boot_protocol.h"
#include "hv/types.h"

enum module_kind { MODULE_KERNEL, MODULE_RAMDISK, MODULE_DEVICE_TREE, MODULE_KINDS };

enum rma_mode { RMA_AUTO, RMA_RMO, RMA_VRMA };

struct segment {
    uint64_t offset;      /* inside the module */
    gpa_t target;         /* guest-physical */
    uint64_t file_size;   /* bytes to copy */
    uint64_t memory_size; /* bytes to occupy; the rest is cleared */
};

struct module {
    paddr_t base;
    uint64_t size; /* 0: the domain has none of this kind */
    uint32_t segment_count;
    struct segment segments[MAX_SEGMENTS];
};

struct plan {
    char name[DOMAIN_NAME_SIZE];
    uint32_t id;
    uint32_t vcpus;
    uint32_t capabilities;
    enum rma_mode rma_mode;
    uint64_t memory_size;
    uint64_t rma_size;
    uint32_t hpt_shift;
    gpa_t entry;
    gpa_t rtas;
    uint64_t rtas_size;
    const char *command_line; /* in the machine's tree, which stays; NULL: the domain's own tree has the last word */
    struct module modules[MODULE_KINDS];
};

/*
 * Fills plans from the tree, at most limit of them; a domain whose plan is wrong is reported with the property
 * that is and left out. Returns how many are good, in the order of their ids.
 */
uint32_t plan_read(const void *fdt, struct plan *plans, uint32_t limit);

#endif
