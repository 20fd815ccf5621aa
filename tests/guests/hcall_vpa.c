/* SPDX-License-Identifier: BSD-2-Clause */
/* H_REGISTER_VPA: virtual processor area, SLB shadow and dispatch trace log. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/regs.h"
#include "lib/timer.h"

#define PAGE 4096
#define VPA_SIZE 640
#define VPA_YIELD_COUNT 0x100

const char guest_name[] = "hcall_vpa";

static uint8_t area[4 * PAGE] __attribute__((aligned(PAGE)));

static uint64_t area_address(unsigned offset)
{
    return (uintptr_t)area + offset;
}

static void put_half(unsigned offset, unsigned value)
{
    area[offset] = (uint8_t)(value >> 8);
    area[offset + 1] = (uint8_t)value;
}

static uint32_t get_word(unsigned offset)
{
    be32_t word;

    memcpy(&word, area + offset, sizeof(word));
    return be32_get(word);
}

/* A virtual processor area has its length in a half word at 4. */
static int64_t vpa_register(unsigned offset, unsigned size)
{
    put_half(offset + 4, size);
    return HCALL(H_REGISTER_VPA, VPA_REGISTER, 0, area_address(offset)).status;
}

/* SLB shadow and log have it in a word at 4. */
static int64_t buffer_register(uint64_t function, unsigned offset, unsigned size)
{
    put_half(offset + 4, size >> 16);
    put_half(offset + 6, size & 0xffff);
    return HCALL(H_REGISTER_VPA, function, 0, area_address(offset)).status;
}

static int64_t vpa_call(uint64_t function, uint64_t address)
{
    return HCALL(H_REGISTER_VPA, function, 0, address).status;
}

static void check_is(int64_t got, int64_t want, const char *name)
{
    check_equal((uint64_t)got, (uint64_t)want, "%s", name);
}

static void check_addresses(void)
{
    uint64_t end = fdt_memory_size();

    put_half(4, VPA_SIZE);
    check_status(HCALL(H_REGISTER_VPA, VPA_REGISTER, 1, area_address(0)), H_PARAMETER, "register: processor 1 of 1");
    check_status(HCALL(H_REGISTER_VPA, VPA_REGISTER, WORD_MAX, area_address(0)), H_PARAMETER, "register: processor -1");
    check_is(vpa_call(0, area_address(0)), H_PARAMETER, "sub-function 0");
    check_is(vpa_call(UINT64_C(4) << 45, area_address(0)), H_PARAMETER, "sub-function 4");
    check_is(vpa_call(VPA_REGISTER, end), H_PARAMETER, "register: address behind memory");
    check_is(vpa_call(VPA_REGISTER, end - 128 + PAGE), H_PARAMETER, "register: address further behind memory");
    check_is(vpa_call(VPA_REGISTER, UINT64_C(1) << 40), H_PARAMETER, "register: address 2^40");
    check_is(vpa_call(VPA_REGISTER, UINT64_C(1) << 63), H_PARAMETER, "register: address 2^63");
    check_is(vpa_call(VPA_REGISTER, WORD_MAX - 127), H_PARAMETER, "register: address -128");
    check_is(vpa_register(64, VPA_SIZE), H_PARAMETER, "register: half a cache line off");
    check_is(vpa_register(8, VPA_SIZE), H_PARAMETER, "register: 8 bytes off");
    check_is(vpa_register(0, 0), H_PARAMETER, "register: no size");
    check_is(vpa_register(0, VPA_SIZE - 1), H_PARAMETER, "register: a byte too small");
    check_is(vpa_register(PAGE - 128, VPA_SIZE), H_PARAMETER, "register: across a page");
    check_is(vpa_register(PAGE - VPA_SIZE, VPA_SIZE + 1), H_PARAMETER, "register: a byte across a page");
    check_is(vpa_register(128, 0xffff), H_PARAMETER, "register: 65535 bytes");
    check_is(vpa_register(PAGE - VPA_SIZE, VPA_SIZE), H_SUCCESS, "register: up to the end of the page");
    check_is(vpa_register(0, PAGE), H_SUCCESS, "register: a whole page, again");
    check_is(vpa_call(VPA_DEREGISTER, 0), H_SUCCESS, "deregister");
}

