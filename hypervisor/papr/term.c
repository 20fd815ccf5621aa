/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual terminal: sixteen characters a call, in two registers, the first in the most significant byte. */
#include "hcall.h"
#include "hv/console.h"

#define TERM_CHARS 16

static bool is_terminal(uint64_t unit)
{
    return unit == 0 || unit == VTY_UNIT;
}

/* (terminal, count, two registers of characters) */
int64_t h_put_term_char(struct vcpu *vcpu, uint64_t *args)
{
    char text[TERM_CHARS];

    if (!is_terminal(args[0]) || args[1] > TERM_CHARS) {
        return H_PARAMETER;
    }
    for (unsigned i = 0; i < TERM_CHARS; i++) {
        text[i] = (char)(args[2 + i / 8] >> (56 - 8 * (i % 8)));
    }
    if (!terminal_write(vcpu->domain, text, args[1])) {
        console_poll();
        return H_BUSY;
    }
    return H_SUCCESS;
}

/* (terminal) -> count, two registers of characters */
int64_t h_get_term_char(struct vcpu *vcpu, uint64_t *args)
{
    char text[TERM_CHARS] = { 0 };

    if (!is_terminal(args[0])) {
        return H_PARAMETER;
    }
    console_poll();
    args[0] = terminal_read(vcpu->domain, text, TERM_CHARS);
    args[1] = args[2] = 0;
    for (unsigned i = 0; i < TERM_CHARS; i++) {
        args[1 + i / 8] |= (uint64_t)(uint8_t)text[i] << (56 - 8 * (i % 8));
    }
    return H_SUCCESS;
}
