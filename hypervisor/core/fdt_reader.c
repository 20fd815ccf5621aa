/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/fdt_reader.h"

#include <libfdt.h>

#include "abi/types.h"

bool fdt_read_u32(const void *fdt, int node, const char *name, uint32_t *value)
{
    int size;
    const be32_t *cell = fdt_getprop(fdt, node, name, &size);

    if (cell == NULL || size != (int)sizeof(*cell)) {
        return false;
    }
    *value = be32_get(*cell);
    return true;
}

uint32_t fdt_count_u64(const void *fdt, int node, const char *name)
{
    int size;

    if (fdt_getprop(fdt, node, name, &size) == NULL || size % 8 != 0) {
        return 0;
    }
    return (uint32_t)size / 8;
}

bool fdt_read_u64_at(const void *fdt, int node, const char *name, uint32_t index, uint64_t *value)
{
    const be32_t *cells = fdt_getprop(fdt, node, name, NULL);

    if (index >= fdt_count_u64(fdt, node, name)) {
        return false;
    }
    *value = (uint64_t)be32_get(cells[2 * index]) << 32 | be32_get(cells[2 * index + 1]);
    return true;
}

bool fdt_read_u64(const void *fdt, int node, const char *name, uint64_t *value)
{
    return fdt_count_u64(fdt, node, name) == 1 && fdt_read_u64_at(fdt, node, name, 0, value);
}

/* One or two cells as a number; more do not fit an address of ours. */
static uint64_t cells_get(const be32_t *cells, int count)
{
    uint64_t value = 0;

    for (int i = 0; i < count; i++) {
        value = value << 32 | be32_get(cells[i]);
    }
    return value;
}

bool fdt_read_reg(const void *fdt, int parent, int node, uint32_t index, uint64_t *base, uint64_t *size)
{
    int address_cells = fdt_address_cells(fdt, parent), size_cells = fdt_size_cells(fdt, parent), length;
    const be32_t *cells = fdt_getprop(fdt, node, "reg", &length);

    if (cells == NULL || address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2 ||
        (uint64_t)length < (uint64_t)(index + 1) * (uint64_t)(address_cells + size_cells) * sizeof(*cells)) {
        return false;
    }
    cells += index * (uint32_t)(address_cells + size_cells);
    *base = cells_get(cells, address_cells);
    *size = cells_get(cells + address_cells, size_cells);
    return true;
}

const char *fdt_read_string(const void *fdt, int node, const char *name)
{
    int size;
    const char *text = fdt_getprop(fdt, node, name, &size);

    if (text == NULL || size < 1 || text[size - 1] != '\0' || fdt_stringlist_count(fdt, node, name) != 1) {
        return NULL;
    }
    return text;
}

bool fdt_read_frequency(const void *fdt, const char *name, uint64_t *hertz)
{
    int node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "cpu", sizeof("cpu"));
    uint32_t narrow;

    for (int level = 0; level < 2 && node >= 0; level++, node = fdt_parent_offset(fdt, node)) {
        if (fdt_read_u64(fdt, node, name, hertz)) {
            return true;
        }
        if (fdt_read_u32(fdt, node, name, &narrow)) {
            *hertz = narrow;
            return true;
        }
    }
    return false;
}

bool fdt_is_compatible(const void *fdt, int node, const char *compatible)
{
    return fdt_stringlist_search(fdt, node, "compatible", compatible) >= 0;
}