static void check_order(void)
{
    check_is(buffer_register(VPA_REGISTER_SLB_SHADOW, PAGE, 0x280), H_RESOURCE, "SLB shadow without a processor area");
    check_is(buffer_register(VPA_REGISTER_DTL, 2 * PAGE, PAGE), H_RESOURCE, "log without a processor area");
    check_is(vpa_register(0, VPA_SIZE), H_SUCCESS, "register");
    check_is(buffer_register(VPA_REGISTER_SLB_SHADOW, PAGE, 7), H_PARAMETER, "SLB shadow: 7 bytes");
    check_is(buffer_register(VPA_REGISTER_SLB_SHADOW, 2 * PAGE - 128, 0x280), H_PARAMETER, "SLB shadow: across a page");
    check_is(vpa_call(VPA_REGISTER_SLB_SHADOW, fdt_memory_size()), H_PARAMETER, "SLB shadow: behind memory");
    check_is(vpa_call(VPA_REGISTER_SLB_SHADOW, UINT64_C(1) << 63), H_PARAMETER, "SLB shadow: address 2^63");
    check_is(buffer_register(VPA_REGISTER_SLB_SHADOW, PAGE, 0x280), H_SUCCESS, "SLB shadow");
    check_is(buffer_register(VPA_REGISTER_DTL, 2 * PAGE, 47), H_PARAMETER, "log: a byte too small");
    check_is(vpa_call(VPA_REGISTER_DTL, fdt_memory_size()), H_PARAMETER, "log: behind memory");
    check_is(vpa_call(VPA_REGISTER_DTL, UINT64_C(1) << 63), H_PARAMETER, "log: address 2^63");
    check_is(buffer_register(VPA_REGISTER_DTL, 2 * PAGE, UINT32_MAX), H_PARAMETER, "log: 4 GiB");
    check_is(buffer_register(VPA_REGISTER_DTL, 2 * PAGE, PAGE), H_SUCCESS, "log");
    check_is(vpa_call(VPA_DEREGISTER, 0), H_RESOURCE, "deregister: SLB shadow and log are still there");
    check_is(vpa_call(VPA_DEREGISTER_SLB_SHADOW, 0), H_SUCCESS, "deregister SLB shadow");
    check_is(vpa_call(VPA_DEREGISTER, 0), H_RESOURCE, "deregister: the log is still there");
    check_is(vpa_call(VPA_DEREGISTER_DTL, 0), H_SUCCESS, "deregister log");
    check_is(vpa_call(VPA_DEREGISTER, 0), H_SUCCESS, "deregister, the others gone");
}

static void check_yield_count(void)
{
    uint32_t first, second;

    memset(area, 0, sizeof(area));
    timer_init();
    check_is(vpa_register(0, VPA_SIZE), H_SUCCESS, "register for counting");
    first = get_word(VPA_YIELD_COUNT);
    timer_sleep(timer_ticks(2000));
    second = get_word(VPA_YIELD_COUNT);
    check_true(second > first, "the yield count counts H_CEDE");
    check_equal(second & 1, 0, "the yield count is even while the processor runs");
    check_is(vpa_call(VPA_DEREGISTER, 0), H_SUCCESS, "deregister after counting");
    first = get_word(VPA_YIELD_COUNT);
    timer_sleep(timer_ticks(2000));
    check_equal(get_word(VPA_YIELD_COUNT), first, "deregistered, it is left alone");
    for (unsigned i = VPA_SIZE; i < sizeof(area); i++)
        if (area[i] != 0) {
            check_equal(i, VPA_SIZE, "nothing was written behind the area");
            return;
        }
    check_true(true, "nothing was written behind the area");
}

void guest_main(void)
{
    check_addresses();
    check_order();
    check_yield_count();
}
