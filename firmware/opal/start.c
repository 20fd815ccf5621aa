/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot order, on one screen. */
#include "start.h"

#include <libfdt.h>

#include "board/board.h"
#include "calls.h"
#include "console.h"
#include "cpus.h"
#include "image.h"
#include "tree.h"

void firmware_start(const void *machine_tree, volatile uint32_t *released)
{
    void *tree;

    board_console_init();
    say("Roundpeg firmware");
    tree = tree_open(machine_tree);
    cpus_init(tree, released);
    caller_memory_init(tree_memory_end(tree));
    board_init(tree);
    tree_complete(tree);
    cpus_gather();
    image_start(tree);
}
