/* SPDX-License-Identifier: BSD-2-Clause */
/* H_REGISTER_VPA: every argument check, and that the yield count is the only thing written afterwards.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 */
#include "../../hypervisor/papr/vpa.c"

#include "check.h"
#include "hv_domain.h"
#include "hv_processor.h"
#include "hv_random.h"

#define VPA 1u
#define LOG 2u
#define SHADOW 3u
#define OFF 4u /* added: deregister */
#define AT UINT64_C(0x20000)
#define END (UINT64_C(2) << EXTENT_SHIFT)

static struct domain *guest;
static struct vcpu *vcpu;

static int64_t call(uint64_t function, uint64_t server, gpa_t at)
{
    uint64_t *args = &vcpu->context.gpr[4];

    args[0] = function << (63 - 18); /* PAPR: the function is in bits 16 to 18 */
    args[1] = server;
    args[2] = at;
    return h_register_vpa(vcpu, args);
}

/* Describes an area: a VPA's size has 16 bits, the others' 32, both at byte 4. */
static void area_describe(gpa_t at, unsigned function, uint64_t size)
{
    uint8_t field[4] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size };
    unsigned width = function == VPA ? 2 : 4;

    CHECK(domain_write(guest, at + 4, field + 4 - width, width));
}

static int64_t register_area(unsigned function, gpa_t at, uint64_t size)
{
    area_describe(at, function, size);
    return call(function, 0, at);
}

static void start(void)
{
    vcpu->papr = (struct papr_vcpu){ 0 };
    memset(domain_byte(guest, AT & ~UINT64_C(0xfff)), 0, 0x10000);
}

static void check_off(void)
{
    CHECK(vcpu->papr.vpa == 0 && vcpu->papr.slb_shadow == 0 && vcpu->papr.dispatch_log == 0);
}

static void test_functions(void)
{
    for (uint64_t function = 0; function < 8; function++) {
        bool known = function != 0 && function != 4;

        start();
        vcpu->papr.vpa = AT;
        area_describe(AT, (unsigned)function % OFF, 640);
        CHECK((call(function, 0, AT) == H_PARAMETER) == !known);
    }
    CHECK(call(VPA, 1, AT) == H_PARAMETER);
    CHECK(call(VPA, UINT64_MAX, AT) == H_PARAMETER);
    CHECK(call(VPA | OFF, UINT64_C(1) << 32, 0) == H_PARAMETER);
}

static void test_addresses(void)
{
    static const gpa_t bad[] = {
        END, END + 0x80, END - 0x80 + 1, AT + 1, AT + 64, UINT64_MAX, UINT64_MAX - 127, UINT64_C(1) << 63, END << 20,
    };

    for (unsigned function = VPA; function <= SHADOW; function++) {
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
            start();
            vcpu->papr.vpa = AT;
            CHECK(call(function, 0, bad[i]) == H_PARAMETER);
            CHECK(vcpu->papr.vpa == AT && vcpu->papr.slb_shadow == 0 && vcpu->papr.dispatch_log == 0);
        }
        start();
        CHECK(call(function, 0, 0) == H_HARDWARE);
        check_off();
    }
}

static void test_sizes(void)
{
    static const uint64_t minimum[] = { 0, 640, 48, 8 };

    for (unsigned function = VPA; function <= SHADOW; function++) {
        uint64_t most = function == LOG ? END - AT : 4096;

        start();
        vcpu->papr.vpa = AT;
        CHECK(register_area(function, AT, minimum[function] - 1) == H_PARAMETER);
        CHECK(register_area(function, AT, 0) == H_PARAMETER);
        CHECK(register_area(function, AT, minimum[function]) == H_SUCCESS);
        CHECK(register_area(function, AT, most) == H_SUCCESS);
        CHECK(register_area(function, AT, most + 1) == H_PARAMETER);
        CHECK(register_area(function, AT, function == VPA ? 0xffff : UINT32_MAX) == H_PARAMETER);
    }
}

/* A VPA or SLB shadow may not cross a 4 KiB line; a dispatch log may, even from one extent into the next. */
static void test_boundaries(void)
{
    start();
    CHECK(register_area(VPA, AT + 4096 - 640, 640) == H_SUCCESS);
    CHECK(register_area(VPA, AT + 4096 - 512, 640) == H_PARAMETER);
    CHECK(register_area(SHADOW, AT + 4096 - 128, 128) == H_SUCCESS);
    CHECK(register_area(SHADOW, AT + 4096 - 128, 129) == H_PARAMETER);
    CHECK(register_area(LOG, AT + 4096 - 128, 256) == H_SUCCESS);
    CHECK(register_area(LOG, EXTENT_SIZE - 128, 4096) == H_SUCCESS);
    CHECK(register_area(LOG, END - 128, 128) == H_SUCCESS);
    CHECK(register_area(LOG, END - 128, 129) == H_PARAMETER);
    CHECK(register_area(VPA, END - 640, 640) == H_SUCCESS);
    CHECK(register_area(VPA, END - 640, 641) == H_PARAMETER);
}

