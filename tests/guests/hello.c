/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest domain: looks at what it was given, prints, and ends. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/pattern.h"
#include "lib/regs.h"

const char guest_name[] = "hello";

/* Option initrd= is the size of a ramdisk whose byte i is i ^ i >> 8, as tests/boot/test_guests.py packs it. */
static void check_initrd(uint64_t size)
{
    struct fdt_property property;
    uint64_t start, end, bad = 0;
    const uint8_t *bytes;

    if (!check_true(fdt_find("chosen", "linux,initrd-start", &property) && property.size == 8, "linux,initrd-start"))
        return;
    start = fdt_cell(&property, 1);
    fdt_find("chosen", "linux,initrd-end", &property);
    end = fdt_cell(&property, 1);
    check_equal(end - start, size, "xen-17 the ramdisk's size");
    bytes = real_memory(start);
    for (uint64_t i = 0; i < size; i++)
        bad += bytes[i] != (uint8_t)(i ^ i >> 8);
    check_equal(bad, 0, "xen-17 the ramdisk, every byte");
    pattern_exclude(start, size);
    for (uint64_t i = size; i % 4096; i++)
        bad += bytes[i] != 0;
    check_equal(bad, 0, "xen-17 nothing behind the ramdisk");
}

/* The tree's last page is its own up to the end of the tree. */
static void check_tree_end(void)
{
    const uint8_t *tree = real_memory(fdt_address());
    uint64_t bad = 0;

    for (uint64_t i = fdt_size(); (fdt_address() + i) % 4096; i++)
        bad += tree[i] != 0;
    check_equal(bad, 0, "xen-18 nothing behind the device tree");
}

void guest_main(void)
{
    uint64_t first = timebase_read();
    uint64_t second = timebase_read();

    print("memory %lu MiB, of that %lu MiB in real mode; time base %u Hz, now 0x%lx\n", fdt_memory_size() >> 20,
          fdt_rma_size() >> 20, fdt_number("PowerPC,", "timebase-frequency", 0), first);
    check_true(fdt_memory_size() >= fdt_rma_size() && fdt_rma_size() > 0, "memory nodes");
    check_equal(guest_entry_msr & ~(MSR_LE | MSR_ME), MSR_SF, "entry in 64-bit real mode, interrupts off");
    check_equal(guest_entry_registers, 0, "entry with zero in all registers but r3");
    check_true(second > first, "the time base runs");
    check_true(fdt_number("PowerPC,", "timebase-frequency", 0) != 0, "timebase-frequency");
    if (fdt_option("initrd", 0))
        check_initrd(fdt_option("initrd", 0));
    check_tree_end();
    check_equal(pattern_count_nonzero(), 0, "xen-18 memory with nothing loaded is zero");
}
