# SPDX-License-Identifier: BSD-2-Clause
# What everything bare-metal is compiled with.  Included where ROOT is the project's folder and BUILD where to build; each
# makefile adds its processor (MACHINE), INCLUDES, and how its code is placed.

CROSS ?= powerpc64-linux-gnu-
STANDARD ?= c11

CC := $(CROSS)gcc
NM := $(CROSS)nm
OBJCOPY := $(CROSS)objcopy
OBJDUMP := $(CROSS)objdump

FREESTANDING := $(ROOT)/lib/freestanding
# What hypervisor and firmware both need: of C, and of the processor.
SHARED := -I$(FREESTANDING)/include -I$(ROOT)/lib/include -I$(ROOT)/lib/ppc64
BUILD_FILES := Makefile $(wildcard $(FREESTANDING)/*.mk)
LANGUAGE := -std=$(STANDARD) -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) -O2 -g
LANGUAGE += -fno-stack-protector -fno-asynchronous-unwind-tables -fno-common -fno-strict-aliasing
LANGUAGE += -fno-delete-null-pointer-checks -fno-tree-loop-distribute-patterns
WARNINGS := -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wcast-qual
WARNINGS += -Wpointer-arith -Wwrite-strings -Wvla -Wimplicit-fallthrough
# The same bytes wherever it is built: debug information does not say where that was.
PLACE := -ffile-prefix-map=$(abspath $(ROOT))=roundpeg -ffile-prefix-map=$(abspath $(BUILD))=build
FLAGS = $(MACHINE) $(LANGUAGE) $(INCLUDES) $(PLACE) -MD -MP
