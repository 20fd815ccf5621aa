/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot order, from the firmware's entry to the hypervisor's (docs/boot-protocol.md). */
#include <libfdt.h>
#include <stdint.h>

#include "boot_image.h"
#include "boot_protocol.h"
#include "elf.h"
#include "expand.h"
#include "handover.h"
#include "image.h"
#include "opal.h"
#include "overlay.h"
#include "place.h"
#include "prom.h"
#include "range.h"
#include "refusal.h"
#include "registers.h"
#include "stub.h"
#include "tree.h"

/* The firmware's own last line may be unfinished: skiboot keeps what a slow console did not take. */
#define LINE_START "\r\nroundpeg-stub: "
#define LINE_SIZE (REFUSAL_TEXT_SIZE + 64)

#define KIBIBYTE_SHIFT 10

/* Devicetree Specification 5.6. */
#define TREE_ALIGNMENT 8

struct boot {
    const void *firmware_tree;
    uint64_t opal_base;  /* 0 without OPAL, like opal_entry */
    uint64_t opal_entry;
    void *tree;          /* the hypervisor's */
    struct image image;
    struct elf hypervisor;
    struct range_set taken;  /* what the hypervisor must not be loaded over */
    struct places places;    /* where the stub itself may put things */
};

static struct boot boot;

static struct range range_of(const void *base, uint64_t size)
{
    return (struct range){(uintptr_t)base, (uintptr_t)base + size};
}

/* Bytes of memory from `address` on, without a gap. */
static uint64_t memory_from(const struct range_set *memory, uint64_t address)
{
    for (size_t i = 0; i < memory->count; i++) {
        if (memory->ranges[i].base <= address && address < memory->ranges[i].end)
            return memory->ranges[i].end - address;
    }
    return 0;
}

static void console_write(const char *text)
{
    opal_console_write(text);
    prom_console_write(text);
}

/* Let Open Firmware, in whose memory we still are, give us a flat device tree. */
static bool enter_openfirmware(struct boot *state, const struct stub_entry *entry, struct refusal *refusal)
{
    struct image *image = &state->image;
    struct places *places = &state->places;
    struct range ramdisk;

    prom_open((uint32_t)entry->client, entry->msr);
    if (!prom_find_memory(places, refusal))
        return false;
    image->memory_size = memory_from(&places->memory, (uintptr_t)image->base);
    if (!image_check_header(image, refusal))
        return false;
    ramdisk = prom_ramdisk(places, (uint32_t)entry->r3, (uint32_t)entry->r4, range_of(image->base, image->total_size));
    if (!prom_is_real(ramdisk))
        return refuse(refusal, STUB_REASON_OPEN_FIRMWARE, "the initrd is not at the addresses Open Firmware gives");
    range_set_add(&places->used, range_of(image->base, image->total_size));
    range_set_add(&places->used, ramdisk);
    return prom_make_tree(places, (uintptr_t)image->base, ramdisk, &state->firmware_tree, refusal);
}

/* Whether r3 points at a flat tree, by its first word; whether that one is sound is seen later. */
static bool is_tree(uint64_t r3)
{
    return r3 != 0 && r3 % TREE_ALIGNMENT == 0 && fdt_magic((const void *)(uintptr_t)r3) == FDT_MAGIC;
}

static bool enter(struct boot *state, const struct stub_entry *entry, struct refusal *refusal)
{
    state->places.limit = UINT64_MAX;
    if (entry->client != 0)
        return enter_openfirmware(state, entry, refusal);
    state->firmware_tree = (const void *)(uintptr_t)entry->r3;
    /* Linux' kexec leaves anything in r6. */
    if (entry->magic == EPAPR_MAGIC || is_tree(entry->r3))
        return true;
    return refuse(refusal, STUB_REASON_ENTRY_STATE, "r6 is 0x%lx and r3 points at no flat device tree",
                  (unsigned long)entry->magic);
}

