/* SPDX-License-Identifier: BSD-2-Clause */
/* An Open Firmware for native tests: its client interface over QEMU's pseries tree, in the low memory of the host.
 *
 * Cells are 32-bit: the program is linked and machine memory is mapped below 4 GiB. */
#ifndef TESTS_NATIVE_CLIENT_FIRMWARE_H
#define TESTS_NATIVE_CLIENT_FIRMWARE_H

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "stub.h"
#include "types.h"

#define FIRMWARE_TREE "tests/data/devicetrees/pseries-power8.dtb"
#define FIRMWARE_TREE_ROOM 0x10000
#define FIRMWARE_MEMORY_SIZE (UINT64_C(64) << 20)
#define FIRMWARE_ENTRY UINT64_C(0x1daf04c4)
#define FIRMWARE_MSR UINT64_C(0x2000)
#define FIRMWARE_HANDLE 0x1e000000U /* of the root; a node's own handle is its offset in the tree more */
#define FIRMWARE_RTAS_INSTANCE 0x77U
#define FIRMWARE_STDOUT 0x55U
#define FIRMWARE_STDIN 0x56U
#define FIRMWARE_MMU 0x66U
#define FIRMWARE_MAX_CLAIMS 32

static struct {
    void *tree;
    uint8_t *memory;             /* its tree says that this is all */
    struct {
        uint64_t base, size;
    } claims[FIRMWARE_MAX_CLAIMS];
    unsigned int claim_count;
    char console[1024];
    const char *missing;         /* a service that does not exist */
    uint32_t moved;              /* what translate adds to an address in [moved_from, moved_to) */
    uint32_t moved_from, moved_to;
    uint32_t moved_upper;        /* the upper cell of what translate gives */
    bool unmapped;               /* translate knows nothing */
    bool greedy;                 /* write says it took more than there is */
    const char *vanished;        /* a property that is listed, but not there */
    const char *odd_path;        /* what package-to-path gives for every node */
    uint32_t odd_length;         /* the length it says the path has */
    bool no_end;                 /* nextprop says -1 at the end */
    bool quiet;                  /* write takes nothing */
    const char *zeroed;          /* in paths this character is a zero */
    bool stdin_closed;
    bool no_rtas;                /* instantiate-rtas fails */
    unsigned int largest_length; /* getproplen adds this to the longest property's; 0 for the truth */
    bool quiesced;
    bool left;
} firmware;

static inline void *firmware_pointer(uint32_t cell)
{
    return (void *)(uintptr_t)cell;
}

static inline uint32_t firmware_handle(int node)
{
    return node < 0 ? 0 : FIRMWARE_HANDLE + (uint32_t)node;
}

static inline int firmware_node(uint32_t handle)
{
    return (int)(handle - FIRMWARE_HANDLE);
}

static inline uint32_t firmware_next_property(int node, const char *previous, char *name)
{
    bool found = *previous == '\0';
    int property;

    fdt_for_each_property_offset(property, firmware.tree, node) {
        const char *text;

        CHECK(fdt_getprop_by_offset(firmware.tree, property, &text, NULL) != NULL);
        if (found) {
            strcpy(name, text);
            return 1;
        }
        found = strcmp(text, previous) == 0;
    }
    return 0;
}

static inline uint32_t firmware_peer(int node)
{
    int parent = fdt_parent_offset(firmware.tree, node);

    return parent < 0 ? 0 : firmware_handle(fdt_next_subnode(firmware.tree, node));
}

static inline uint32_t firmware_claim(uint64_t base, uint64_t size)
{
    for (unsigned int i = 0; i < firmware.claim_count; i++) {
        if (base < firmware.claims[i].base + firmware.claims[i].size && firmware.claims[i].base < base + size)
            return UINT32_MAX;
    }
    CHECK(base >= (uintptr_t)firmware.memory && base + size <= (uintptr_t)firmware.memory + FIRMWARE_MEMORY_SIZE);
    CHECK(firmware.claim_count < FIRMWARE_MAX_CLAIMS);
    firmware.claims[firmware.claim_count].base = base;
    firmware.claims[firmware.claim_count++].size = size;
    return (uint32_t)base;
}

