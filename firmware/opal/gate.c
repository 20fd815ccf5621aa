/* SPDX-License-Identifier: BSD-2-Clause */
#include "gate.h"

#include "board/board.h"
#include "board/map.h"
#include "boot_protocol.h"
#include "calls.h"
#include "console.h"
#include "hv/types.h"
#include "io.h"
#include "measure.h"
#include "tree.h"
#include "trust.h"
#include "verify.h"

/* The words of the file's head that the processors write as they start. */
#define BLANK_OFFSET FIRMWARE_HEAD_ELECTED_OFFSET
#define BLANK_SIZE (FIRMWARE_HEAD_RESET_OFFSET - FIRMWARE_HEAD_ELECTED_OFFSET)

/* Too large for a stack, and needed once. */
static struct measure_log event_log;
static struct verification result;

static void warn(const char *line)
{
    say("%s", line);
}

/* Bytes of memory in which the machine may have put the file. */
static uint64_t payload_limit(const void *tree)
{
    uint64_t end = tree_memory_end(tree);

    if (end <= PAYLOAD_BASE) {
        return 0;
    }
    return end - PAYLOAD_BASE < PAYLOAD_MAX_SIZE ? end - PAYLOAD_BASE : PAYLOAD_MAX_SIZE;
}

/* The firmware's file where the machine loaded it; what runs is a copy. */
static void measure_ourselves(void)
{
    const struct hv_firmware_head *head = paddr_pointer(0);

    measure_firmware(&event_log, head, be64_get(head->size), BLANK_OFFSET, BLANK_SIZE);
}

static void log_write(void *tree)
{
    int status = measure_write(&event_log, &result, tree);

    if (status != 0) {
        give_up("no room for measurements in the device tree: libfdt says %d", status);
    }
}

static _Noreturn void refuse_image(const struct trust *trust)
{
    say("refused: %s: %s", verdict_word(result.verdict), result.refusal.text);
    while (!trust->wait && board_power_off() == OPAL_BUSY) {
        cpu_relax();
    }
    for (;;) {
        cpu_relax();
    }
}

/* An unlocked firmware starts what is no image of ours if it is a kernel; true when there is one, entered there. */
static bool find_kernel(const void *tree, const struct trust *trust, struct elf_entry *entry)
{
    const char *wrong;

    if (!trust->unlocked || result.verdict != VERDICT_NO_IMAGE) {
        return false;
    }
    wrong = elf_find_entry(paddr_pointer(PAYLOAD_BASE), payload_limit(tree), entry);
    return wrong == NULL || refuse(&result.refusal, STUB_REASON_BAD_HEADER, "neither an image nor a kernel: %s", wrong);
}

struct elf_entry gate_pass(void *tree)
{
    struct elf_entry entry = { .offset = IMAGE_FILE_OFFSET, .is_64bit = true };
    struct trust trust;
    bool is_image;

    trust_built_in(&trust);
    trust_warn(&trust, warn);
    verify_image(paddr_pointer(PAYLOAD_BASE), payload_limit(tree), &trust, &result);
    is_image = verify_may_start(&result, &trust);
    if (!is_image && !find_kernel(tree, &trust, &entry)) {
        refuse_image(&trust);
    }
    if (result.verdict != VERDICT_OK) {
        say("started all the same, because this firmware is unlocked: %s: %s", verdict_word(result.verdict),
            result.refusal.text);
    }
    measure_ourselves();
    if (is_image) {
        measure_image(&event_log, &result.image);
    }
    log_write(tree);
    return entry;
}