/* Check the firmware's tree; from then on there may be a console. */
static bool read_machine(struct boot *state, struct refusal *refusal)
{
    if (!tree_check(state->firmware_tree, refusal))
        return false;
    if (state->opal_base != 0 && state->opal_entry != 0 && tree_has_opal(state->firmware_tree))
        opal_console_open(state->opal_base, state->opal_entry);
    else
        state->opal_base = state->opal_entry = 0;
    state->places.memory.count = 0;
    return tree_find_memory(state->firmware_tree, &state->places.memory, refusal) &&
           tree_find_reserved(state->firmware_tree, &state->taken, refusal);
}

static bool read_image(struct boot *state, uint64_t scratch_residue, struct refusal *refusal)
{
    struct image *image = &state->image;

    if (scratch_residue != 0)
        return refuse(refusal, STUB_REASON_HEAD_DIGEST, "the stub's scratch area is not zero");
    image->memory_size = memory_from(&state->places.memory, (uintptr_t)image->base);
    if (!image_check(image, refusal))
        return false;
    if (!range_set_add(&state->taken, range_of(image->base, image->total_size)))
        return refuse(refusal, STUB_REASON_MEMORY, "the firmware reserves too many ranges");
    return elf_read(image_payload(image, image->hypervisor), be64_get(image->hypervisor->size), &state->hypervisor,
                    refusal) &&
           elf_check_targets(&state->hypervisor, &state->places.memory, &state->taken, refusal) &&
           overlay_check(image, refusal);
}

/* From now on the stub puts things only where nobody else has anything. */
static bool close_places(struct boot *state, struct refusal *refusal)
{
    struct range_set *used = &state->places.used;
    bool fits = true;

    *used = state->taken;
    for (size_t i = 0; i < state->hypervisor.segment_count; i++)
        fits = fits && range_set_add(used, state->hypervisor.segments[i].physical);
    fits = fits && range_set_add(used, range_of(state->firmware_tree, fdt_totalsize(state->firmware_tree)));
    return fits || refuse(refusal, STUB_REASON_MEMORY, "the firmware reserves too many ranges");
}

/* Find `size` bytes for `what`, best behind the image. */
static bool find_place(struct boot *state, const char *what, uint64_t size, uint64_t *base, struct refusal *refusal)
{
    return place_find(&state->places, what, size, (uintptr_t)state->image.base, base, refusal);
}

static uint64_t page_align(uint64_t size)
{
    return (size + IMAGE_PAGE_SIZE - 1) & ~(IMAGE_PAGE_SIZE - 1);
}

/* Expand compressed payloads into free memory. */
static bool expand_payloads(struct boot *state, struct refusal *refusal)
{
    struct image *image = &state->image;
    uint64_t work = 0;

    for (uint32_t i = 0; i < image->entry_count; i++) {
        const struct hv_image_entry *entry = &image->entries[i];
        const char *name = (const char *)entry->name;
        uint64_t target;

        if (!image_is_compressed(entry))
            continue;
        if (!find_place(state, name, page_align(be64_get(entry->memory_size)), &target, refusal) ||
            (work == 0 && !find_place(state, "the decoder", EXPAND_WORK_SIZE, &work, refusal)) ||
            !expand_payload(entry, image_payload(image, entry), (uint8_t *)(uintptr_t)target,
                            (void *)(uintptr_t)work, refusal))
            return false;
        image->expanded[i] = target;
    }
    return true;
}

/* Reserve what must stay until the hypervisor has copied it: image, expanded payloads, the firmware's initrd, the tree. */
static bool reserve_modules(const struct boot *state, uint64_t tree_size)
{
    const struct image *image = &state->image;
    int result = fdt_add_mem_rsv(state->tree, (uintptr_t)image->base, image->total_size);
    struct range ramdisk;

    for (uint32_t i = 0; i < image->entry_count && result == 0; i++) {
        if (image->expanded[i] != 0)
            result = fdt_add_mem_rsv(state->tree, image->expanded[i],
                                     page_align(be64_get(image->entries[i].memory_size)));
    }
    if (result == 0 && tree_find_ramdisk(state->tree, &ramdisk))
        result = fdt_add_mem_rsv(state->tree, ramdisk.base, ramdisk.end - ramdisk.base);
    return result == 0 && fdt_add_mem_rsv(state->tree, (uintptr_t)state->tree, tree_size) == 0;
}

