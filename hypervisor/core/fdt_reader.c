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

const char *fdt_read_string(const void *fdt, int node, const char *name)
{
    int size;
    const char *text = fdt_getprop(fdt, node, name, &size);

    if (text == NULL || size < 1 || text[size - 1] != '\0' || fdt_stringlist_count(fdt, node, name) != 1) {
        return NULL;
    }
    return text;
}

bool fdt_is_compatible(const void *fdt, int node, const char *compatible)
{
    return fdt_stringlist_search(fdt, node, "compatible", compatible) >= 0;
}
