/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/measurements.h"

#include <libfdt.h>

#include "abi/boot_image.h"
#include "abi/boot_protocol.h"
#include "hv/console.h"
#include "hv/fdt_reader.h"
#include "hv/types.h"

static const void *machine_tree;
static int measurements = -1;
static int event_count;

static const uint8_t *digests_of(const char *property, int wanted)
{
    int size;
    const uint8_t *digests = fdt_getprop(machine_tree, measurements, property, &size);

    return size == wanted * (int)DIGEST_SIZE ? digests : NULL;
}

static bool are_complete(void)
{
    return event_count > 0 && digests_of(PROP_MEASURED_DIGESTS, event_count) != NULL &&
           digests_of(PROP_MEASURED_CHAIN, 1) != NULL &&
           fdt_read_string(machine_tree, measurements, PROP_VERDICT) != NULL;
}

void measurements_init(const void *fdt)
{
    machine_tree = fdt;
    measurements = fdt_subnode_offset(fdt, fdt_path_offset(fdt, "/chosen"), NODE_MEASUREMENTS);
    if (measurements < 0) {
        return;
    }
    event_count = fdt_stringlist_count(fdt, measurements, PROP_MEASURED_NAMES);
    if (!fdt_is_compatible(fdt, measurements, MEASUREMENTS_COMPATIBLE) || !are_complete()) {
        hv_print("the firmware's measurements make no sense\n");
        measurements = -1;
    }
}

static void digest_print(const uint8_t *digest, const char *name)
{
    char text[2 * DIGEST_SIZE + 1];

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        text[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    }
    text[sizeof(text) - 1] = '\0';
    hv_print_plain("%s  %s\n", text, name);
}

void measurements_print(void)
{
    if (measurements < 0) {
        hv_print("the firmware measured nothing\n");
        return;
    }
    for (int i = 0; i < event_count; i++) {
        digest_print(digests_of(PROP_MEASURED_DIGESTS, event_count) + (size_t)i * DIGEST_SIZE,
                     fdt_stringlist_get(machine_tree, measurements, PROP_MEASURED_NAMES, i, NULL));
    }
    digest_print(digests_of(PROP_MEASURED_CHAIN, 1), "chain");
    hv_print("the firmware's verdict on the image: %s\n", fdt_read_string(machine_tree, measurements, PROP_VERDICT));
}
