/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's judgement of images: every verdict, hostile heads, every bit of the head flipped.
 *
 * Include: firmware/opal firmware/stub abi tests/native build/third_party/monocypher
 * Link: build/third_party/monocypher firmware/stub/sha256.c firmware/stub/sha256_mix.c
 */
#include "../../firmware/opal/ed25519.c"
#include "../../firmware/opal/sha512.c"
#include "../../firmware/opal/trust.c"
#include "../../firmware/opal/verify.c"
#include "../../firmware/stub/image.c"
#include "../../firmware/stub/refusal.c"

#include "verify_bench.h"

static void test_good(void)
{
    CHECK(verify(file_size) == VERDICT_OK);
    CHECK(result.image.entry_count == COUNT && result.image.hypervisor == maker_entry(base, 0));
    CHECK(memcmp(result.key_id, good.key.id, KEY_ID_SIZE) == 0);
    CHECK(result.refusal.text[0] == '\0');
    CHECK(verify(UINT64_MAX) == VERDICT_OK);
    sign(&other);
    expect(VERDICT_OK, "");
}

/* The page in front of the load base is not signed and not looked at. */
static void test_elf_header_is_ignored(void)
{
    memset(file, 0, IMAGE_FILE_OFFSET);
    expect(VERDICT_OK, "");
}

static void test_words(void)
{
    CHECK(strcmp(verdict_word(VERDICT_NO_IMAGE), "no-image") == 0);
    CHECK(strcmp(verdict_word(VERDICT_TRUNCATED), "truncated") == 0);
    CHECK(strcmp(verdict_word(VERDICT_STRUCTURE), "structure") == 0);
    CHECK(strcmp(verdict_word(VERDICT_DIGEST), "digest") == 0);
    CHECK(strcmp(verdict_word(VERDICT_SIGNATURE_PAGE), "signature-page") == 0);
    CHECK(strcmp(verdict_word(VERDICT_UNSIGNED), "unsigned") == 0);
    CHECK(strcmp(verdict_word(VERDICT_UNKNOWN_KEY), "unknown-key") == 0);
    CHECK(strcmp(verdict_word(VERDICT_REVOKED_KEY), "revoked-key") == 0);
    CHECK(strcmp(verdict_word(VERDICT_BAD_SIGNATURE), "bad-signature") == 0);
    CHECK(strcmp(verdict_word(VERDICT_OK), "ok") == 0);
}

static void set_word(size_t offset, uint64_t value)
{
    be64_set((be64_t *)(void *)(base + offset), value);
    maker_seal(base);
    sign(&good);
}

static void test_stub_words(void)
{
    memset(base, 0, 0x1000);
    expect(VERDICT_NO_IMAGE, "nothing that mkimage built");
    set_word(STUB_MAGIC_OFFSET, STUB_MAGIC ^ 1);
    expect(VERDICT_NO_IMAGE, "nothing that mkimage built");
    set_word(STUB_SIZE_OFFSET, 0);
    expect(VERDICT_STRUCTURE, "size 0x0");
    set_word(STUB_SIZE_OFFSET, MAKER_STUB_SIZE + 8);
    expect(VERDICT_STRUCTURE, "size 0x2008");
    set_word(STUB_SIZE_OFFSET, STUB_MAX_SIZE + 0x1000);
    expect(VERDICT_STRUCTURE, "no page multiple up to 0x40000");
    set_word(STUB_SIZE_OFFSET, UINT64_MAX - 0xfff);
    expect(VERDICT_STRUCTURE, "no page multiple");
    set_word(STUB_SIZE_OFFSET, STUB_MAX_SIZE);
    expect(VERDICT_TRUNCATED, "memory ends before the image's header");
    set_word(STUB_SIZE_OFFSET, MAKER_STUB_SIZE - 0x1000);
    expect(VERDICT_STRUCTURE, "scratch area at 0x1800 is not inside its 0x1000 bytes");
    set_word(STUB_SCRATCH_OFFSET, MAKER_STUB_SIZE - 0x1000);
    set_word(STUB_SIZE_OFFSET, MAKER_STUB_SIZE - 0x1000);
    expect(VERDICT_TRUNCATED, "all zeros");
    set_word(STUB_SIZE_OFFSET, MAKER_STUB_SIZE + 0x1000);
    expect(VERDICT_STRUCTURE, "no image header");
    set_word(STUB_SCRATCH_OFFSET, MAKER_STUB_SIZE + 1);
    expect(VERDICT_STRUCTURE, "scratch area at 0x2001");
    set_word(STUB_SCRATCH_OFFSET, STUB_SCRATCH_OFFSET + 7);
    expect(VERDICT_STRUCTURE, "scratch area at 0x27");
    set_word(STUB_SCRATCH_OFFSET, UINT64_MAX);
    expect(VERDICT_STRUCTURE, "scratch area");
    set_word(STUB_SCRATCH_OFFSET, STUB_SCRATCH_OFFSET + 8);
    expect(VERDICT_OK, "");
    set_word(STUB_REASON_OFFSET, STUB_REASON_PADDING);
    expect(VERDICT_STRUCTURE, "reason word");
}

