/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's event log, and how it stands in the tree.
 *
 * Include: firmware/opal firmware/stub abi tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt firmware/stub/sha256.c firmware/stub/sha256_mix.c
 */
#include "../../firmware/opal/measure.c"

#include <stdlib.h>

#include "check.h"
#include "image_maker.h"

#define TREE_SIZE 0x10000

static struct measure_log event_log;
static struct verification result = {.verdict = VERDICT_OK};
static uint8_t image[0x10000];
static uint8_t tree[TREE_SIZE];

/* measure.c's only need of verify.c. */
const char *verdict_word(enum verdict verdict)
{
    return verdict == VERDICT_OK ? "ok" : "unsigned";
}

/* The chain of these digests, computed in another way: over one buffer. */
static void expected_chain(const struct measure_log *log, uint8_t chain[DIGEST_SIZE])
{
    uint8_t both[2 * DIGEST_SIZE] = {0};

    for (size_t i = 0; i < log->count; i++) {
        memcpy(both + DIGEST_SIZE, log->events[i].digest, DIGEST_SIZE);
        maker_digest(both, sizeof(both), both);
    }
    memcpy(chain, both, DIGEST_SIZE);
}

static void test_firmware(void)
{
    static const char file[] = "words\0\0\0\0and code";
    static const char memory[] = "words\1\2\3\4and code";
    uint8_t digest[DIGEST_SIZE], chain[DIGEST_SIZE];

    measure_firmware(&event_log, memory, sizeof(memory), 5, 4);
    maker_digest(file, sizeof(file), digest);
    CHECK(event_log.count == 1);
    CHECK(strcmp(event_log.events[0].name, "firmware") == 0);
    CHECK(memcmp(event_log.events[0].digest, digest, DIGEST_SIZE) == 0);
    expected_chain(&event_log, chain);
    CHECK(memcmp(event_log.chain, chain, DIGEST_SIZE) == 0);
}

/* What sha256sum says of 32 zeros and the digest of "abc". */
static void test_known_chain(void)
{
    static const uint8_t expected[4] = {0x58, 0x9f, 0x9f, 0xfe};
    static struct measure_log log;

    measure_firmware(&log, "abc", 3, 0, 0);
    CHECK(memcmp(log.chain, expected, sizeof(expected)) == 0);
}

static void test_image(void)
{
    static const struct payload payloads[] = {
        {ENTRY_TYPE_HYPERVISOR, "hypervisor", "first", 5},
        {ENTRY_TYPE_BOOT_OVERLAY, "boot-overlay", "second", 6},
        {ENTRY_TYPE_KERNEL, "dom0/kernel", "third", 5},
    };
    uint8_t chain[DIGEST_SIZE];

    result.image = (struct image){
        .base = image,
        .memory_size = maker_build(image, payloads, 3),
        .stub_size = MAKER_STUB_SIZE,
        .entry_count = 3,
        .entries = maker_entry(image, 0),
    };
    measure_image(&event_log, &result.image);
    CHECK(event_log.count == 5);
    CHECK(strcmp(event_log.events[1].name, "image-head") == 0);
    CHECK(memcmp(event_log.events[1].digest, maker_header(image)->head_digest, DIGEST_SIZE) == 0);
    for (size_t i = 0; i < 3; i++) {
        CHECK(strcmp(event_log.events[2 + i].name, payloads[i].name) == 0);
        CHECK(memcmp(event_log.events[2 + i].digest, maker_entry(image, i)->digest, DIGEST_SIZE) == 0);
    }
    expected_chain(&event_log, chain);
    CHECK(memcmp(event_log.chain, chain, DIGEST_SIZE) == 0);
}

static void make_tree(int size, bool with_chosen)
{
    CHECK(fdt_create_empty_tree(tree, size) == 0);
    if (with_chosen)
        CHECK(fdt_add_subnode(tree, 0, "chosen") >= 0);
}

static void check_tree(const char *verdict)
{
    int node = fdt_path_offset(tree, "/chosen/roundpeg,measurements"), size;
    const uint8_t *digests;

    CHECK(node >= 0);
    CHECK(fdt_check_full(tree, sizeof(tree)) == 0);
    CHECK(fdt_node_check_compatible(tree, node, "roundpeg,measurements-v1") == 0);
    CHECK(strcmp(fdt_getprop(tree, node, "verdict", NULL), verdict) == 0);
    CHECK(fdt_stringlist_count(tree, node, "names") == (int)event_log.count);
    digests = fdt_getprop(tree, node, "digests", &size);
    CHECK(digests != NULL && size == (int)(event_log.count * DIGEST_SIZE));
    for (size_t i = 0; i < event_log.count; i++) {
        CHECK(strcmp(fdt_stringlist_get(tree, node, "names", (int)i, NULL), event_log.events[i].name) == 0);
        CHECK(memcmp(digests + i * DIGEST_SIZE, event_log.events[i].digest, DIGEST_SIZE) == 0);
    }
    CHECK(memcmp(fdt_getprop(tree, node, "chain", &size), event_log.chain, DIGEST_SIZE) == 0 && size == DIGEST_SIZE);
}

static void test_tree(void)
{
    make_tree(TREE_SIZE, true);
    CHECK(measure_write(&event_log, &result, tree) == 0);
    check_tree("ok");
    result.verdict = VERDICT_UNSIGNED;
    CHECK(measure_write(&event_log, &result, tree) == 0);
    check_tree("unsigned");
}

static void test_no_place(void)
{
    make_tree(TREE_SIZE, false);
    CHECK(measure_write(&event_log, &result, tree) == -FDT_ERR_NOTFOUND);
    for (int size = 128; size < 1024; size += 4) {
        make_tree(size, true);
        if (measure_write(&event_log, &result, tree) == 0) {
            check_tree("unsigned");
            return;
        }
        CHECK(measure_write(&event_log, &result, tree) == -FDT_ERR_NOSPACE);
    }
    CHECK(false);
}

/* The largest table there can be, with the longest names. */
static void test_largest(void)
{
    static struct hv_image_entry entries[IMAGE_MAX_ENTRIES];

    for (size_t i = 0; i < IMAGE_MAX_ENTRIES; i++)
        memset(entries[i].name, 'x', IMAGE_NAME_SIZE - 1);
    result.image.entry_count = IMAGE_MAX_ENTRIES;
    result.image.entries = entries;
    memset(&event_log, 0, sizeof(event_log));
    measure_firmware(&event_log, "abc", 3, 0, 0);
    measure_image(&event_log, &result.image);
    CHECK(event_log.count == MEASURE_MAX_EVENTS);
    make_tree(256 + MEASURE_TREE_SIZE, true);
    CHECK(measure_write(&event_log, &result, tree) == 0);
    check_tree("unsigned");
}

int main(void)
{
    test_firmware();
    test_known_chain();
    test_image();
    test_tree();
    test_no_place();
    test_largest();
    return 0;
}
