/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/memory.h"

#include <libfdt.h>
#include <string.h>

#include "boot_protocol.h"
#include "hv/bug.h"
#include "hv/console.h"
#include "hv/fdt_reader.h"
#include "hv/lock.h"

#define MAX_EXTENTS 8192u /* 128 GiB; memory above is left alone */
#define MAX_RAM_RANGES 32u

enum owner { OWNER_NONE = 0, OWNER_RESERVED, OWNER_FREE, OWNER_HYPERVISOR, OWNER_DOMAIN };

struct extent {
    uint8_t owner;
    uint8_t domain;
    uint32_t guest; /* the domain's number for it */
};

struct range {
    paddr_t base;
    uint64_t size;
};

static struct {
    struct lock lock;
    struct extent extents[MAX_EXTENTS];
    struct range ram[MAX_RAM_RANGES];
    uint32_t ram_count;
    paddr_t hypervisor_end; /* behind our own image */
    paddr_t heap;     /* the hypervisor's current extent: next free byte, ... */
    paddr_t heap_end; /* ... and its end */
} memory;

/* Ranges that touch become one: a machine may tell of its memory in pieces, and whatever lies across a border is whole. */
static void ram_add(paddr_t base, uint64_t size)
{
    uint64_t end = size > UINT64_MAX - base ? UINT64_MAX : base + size;

    for (uint32_t i = 0; i < memory.ram_count;) {
        struct range other = memory.ram[i];

        if (other.base > end || base > other.base + other.size) {
            i++;
            continue;
        }
        base = other.base < base ? other.base : base;
        end = other.base + other.size > end ? other.base + other.size : end;
        memory.ram[i] = memory.ram[--memory.ram_count];
        i = 0;
    }
    if (memory.ram_count == MAX_RAM_RANGES) {
        hv_print("memory: more than %u ranges of RAM, 0x%lx left out\n", MAX_RAM_RANGES, base);
    } else if (base < end) {
        memory.ram[memory.ram_count++] = (struct range){ base, end - base };
    }
}

/* All RAM is free at first, in whole extents. */
static void extents_free(void)
{
    for (uint32_t r = 0; r < memory.ram_count; r++) {
        struct range ram = memory.ram[r];

        for (uint64_t i = align_up(ram.base, EXTENT_SIZE) >> EXTENT_SHIFT; i < MAX_EXTENTS; i++) {
            if (!range_inside(i << EXTENT_SHIFT, EXTENT_SIZE, ram.base, ram.size)) {
                break;
            }
            memory.extents[i].owner = OWNER_FREE;
        }
    }
}

static void reserve(paddr_t base, uint64_t size)
{
    if (size == 0) {
        return;
    }
    if (size > UINT64_MAX - base) {
        size = UINT64_MAX - base;
    }
    for (uint64_t i = base >> EXTENT_SHIFT; i < MAX_EXTENTS && i << EXTENT_SHIFT < base + size; i++) {
        if (memory.extents[i].owner == OWNER_FREE) {
            memory.extents[i].owner = OWNER_RESERVED;
        }
    }
}

/* OPAL's older way to tell: pairs of 64-bit numbers at the root, whatever its cells are. */
static void reserved_ranges_read(const void *fdt)
{
    uint64_t base, size;

    for (uint32_t i = 0; fdt_read_u64_at(fdt, 0, "reserved-ranges", i, &base) &&
                         fdt_read_u64_at(fdt, 0, "reserved-ranges", i + 1, &size);
         i += 2) {
        reserve(base, size);
    }
}

static void ram_read(const void *fdt)
{
    int node;

    fdt_for_each_subnode(node, fdt, 0) {
        const char *type = fdt_read_string(fdt, node, "device_type");
        uint64_t base, size;

        if (type == NULL || strcmp(type, "memory") != 0) {
            continue;
        }
        for (uint32_t i = 0; fdt_read_reg(fdt, 0, node, i, &base, &size); i++) {
            ram_add(base, size);
        }
    }
}

static void reservations_read(const void *fdt)
{
    int node, parent = fdt_path_offset(fdt, "/reserved-memory"), opal = fdt_path_offset(fdt, "/ibm,opal");
    uint64_t base, size;

    for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
        if (fdt_get_mem_rsv(fdt, i, &base, &size) == 0) {
            reserve(base, size);
        }
    }
    reserved_ranges_read(fdt);
    if (parent >= 0) {
        fdt_for_each_subnode(node, fdt, parent) {
            for (uint32_t i = 0; fdt_read_reg(fdt, parent, node, i, &base, &size); i++) {
                reserve(base, size);
            }
        }
    }
    if (opal >= 0 && fdt_read_u64(fdt, opal, "opal-base-address", &base) &&
        fdt_read_u64(fdt, opal, "opal-runtime-size", &size)) {
        reserve(base, size);
    }
}

void memory_init(const void *fdt, paddr_t hypervisor_end)
{
    ram_read(fdt);
    extents_free();
    reservations_read(fdt);
    reserve(0, hypervisor_end);
    memory.hypervisor_end = hypervisor_end;
    if (memory_total() == 0) {
        hv_panic("the device tree names no memory");
    }
}

