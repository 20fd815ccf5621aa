/* SPDX-License-Identifier: BSD-2-Clause */
/* Expands compressed payloads (COMPRESSION_* in boot_image.h) with the decoders of LZ4 and zstd. */
#ifndef STUB_EXPAND_H
#define STUB_EXPAND_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_image.h"
#include "refusal.h"

/* Bytes of work area, 8-byte aligned: zstd's decoder keeps its tables there. */
#define EXPAND_WORK_SIZE UINT64_C(0x20000)

/* Expand the stored bytes of `entry`, whose digest is known to match, to the `memory_size` bytes at `target`.
 * False with `refusal` filled when they do not become exactly that many. */
bool expand_payload(const struct hv_image_entry *entry, const uint8_t *stored, uint8_t *target, void *work,
                    struct refusal *refusal);

#endif
