/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls about the processor and the machine: what each argument may be, and what reaches which register.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include "../../hypervisor/papr/machine.c"
#include "../../hypervisor/papr/mode.c"

#include <string.h>

#include "check.h"
#include "hv_processor.h"
#include "hv_random.h"

#define UNTOUCHED UINT64_C(0x5555555555555555)

static struct domain guest = { .plan.vcpus = 1 };
static struct vcpu *vcpu = &guest.vcpus[0];
static bool random_works, characteristics_work;

static bool machine_random(uint64_t *value)
{
    *value = 0x1234;
    return random_works;
}

static const struct platform machine = { .random = machine_random };
const struct platform *platform = &machine;

bool platform_cpu_characteristics(struct cpu_characteristics *result)
{
    *result = (struct cpu_characteristics){ 11, 22 };
    return characteristics_work;
}

static int64_t call(hcall_handler *handler, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t *args = &vcpu->context.gpr[4];

    args[0] = a, args[1] = b, args[2] = c, args[3] = d;
    return handler(vcpu, args);
}

static void registers_mark(void)
{
    for (unsigned i = 0; i < STANDIN_SPRS; i++) {
        processor.spr[i] = UNTOUCHED;
    }
}

/* No register changed but these two. */
static void registers_check(unsigned a, unsigned b)
{
    for (unsigned i = 0; i < STANDIN_SPRS; i++) {
        CHECK(processor.spr[i] == UNTOUCHED || i == a || i == b);
    }
}

static void test_breakpoints(void)
{
    registers_mark();
    CHECK(call(h_set_mode, 1, 1, 0x1000, 0) == H_UNSUPPORTED_FLAG);
    CHECK(call(h_set_mode, 0, 1, 0x1000, 1) == H_P4);
    CHECK(call(h_set_mode, 0, 1, 0x1003, 0) == H_P3); /* would match in the hypervisor */
    registers_check(0, 0);
    for (uint64_t privilege = 0; privilege < 3; privilege++) {
        CHECK(call(h_set_mode, 0, 1, 0x1000 | privilege, 0) == H_SUCCESS);
        CHECK(processor.spr[187] == (0x1000 | privilege));
    }
    registers_check(187, 187);
}

static void test_watchpoints(void)
{
    registers_mark();
    CHECK(call(h_set_mode, 1, 2, 0x2000, 3) == H_UNSUPPORTED_FLAG);
    CHECK(call(h_set_mode, 0, 2, 0x2000, 7) == H_P4);
    CHECK(call(h_set_mode, 0, 2, 0x2000, 4) == H_P4);
    registers_check(0, 0);
    CHECK(call(h_set_mode, 0, 2, 0x2008, 0x63) == H_SUCCESS);
    CHECK(processor.spr[180] == 0x2008 && processor.spr[188] == 0x63);
    registers_check(180, 188);
}

/* The older calls: the address's low bits say what to watch for, and DABRX in which states. */
static void test_dabr(void)
{
    registers_mark();
    CHECK(call(h_set_dabr, 0x2000 | 4 | 2, 0, 0, 0) == H_SUCCESS); /* translated stores */
    CHECK(processor.spr[180] == 0x2000 && processor.spr[188] == (0x40 | 0x10 | 3));
    CHECK(call(h_set_dabr, 0x2000 | 1, 0, 0, 0) == H_SUCCESS); /* loads */
    CHECK(processor.spr[188] == (0x20 | 3));
    CHECK(call(h_set_dabr, 0, 0, 0, 0) == H_SUCCESS);
    CHECK(processor.spr[188] == 0);
    registers_mark();
    for (uint64_t dabrx = 0; dabrx < 32; dabrx++) {
        bool good = (dabrx & 3) != 0 && dabrx < 16 && (dabrx & 4) == 0;

        CHECK(call(h_set_xdabr, 0x3003, dabrx, 0, 0) == (good ? H_SUCCESS : H_PARAMETER));
        CHECK(!good || processor.spr[188] == (0x60 | dabrx));
        CHECK((processor.spr[188] & 4) == 0 || processor.spr[188] == UNTOUCHED);
    }
    CHECK(call(h_set_xdabr, 0x3003, UINT64_C(1) << 63, 0, 0) == H_PARAMETER);
    registers_check(180, 188);
}

