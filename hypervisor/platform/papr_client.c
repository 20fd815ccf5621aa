/* SPDX-License-Identifier: BSD-2-Clause */
#include "papr_client.h"

#include <libfdt.h>

#include "abi/papr.h"
#include "abi/types.h"
#include "hv/fdt_reader.h"
#include "silent.h"

#define TERM_CHARS 16

/* head.S: a hypercall with four arguments; and RTAS, entered in 32-bit mode with the address of its words. */
int64_t papr_hcall_raw(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void papr_rtas_raw(be32_t *words, uint64_t entry);

static uint32_t terminal;
static uint32_t rtas_entry;
static uint32_t power_off_token;
static uint32_t reboot_token;

static size_t papr_console_write(const char *text, size_t size)
{
    uint64_t words[2] = { 0, 0 };

    if (size > TERM_CHARS) {
        size = TERM_CHARS;
    }
    for (size_t i = 0; i < size; i++) {
        words[i / 8] |= (uint64_t)(uint8_t)text[i] << (56 - 8 * (i % 8));
    }
    return papr_hcall_raw(H_PUT_TERM_CHAR, terminal, size, words[0], words[1]) == H_SUCCESS ? size : 0;
}

static void rtas_request(uint32_t token, uint32_t arguments)
{
    static be32_t words[8];

    if (rtas_entry == 0 || token == 0) {
        return;
    }
    be32_set(&words[0], token);
    be32_set(&words[1], arguments);
    be32_set(&words[2], 1);
    for (uint32_t i = 0; i < arguments; i++) {
        be32_set(&words[3 + i], UINT32_MAX); /* power-off: nothing but the operator switches on again */
    }
    papr_rtas_raw(words, rtas_entry);
}

static void papr_power_off(void)
{
    rtas_request(power_off_token, 2);
}

static void papr_reboot(void)
{
    rtas_request(reboot_token, 0);
}

const struct platform papr_client_platform = {
    .name = "PAPR partition",
    .console_write = papr_console_write,
    SILENT_DEVICES,
    .power_off = papr_power_off,
    .reboot = papr_reboot,
};

bool papr_client_init(const void *fdt)
{
    int vty = fdt_node_offset_by_compatible(fdt, -1, "hvterm1"), rtas = fdt_path_offset(fdt, "/rtas");

    if (vty < 0 || !fdt_read_u32(fdt, vty, "reg", &terminal)) {
        return false;
    }
    if (rtas >= 0) {
        fdt_read_u32(fdt, rtas, "linux,rtas-entry", &rtas_entry);
        fdt_read_u32(fdt, rtas, "power-off", &power_off_token);
        fdt_read_u32(fdt, rtas, "system-reboot", &reboot_token);
    }
    return true;
}
