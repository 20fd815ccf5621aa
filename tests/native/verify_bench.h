/* SPDX-License-Identifier: BSD-2-Clause */
/* A signed image in memory, keys of every kind, and the firmware's verdict on them, for run_verify.c. */
#ifndef TESTS_NATIVE_VERIFY_BENCH_H
#define TESTS_NATIVE_VERIFY_BENCH_H

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/opal/verify.h"
#include "check.h"
#include "image_maker.h"
#include "signature_maker.h"

#define KERNEL_SIZE 5000U
#define PAYLOAD_SIZE 0x1000U

static uint8_t pattern[0x2000];
static uint8_t *file, *base;
static size_t file_size;
static struct maker_key good, other, revoked, stranger;
static struct trust_key known[2], withdrawn[1];
static struct trust trust;
static struct verification result;

static const struct payload payloads[] = {
    {ENTRY_TYPE_HYPERVISOR, "hypervisor", pattern, PAYLOAD_SIZE},
    {ENTRY_TYPE_BOOT_OVERLAY, "boot-overlay", pattern, PAYLOAD_SIZE},
    {ENTRY_TYPE_KERNEL, "dom0/kernel", pattern, KERNEL_SIZE},
};
#define COUNT (sizeof(payloads) / sizeof(payloads[0]))

static void sign(const struct maker_key *key)
{
    maker_sign(base, &key, 1);
}

/* A fresh image, signed by a good key, in a buffer of exactly its size.  Of the payloads only the last page may be read
 * while the image is whole, so that is all the sanitizer allows. */
static void make_image(void)
{
    static uint8_t scratch[0x10000];
    size_t total_size;

    memset(scratch, 0, sizeof(scratch));
    total_size = maker_build(scratch, payloads, COUNT);
    if (file != NULL)
        ASAN_UNPOISON_MEMORY_REGION(file, file_size);
    free(file);
    file_size = IMAGE_FILE_OFFSET + total_size;
    file = aligned_alloc(IMAGE_PAGE_SIZE, file_size);
    memset(file, 0xee, IMAGE_FILE_OFFSET);
    base = file + IMAGE_FILE_OFFSET;
    memcpy(base, scratch, total_size);
    sign(&good);
    ASAN_POISON_MEMORY_REGION(base + MAKER_PAYLOAD_OFFSET, total_size - MAKER_PAYLOAD_OFFSET - IMAGE_PAGE_SIZE);
}

static void make_keys(void)
{
    good = maker_key(1);
    other = maker_key(2);
    revoked = maker_key(3);
    stranger = maker_key(4);
    known[0] = good.key;
    known[1] = other.key;
    withdrawn[0] = revoked.key;
    trust = (struct trust){.keys = known, .key_count = 2, .revoked = withdrawn, .revoked_count = 1};
}

static enum verdict verify(uint64_t limit)
{
    memset(&result, 0xa5, sizeof(result));
    verify_image(file, limit, &trust, &result);
    return result.verdict;
}

/* Expect a verdict whose text contains `part`, then start over. */
static void expect(enum verdict verdict, const char *part)
{
    check_context = part;
    verify(file_size);
    if (result.verdict != verdict || strstr(result.refusal.text, part) == NULL)
        fprintf(stderr, "got %s: %s\n", verdict_word(result.verdict), result.refusal.text);
    CHECK(result.verdict == verdict);
    CHECK(strstr(result.refusal.text, part) != NULL);
    CHECK(verify_may_start(&result, &trust) == (verdict == VERDICT_OK));
    make_image();
}

#endif