/* Byte order and interrupt location change two fields of LPCR, in the domain's context and in the processor at once. */
static void test_partition_modes(void)
{
    const uint64_t ile = UINT64_C(1) << 25, ail = UINT64_C(3) << 23;

    vcpu->context.lpcr = ~(ile | ail);
    registers_mark();
    for (uint64_t mode = 0; mode < 6; mode++) {
        bool endian = mode < 2, location = mode == 0 || mode == 2 || mode == 3;

        CHECK(call(h_set_mode, mode, 4, 0, 0) == (endian ? H_SUCCESS : H_UNSUPPORTED_FLAG));
        CHECK(call(h_set_mode, mode, 3, 0, 0) == (location ? H_SUCCESS : H_UNSUPPORTED_FLAG));
        CHECK(!location || (vcpu->context.lpcr & ail) >> 23 == mode);
        CHECK((vcpu->context.lpcr & ile) == (mode == 0 ? 0 : ile));
        CHECK((vcpu->context.lpcr | ile | ail) == UINT64_MAX);
        CHECK(processor.spr[318] == vcpu->context.lpcr);
        CHECK(call(h_set_mode, mode, 3, 1, 0) == H_P3 && call(h_set_mode, mode, 4, 1, 0) == H_P3);
        CHECK(call(h_set_mode, mode, 3, 0, 1) == H_P4 && call(h_set_mode, mode, 4, 0, 1) == H_P4);
    }
    CHECK(call(h_set_mode, UINT64_MAX, 4, 0, 0) == H_UNSUPPORTED_FLAG);
    CHECK(call(h_set_mode, UINT64_MAX, 3, 0, 0) == H_UNSUPPORTED_FLAG);
    registers_check(318, 318);
    registers_mark();
    CHECK(call(h_set_mode, 0, 0, 0, 0) == H_P2);
    CHECK(call(h_set_mode, 0, 5, 0, 0) == H_P2);
    CHECK(call(h_set_mode, 0, UINT64_C(1) << 32 | 1, 0, 0) == H_P2);
    registers_check(0, 0);
}

static void test_small_calls(void)
{
    registers_mark();
    CHECK(call(h_set_sprg0, 0xabcd, 0, 0, 0) == H_SUCCESS && processor.spr[272] == 0xabcd);
    registers_check(272, 272);
    CHECK(call(h_random, 77, 0, 0, 0) == H_HARDWARE && vcpu->context.gpr[4] == 77);
    random_works = true;
    CHECK(call(h_random, 77, 0, 0, 0) == H_SUCCESS && vcpu->context.gpr[4] == 0x1234);
    CHECK(call(h_get_cpu_characteristics, 77, 88, 0, 0) == H_FUNCTION);
    CHECK(vcpu->context.gpr[4] == 77 && vcpu->context.gpr[5] == 88);
    characteristics_work = true;
    CHECK(call(h_get_cpu_characteristics, 77, 88, 0, 0) == H_SUCCESS);
    CHECK(vcpu->context.gpr[4] == 11 && vcpu->context.gpr[5] == 22);
}

static void test_random(void)
{
    static hcall_handler *const handlers[] = { h_set_mode, h_set_dabr, h_set_xdabr };

    memset(&processor, 0, sizeof(processor));
    for (int step = 0; step < 200000; step++) {
        uint64_t words[4];

        for (int i = 0; i < 4; i++) {
            words[i] = random_one_in(3) ? random_wild() : random_below(16);
        }
        call(handlers[random_below(ARRAY_SIZE(handlers))], words[0], words[1], words[2], words[3]);
        CHECK((processor.spr[188] & 4) == 0); /* never a watchpoint in hypervisor state */
        CHECK((processor.spr[187] & 3) != 3);
    }
}

int main(void)
{
    vcpu->domain = &guest;
    test_breakpoints();
    test_watchpoints();
    test_dabr();
    test_partition_modes();
    test_small_calls();
    test_random();
    return 0;
}