static bool is_ram(paddr_t base, uint64_t size)
{
    for (uint32_t i = 0; i < memory.ram_count; i++) {
        if (range_inside(base, size, memory.ram[i].base, memory.ram[i].size)) {
            return true;
        }
    }
    return false;
}

bool memory_is_kept(paddr_t base, uint64_t size)
{
    if (size == 0 || base < memory.hypervisor_end || !is_ram(base, size)) {
        return false;
    }
    for (uint64_t i = base >> EXTENT_SHIFT; i < MAX_EXTENTS && i << EXTENT_SHIFT < base + size; i++) {
        if (memory.extents[i].owner != OWNER_RESERVED && memory.extents[i].owner != OWNER_NONE) {
            return false;
        }
    }
    return true;
}

/* The first row of free extents; low memory first, so that big aligned rows stay whole as long as possible. */
static uint32_t find_row(uint64_t count, uint64_t align)
{
    uint64_t first = 0, found = 0;

    while (first + found < MAX_EXTENTS) {
        if (memory.extents[first + found].owner != OWNER_FREE) {
            first = align_up(first + found + 1, align);
            found = 0;
        } else if (++found == count) {
            return (uint32_t)first;
        }
    }
    return UINT32_MAX;
}

uint32_t memory_alloc(uint32_t domain_id, uint64_t count, uint64_t align_extents, uint64_t guest_first)
{
    uint32_t first;

    lock_take(&memory.lock);
    first = find_row(count, align_extents);
    for (uint64_t i = 0; first != UINT32_MAX && i < count; i++) {
        memory.extents[first + i] = (struct extent){
            .owner = OWNER_DOMAIN,
            .domain = (uint8_t)domain_id,
            .guest = (uint32_t)(guest_first + i),
        };
    }
    lock_release(&memory.lock);
    return first;
}

void memory_release(uint32_t domain_id)
{
    lock_take(&memory.lock);
    for (uint32_t i = 0; i < MAX_EXTENTS; i++) {
        if (memory.extents[i].owner == OWNER_DOMAIN && memory.extents[i].domain == domain_id) {
            memory.extents[i] = (struct extent){ .owner = OWNER_FREE };
        }
    }
    lock_release(&memory.lock);
}

void *memory_alloc_hypervisor(uint64_t size, uint64_t align)
{
    uint64_t count = align_up(size, EXTENT_SIZE) >> EXTENT_SHIFT;
    paddr_t base;

    lock_take(&memory.lock);
    base = align_up(memory.heap, align);
    if (size > memory.heap_end || base > memory.heap_end - size) {
        uint32_t first = find_row(count, align > EXTENT_SIZE ? align >> EXTENT_SHIFT : 1);

        if (first == UINT32_MAX) {
            lock_release(&memory.lock);
            return NULL;
        }
        for (uint64_t i = 0; i < count; i++) {
            memory.extents[first + i].owner = OWNER_HYPERVISOR;
        }
        base = (paddr_t)first << EXTENT_SHIFT;
        memory.heap_end = base + (count << EXTENT_SHIFT);
    }
    memory.heap = base + size;
    lock_release(&memory.lock);
    return memset(paddr_pointer(base), 0, size);
}

uint64_t memory_guest_extent(uint32_t domain_id, paddr_t address)
{
    const struct extent *extent;

    BUG_ON(address >> EXTENT_SHIFT >= MAX_EXTENTS);
    extent = &memory.extents[address >> EXTENT_SHIFT];
    BUG_ON(extent->owner != OWNER_DOMAIN || extent->domain != domain_id);
    return extent->guest;
}

uint64_t memory_total(void)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < memory.ram_count; i++) {
        total += memory.ram[i].size;
    }
    return total;
}

static uint64_t owned_by(enum owner owner)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < MAX_EXTENTS; i++) {
        count += memory.extents[i].owner == owner;
    }
    return count << EXTENT_SHIFT;
}

uint64_t memory_free(void)
{
    return owned_by(OWNER_FREE);
}

uint64_t memory_hypervisor(void)
{
    return owned_by(OWNER_HYPERVISOR);
}

void memory_print(void)
{
    static const char *const names[] = { "none", "reserved", "free", "hypervisor", "domain" };

    for (uint32_t first = 0, next; first < MAX_EXTENTS; first = next) {
        struct extent extent = memory.extents[first];

        for (next = first + 1; next < MAX_EXTENTS; next++) {
            if (memory.extents[next].owner != extent.owner || memory.extents[next].domain != extent.domain) {
                break;
            }
        }
        if (extent.owner == OWNER_DOMAIN) {
            hv_print("  0x%09lx-0x%09lx domain %u\n", (uint64_t)first << EXTENT_SHIFT, (uint64_t)next << EXTENT_SHIFT,
                     (unsigned)extent.domain);
        } else if (extent.owner != OWNER_NONE) {
            hv_print("  0x%09lx-0x%09lx %s\n", (uint64_t)first << EXTENT_SHIFT, (uint64_t)next << EXTENT_SHIFT,
                     names[extent.owner]);
        }
    }
}
