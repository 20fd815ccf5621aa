/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose images this firmware starts.  tools/firmware_keys.py writes the only definition of trust_built_in() from the
 * keys that `make firmware` names (docs/trust.md). */
#ifndef OPAL_TRUST_H
#define OPAL_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot_image.h"
#include "ed25519.h"

struct trust_key {
    uint8_t id[KEY_ID_SIZE]; /* SHA-256 of the raw key */
    uint8_t public_key[ED25519_KEY_SIZE];
};

struct trust {
    const struct trust_key *keys; /* good ones */
    size_t key_count;
    const struct trust_key *revoked; /* once good, never again; none of them is in `keys` */
    size_t revoked_count;
    bool development; /* one of the good keys is the published one */
    bool unlocked;    /* images start whoever signed them */
    bool wait;        /* after a refusal the machine waits for somebody to look, instead of switching itself off */
};

/* What was built into this firmware.  Fills a structure because the firmware's static data holds no pointers. */
void trust_built_in(struct trust *trust);

/* Say what makes this firmware unfit for use, one call a line without line end; nothing in a locked firmware that has
 * only keys of its owner. */
void trust_warn(const struct trust *trust, void (*print)(const char *line));

/* The key with this id, or NULL. */
const struct trust_key *trust_find(const struct trust_key *keys, size_t count, const uint8_t id[KEY_ID_SIZE]);

#endif
