/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's Open Firmware code over a made-up firmware, and how its tests begin and end. */
#ifndef TESTS_NATIVE_CLIENT_BOOT_H
#define TESTS_NATIVE_CLIENT_BOOT_H

#include "../../firmware/stub/client.c"
#include "../../firmware/stub/flatten.c"
#include "../../firmware/stub/prom.c"

#define firmware made_up_firmware
#include "client_firmware.h"
#include "refusal_check.h"

static struct places places;
static struct refusal refusal;

/* A fresh firmware, whose client interface is called in the mode `msr`. */
static inline void start(uint64_t msr)
{
    firmware_open();
    memset(&places, 0, sizeof(places));
    memset(&refusal, 0, sizeof(refusal));
    prom_open(FIRMWARE_ENTRY, msr);
}

/* The check that gave `result` failed, with this reason and these words in its sentence. */
static inline void expect_refusal(bool result, uint32_t reason, const char *part)
{
    check_context = part;
    CHECK(!result);
    check_refusal(&refusal, reason, part);
}

/* The flat tree of the whole firmware, as the stub gets it. */
static inline bool make_tree(struct range ramdisk, const void **tree)
{
    return prom_find_memory(&places, &refusal) &&
           prom_make_tree(&places, (uintptr_t)firmware.memory, ramdisk, tree, &refusal);
}

#endif