static void test_scratch(void)
{
    base[MAKER_SCRATCH_OFFSET] = 1;
    expect(VERDICT_DIGEST, "scratch area is not zero");
    base[MAKER_STUB_SIZE - 1] = 0x80;
    expect(VERDICT_DIGEST, "scratch area is not zero");
}

static void test_head(void)
{
    base[0] ^= 1;
    expect(VERDICT_DIGEST, "head digest");
    maker_header(base)->head_digest[5] ^= 1;
    expect(VERDICT_DIGEST, "head digest");
    be32_set(&maker_header(base)->entry_count, UINT32_MAX);
    expect(VERDICT_STRUCTURE, "entry count");
    be64_set(&maker_header(base)->signature_offset, UINT64_MAX - 0xfff);
    expect(VERDICT_STRUCTURE, "signature offset");
    be64_set(&maker_header(base)->payload_offset, 0);
    expect(VERDICT_STRUCTURE, "payload offset");
    be64_set(&maker_header(base)->total_size, UINT64_MAX - 0xfff);
    expect(VERDICT_TRUNCATED, "memory ends after");
    be64_set(&maker_entry(base, 2)->offset, MAKER_PAYLOAD_OFFSET);
    maker_seal(base);
    sign(&good);
    expect(VERDICT_STRUCTURE, "entry 2 (dom0/kernel): payload does not follow");
    be64_set(&maker_entry(base, 2)->size, UINT64_MAX);
    maker_seal(base);
    sign(&good);
    expect(VERDICT_STRUCTURE, "entry 2 (dom0/kernel): payload is empty or exceeds");
    base[MAKER_SIGNATURE_OFFSET - 1] = 1;
    maker_seal(base);
    sign(&good);
    expect(VERDICT_STRUCTURE, "bytes behind the table");
}

static void test_signatures(void)
{
    const struct maker_key *all[] = {&stranger, &revoked, &good, &other};
    struct hv_image_signature *record = (void *)(maker_signatures(base) + 1);

    maker_sign(base, NULL, 0);
    expect(VERDICT_UNSIGNED, "nobody has signed");
    sign(&stranger);
    expect(VERDICT_UNKNOWN_KEY, "does not know key ");
    sign(&revoked);
    expect(VERDICT_REVOKED_KEY, "is revoked");
    record = (void *)(maker_signatures(base) + 1);
    record->signature[0] ^= 1;
    maker_seal_signatures(base);
    expect(VERDICT_BAD_SIGNATURE, "is not of this image");
    maker_sign(base, all, 2);
    expect(VERDICT_REVOKED_KEY, "is revoked");
    maker_sign(base, all, 3);
    expect(VERDICT_OK, "");
    record = maker_sign(base, all, 4);
    for (size_t i = 0; i < 4; i++) {
        if (memcmp(record[i].key_id, good.key.id, KEY_ID_SIZE) == 0)
            record[i].signature[40] ^= 1;
    }
    maker_seal_signatures(base);
    expect(VERDICT_OK, "");
    record = (void *)(maker_signatures(base) + 1);
    record->signature[0] ^= 1;
    expect(VERDICT_SIGNATURE_PAGE, "does not match its digest");
    be32_set(&maker_signatures(base)->count, UINT32_MAX);
    maker_seal_signatures(base);
    expect(VERDICT_SIGNATURE_PAGE, "4294967295 signatures");
}

/* Which key is named: the one whose signature decided, of equal ones the first. */
static void test_deciding_key(void)
{
    const struct maker_key *both[] = {&good, &stranger};
    const struct hv_image_signature *records = maker_sign(base, both, 2);

    trust.key_count = 1;
    for (size_t i = 0; i < 2; i++) {
        known[0] = both[i]->key;
        CHECK(verify(file_size) == VERDICT_OK);
        CHECK(memcmp(result.key_id, both[i]->key.id, KEY_ID_SIZE) == 0);
    }
    trust.key_count = 0;
    CHECK(verify(file_size) == VERDICT_UNKNOWN_KEY);
    CHECK(memcmp(result.key_id, records[0].key_id, KEY_ID_SIZE) == 0);
    make_keys();
    make_image();
}