/* The length of a path, after its zeros are in. */
static inline uint32_t firmware_path_length(char *text)
{
    uint32_t length = (uint32_t)strlen(text);

    for (uint32_t i = 0; i < length && firmware.zeroed != NULL; i++)
        text[i] = text[i] == *firmware.zeroed ? '\0' : text[i];
    return length;
}

/* True, mode and a physical address of one or two cells behind the result of call-method itself. */
static inline unsigned int firmware_translate(uint32_t address, uint32_t *out)
{
    bool moves = address >= firmware.moved_from && address < firmware.moved_to;
    unsigned int last = fdt_address_cells(firmware.tree, 0) == 1 ? 3 : 4;

    out[0] = 0;
    out[1] = firmware.unmapped ? 0 : UINT32_MAX;
    out[2] = 0x12;
    out[3] = firmware.moved_upper;
    out[last] = address + (moves ? firmware.moved : 0);
    return last + 1;
}

/* Services about the tree, of one result each; false when this is none of them. */
static inline bool firmware_serve_tree(const char *service, const uint32_t *in, uint32_t *out)
{
    int length = -1;
    const void *value;

    if (strcmp(service, "finddevice") == 0) {
        int node = fdt_path_offset(firmware.tree, firmware_pointer(in[0]));

        out[0] = node < 0 ? UINT32_MAX : firmware_handle(node);
    } else if (strcmp(service, "peer") == 0) {
        out[0] = in[0] == 0 ? firmware_handle(0) : firmware_peer(firmware_node(in[0]));
    } else if (strcmp(service, "child") == 0) {
        out[0] = firmware_handle(fdt_first_subnode(firmware.tree, firmware_node(in[0])));
    } else if (strcmp(service, "parent") == 0) {
        out[0] = firmware_handle(fdt_parent_offset(firmware.tree, firmware_node(in[0])));
    } else if (strcmp(service, "getproplen") == 0) {
        value = fdt_getprop(firmware.tree, firmware_node(in[0]), firmware_pointer(in[1]), &length);
        out[0] = value == NULL ? UINT32_MAX : (uint32_t)length + firmware.largest_length;
        if (firmware.vanished != NULL && strcmp(firmware_pointer(in[1]), firmware.vanished) == 0)
            out[0] = UINT32_MAX;
    } else if (strcmp(service, "getprop") == 0) {
        CHECK(in[0] != 0);
        value = fdt_getprop(firmware.tree, firmware_node(in[0]), firmware_pointer(in[1]), &length);
        if (value != NULL)
            memcpy(firmware_pointer(in[2]), value, (uint32_t)length < in[3] ? (size_t)length : in[3]);
        out[0] = value == NULL ? UINT32_MAX : (uint32_t)length;
    } else if (strcmp(service, "nextprop") == 0) {
        out[0] = firmware_next_property(firmware_node(in[0]), firmware_pointer(in[1]), firmware_pointer(in[2]));
        out[0] = out[0] == 0 && firmware.no_end ? UINT32_MAX : out[0];
    } else if (strcmp(service, "package-to-path") == 0) {
        CHECK(fdt_get_path(firmware.tree, firmware_node(in[0]), firmware_pointer(in[1]), (int)in[2]) == 0);
        out[0] = firmware_path_length(firmware_pointer(in[1]));
        if (firmware.odd_path != NULL) {
            strcpy(firmware_pointer(in[1]), firmware.odd_path);
            out[0] = firmware.odd_length;
        }
    } else if (strcmp(service, "instance-to-package") == 0) {
        out[0] = firmware_handle(fdt_path_offset(firmware.tree, "/cpus/PowerPC,POWER8@2"));
    } else {
        return false;
    }
    return true;
}

