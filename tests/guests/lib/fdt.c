/* SPDX-License-Identifier: BSD-2-Clause */
#include "fdt.h"

#include <stddef.h>

#include "../../../abi/types.h"
#include "memory.h"

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4 };

static struct {
    uint64_t address;
    const uint8_t *structure;
    const char *strings;
    uint32_t size;
} tree;

/* Where a walk over all properties stands. */
struct cursor {
    const uint8_t *at;
    const char *node;
};

static uint32_t word_at(const uint8_t *at)
{
    be32_t word;

    memcpy(&word, at, sizeof(word));
    return be32_get(word);
}

static const uint8_t *word_align(const uint8_t *at)
{
    return (const uint8_t *)(((uintptr_t)at + 3) & ~(uintptr_t)3);
}

void fdt_init(uint64_t address)
{
    const uint8_t *header = real_memory(address);

    tree.address = address;
    tree.size = word_at(header + 4);
    tree.structure = header + word_at(header + 8);
    tree.strings = (const char *)header + word_at(header + 12);
}

uint64_t fdt_address(void)
{
    return tree.address;
}

uint64_t fdt_size(void)
{
    return tree.size;
}

/* Steps to the next property; false at the end. Properties come before child nodes, so the node's name is the last seen. */
static bool cursor_next(struct cursor *cursor, struct fdt_property *property)
{
    for (;;) {
        uint32_t token = word_at(cursor->at);

        cursor->at += 4;
        if (token == BEGIN_NODE) {
            cursor->node = (const char *)cursor->at;
            cursor->at = word_align(cursor->at + strlen(cursor->node) + 1);
        } else if (token == PROPERTY) {
            property->node = cursor->node;
            property->size = word_at(cursor->at);
            property->name = tree.strings + word_at(cursor->at + 4);
            property->value = cursor->at + 8;
            cursor->at = word_align(property->value + property->size);
            return true;
        } else if (token != END_NODE && token != NOP) {
            return false;
        }
    }
}

bool fdt_find_at(const char *node_prefix, const char *name, unsigned index, struct fdt_property *property)
{
    struct cursor cursor = {tree.structure, ""};

    while (cursor_next(&cursor, property))
        if (text_starts(property->node, node_prefix) && text_equal(property->name, name) && !index--)
            return true;
    return false;
}

bool fdt_find(const char *node_prefix, const char *name, struct fdt_property *property)
{
    return fdt_find_at(node_prefix, name, 0, property);
}

uint32_t fdt_cell(const struct fdt_property *property, uint32_t index)
{
    return property->size / 4 > index ? word_at(property->value + 4 * index) : 0;
}

uint32_t fdt_number(const char *node_prefix, const char *name, uint32_t otherwise)
{
    struct fdt_property property;

    return fdt_find(node_prefix, name, &property) ? fdt_cell(&property, 0) : otherwise;
}

static uint64_t cell_pair(const struct fdt_property *property, uint32_t index)
{
    return (uint64_t)fdt_cell(property, index) << 32 | fdt_cell(property, index + 1);
}

uint64_t fdt_memory_size(void)
{
    struct cursor cursor = {tree.structure, ""};
    struct fdt_property property;
    uint64_t total = 0;

    while (cursor_next(&cursor, &property))
        if (text_starts(property.node, "memory@") && text_equal(property.name, "reg"))
            total += cell_pair(&property, 2);
    return total;
}

uint64_t fdt_rma_size(void)
{
    struct fdt_property property;

    return fdt_find("memory@0", "reg", &property) ? cell_pair(&property, 2) : 0;
}

static uint64_t parse_number(const char *text)
{
    uint64_t value = 0;
    unsigned base = 10;

    if (text_starts(text, "0x")) {
        base = 16;
        text += 2;
    }
    for (;; text++) {
        char c = *text;

        if (c >= '0' && c <= '9')
            value = value * base + (uint64_t)(c - '0');
        else if (base == 16 && c >= 'a' && c <= 'f')
            value = value * base + (uint64_t)(c - 'a' + 10);
        else
            return value;
    }
}

uint64_t fdt_option(const char *name, uint64_t otherwise)
{
    struct fdt_property property;
    const char *text;

    if (!fdt_find("chosen", "bootargs", &property) || !property.size)
        return otherwise;
    for (text = (const char *)property.value; *text; text++)
        if (text_starts(text, name) && text[strlen(name)] == '=')
            return parse_number(text + strlen(name) + 1);
    return otherwise;
}
