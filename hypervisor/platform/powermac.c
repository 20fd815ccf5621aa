/* SPDX-License-Identifier: BSD-2-Clause */
#include "powermac.h"

#include <libfdt.h>
#include <string.h>

#include "abi/types.h"
#include "drivers/cuda.h"
#include "drivers/escc.h"
#include "hv/fdt_reader.h"
#include "silent.h"

/* Offsets inside the chip ("KeyLargo", as Open Firmware's reg properties below mac-io give them) */
#define MACIO_ESCC_CHANNEL_A 0x13020
#define MACIO_VIA 0x16000

/* One entry of assigned-addresses: three cells of PCI address, two of size; the second cell is a 32-bit base. */
#define ASSIGNED_CELLS 5

static int macio_find(const void *fdt)
{
    for (int node = fdt_next_node(fdt, -1, NULL); node >= 0; node = fdt_next_node(fdt, node, NULL)) {
        const char *type = fdt_read_string(fdt, node, "device_type");

        if (type != NULL && strcmp(type, "mac-io") == 0) {
            return node;
        }
    }
    return -FDT_ERR_NOTFOUND;
}

static void powermac_reboot(void)
{
    cuda_request(CUDA_RESET_SYSTEM);
}

static void powermac_power_off(void)
{
    cuda_request(CUDA_POWER_DOWN);
}

const struct platform powermac_platform = {
    .name = "Power Macintosh",
    .console_write = escc_write,
    SILENT_DEVICES,
    .power_off = powermac_power_off,
    .reboot = powermac_reboot,
};

bool powermac_init(const void *fdt)
{
    int size, node = macio_find(fdt);
    const be32_t *cells = node < 0 ? NULL : fdt_getprop(fdt, node, "assigned-addresses", &size);

    if (cells == NULL || size < (int)(ASSIGNED_CELLS * sizeof(*cells))) {
        return false;
    }
    escc_init(be32_get(cells[2]) + MACIO_ESCC_CHANNEL_A);
    cuda_init(be32_get(cells[2]) + MACIO_VIA);
    return true;
}
