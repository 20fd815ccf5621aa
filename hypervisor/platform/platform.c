/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/platform.h"

#include <libfdt.h>

#include "hv/fdt_reader.h"
#include "opal.h"
#include "papr_client.h"
#include "powermac.h"
#include "silent.h"

const struct platform *platform = &silent_platform;

/* LPCR[RMLS] of POWER7 and POWER8 (POWER7 user's manual and KVM's table agree). */
static const struct rmls_limit all_limits[] = {
    { UINT64_C(32) << 20, 8 }, { UINT64_C(64) << 20, 3 },  { UINT64_C(128) << 20, 7 },  { UINT64_C(256) << 20, 4 },
    { UINT64_C(1) << 30, 2 },  { UINT64_C(16) << 30, 1 }, { UINT64_C(256) << 30, 0 }, { 0, 0 },
};

/* QEMU 7.2 takes an odd RMLS code for LPCR[HAIL] and loses every interrupt from the guest to the hypervisor. */
static const struct rmls_limit even_limits[] = {
    { UINT64_C(32) << 20, 8 }, { UINT64_C(256) << 20, 4 }, { UINT64_C(1) << 30, 2 },
    { UINT64_C(256) << 30, 0 }, { 0, 0 },
};

static bool emulated;
static bool characteristics_known;
static struct cpu_characteristics characteristics;

/* What Linux calls each bit, and under which names skiboot lists it in /ibm,opal/fw-features. */
struct firmware_feature {
    const char *name;
    uint64_t character;
    uint64_t behaviour;
};

#define CHARACTER(bit) (UINT64_C(1) << (63 - (bit)))

static const struct firmware_feature features[] = {
    { "inst-spec-barrier-ori31,31,0", CHARACTER(0), 0 },
    { "fw-bcctrl-serialized", CHARACTER(1), 0 },
    { "inst-l1d-flush-ori30,30,0", CHARACTER(2), 0 },
    { "inst-l1d-flush-trig2", CHARACTER(3), 0 },
    { "fw-l1d-thread-split", CHARACTER(4), 0 },
    { "fw-count-cache-disabled", CHARACTER(7), 0 },
    { "speculation-policy-favor-security", 0, CHARACTER(0) },
    { "needs-l1d-flush-msr-pr-0-to-1", 0, CHARACTER(1) },
    { "needs-spec-barrier-for-bound-checks", 0, CHARACTER(2) },
};

static bool feature_is(const void *fdt, int parent, const char *name, const char *state)
{
    int node = fdt_subnode_offset(fdt, parent, name);

    return node >= 0 && fdt_getprop(fdt, node, state, NULL) != NULL;
}

static void characteristics_read(const void *fdt)
{
    int parent = fdt_path_offset(fdt, "/ibm,opal/fw-features");

    /*
     * An emulator runs no speculation of its own worth a guest's flushes; a machine that says nothing gets the
     * kernel's own caution.
     */
    characteristics_known = emulated || parent >= 0;
    for (size_t i = 0; parent >= 0 && i < ARRAY_SIZE(features); i++) {
        /* A mitigation exists only when it is said to; a need for one exists unless it is denied. */
        if (feature_is(fdt, parent, features[i].name, "enabled")) {
            characteristics.character |= features[i].character;
        }
        if (!feature_is(fdt, parent, features[i].name, "disabled")) {
            characteristics.behaviour |= features[i].behaviour;
        }
    }
}

void platform_init(const void *fdt, uint64_t opal_base, uint64_t opal_entry)
{
    emulated = fdt_is_compatible(fdt, 0, "qemu,powernv") || fdt_is_compatible(fdt, 0, "qemu,powernv8");
    if (opal_init(fdt, opal_base, opal_entry)) {
        platform = &opal_platform;
    } else if (papr_client_init(fdt)) {
        platform = &papr_client_platform;
    } else if (powermac_init(fdt)) {
        platform = &powermac_platform;
    }
    characteristics_read(fdt);
}

bool platform_is_emulated(void)
{
    return emulated;
}

const struct rmls_limit *platform_rmls_limits(void)
{
    return emulated ? even_limits : all_limits;
}

bool platform_cpu_characteristics(struct cpu_characteristics *result)
{
    *result = characteristics;
    return characteristics_known;
}
