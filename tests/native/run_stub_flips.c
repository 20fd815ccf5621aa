/* SPDX-License-Identifier: BSD-2-Clause */
/* Single bits of an image flipped under the stub's whole way: it must stop with a reason, before it has loaded anything.
 *
 * Every bit of stub words, header, table, signatures, overlay and the hypervisor's ELF headers; one bit of every
 * fifth byte elsewhere: run_image.c does every byte.  The scratch area is in use by then: entry.S has made it zero and
 * tells stub_main() what it held.
 *
 * Include: firmware/stub abi lib/include tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt firmware/stub/elf.c firmware/stub/image.c firmware/stub/opal.c
 * Link: firmware/stub/overlay.c firmware/stub/handover.c firmware/stub/place.c
 * Link: firmware/stub/client.c firmware/stub/prom.c firmware/stub/flatten.c firmware/stub/range.c firmware/stub/refusal.c
 * Link: firmware/stub/sha256.c firmware/stub/sha256_mix.c firmware/stub/tree.c
 */
#include "../../firmware/stub/stub.c"

#include "stub_machine.h"

#define HYPERVISOR_HEADERS (64U + 56U)
#define SIGNATURE_COUNT 2U
#define SPARSE 5U

static unsigned long flips;

/* Nothing may be expanded either. */
bool expand_payload(const struct hv_image_entry *payload, const uint8_t *stored, uint8_t *target, void *work,
                    struct refusal *refusal)
{
    CHECK(payload == NULL && stored == NULL && target == NULL && work == NULL && refusal == NULL);
    return false;
}

static bool nothing_is_loaded(void)
{
    return published == 0 && memory_is_zero(memory + HYPERVISOR_OFFSET, 0x2000);
}

static void flip(size_t offset, unsigned int bit)
{
    be64_t *reason = (be64_t *)(void *)(image_base + STUB_REASON_OFFSET);
    uint64_t reason_before = be64_get(*reason);

    image_base[offset] ^= (uint8_t)(1U << bit);
    if (run_stub() || be64_get(*reason) == STUB_REASON_NONE || !nothing_is_loaded())
        fprintf(stderr, "bit %u of byte 0x%zx\n", bit, offset);
    CHECK(stopped && entered_at == 0);
    CHECK(be64_get(*reason) != STUB_REASON_NONE);
    CHECK(strstr(console, "roundpeg-stub: refused: ") != NULL);
    CHECK(nothing_is_loaded());
    be64_set(reason, reason_before);
    if (offset < STUB_REASON_OFFSET || offset >= STUB_REASON_OFFSET + sizeof(*reason))
        image_base[offset] ^= (uint8_t)(1U << bit);
    flips++;
}

static void flip_all(size_t base, size_t end)
{
    for (size_t offset = base; offset < end; offset++) {
        for (unsigned int bit = 0; bit < 8; bit++)
            flip(offset, bit);
    }
}

static void add_signatures(void)
{
    struct hv_image_signature *records = (void *)(maker_signatures(image_base) + 1);

    for (uint32_t i = 0; i < SIGNATURE_COUNT; i++)
        memset(&records[i], (int)(i + 1), sizeof(records[i]));
    be32_set(&maker_signatures(image_base)->count, SIGNATURE_COUNT);
    maker_seal_signatures(image_base);
}

int main(void)
{
    const struct hv_image_entry *overlay;

    open_machine();
    add_signatures();
    overlay = maker_entry(image_base, 1);
    check_context = "every bit of what has meaning";
    flip_all(0, STUB_SCRATCH_OFFSET + 8);
    flip_all(MAKER_STUB_SIZE, MAKER_STUB_SIZE + IMAGE_HEADER_SIZE + 3 * IMAGE_ENTRY_SIZE);
    flip_all(MAKER_SIGNATURE_OFFSET, MAKER_SIGNATURE_OFFSET + sizeof(struct hv_image_signatures) +
                                         SIGNATURE_COUNT * sizeof(struct hv_image_signature));
    flip_all(be64_get(overlay->offset), be64_get(overlay->offset) + be64_get(overlay->size));
    flip_all(MAKER_PAYLOAD_OFFSET, MAKER_PAYLOAD_OFFSET + HYPERVISOR_HEADERS);
    check_context = "one bit of every fifth byte";
    for (size_t offset = 0; offset < total_size; offset += SPARSE) {
        if (offset < MAKER_SCRATCH_OFFSET || offset >= MAKER_STUB_SIZE)
            flip(offset, (unsigned int)(offset / SPARSE) % 8);
    }
    check_context = "no bit";
    CHECK(run_stub());
    check_loaded();
    printf("%lu bits flipped\n", flips);
    free(firmware_tree);
    return 0;
}
