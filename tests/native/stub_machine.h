/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine in host memory for the whole stub: skiboot's tree, OPAL's console, an image that boots.  The test has
 * included stub.c and linked the stub's other files. */
#ifndef TESTS_NATIVE_STUB_MACHINE_H
#define TESTS_NATIVE_STUB_MACHINE_H

#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "image_maker.h"
#include "registers.h"
#include "tree_maker.h"

#define MEMORY_SIZE (UINT64_C(64) << 20)
#define IMAGE_OFFSET (UINT64_C(16) << 20)
#define HYPERVISOR_OFFSET UINT64_C(0x100000)
#define FIRMWARE_OFFSET (UINT64_C(32) << 20)
#define FIRMWARE_SIZE UINT64_C(0x100000)
#define OPAL_ENTRY UINT64_C(0x3760)
#define KERNEL_SIZE 5000U

#define OPAL_CONSOLE_WRITE 1
#define OPAL_POLL_EVENTS 10
#define OPAL_CONSOLE_FLUSH 117
#define OPAL_BUSY_EVENT (-12)

static uint8_t *memory;
static uint8_t *image_base;
static void *firmware_tree;
static uint8_t hypervisor[0x300];
static struct stub_entry entry;
static size_t total_size;

/* What the stub did. */
static jmp_buf left_stub;
static uint64_t entered_at;
static uint64_t entered_tree;
static uint64_t entered_opal;
static bool stopped;
static unsigned int published;
static uint64_t published_from, published_to;
static char console[4096];
static size_t console_length;
static bool flushed;
static int console_calls;

int64_t opal_call(uint64_t token, uint64_t first, uint64_t second, uint64_t third, uint64_t base, uint64_t function)
{
    CHECK(base == entry.opal_base && function == OPAL_ENTRY);
    if (token == OPAL_POLL_EVENTS)
        return 0;
    if (token == OPAL_CONSOLE_FLUSH) {
        flushed = !flushed;
        return flushed ? 0 : OPAL_BUSY_EVENT;
    }
    CHECK(token == OPAL_CONSOLE_WRITE && first == 0);
    /* Busy every other time, and at most 16 bytes at once. */
    if (console_calls++ % 2 == 0)
        return OPAL_BUSY_EVENT;
    be64_t *length = (be64_t *)(uintptr_t)second;
    uint64_t part = be64_get(*length) < 16 ? be64_get(*length) : 16;

    CHECK(console_length + part < sizeof(console));
    memcpy(console + console_length, (const char *)(uintptr_t)third, part);
    console_length += part;
    console[console_length] = '\0';
    be64_set(length, part);
    return 0;
}

/* A test of Open Firmware has included client_firmware.h. */
#ifndef TESTS_NATIVE_CLIENT_FIRMWARE_H
void client_enter(void *cells, uint64_t client, uint64_t msr)
{
    (void)cells;
    (void)client;
    (void)msr;
    CHECK(!"entered Open Firmware");
}
#endif

void code_publish(const void *start, const void *end)
{
    CHECK(start < end && (uintptr_t)start % CACHE_STEP == 0);
    published_from = (uintptr_t)start;
    published_to = (uintptr_t)end;
    published++;
}

_Noreturn void hypervisor_enter(uint64_t tree, uint64_t address, uint64_t opal_base, uint64_t opal_entry)
{
    entered_tree = tree;
    entered_at = address;
    entered_opal = opal_base;
    CHECK((opal_base == 0) == (opal_entry == 0));
    longjmp(left_stub, 1);
}

_Noreturn void processor_stop(void)
{
    stopped = true;
    longjmp(left_stub, 1);
}

/* Run the stub from the state in `entry`; true when it entered the hypervisor. */
static inline bool run_stub(void)
{
    memset(&boot, 0, sizeof(boot));
    opal_console_open(0, 0);
    entered_at = entered_tree = 0;
    published = 0;
    stopped = false;
    console_length = 0;
    console[0] = '\0';
    if (setjmp(left_stub) == 0)
        stub_main(&entry);
    CHECK(stopped || entered_at != 0);
    return !stopped;
}

