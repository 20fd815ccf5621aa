/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"

#include <libfdt.h>
#include <string.h>

#include "../stub/sha256.h"

static void add_event(struct measure_log *log, const char *name, const uint8_t digest[DIGEST_SIZE])
{
    struct measure_event *event = &log->events[log->count++];
    struct sha256 sha;

    memcpy(event->name, name, strlen(name) + 1);
    memcpy(event->digest, digest, DIGEST_SIZE);
    sha256_start(&sha);
    sha256_add(&sha, log->chain, DIGEST_SIZE);
    sha256_add(&sha, digest, DIGEST_SIZE);
    sha256_finish(&sha, log->chain);
}

void measure_firmware(struct measure_log *log, const void *bytes, size_t size, size_t blank_offset, size_t blank_size)
{
    static const uint8_t zero = 0;
    const uint8_t *behind = (const uint8_t *)bytes + blank_offset + blank_size;
    uint8_t digest[DIGEST_SIZE];
    struct sha256 sha;

    sha256_start(&sha);
    sha256_add(&sha, bytes, blank_offset);
    for (size_t i = 0; i < blank_size; i++) {
        sha256_add(&sha, &zero, sizeof(zero));
    }
    sha256_add(&sha, behind, size - blank_offset - blank_size);
    sha256_finish(&sha, digest);
    add_event(log, MEASURE_FIRMWARE, digest);
}

void measure_image(struct measure_log *log, const struct image *image)
{
    const struct hv_image_header *header = (const void *)(image->base + image->stub_size);

    add_event(log, MEASURE_IMAGE_HEAD, header->head_digest);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        add_event(log, (const char *)image->entries[i].name, image->entries[i].digest);
    }
}

static int write_text(void *fdt, int node, const char *name, const char *text)
{
    return fdt_setprop(fdt, node, name, text, (int)strlen(text) + 1);
}

static int write_names(const struct measure_log *log, void *fdt, int node)
{
    size_t size = 0;
    void *place;
    char *next;
    int result;

    for (size_t i = 0; i < log->count; i++) {
        size += strlen(log->events[i].name) + 1;
    }
    result = fdt_setprop_placeholder(fdt, node, PROP_MEASURED_NAMES, (int)size, &place);
    if (result != 0) {
        return result;
    }
    next = place;
    for (size_t i = 0; i < log->count; i++) {
        size = strlen(log->events[i].name) + 1;
        memcpy(next, log->events[i].name, size);
        next += size;
    }
    return 0;
}

static int write_digests(const struct measure_log *log, void *fdt, int node)
{
    void *place;
    int result =
        fdt_setprop_placeholder(fdt, node, PROP_MEASURED_DIGESTS, (int)(log->count * DIGEST_SIZE), &place);

    for (size_t i = 0; i < log->count && result == 0; i++) {
        memcpy((uint8_t *)place + i * DIGEST_SIZE, log->events[i].digest, DIGEST_SIZE);
    }
    return result;
}

int measure_write(const struct measure_log *log, const struct verification *result, void *fdt)
{
    int chosen = fdt_path_offset(fdt, "/chosen");
    int node = chosen < 0 ? chosen : fdt_subnode_offset(fdt, chosen, NODE_MEASUREMENTS);
    int status;

    if (node == -FDT_ERR_NOTFOUND && chosen >= 0) {
        node = fdt_add_subnode(fdt, chosen, NODE_MEASUREMENTS);
    }
    if (node < 0) {
        return node;
    }
    status = write_text(fdt, node, "compatible", MEASUREMENTS_COMPATIBLE);
    if (status == 0) {
        status = write_text(fdt, node, PROP_VERDICT, verdict_word(result->verdict));
    }
    if (status == 0) {
        status = fdt_setprop(fdt, node, PROP_MEASURED_CHAIN, log->chain, DIGEST_SIZE);
    }
    if (status == 0) {
        status = write_names(log, fdt, node);
    }
    return status == 0 ? write_digests(log, fdt, node) : status;
}
