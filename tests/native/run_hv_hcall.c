/* SPDX-License-Identifier: BSD-2-Clause */
/* All hypercalls together: the dispatch, the calls of processors and terminals by hand, and random calls of a guest
 * that may do anything but reach what is not its own.
 *
 * Include: tests/native tests/native/hv_standins hypervisor hypervisor/include lib/include hypervisor/arch/ppc64 lib/ppc64
 * Include: hypervisor/papr abi .
 * Link: hypervisor/papr/hpt.c hypervisor/papr/machine.c hypervisor/papr/mode.c hypervisor/papr/page.c
 * Link: hypervisor/papr/rtas.c hypervisor/papr/term.c hypervisor/papr/vpa.c hypervisor/papr/xics.c hypervisor/papr/xics_calls.c
 * Link: hypervisor/papr/nvram.c hypervisor/papr/hcall_names.c hypervisor/papr/processor.c hypervisor/core/calendar.c
 */
#include "../../hypervisor/papr/hcall.c"

#include <stdio.h>

#include "hv/platform.h"
#include "hv/power.h"
#include "hv/sched.h"
#include "hv_domain.h"
#include "hv_hpte.h"
#include "hv_messages.h"
#include "hv_processor.h"
#include "hv_random.h"
#include "papr/hcall_names.h"
#include "papr/vpa.h"
#include "papr/xics.h"

#define ENTRIES 256u
#define FREQUENCY 1000u

static const uint32_t extents[] = { 70, 20, 33 }, foreign[] = { 21, 34 };
#define END ((uint64_t)ARRAY_SIZE(extents) << EXTENT_SHIFT)

static struct domain *guest, *bystander;
static struct vcpu *vcpu;
static char typed[32], shown[32];
static size_t shown_length;
static unsigned reschedules, polls;
static bool terminal_full;

/* ---- stand-ins for what hypercalls call ---- */

static void instruction(const char *text, uint64_t address)
{
    (void)text;
    (void)address;
}

uint64_t memory_guest_extent(uint32_t domain_id, paddr_t address)
{
    CHECK(domain_id == guest->id);
    for (uint64_t i = 0; i < ARRAY_SIZE(extents); i++) {
        if (extents[i] == address >> EXTENT_SHIFT) {
            return i;
        }
    }
    CHECK(!"a machine address that is not the caller's");
    return 0;
}

bool terminal_write(struct domain *domain, const char *text, size_t size)
{
    CHECK(domain == guest && size <= 16);
    memcpy(shown, text, size);
    shown_length = size;
    return !terminal_full;
}

size_t terminal_read(struct domain *domain, char *text, size_t size)
{
    size_t length = strlen(typed);

    CHECK(domain == guest && size == 16);
    length = length < size ? length : size;
    memcpy(text, typed, length);
    return length;
}

bool console_poll(void)
{
    polls++;
    return false;
}

void sched_request(void)
{
    reschedules++;
}

void sched_wake(struct vcpu *target)
{
    CHECK(target == vcpu);
    if (target->state == VCPU_BLOCKED) {
        target->state = VCPU_RUNNABLE;
    }
}

bool clock_seconds(int64_t *now)
{
    *now = INT64_C(63900000000);
    return true;
}

bool domain_is_control(const struct domain *domain)
{
    CHECK(domain == guest);
    return false;
}

void domain_stop(struct domain *domain, enum domain_state state)
{
    CHECK(domain == guest);
    domain->state = state;
}

void domain_restart(struct domain *domain)
{
    CHECK(domain == guest);
}

void domain_crash(struct vcpu *of, const char *why)
{
    CHECK(of == vcpu && strlen(why) < 200);
}

void machine_power_off(void)
{
    CHECK(!"only the control domain may");
    exit(1);
}

void machine_reboot(void)
{
    CHECK(!"only the control domain may");
    exit(1);
}

static bool machine_random(uint64_t *value)
{
    *value = random_next();
    return true;
}

static const struct platform machine = { .random = machine_random };
const struct platform *platform = &machine;

bool platform_cpu_characteristics(struct cpu_characteristics *result)
{
    *result = (struct cpu_characteristics){ 1, 2 };
    return true;
}

/* ---- calls ---- */

static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t *gpr = vcpu->context.gpr;

    gpr[3] = number, gpr[4] = a, gpr[5] = b, gpr[6] = c;
    CHECK(hcall_handle(vcpu) == number);
    return (int64_t)gpr[3];
}

