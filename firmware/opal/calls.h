/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OPAL calls: their numbers (skiboot, doc/opal-api), and what their implementations share.  An implementation
 * takes as many 64-bit arguments as its call has; pointers are real addresses, numbers in memory are big-endian.
 * Any processor may make any call at any time, except that none makes a second one inside its first.
 */
#ifndef OPAL_CALLS_H
#define OPAL_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "abi/types.h"
#include "hv/opal.h"
#include "opal_call_list.h"
#include "pci/pci_call_list.h"

/* One more than the highest number any firmware offers. */
#define OPAL_CALL_LIMIT 192

typedef int64_t call_0(void);
typedef int64_t call_1(uint64_t);
typedef int64_t call_2(uint64_t, uint64_t);
typedef int64_t call_3(uint64_t, uint64_t, uint64_t);
typedef int64_t call_4(uint64_t, uint64_t, uint64_t, uint64_t);
typedef int64_t call_5(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
typedef int64_t call_6(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
typedef int64_t call_7(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
typedef int64_t call_8(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

#define ALL_CALLS(X) OPAL_CALLS(X) PCI_CALLS(X)

/* The number of arguments in the list gives the prototype, so that a function that takes others does not compile. */
#define X(number, function, arguments) call_##arguments function;
ALL_CALLS(X)
#undef X

/* The caller's memory [address, address + size) as a pointer; NULL unless all of it is memory and none of it ours.  An
 * address may be real or that of a 64-bit kernel's linear mapping, 0xc000000000000000 higher. */
void *caller_memory(uint64_t address, size_t size);

/* Writes a big-endian number to the caller's memory: OPAL_SUCCESS or OPAL_PARAMETER. */
int64_t caller_put_u8(uint64_t address, uint8_t value);
int64_t caller_put_u16(uint64_t address, uint16_t value);
int64_t caller_put_u32(uint64_t address, uint32_t value);
int64_t caller_put_u64(uint64_t address, uint64_t value);

/* From now on memory is [0, end). */
void caller_memory_init(uint64_t end);

#endif