/* Make the hypervisor's tree: the firmware's, the overlay, the reservations. */
static bool make_tree(struct boot *state, struct refusal *refusal)
{
    const struct image *image = &state->image;
    uint64_t overlay_size = page_align(be64_get(image->overlay->size) + OVERLAY_HEADROOM);
    uint64_t tree_size = page_align(fdt_totalsize(state->firmware_tree) + overlay_size);
    uint64_t base;
    void *overlay;

    if (!find_place(state, "the device tree", tree_size + overlay_size, &base, refusal))
        return false;
    state->tree = (void *)(uintptr_t)base;
    overlay = (void *)(uintptr_t)(base + tree_size);
    if (fdt_open_into(state->firmware_tree, state->tree, (int)tree_size) != 0 ||
        fdt_open_into(image_payload(image, image->overlay), overlay, (int)overlay_size) != 0)
        return refuse(refusal, STUB_REASON_OVERLAY, "the device trees cannot be copied");
    if (!overlay_place_modules(overlay, image, (uintptr_t)image->base, refusal) ||
        !overlay_apply(state->tree, overlay, refusal) || !handover_arguments(state->tree, refusal) ||
        !handover_ramdisk(state->tree, refusal) ||
        !prom_make_rtas(&state->places, (uintptr_t)image->base, state->tree, refusal))
        return false;
    if (!reserve_modules(state, tree_size))
        return refuse(refusal, STUB_REASON_OVERLAY, "no room for the reservations in the device tree");
    return true;
}

static void load_hypervisor(const struct boot *state)
{
    const struct elf *elf = &state->hypervisor;

    elf_load(elf, image_payload(&state->image, state->image.hypervisor));
    for (size_t i = 0; i < elf->segment_count; i++) {
        struct range target = elf->segments[i].physical;

        code_publish((const void *)(uintptr_t)(target.base - target.base % CACHE_STEP),
                     (const void *)(uintptr_t)target.end);
    }
}

static void print_image(const struct image *image)
{
    static char line[LINE_SIZE];

    text_format(line, sizeof(line), LINE_START "image %lu KiB, %lu entries, digests good\r\n",
                (unsigned long)(image->total_size >> KIBIBYTE_SHIFT), (unsigned long)image->entry_count);
    console_write(line);
}

static _Noreturn void stop(const struct refusal *refusal, uint64_t load_base)
{
    static char line[LINE_SIZE];

    be64_set((be64_t *)(uintptr_t)(load_base + STUB_REASON_OFFSET), refusal->reason);
    text_format(line, sizeof(line), LINE_START "refused: %s (reason %lu)\r\n", refusal->text,
                (unsigned long)refusal->reason);
    console_write(line);
    prom_exit();
    processor_stop();
}

_Noreturn void stub_main(const struct stub_entry *entry)
{
    struct refusal refusal = {.reason = STUB_REASON_NONE};

    boot.opal_base = entry->opal_base;
    boot.opal_entry = entry->opal_entry;
    boot.image.base = (const uint8_t *)(uintptr_t)entry->load_base;
    boot.image.stub_size = entry->stub_size;
    boot.image.scratch_offset = entry->scratch_offset;
    if (!enter(&boot, entry, &refusal) || !read_machine(&boot, &refusal) ||
        !read_image(&boot, entry->scratch_residue, &refusal) || !close_places(&boot, &refusal) ||
        !expand_payloads(&boot, &refusal) || !make_tree(&boot, &refusal))
        stop(&refusal, entry->load_base);
    if (!image_check_again(&boot.image, &refusal))
        stop(&refusal, entry->load_base);
    print_image(&boot.image);
    prom_quiesce();
    load_hypervisor(&boot);
    hypervisor_enter((uintptr_t)boot.tree, boot.hypervisor.entry, boot.opal_base, boot.opal_entry);
}
