/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"

#include <libfdt.h>

#include "board/board.h"
#include "board/map.h"
#include "boot_image.h"
#include "console.h"
#include "elf_entry.h"
#include "gate.h"
#include "hv/types.h"
#include "payload.h"
#include "tree.h"

/* Where to enter something that is no image of ours: its ELF header says so, and nobody vouches for that. */
static struct elf_entry find_foreign_entry(void)
{
    struct elf_entry entry;
    const char *wrong = elf_find_entry(paddr_pointer(PAYLOAD_BASE), PAYLOAD_MAX_SIZE, &entry);

    if (wrong != NULL) {
        give_up("no image to start: %s at 0x%x", wrong, PAYLOAD_BASE);
    }
    return entry;
}

void image_start(void *tree)
{
    struct elf_entry entry = { .offset = IMAGE_FILE_OFFSET, .is_64bit = true };

    if (!gate_pass(tree)) {
        entry = find_foreign_entry();
    }
    fdt_pack(tree);
    say("starting the payload at 0x%lx", PAYLOAD_BASE + entry.offset);
    payload_enter(PAYLOAD_BASE + entry.offset, (uintptr_t)tree, tree_memory_end(tree), entry.is_64bit);
}