/* Answer with up to five results; the number that the service gives. */
static inline unsigned int firmware_serve(const char *service, const uint32_t *in, uint32_t *out)
{
    if (firmware_serve_tree(service, in, out))
        return 1;
    if (strcmp(service, "claim") == 0) {
        CHECK(in[2] == 0);
        out[0] = firmware_claim(in[0], in[1]);
        return 1;
    }
    if (strcmp(service, "write") == 0) {
        uint32_t part = in[2] < 10 ? in[2] : 10;

        CHECK(in[0] == FIRMWARE_STDOUT);
        if (!firmware.quiet)
            strncat(firmware.console, firmware_pointer(in[1]), part);
        out[0] = firmware.quiet ? 0 : firmware.greedy ? in[2] + 1 : part;
        return 1;
    }
    if (strcmp(service, "open") == 0) {
        CHECK(strcmp(firmware_pointer(in[0]), "/rtas") == 0);
        out[0] = FIRMWARE_RTAS_INSTANCE;
        return 1;
    }
    if (strcmp(service, "call-method") == 0 && strcmp(firmware_pointer(in[0]), "instantiate-rtas") == 0) {
        CHECK(in[1] == FIRMWARE_RTAS_INSTANCE);
        out[0] = firmware.no_rtas ? 1 : 0;
        out[1] = in[2] + 8;
        return 2;
    }
    if (strcmp(service, "call-method") == 0) {
        CHECK(strcmp(firmware_pointer(in[0]), "translate") == 0 && in[1] == FIRMWARE_MMU);
        return firmware_translate(in[2], out);
    }
    if (strcmp(service, "close") == 0) {
        CHECK(in[0] == FIRMWARE_STDIN && !firmware.quiesced);
        firmware.stdin_closed = true;
    } else if (strcmp(service, "quiesce") == 0) {
        firmware.quiesced = true;
    } else {
        CHECK(strcmp(service, "exit") == 0);
        firmware.left = true;
    }
    return 0;
}

/* What the stub's assembly does on a real machine. */
void client_enter(void *cells, uint64_t client, uint64_t msr)
{
    be32_t *words = cells;
    const char *service = firmware_pointer(be32_get(words[0]));
    uint32_t argument_count = be32_get(words[1]);
    uint32_t result_count = be32_get(words[2]);
    uint32_t in[10];
    uint32_t out[5];
    unsigned int given;

    CHECK(client == FIRMWARE_ENTRY && (msr & ~UINT64_C(0x10)) == FIRMWARE_MSR && !firmware.quiesced);
    CHECK(argument_count + result_count <= 10);
    if (firmware.missing != NULL && strcmp(service, firmware.missing) == 0)
        return;
    for (uint32_t i = 0; i < argument_count; i++)
        in[i] = be32_get(words[3 + i]);
    given = firmware_serve(service, in, out);
    for (uint32_t i = 0; i < result_count && i < given; i++)
        be32_set(&words[3 + argument_count + i], out[i]);
}

/* Switch on: the tree as QEMU made it, with a console, an mmu and other memory. */
static inline void firmware_open(void)
{
    uint8_t *memory = firmware.memory;
    void *tree = firmware.tree;
    FILE *file = fopen(FIRMWARE_TREE, "rb");
    fdt64_t reg[2];
    int chosen;

    CHECK(file != NULL);
    if (memory == NULL) {
        memory = mmap((void *)0x40000000, FIRMWARE_MEMORY_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(memory == (void *)0x40000000);
        tree = malloc(FIRMWARE_TREE_ROOM);
    }
    memset(&firmware, 0, sizeof(firmware));
    firmware.moved_to = UINT32_MAX;
    firmware.memory = memory;
    firmware.tree = tree;
    CHECK(fread(tree, 1, FIRMWARE_TREE_ROOM, file) < FIRMWARE_TREE_ROOM);
    fclose(file);
    CHECK(fdt_open_into(tree, tree, FIRMWARE_TREE_ROOM) == 0);
    reg[0] = cpu_to_fdt64((uintptr_t)memory);
    reg[1] = cpu_to_fdt64(FIRMWARE_MEMORY_SIZE);
    chosen = fdt_path_offset(tree, "/chosen");
    CHECK(fdt_setprop_u32(tree, chosen, "stdout", FIRMWARE_STDOUT) == 0);
    CHECK(fdt_setprop_u32(tree, chosen, "stdin", FIRMWARE_STDIN) == 0);
    CHECK(fdt_setprop_u32(tree, chosen, "mmu", FIRMWARE_MMU) == 0);
    CHECK(fdt_setprop_u32(tree, chosen, "cpu", 1) == 0);
    CHECK(fdt_setprop(tree, fdt_path_offset(tree, "/memory@0"), "reg", reg, sizeof(reg)) == 0);
}

#endif