/* The others lean on the VPA: it comes first and leaves last. */
static void test_order(void)
{
    start();
    CHECK(register_area(LOG, AT, 48) == H_RESOURCE);
    CHECK(register_area(SHADOW, AT, 8) == H_RESOURCE);
    check_off();
    CHECK(register_area(VPA, AT, 640) == H_SUCCESS && vcpu->papr.vpa == AT);
    CHECK(register_area(LOG, AT + 0x1000, 0x300) == H_SUCCESS);
    CHECK(vcpu->papr.dispatch_log == AT + 0x1000);
    CHECK(call(VPA | OFF, 0, 0) == H_RESOURCE && vcpu->papr.vpa == AT);
    CHECK(register_area(SHADOW, AT + 0x2000, 0x80) == H_SUCCESS);
    CHECK(vcpu->papr.slb_shadow == AT + 0x2000);
    CHECK(call(LOG | OFF, 0, 0) == H_SUCCESS && vcpu->papr.dispatch_log == 0);
    CHECK(call(VPA | OFF, 0, 0) == H_RESOURCE);
    CHECK(call(SHADOW | OFF, 0, 0) == H_SUCCESS && vcpu->papr.slb_shadow == 0);
    CHECK(call(VPA | OFF, 0, 0) == H_SUCCESS);
    check_off();
}

static uint32_t count_in_area(void)
{
    be32_t count;

    CHECK(domain_read(guest, &count, AT + 0x100, sizeof(count)));
    return be32_get(count);
}

/* Even while it runs, odd while it does not, whatever the guest writes there. */
static void test_yield_count(void)
{
    be32_t written;

    start();
    CHECK(register_area(VPA, AT, 640) == H_SUCCESS);
    CHECK((*domain_byte(guest, AT + 9) & 2) != 0); /* a shared processor */
    CHECK(count_in_area() % 2 == 0);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t before = count_in_area();

        vpa_dispatched(vcpu, i % 2 == 1);
        CHECK(count_in_area() == before + 1 && count_in_area() % 2 == (i % 2 == 1 ? 0 : 1));
        CHECK(vpa_yield_count(vcpu) == before + 1);
    }
    for (int i = 0; i < 100; i++) {
        bool running = random_one_in(2);

        be32_set(&written, i == 0 ? UINT32_MAX : (uint32_t)random_next());
        CHECK(domain_write(guest, AT + 0x100, &written, sizeof(written)));
        vpa_dispatched(vcpu, running);
        CHECK(count_in_area() % 2 == (running ? 0 : 1));
    }
    CHECK(call(VPA | OFF, 0, 0) == H_SUCCESS);
    be32_set(&written, 5);
    CHECK(domain_write(guest, AT + 0x100, &written, sizeof(written)));
    vpa_dispatched(vcpu, true);
    CHECK(count_in_area() == 5);
}

/* Registration writes the status byte and the count, and nothing else; a refusal writes nothing. */
static void test_what_is_written(void)
{
    uint8_t before[4096], after[4096];

    start();
    area_describe(AT, VPA, 4096);
    CHECK(domain_read(guest, before, AT, sizeof(before)));
    CHECK(call(VPA, 0, AT) == H_SUCCESS);
    CHECK(domain_read(guest, after, AT, sizeof(after)));
    for (size_t i = 0; i < sizeof(before); i++) {
        CHECK(before[i] == after[i] || i == 9 || (i >= 0x100 && i < 0x104));
    }
    start();
    area_describe(AT, VPA, 639);
    CHECK(domain_read(guest, before, AT, sizeof(before)));
    CHECK(call(VPA, 0, AT) == H_PARAMETER);
    CHECK(domain_read(guest, after, AT, sizeof(after)));
    CHECK(memcmp(before, after, sizeof(before)) == 0);
}

/* Wild arguments, and areas whose size the guest changes after it was checked: only its own memory is ever touched. */
static void test_random(void)
{
    start();
    for (int step = 0; step < 200000; step++) {
        uint64_t *args = &vcpu->context.gpr[4];
        gpa_t at = random_one_in(3) ? random_wild() : random_below(END + 256) & ~UINT64_C(127);

        args[0] = random_one_in(4) ? random_wild() : random_below(8) << 45;
        args[1] = random_one_in(4) ? random_wild() : 0;
        args[2] = at;
        if (domain_contains(guest, at, 8)) {
            area_describe(at, random_one_in(2) ? VPA : LOG, random_wild());
        }
        h_register_vpa(vcpu, args);
        vpa_dispatched(vcpu, random_one_in(2));
        if (vcpu->papr.vpa != 0) {
            CHECK(domain_contains(guest, vcpu->papr.vpa, 640));
        }
        CHECK(vcpu->papr.slb_shadow == 0 || domain_contains(guest, vcpu->papr.slb_shadow, 8));
        CHECK(vcpu->papr.dispatch_log == 0 || domain_contains(guest, vcpu->papr.dispatch_log, 48));
    }
}

int main(void)
{
    static const uint32_t extents[] = { 50, 20 };

    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    vcpu = &guest->vcpus[0];
    test_functions();
    test_addresses();
    test_sizes();
    test_boundaries();
    test_order();
    test_yield_count();
    test_what_is_written();
    test_random();
    return 0;
}
