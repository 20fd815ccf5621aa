/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes and places that are ours to choose; what the board decides is in board/map.h. */
#ifndef OPAL_CONFIG_H
#define OPAL_CONFIG_H

#include "board/map.h"

/* From FIRMWARE_BASE: what has to stand at a known place because vectors and callers' code reach it by number. */
#define TRAP_OFFSET 0x1000
#define ENTRY_OFFSET 0x1200
#define ENTRY_BIG_OFFSET 0x1240

/* Every processor's area, found by its PIR without touching memory: struct cpu, then two stacks that grow down. */
#define CPU_AREA_SHIFT 15
#define CPU_AREA_SIZE (1 << CPU_AREA_SHIFT)
#define CPU_TRAP_STACK_TOP 0x2000
#define CPU_STACK_TOP CPU_AREA_SIZE
#define CPU_MAX_PIR 0x3ff

/* The arena serves the tree and the tables of devices; nothing is ever given back. */
#define ARENA_SIZE 0x1000000
#define TREE_SIZE 0x40000

/* Powers of two */
#define CONSOLE_RING_SIZE 0x1000
#define CONSOLE_INPUT_SIZE 0x400

/* How long a loop waits for hardware or another processor, in timebase ticks of 512 MHz. */
#define TICKS_PER_MS 512000

#endif