static void start(void)
{
    uint64_t *table = guest->hpt;

    memset(table, 0, ENTRIES * 16);
    memset(&vcpu->context, 0, sizeof(vcpu->context));
    memset(&vcpu->papr, 0, sizeof(vcpu->papr));
    vcpu->context.msr = MSR_SF | MSR_ME;
    vcpu->state = VCPU_RUNNABLE;
    vcpu->reset_pending = false;
    xics_reset(guest);
    reschedules = polls = 0;
    terminal_full = false;
}

/* A number has a handler exactly when it has a name, and nothing that is no multiple of four has. */
static void test_numbers(void)
{
    unsigned known = 0;

    start();
    for (uint64_t number = 0; number < 2 * STATS_HCALL_MAX; number++) {
        bool named = number % 4 == 0 && number < STATS_HCALL_MAX && strcmp(hcall_name(number / 4), "H_?") != 0;

        CHECK((handler_find(number) != NULL) == named);
        CHECK(named || call(number, 0, 0, 0) == H_FUNCTION);
        known += named ? 1 : 0;
    }
    CHECK(known == 28);
    CHECK(strcmp(hcall_name(H_ENTER / 4), "H_ENTER") == 0 && strcmp(hcall_name(STATS_HCALL_RTAS), "H_RTAS") == 0);
    CHECK(strcmp(hcall_name(STATS_HCALLS), "H_?") == 0 && strcmp(hcall_name(UINT64_MAX), "H_?") == 0);
    CHECK(call(H_RTAS + 4, 0, 0, 0) == H_FUNCTION && call(UINT64_MAX - 3, 0, 0, 0) == H_FUNCTION);
    CHECK(call(UINT64_C(1) << 32 | H_ENTER, 0, 0, 0) == H_FUNCTION && call(UINT64_C(1) << 63, 0, 0, 0) == H_FUNCTION);
}

static void test_problem_state(void)
{
    start();
    vcpu->context.msr |= MSR_PR;
    for (uint64_t number = 0; number < STATS_HCALL_MAX; number += 4) {
        CHECK(call(number, 11, 22, 33) == H_PRIVILEGE);
        CHECK(vcpu->context.gpr[4] == 11 && vcpu->context.gpr[5] == 22 && vcpu->context.gpr[6] == 33);
    }
    CHECK(call(H_RTAS, 0, 0, 0) == H_PRIVILEGE && vcpu->state == VCPU_RUNNABLE && reschedules == 0);
}

static void test_waiting(void)
{
    start();
    CHECK(call(H_CEDE, 0, 0, 0) == H_SUCCESS && vcpu->state == VCPU_BLOCKED && reschedules == 1);
    CHECK((vcpu->context.msr & MSR_EE) != 0);
    CHECK(call(H_PROD, 0, 0, 0) == H_SUCCESS && vcpu->state == VCPU_RUNNABLE && !vcpu->papr.prodded);
    CHECK(call(H_PROD, 0, 0, 0) == H_SUCCESS && vcpu->papr.prodded); /* remembered by one that runs */
    CHECK(call(H_CEDE, 0, 0, 0) == H_SUCCESS && vcpu->state == VCPU_RUNNABLE && !vcpu->papr.prodded);
    CHECK(call(H_CPPR, 0xff, 0, 0) == H_SUCCESS && call(H_IPI, 0, 4, 0) == H_SUCCESS);
    CHECK(call(H_CEDE, 0, 0, 0) == H_SUCCESS && vcpu->state == VCPU_RUNNABLE); /* there is an interrupt */
    CHECK(call(H_PROD, 1, 0, 0) == H_PARAMETER && call(H_PROD, UINT64_MAX, 0, 0) == H_PARAMETER);
}

static void test_conferring(void)
{
    start();
    CHECK(call(H_CONFER, UINT64_MAX, 0, 0) == H_SUCCESS && reschedules == 1 && vcpu->state == VCPU_RUNNABLE);
    CHECK(call(H_CONFER, 1, 0, 0) == H_PARAMETER && call(H_CONFER, UINT64_MAX - 1, 0, 0) == H_PARAMETER);
    CHECK(reschedules == 1);
    CHECK(call(H_CONFER, 0, 0, 0) == H_SUCCESS && vcpu->state == VCPU_BLOCKED); /* to oneself: wait */
    start();
    CHECK(call(H_JOIN, 0, 0, 0) == H_CONTINUE);
    vcpu->context.msr |= MSR_EE;
    CHECK(call(H_JOIN, 0, 0, 0) == H_BAD_MODE && vcpu->state == VCPU_RUNNABLE);
}

