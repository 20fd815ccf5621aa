/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"

#include <libfdt.h>

#include "board/map.h"
#include "console.h"
#include "gate.h"
#include "payload.h"
#include "tree.h"

void image_start(void *tree)
{
    struct elf_entry entry = gate_pass(tree);

    fdt_pack(tree);
    say("starting the payload at 0x%lx", PAYLOAD_BASE + entry.offset);
    payload_enter(PAYLOAD_BASE + entry.offset, (uintptr_t)tree, tree_memory_end(tree), entry.is_64bit);
}
