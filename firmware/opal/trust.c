/* SPDX-License-Identifier: BSD-2-Clause */
#include "trust.h"

#include <string.h>

void trust_warn(const struct trust *trust, void (*print)(const char *line))
{
    if (trust->unlocked) {
        print("*** UNLOCKED FIRMWARE: it starts images that nobody it knows has signed ***");
    }
    if (trust->development) {
        print("*** DEVELOPMENT KEY: everybody can sign images for this firmware ***");
    }
}

const struct trust_key *trust_find(const struct trust_key *keys, size_t count, const uint8_t id[KEY_ID_SIZE])
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(keys[i].id, id, KEY_ID_SIZE) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}