static void test_system_reset(void)
{
    start();
    CHECK(call(H_SIGNAL_SYS_RESET, 1, 0, 0) == H_PARAMETER);
    CHECK(call(H_SIGNAL_SYS_RESET, UINT64_MAX - 2, 0, 0) == H_PARAMETER);
    CHECK(call(H_SIGNAL_SYS_RESET, UINT64_MAX - 1, 0, 0) == H_SUCCESS && !vcpu->reset_pending); /* all others */
    CHECK(call(H_SIGNAL_SYS_RESET, UINT64_MAX, 0, 0) == H_SUCCESS && vcpu->reset_pending);
    vcpu->reset_pending = false;
    vcpu->state = VCPU_BLOCKED;
    CHECK(call(H_SIGNAL_SYS_RESET, 0, 0, 0) == H_SUCCESS && vcpu->reset_pending && vcpu->state == VCPU_RUNNABLE);
}

static void test_interrupt_calls(void)
{
    start();
    CHECK(call(H_IPI, 1, 0, 0) == H_PARAMETER && call(H_IPOLL, 1, 0, 0) == H_PARAMETER);
    CHECK(call(H_CPPR, 0xff, 0, 0) == H_SUCCESS && call(H_IPI, 0, 5, 0) == H_SUCCESS);
    CHECK(call(H_IPOLL, 0, 0, 0) == H_SUCCESS && vcpu->context.gpr[4] == 0xff000002 && vcpu->context.gpr[5] == 5);
    processor.timebase = 0x123456789;
    CHECK(call(H_XIRR_X, 0, 0, 0) == H_SUCCESS && vcpu->context.gpr[4] == 0xff000002);
    CHECK(vcpu->context.gpr[5] == 0x123456789);
    CHECK(call(H_IPI, 0, 0xff, 0) == H_SUCCESS && call(H_EOI, 0xff000002, 0, 0) == H_SUCCESS);
    CHECK(call(H_XIRR, 0, 0, 0) == H_SUCCESS && vcpu->context.gpr[4] == 0xff000000);
    CHECK(call(H_EOI, 0x05000077, 0, 0) == H_PARAMETER); /* nobody's number, but the priority counts */
    CHECK(call(H_IPOLL, 0, 0, 0) == H_SUCCESS && vcpu->context.gpr[4] == 0x05000000);
}

static void test_terminal(void)
{
    uint64_t *gpr = vcpu->context.gpr;

    start();
    gpr[7] = UINT64_C(0x696a6b6c6d6e6f70);
    CHECK(call(H_PUT_TERM_CHAR, 0, 16, UINT64_C(0x6162636465666768)) == H_SUCCESS);
    CHECK(shown_length == 16 && memcmp(shown, "abcdefghijklmnop", 16) == 0);
    CHECK(call(H_PUT_TERM_CHAR, VTY_UNIT, 3, UINT64_C(0x7879000000000000)) == H_SUCCESS);
    CHECK(shown_length == 3 && memcmp(shown, "xy\0", 3) == 0);
    CHECK(call(H_PUT_TERM_CHAR, VTY_UNIT, 0, 0) == H_SUCCESS && shown_length == 0);
    shown_length = 99;
    CHECK(call(H_PUT_TERM_CHAR, 0, 17, 0) == H_PARAMETER && call(H_PUT_TERM_CHAR, 0, UINT64_MAX, 0) == H_PARAMETER);
    CHECK(call(H_PUT_TERM_CHAR, VTY_UNIT + 1, 1, 0) == H_PARAMETER && shown_length == 99);
    CHECK(call(H_PUT_TERM_CHAR, UINT64_C(1) << 32 | VTY_UNIT, 1, 0) == H_PARAMETER && shown_length == 99);
    terminal_full = true;
    CHECK(call(H_PUT_TERM_CHAR, 0, 1, 0) == H_BUSY && polls == 1);

    strcpy(typed, "0123456789abcdef and more");
    CHECK(call(H_GET_TERM_CHAR, 0, 0, 0) == H_SUCCESS && gpr[4] == 16 && polls == 2);
    CHECK(gpr[5] == UINT64_C(0x3031323334353637) && gpr[6] == UINT64_C(0x3839616263646566));
    strcpy(typed, "\xff");
    CHECK(call(H_GET_TERM_CHAR, VTY_UNIT, 1, 2) == H_SUCCESS && gpr[4] == 1);
    CHECK(gpr[5] == UINT64_C(0xff00000000000000) && gpr[6] == 0);
    strcpy(typed, "");
    CHECK(call(H_GET_TERM_CHAR, 0, 1, 2) == H_SUCCESS && gpr[4] == 0 && gpr[5] == 0 && gpr[6] == 0);
    CHECK(call(H_GET_TERM_CHAR, 1, 1, 2) == H_PARAMETER && gpr[4] == 1);
}

