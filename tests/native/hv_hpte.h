/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/ppc64/hpt.c on the host: its inline assembly becomes a call that says which instructions stood there, and with
 * tlbie which address it had.
 */
#ifndef TESTS_NATIVE_HV_HPTE_H
#define TESTS_NATIVE_HV_HPTE_H

#include <stdint.h>
#include <string.h>

static void instruction(const char *text, uint64_t address);

static const uint64_t rb = 0; /* where there is no tlbie */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wshadow"
#define __asm__
#define volatile(...) instruction(#__VA_ARGS__, rb)
#include "../../hypervisor/arch/ppc64/hpt.c"
#undef __asm__
#undef volatile
#pragma GCC diagnostic pop

#endif