static inline void put_be(uint8_t *bytes, unsigned int width, uint64_t value)
{
    for (unsigned int i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
}

/* One segment: 0x100 bytes of file, 0x2000 of memory. */
static inline void make_hypervisor(uint64_t physical)
{
    uint8_t *segment = hypervisor + 64;

    memset(hypervisor, 0, sizeof(hypervisor));
    memset(hypervisor + 0x200, 0xc5, 0x100);
    memcpy(hypervisor, "\177ELF\2\2\1", 7);
    put_be(hypervisor + 16, 2, 2);
    put_be(hypervisor + 18, 2, 21);
    put_be(hypervisor + 20, 4, 1);
    put_be(hypervisor + 24, 8, 0x20);
    put_be(hypervisor + 32, 8, 64);
    put_be(hypervisor + 54, 2, 56);
    put_be(hypervisor + 56, 2, 1);
    put_be(segment, 4, 1);
    put_be(segment + 4, 4, 5);
    put_be(segment + 8, 8, 0x200);
    put_be(segment + 16, 8, 0);
    put_be(segment + 24, 8, physical);
    put_be(segment + 32, 8, 0x100);
    put_be(segment + 40, 8, 0x2000);
}

/* skiboot's tree, its memory and OPAL moved to where the host gave us memory. */
static inline void make_firmware_tree(void)
{
    void *tree = tree_load();
    uint64_t base = (uintptr_t)memory;
    fdt64_t reg[2] = {cpu_to_fdt64(base), cpu_to_fdt64(MEMORY_SIZE)};
    fdt64_t firmware[2] = {cpu_to_fdt64(base + FIRMWARE_OFFSET), cpu_to_fdt64(FIRMWARE_SIZE)};

    while (fdt_num_mem_rsv(tree) > 0)
        CHECK(fdt_del_mem_rsv(tree, 0) == 0);
    CHECK(fdt_del_node(tree, tree_node(tree, "/reserved-memory")) == 0);
    CHECK(fdt_setprop(tree, 0, "reserved-ranges", firmware, sizeof(firmware)) == 0);
    CHECK(fdt_setprop(tree, tree_node(tree, "/memory@0"), "reg", reg, sizeof(reg)) == 0);
    CHECK(fdt_setprop_u64(tree, tree_node(tree, "/ibm,opal"), "opal-base-address", base + FIRMWARE_OFFSET) == 0);
    CHECK(fdt_setprop_u64(tree, tree_node(tree, "/ibm,opal"), "opal-runtime-size", FIRMWARE_SIZE) == 0);
    free(firmware_tree);
    firmware_tree = tree_shrink(tree);
    free(tree);
}

/* A machine and an image that boot. */
static inline void make_machine(void)
{
    static uint8_t kernel[KERNEL_SIZE];
    void *overlay = overlay_make();
    void *packed;

    overlay_add_module(overlay, tree_node(overlay, OVERLAY_DOMAIN), "module@6000", 0x6000, KERNEL_SIZE);
    packed = tree_shrink(overlay);
    memset(kernel, 0x11, sizeof(kernel));
    memset(memory, 0, MEMORY_SIZE);
    make_hypervisor((uintptr_t)memory + HYPERVISOR_OFFSET);
    const struct payload payloads[] = {
        {ENTRY_TYPE_HYPERVISOR, "hypervisor", hypervisor, sizeof(hypervisor)},
        {ENTRY_TYPE_BOOT_OVERLAY, "boot-overlay", packed, fdt_totalsize(packed)},
        {ENTRY_TYPE_KERNEL, "dom0/kernel", kernel, sizeof(kernel)},
    };
    total_size = maker_build(image_base, payloads, 3);
    free(packed);
    free(overlay);
    make_firmware_tree();
    entry = (struct stub_entry){
        .r3 = (uintptr_t)firmware_tree,
        .magic = EPAPR_MAGIC,
        .opal_base = (uintptr_t)memory + FIRMWARE_OFFSET,
        .opal_entry = OPAL_ENTRY,
        .load_base = (uintptr_t)image_base,
        .stub_size = MAKER_STUB_SIZE,
        .scratch_offset = MAKER_SCRATCH_OFFSET,
    };
}

/* Link the image's hypervisor to `physical`. */
static inline void use_hypervisor(uint64_t physical)
{
    make_hypervisor(physical);
    memcpy(image_base + MAKER_PAYLOAD_OFFSET, hypervisor, sizeof(hypervisor));
    maker_seal_payload(image_base, 0);
}

/* The machine as it is must be refused: reason word, the line's beginning, a part of it; then start over. */
static inline void expect_refusal(uint32_t reason, const char *part)
{
    char ending[32];

    check_context = part;
    CHECK(!run_stub());
    CHECK(be64_get(*(be64_t *)(void *)(image_base + STUB_REASON_OFFSET)) == reason);
    snprintf(ending, sizeof(ending), " (reason %u)\r\n", reason);
    if (strstr(console, part) == NULL)
        fprintf(stderr, "got: %s\n", console);
    CHECK(strstr(console, part) != NULL);
    if (console_length > 0) {
        CHECK(strncmp(console, "\r\nroundpeg-stub: refused: ", 26) == 0);
        CHECK(strcmp(console + console_length - strlen(ending), ending) == 0);
        CHECK(strchr(console + 2, '\n') == console + console_length - 1);
    }
    make_machine();
}

static inline bool has_reservation(const void *tree, uint64_t base, uint64_t size)
{
    for (int i = 0; i < fdt_num_mem_rsv(tree); i++) {
        uint64_t reserved_base, reserved_size;

        CHECK(fdt_get_mem_rsv(tree, i, &reserved_base, &reserved_size) == 0);
        if (reserved_base == base && reserved_size == size)
            return true;
    }
    return false;
}

static inline bool memory_is_zero(const uint8_t *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] == 0)
        size--;
    return size == 0;
}

static inline void check_loaded(void)
{
    const uint8_t *target = memory + HYPERVISOR_OFFSET;

    CHECK(memcmp(target, hypervisor + 0x200, 0x100) == 0);
    CHECK(memory_is_zero(target + 0x100, 0x2000 - 0x100));
    CHECK(entered_at == (uintptr_t)target + 0x20);
    CHECK(published == 1);
}

/* The machine for the first time. */
static inline void open_machine(void)
{
    memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    image_base = memory + IMAGE_OFFSET;
    make_machine();
}

#endif