/* ---- random calls ---- */

static uint64_t random_word(void)
{
    switch (random_below(4)) {
    case 0:
        return random_wild();
    case 1:
        return random_below(END + 0x2000) & ~UINT64_C(0xfff);
    case 2:
        return random_below(ENTRIES);
    default:
        return (random_below(END + 0x2000) & ~UINT64_C(0xfff)) | HPTE_R_M;
    }
}

static bool is_code(int64_t result)
{
    return (result >= -12 && result <= 1) || result == H_CONTINUE || result == H_RESOURCE ||
           (result <= H_P2 && result >= H_P5) || result == H_UNSUPPORTED_FLAG;
}

static void check_after(const struct domain *foreign_before, const uint64_t gpr_before[32], uint64_t lpcr_before)
{
    const uint64_t *gpr = vcpu->context.gpr;

    CHECK(is_code((int64_t)gpr[3]));
    for (unsigned i = 0; i < 32; i++) {
        CHECK(gpr[i] == gpr_before[i] || (i >= 3 && i <= 11));
    }
    CHECK(memcmp(bystander, foreign_before, sizeof(*bystander)) == 0);
    CHECK((vcpu->context.lpcr & ~(LPCR_ILE | LPCR_AIL_MASK)) == lpcr_before);
    CHECK(guest->hpt_lock.held == 0 && guest->papr.xics_lock.held == 0);
    CHECK(vcpu->domain == guest && vcpu->id == 0);
}

static void test_random(void)
{
    static struct domain foreign_before;
    static const uint64_t lpcr = LPCR_VPM0 | LPCR_LPES0 | LPCR_HDICE;
    uint64_t owned[2] = { vrma_hpte_v(0), (uint64_t)extents[0] << EXTENT_SHIFT | 0x192 };

    start();
    vcpu->context.lpcr = lpcr;
    memcpy(&guest->hpt[2 * 15], owned, sizeof(owned));
    foreign_before = *bystander;
    for (int step = 0; step < 200000; step++) {
        uint64_t before[32];

        for (unsigned i = 0; i < 32; i++) {
            vcpu->context.gpr[i] = before[i] = random_word();
        }
        if (!random_one_in(8)) {
            vcpu->context.gpr[3] = random_one_in(8) ? H_RTAS : random_below(STATS_HCALL_MAX / 4) * 4;
        }
        while (vcpu->context.gpr[3] < STATS_HCALL_MAX && handler_find(vcpu->context.gpr[3]) == NULL) {
            vcpu->context.gpr[3] = random_below(STATS_HCALL_MAX);
        }
        if (!random_one_in(50)) {
            vcpu->context.gpr[4] &= ~UINT64_C(0x8000); /* clearing pages takes time */
        }
        vcpu->context.msr = MSR_SF | (random_one_in(16) ? MSR_PR : 0) | (random_next() & MSR_EE);
        hcall_handle(vcpu);
        check_after(&foreign_before, before, lpcr);
        CHECK(memcmp(&guest->hpt[2 * 15], owned, sizeof(owned)) == 0);
        vpa_dispatched(vcpu, random_one_in(2));
        messages_clear();
    }
}

int main(void)
{
    domains_init();
    guest = domain_make(extents, ARRAY_SIZE(extents));
    bystander = domain_make(foreign, ARRAY_SIZE(foreign));
    machine_forbid((uint64_t)foreign[0] << EXTENT_SHIFT, EXTENT_SIZE);
    machine_forbid((uint64_t)foreign[1] << EXTENT_SHIFT, EXTENT_SIZE);
    guest->hpt = calloc(ENTRIES, 16);
    guest->hpte_count = ENTRIES;
    vcpu = &guest->vcpus[0];
    test_numbers();
    test_problem_state();
    test_waiting();
    test_conferring();
    test_system_reset();
    test_interrupt_calls();
    test_terminal();
    test_random();
    return 0;
}
