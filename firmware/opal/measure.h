/* SPDX-License-Identifier: BSD-2-Clause */
/* What was started, as a list of SHA-256 digests and one value that stands for all of them in their order
 * (docs/trust.md); `mkimage inspect --measure` predicts both. */
#ifndef OPAL_MEASURE_H
#define OPAL_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "../stub/image.h"
#include "boot_image.h"
#include "boot_protocol.h"
#include "verify.h"

/* The firmware, the head, every entry. */
#define MEASURE_MAX_EVENTS (2 + IMAGE_MAX_ENTRIES)

/* Bytes that measure_write() adds to a tree at the most. */
#define MEASURE_TREE_SIZE (512 + MEASURE_MAX_EVENTS * (IMAGE_NAME_SIZE + DIGEST_SIZE))

struct measure_event {
    char name[IMAGE_NAME_SIZE];
    uint8_t digest[DIGEST_SIZE];
};

/* All zeros is the empty log, like a TPM's register after a reset. */
struct measure_log {
    uint8_t chain[DIGEST_SIZE]; /* SHA-256 of the former chain and the event's digest, as a TPM extends */
    size_t count;
    struct measure_event events[MEASURE_MAX_EVENTS];
};

/* Add the firmware itself: the `size` bytes of its file as the machine loaded it.  The only ones that have changed since,
 * `blank_size` bytes at `blank_offset`, are zeros in the file and count as such. */
void measure_firmware(struct measure_log *log, const void *bytes, size_t size, size_t blank_offset, size_t blank_size);

/* Add the head and every entry with the digests that the image states.  verify_image() found the head's right; the
 * entries' are right or the stub stops. */
void measure_image(struct measure_log *log, const struct image *image);

/* Write the log and the verdict into /chosen of the tree, in place of what is there under this name.  Returns libfdt's
 * result: 0, or negative when the tree has no /chosen or fewer than MEASURE_TREE_SIZE bytes to spare. */
int measure_write(const struct measure_log *log, const struct verification *result, void *fdt);

#endif