/* The record may name any key, but only that key's owner can make its signature. */
static void test_signature_under_another_name(void)
{
    struct hv_image_signature *record;

    sign(&stranger);
    record = (void *)(maker_signatures(base) + 1);
    memcpy(record->key_id, good.key.id, KEY_ID_SIZE);
    maker_seal_signatures(base);
    expect(VERDICT_BAD_SIGNATURE, "is not of this image");
}

/* A good signature moved to an image whose head is whole but different. */
static void test_signature_of_another_image(void)
{
    maker_entry(base, 2)->digest[0] ^= 1;
    maker_seal(base);
    expect(VERDICT_BAD_SIGNATURE, "is not of this image");
}

static void test_key_text(void)
{
    const uint8_t *id = stranger.key.id;
    char wanted[80];

    snprintf(wanted, sizeof(wanted), "this firmware does not know key %02x%02x%02x%02x%02x%02x%02x%02x", id[0], id[1],
             id[2], id[3], id[4], id[5], id[6], id[7]);
    sign(&stranger);
    verify(file_size);
    CHECK(strcmp(result.refusal.text, wanted) == 0);
    make_image();
}

static void test_key_sets(void)
{
    trust.key_count = 0;
    expect(VERDICT_UNKNOWN_KEY, "does not know key");
    trust.key_count = 1;
    sign(&other);
    expect(VERDICT_UNKNOWN_KEY, "does not know key");
    withdrawn[0] = good.key;
    expect(VERDICT_REVOKED_KEY, "is revoked");
    make_keys();
}

static void test_unlocked(void)
{
    trust.unlocked = true;
    sign(&stranger);
    CHECK(verify(file_size) == VERDICT_UNKNOWN_KEY && verify_may_start(&result, &trust));
    sign(&revoked);
    CHECK(verify(file_size) == VERDICT_REVOKED_KEY && verify_may_start(&result, &trust));
    base[0] ^= 1;
    CHECK(verify(file_size) == VERDICT_DIGEST && !verify_may_start(&result, &trust));
    memset(base, 0, 0x1000);
    CHECK(verify(file_size) == VERDICT_NO_IMAGE && !verify_may_start(&result, &trust));
    trust.unlocked = false;
    make_image();
}

/* Expect that nothing behind `limit` is read and that the image seems cut there. */
static void expect_end_of_memory(uint64_t limit)
{
    ASAN_UNPOISON_MEMORY_REGION(file, file_size);
    ASAN_POISON_MEMORY_REGION(file + limit, file_size - limit);
    CHECK(verify(limit) == VERDICT_TRUNCATED);
}

/* Memory that ends at each word of the head and each page behind it. */
static void test_memory_ends(void)
{
    check_context = "memory ends";
    for (uint64_t limit = 0; limit < IMAGE_FILE_OFFSET + MAKER_PAYLOAD_OFFSET; limit += 8)
        expect_end_of_memory(limit);
    for (uint64_t limit = IMAGE_FILE_OFFSET + MAKER_PAYLOAD_OFFSET; limit < file_size; limit += 0x1000)
        expect_end_of_memory(limit);
    expect_end_of_memory(file_size - 8);
    make_image();
    CHECK(verify(file_size - 1) == VERDICT_TRUNCATED);
    CHECK(verify(file_size) == VERDICT_OK);
}

/* A file cut short every 64 bytes, with zeros behind it as the machine's loader leaves them.  One that ends inside the
 * header has a bad header; one that ends in the last payload's last page is for the stub to find. */
static void test_file_ends(void)
{
    const size_t header = IMAGE_FILE_OFFSET + MAKER_STUB_SIZE, last_page = file_size - IMAGE_PAGE_SIZE;

    ASAN_UNPOISON_MEMORY_REGION(file, file_size);
    for (size_t end = last_page; end > IMAGE_FILE_OFFSET + STUB_SCRATCH_OFFSET + 7; end -= 64) {
        bool in_header = end > header && end < header + IMAGE_HEADER_SIZE;

        memset(file + end, 0, file_size - end);
        CHECK(verify(file_size) == (in_header ? VERDICT_STRUCTURE : VERDICT_TRUNCATED));
    }
    make_image();
}

/* The last payload may end in zeros of its own. */
static void test_last_page_of_zeros(void)
{
    ASAN_UNPOISON_MEMORY_REGION(file, file_size);
    memset(file + file_size - IMAGE_PAGE_SIZE, 0, IMAGE_PAGE_SIZE);
    maker_seal_payload(base, COUNT - 1);
    sign(&good);
    expect(VERDICT_OK, "");
    ASAN_UNPOISON_MEMORY_REGION(file, file_size);
    memset(file + file_size - IMAGE_PAGE_SIZE, 0, IMAGE_PAGE_SIZE);
    expect(VERDICT_TRUNCATED, "was not loaded");
}

