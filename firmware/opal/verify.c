/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify.h"

#include <string.h>

#include "ed25519.h"

#define STUB_WORDS_SIZE (STUB_SCRATCH_OFFSET + sizeof(be64_t))

#define CONTEXT_SIZE (sizeof(SIGNATURE_CONTEXT) - 1)
#define MESSAGE_SIZE (CONTEXT_SIZE + DIGEST_SIZE)

/* Enough of a key's id for people, in hexadecimal digits. */
#define KEY_DIGITS 16
#define WORD_SIZE 16

const char *verdict_word(enum verdict verdict)
{
    static const char words[][WORD_SIZE] = {
        [VERDICT_NO_IMAGE] = "no-image",
        [VERDICT_TRUNCATED] = "truncated",
        [VERDICT_STRUCTURE] = "structure",
        [VERDICT_DIGEST] = "digest",
        [VERDICT_SIGNATURE_PAGE] = "signature-page",
        [VERDICT_UNSIGNED] = "unsigned",
        [VERDICT_UNKNOWN_KEY] = "unknown-key",
        [VERDICT_REVOKED_KEY] = "revoked-key",
        [VERDICT_BAD_SIGNATURE] = "bad-signature",
        [VERDICT_OK] = "ok",
    };

    return words[verdict];
}

bool verify_may_start(const struct verification *result, const struct trust *trust)
{
    return result->verdict == VERDICT_OK || (trust->unlocked && result->verdict >= VERDICT_UNSIGNED);
}

static uint64_t stub_word(const struct image *image, uint64_t offset)
{
    return be64_get(*(const be64_t *)(const void *)(image->base + offset));
}

/* What the stub says of itself, before anything is computed from it. */
static bool read_stub_words(struct image *image, struct refusal *refusal)
{
    image->stub_size = stub_word(image, STUB_SIZE_OFFSET);
    image->scratch_offset = stub_word(image, STUB_SCRATCH_OFFSET);
    if (image->stub_size == 0 || image->stub_size > STUB_MAX_SIZE || image->stub_size % IMAGE_PAGE_SIZE != 0) {
        return refuse(refusal, STUB_REASON_BAD_HEADER, "the stub's size 0x%lx is no page multiple up to 0x%lx",
                      (unsigned long)image->stub_size, (unsigned long)STUB_MAX_SIZE);
    }
    if (image->scratch_offset < STUB_WORDS_SIZE || image->scratch_offset > image->stub_size) {
        return refuse(refusal, STUB_REASON_BAD_HEADER, "the stub's scratch area at 0x%lx is not inside its 0x%lx bytes",
                      (unsigned long)image->scratch_offset, (unsigned long)image->stub_size);
    }
    if (stub_word(image, STUB_REASON_OFFSET) != STUB_REASON_NONE) {
        return refuse(refusal, STUB_REASON_BAD_HEADER, "the stub's reason word is not zero");
    }
    return true;
}

/* The head digest takes the scratch area as zeros, because the stub is using it when it computes the digest. */
static bool check_scratch(const struct image *image, struct refusal *refusal)
{
    if (image_is_zero(image->base + image->scratch_offset, image->stub_size - image->scratch_offset)) {
        return true;
    }
    return refuse(refusal, STUB_REASON_HEAD_DIGEST, "the stub's scratch area is not zero");
}

/* Header and everything behind it up to the payloads. */
static bool check_head(struct image *image, struct refusal *refusal)
{
    return check_scratch(image, refusal) && image_check_head_digest(image, refusal) &&
           image_check_signatures(image, refusal) && image_check_table(image, refusal);
}

static enum verdict verdict_of_reason(uint32_t reason)
{
    switch (reason) {
    case STUB_REASON_TRUNCATED:
        return VERDICT_TRUNCATED;
    case STUB_REASON_HEAD_DIGEST:
        return VERDICT_DIGEST;
    case STUB_REASON_SIGNATURES:
        return VERDICT_SIGNATURE_PAGE;
    default:
        return VERDICT_STRUCTURE;
    }
}

static enum verdict truncated(const struct image *image, struct refusal *refusal)
{
    refuse(refusal, STUB_REASON_TRUNCATED, "the image's end, at 0x%lx from its start, was not loaded",
           (unsigned long)(IMAGE_FILE_OFFSET + image->total_size));
    return VERDICT_TRUNCATED;
}

