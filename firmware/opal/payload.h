/* SPDX-License-Identifier: BSD-2-Clause */
/* head.S: the ways out. */
#ifndef OPAL_PAYLOAD_H
#define OPAL_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* The boot processor leaves; the registers are those of docs/boot-protocol.md. */
_Noreturn void payload_enter(uint64_t entry, uint64_t tree, uint64_t memory_end, bool is_64bit);

/* Another processor leaves for where OPAL_START_CPU sends it, r3 = server number. */
_Noreturn void payload_enter_secondary(uint64_t entry, uint64_t server);

#endif
