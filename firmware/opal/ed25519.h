/* SPDX-License-Identifier: BSD-2-Clause */
/* Ed25519 (RFC 8032): whether a signature is right.  Nothing here is secret, so nothing has to take constant time. */
#ifndef OPAL_ED25519_H
#define OPAL_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ED25519_KEY_SIZE 32

/* True when `signature` (64 bytes) is the signature of `message` by the raw key's owner.  False for a key or a point
 * that is none, and for an S that is not below the group's order (RFC 8032, 5.1.7). */
bool ed25519_check(const uint8_t *signature, const uint8_t public_key[ED25519_KEY_SIZE], const void *message,
                   size_t size);

#endif
