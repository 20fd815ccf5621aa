/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpu.h"

#include <stddef.h>

/*
 * HFSCR: every facility a domain may use. Transactional memory stays off (it is not advertised either) and so does
 * MSGP: QEMU 7.2 stops altogether when a guest's msgsndp arrives. It also looks for MSGP in the wrong place, bit 0,
 * which is FP and which it takes for granted: an emulated processor has to go without that bit.
 */
#define HFSCR_FP (1u << 0)
#define HFSCR_VECTOR (1u << 1)
#define HFSCR_DSCR (1u << 2)
#define HFSCR_PM (1u << 3)
#define HFSCR_BHRB (1u << 4)
#define HFSCR_EBB (1u << 7)
#define HFSCR_TAR (1u << 8)

const char *cpu_unfit(void)
{
    uint64_t version = cpu_mfspr(SPR_PVR) >> 16;

    if ((cpu_msr() & MSR_HV) == 0) {
        return "the processor is not in hypervisor mode";
    }
    if (version != PVR_POWER8E && version != PVR_POWER8NVL && version != PVR_POWER8) {
        return "this hypervisor runs domains on POWER8 only: it needs the offset and limit of real mode, and SDR1";
    }
    return NULL;
}

void cpu_percpu_set(struct percpu *percpu)
{
    if ((cpu_msr() & MSR_HV) != 0) {
        cpu_mtspr(SPR_HSPRG0, (uintptr_t)percpu);
    }
}

void cpu_init(bool emulated)
{
    uint64_t facilities = HFSCR_VECTOR | HFSCR_DSCR | HFSCR_PM | HFSCR_BHRB | HFSCR_EBB | HFSCR_TAR;

    cpu_mtspr(SPR_HFSCR, emulated ? facilities : facilities | HFSCR_FP);
    cpu_mtspr(SPR_MMCR0, MMCR0_FC);
    cpu_mtspr(SPR_AMOR, UINT64_MAX);
    cpu_mtspr(SPR_PCR, 0);
    cpu_mtspr(SPR_LPIDR, 0);
    cpu_mtspr(SPR_LPCR, LPCR_LPES0 | LPCR_PECE_DEC);
    cpu_mtspr(SPR_HDEC, INT32_MAX);
    cpu_isync();
}