/* No bit of header, table and signature page, and no byte of the stub, may change and the image still start. */
static void test_every_bit(void)
{
    check_context = "every bit";
    ASAN_UNPOISON_MEMORY_REGION(file, file_size); /* a flipped stub size looks for the header elsewhere */
    for (size_t i = 0; i < MAKER_STUB_SIZE; i++) {
        base[i] ^= (uint8_t)(1U << (i % 8));
        CHECK(verify(file_size) != VERDICT_OK);
        base[i] ^= (uint8_t)(1U << (i % 8));
    }
    for (size_t i = 0; i < 8 * (MAKER_PAYLOAD_OFFSET - MAKER_STUB_SIZE); i++) {
        base[MAKER_STUB_SIZE + i / 8] ^= (uint8_t)(1U << (i % 8));
        CHECK(verify(file_size) != VERDICT_OK);
        base[MAKER_STUB_SIZE + i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    CHECK(verify(file_size) == VERDICT_OK);
    make_image();
}

/* Every bit of a record under a page digest that was made right again: no key, then a bad signature. */
static void test_every_bit_of_a_record(void)
{
    uint8_t *record = (uint8_t *)(maker_signatures(base) + 1);

    check_context = "every bit of a record";
    for (size_t i = 0; i < 8 * IMAGE_SIGNATURE_SIZE; i++) {
        record[i / 8] ^= (uint8_t)(1U << (i % 8));
        maker_seal_signatures(base);
        CHECK(verify(file_size) == (i < 8 * KEY_ID_SIZE ? VERDICT_UNKNOWN_KEY : VERDICT_BAD_SIGNATURE));
        record[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    make_image();
}

/* Any numbers in stub words, header and table under a digest that fits: a verdict, and no read outside the file. */
static void test_hostile_heads(void)
{
    static const uint64_t values[] = {0, 1, 0xfff, 0x1000, 0x3000, 1UL << 31, 1UL << 32, 1UL << 63, UINT64_MAX - 0xfff};
    const size_t words = (IMAGE_HEADER_SIZE + COUNT * IMAGE_ENTRY_SIZE) / 8;
    uint8_t digest[DIGEST_SIZE];
    uint64_t random = 1;

    check_context = "hostile heads";
    memcpy(digest, maker_header(base)->head_digest, sizeof(digest));
    for (int round = 0; round < 5000; round++) {
        for (int changes = 0; changes < 1 + round % 3; changes++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            size_t word = random >> 32 & 1 ? MAKER_STUB_SIZE / 8 + (random >> 33) % words : (random >> 33) % 8;

            ((be64_t *)(void *)base)[word].raw = be64_swap(values[(random >> 50) % (sizeof(values) / 8)]);
        }
        maker_seal(base);
        ASAN_UNPOISON_MEMORY_REGION(file, file_size);
        CHECK((verify(file_size) == VERDICT_OK) == (memcmp(maker_header(base)->head_digest, digest, DIGEST_SIZE) == 0));
        if (round % 4 == 3)
            make_image();
    }
    make_image();
}

static char warnings[256];

static void collect(const char *line)
{
    strcat(warnings, line);
}

static void test_warnings(void)
{
    trust_warn(&trust, collect);
    CHECK(warnings[0] == '\0');
    trust.development = true;
    trust_warn(&trust, collect);
    CHECK(strstr(warnings, "DEVELOPMENT KEY") != NULL && strstr(warnings, "UNLOCKED") == NULL);
    trust.unlocked = true;
    trust_warn(&trust, collect);
    CHECK(strstr(warnings, "UNLOCKED") != NULL);
    make_keys();
}

int main(void)
{
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 7 + 1);
    make_keys();
    make_image();
    test_good();
    test_elf_header_is_ignored();
    test_words();
    test_stub_words();
    test_scratch();
    test_head();
    test_signatures();
    test_deciding_key();
    test_signature_under_another_name();
    test_signature_of_another_image();
    test_key_text();
    test_key_sets();
    test_unlocked();
    test_memory_ends();
    test_file_ends();
    test_last_page_of_zeros();
    test_every_bit();
    test_every_bit_of_a_record();
    test_hostile_heads();
    test_warnings();
    ASAN_UNPOISON_MEMORY_REGION(file, file_size);
    free(file);
    return 0;
}