/* VERDICT_OK when the head is whole and the image's last page was loaded. */
static enum verdict judge_structure(struct image *image, struct refusal *refusal)
{
    if (image->memory_size < STUB_WORDS_SIZE) {
        refuse(refusal, STUB_REASON_TRUNCATED, "memory ends before the image's first words");
        return VERDICT_TRUNCATED;
    }
    if (stub_word(image, STUB_MAGIC_OFFSET) != STUB_MAGIC) {
        refuse(refusal, STUB_REASON_BAD_HEADER, "nothing that mkimage built was loaded");
        return VERDICT_NO_IMAGE;
    }
    if (!read_stub_words(image, refusal)) {
        return VERDICT_STRUCTURE;
    }
    if (!image_check_header(image, refusal)) {
        bool is_blank = refusal->reason == STUB_REASON_BAD_HEADER &&
                        image_is_zero(image->base + image->stub_size, IMAGE_HEADER_SIZE);

        return is_blank ? VERDICT_TRUNCATED : verdict_of_reason(refusal->reason);
    }
    if (!check_head(image, refusal)) {
        return image_looks_truncated(image) ? truncated(image, refusal) : verdict_of_reason(refusal->reason);
    }
    if (image_looks_truncated(image) &&
        !image_check_payload(image, &image->entries[image->entry_count - 1], refusal)) {
        return truncated(image, refusal);
    }
    return VERDICT_OK;
}

static enum verdict judge_signature(const struct hv_image_signature *record, const struct trust *trust,
                                    const uint8_t message[MESSAGE_SIZE])
{
    const struct trust_key *key;

    /* First, in case a key is in both lists. */
    if (trust_find(trust->revoked, trust->revoked_count, record->key_id) != NULL) {
        return VERDICT_REVOKED_KEY;
    }
    key = trust_find(trust->keys, trust->key_count, record->key_id);
    if (key == NULL) {
        return VERDICT_UNKNOWN_KEY;
    }
    return ed25519_check(record->signature, key->public_key, message, MESSAGE_SIZE) ? VERDICT_OK
                                                                                     : VERDICT_BAD_SIGNATURE;
}

/* The best of the signatures decides; among bad ones the one that says most. */
static enum verdict judge_signatures(const struct image *image, const struct trust *trust, uint8_t key_id[KEY_ID_SIZE])
{
    const struct hv_image_header *header = (const void *)(image->base + image->stub_size);
    const struct hv_image_signatures *page = (const void *)(image->base + image->signature_offset);
    const struct hv_image_signature *records = (const void *)(page + 1);
    enum verdict best = VERDICT_UNSIGNED;
    uint8_t message[MESSAGE_SIZE];

    memcpy(message, SIGNATURE_CONTEXT, CONTEXT_SIZE);
    memcpy(message + CONTEXT_SIZE, header->head_digest, DIGEST_SIZE);
    for (uint32_t i = 0; i < be32_get(page->count) && best != VERDICT_OK; i++) {
        enum verdict verdict = judge_signature(&records[i], trust, message);

        if (verdict > best) {
            best = verdict;
            memcpy(key_id, records[i].key_id, KEY_ID_SIZE);
        }
    }
    return best;
}

static void explain_signatures(struct verification *result)
{
    static const char digits[] = "0123456789abcdef";
    char key[KEY_DIGITS + 1];

    for (size_t i = 0; i < KEY_DIGITS; i++) {
        key[i] = digits[result->key_id[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    }
    key[KEY_DIGITS] = '\0';
    if (result->verdict == VERDICT_UNSIGNED) {
        refuse(&result->refusal, STUB_REASON_SIGNATURES, "nobody has signed the image; mkimage sign does");
    } else if (result->verdict == VERDICT_UNKNOWN_KEY) {
        refuse(&result->refusal, STUB_REASON_SIGNATURES, "this firmware does not know key %s", key);
    } else if (result->verdict == VERDICT_REVOKED_KEY) {
        refuse(&result->refusal, STUB_REASON_SIGNATURES, "key %s is revoked", key);
    } else if (result->verdict == VERDICT_BAD_SIGNATURE) {
        refuse(&result->refusal, STUB_REASON_SIGNATURES, "the signature of key %s is not of this image", key);
    }
}

void verify_image(const void *file, uint64_t limit, const struct trust *trust, struct verification *result)
{
    struct image *image = &result->image;

    memset(result, 0, sizeof(*result));
    image->base = (const uint8_t *)file + IMAGE_FILE_OFFSET;
    image->memory_size = limit < IMAGE_FILE_OFFSET ? 0 : limit - IMAGE_FILE_OFFSET;
    result->verdict = judge_structure(image, &result->refusal);
    if (result->verdict != VERDICT_OK) {
        return;
    }
    result->verdict = judge_signatures(image, trust, result->key_id);
    explain_signatures(result);
}
