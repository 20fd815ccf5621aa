/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the image in memory may be started (docs/trust.md): its head is whole, and a key we know has signed it.
 *
 * The payloads are the stub's business.  It is part of the signed head and compares them with the signed table, so they
 * are hashed once on the way to the hypervisor, and not here. */
#ifndef OPAL_VERIFY_H
#define OPAL_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "../stub/image.h"
#include "../stub/refusal.h"
#include "boot_image.h"
#include "trust.h"

/* In the order in which they are found out; from VERDICT_UNSIGNED on the image itself is whole. */
enum verdict {
    VERDICT_NO_IMAGE,       /* no stub's magic: nothing was loaded, or something else */
    VERDICT_TRUNCATED,      /* memory or file ends inside the image */
    VERDICT_STRUCTURE,      /* a field of stub, header or table that cannot be */
    VERDICT_DIGEST,         /* stub, header or table are not what was built */
    VERDICT_SIGNATURE_PAGE, /* the page with the signatures is damaged */
    VERDICT_UNSIGNED,       /* nobody has signed */
    VERDICT_UNKNOWN_KEY,    /* only keys have signed that were not built in */
    VERDICT_REVOKED_KEY,    /* as above, and one of them is revoked */
    VERDICT_BAD_SIGNATURE,  /* a good key's signature is of another image */
    VERDICT_OK,
};

struct verification {
    enum verdict verdict;
    struct image image;             /* all but `expanded`, from VERDICT_UNSIGNED on */
    uint8_t key_id[KEY_ID_SIZE];    /* whose signature decided, from VERDICT_UNKNOWN_KEY on */
    struct refusal refusal;         /* `text` says why, unless VERDICT_OK */
};

/* Judge the image file whose first byte, that of the ELF header's page, is at `file`, with `limit` bytes of memory from
 * there on.  Fills all of `result`.  Reads the head, the last page, and of the payloads nothing more unless that page is
 * all zeros, as it is in a file that was cut short: then the last payload. */
void verify_image(const void *file, uint64_t limit, const struct trust *trust, struct verification *result);

/* The verdict as one word without spaces, for people and programs: "ok", "no-image", "bad-signature", ... */
const char *verdict_word(enum verdict verdict);

/* True when the image may be started: VERDICT_OK, or in an unlocked firmware any image that is whole. */
bool verify_may_start(const struct verification *result, const struct trust *trust);

#endif
