/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run-time abstraction services (PAPR, chapter 7). The guest's r3 points to big-endian words: token, counts of
 * arguments and results, the arguments, room for the results, of which the first is the status.
 */
#include "rtas.h"

#include <string.h>

#include "abi/types.h"
#include "hcall.h"
#include "hv/bug.h"
#include "hv/calendar.h"
#include "hv/clock.h"
#include "hv/console.h"
#include "hv/power.h"
#include "hv/sched.h"
#include "xics.h"

#define RTAS_SUCCESS 0
#define RTAS_HARDWARE_ERROR (-1)
#define RTAS_PARAMETER_ERROR (-3)
#define RTAS_NOT_SUPPORTED (-3)
#define RTAS_NO_EVENT 1
#define RTAS_BUSY (-2)
#define RTAS_MAX_WORDS 16

struct rtas_call {
    struct vcpu *vcpu;
    uint32_t argument_count;
    uint32_t result_count;
    uint32_t arguments[RTAS_MAX_WORDS];
    uint32_t results[RTAS_MAX_WORDS]; /* [0] is the status */
};

typedef int32_t rtas_handler(struct rtas_call *call);

static struct domain *caller(const struct rtas_call *call)
{
    return call->vcpu->domain;
}

static int32_t display_character(struct rtas_call *call)
{
    char byte = (char)call->arguments[0];

    return terminal_write(caller(call), &byte, 1) ? RTAS_SUCCESS : RTAS_BUSY;
}

static int32_t get_time_of_day(struct rtas_call *call)
{
    struct calendar now;
    int64_t seconds;

    if (!clock_seconds(&seconds)) {
        return RTAS_HARDWARE_ERROR;
    }
    calendar_from_seconds(seconds + caller(call)->papr.clock_offset, &now);
    call->results[1] = now.year;
    call->results[2] = now.month;
    call->results[3] = now.day;
    call->results[4] = now.hour;
    call->results[5] = now.minute;
    call->results[6] = now.second;
    call->results[7] = 0; /* nanoseconds */
    return RTAS_SUCCESS;
}

/* Moves this domain's clock only: the machine's own is nobody's to set. */
static int32_t set_time_of_day(struct rtas_call *call)
{
    int64_t seconds;
    struct calendar set = {
        .year = call->arguments[0],
        .month = call->arguments[1],
        .day = call->arguments[2],
        .hour = call->arguments[3],
        .minute = call->arguments[4],
        .second = call->arguments[5],
    };

    if (!calendar_is_valid(&set)) {
        return RTAS_PARAMETER_ERROR;
    }
    if (!clock_seconds(&seconds)) {
        return RTAS_HARDWARE_ERROR;
    }
    caller(call)->papr.clock_offset = calendar_seconds(&set) - seconds;
    return RTAS_SUCCESS;
}

static int32_t power_off(struct rtas_call *call)
{
    hv_print("domain %s powers off\n", caller(call)->plan.name);
    domain_stop(caller(call), DOMAIN_OFF);
    if (domain_is_control(caller(call))) {
        machine_power_off();
    }
    return RTAS_SUCCESS;
}

static int32_t system_reboot(struct rtas_call *call)
{
    hv_print("domain %s reboots\n", caller(call)->plan.name);
    if (domain_is_control(caller(call))) {
        machine_reboot();
    }
    domain_restart(caller(call));
    return RTAS_SUCCESS;
}

/* (pointer to text) */
static int32_t os_term(struct rtas_call *call)
{
    char why[128] = "the system stopped without a message";
    const struct domain *domain = caller(call);

    for (size_t i = 0; i + 1 < sizeof(why); i++) {
        const char *byte = domain_pointer(domain, (gpa_t)call->arguments[0] + i, 1);

        why[i] = byte != NULL ? *byte : '\0';
        why[i + 1] = '\0';
        if (why[i] == '\0') {
            break;
        }
        if (why[i] < ' ' || why[i] > '~') {
            why[i] = ' ';
        }
    }
    domain_crash(call->vcpu, why);
    return RTAS_SUCCESS;
}

/* (server) -> 0 stopped, 1 stopping, 2 running */
static int32_t query_cpu_stopped_state(struct rtas_call *call)
{
    if (call->arguments[0] >= caller(call)->plan.vcpus) {
        return RTAS_PARAMETER_ERROR;
    }
    call->results[1] = caller(call)->vcpus[call->arguments[0]].state == VCPU_STOPPED ? 0 : 2;
    return RTAS_SUCCESS;
}

/* (server, real address, r3): begins in the state of a call to RTAS, real mode and big-endian. */
static int32_t start_cpu(struct rtas_call *call)
{
    struct vcpu *target;

    if (call->arguments[0] >= caller(call)->plan.vcpus) {
        return RTAS_PARAMETER_ERROR;
    }
    target = &caller(call)->vcpus[call->arguments[0]];
    if (target->state != VCPU_STOPPED) {
        return RTAS_HARDWARE_ERROR;
    }
    target->context.pc = call->arguments[1];
    target->context.gpr[3] = call->arguments[2];
    target->context.msr = MSR_SF | MSR_ME;
    target->state = VCPU_RUNNABLE;
    return RTAS_SUCCESS;
}

/* The last processor that stops takes its domain along: nobody could ever start one again. */
static int32_t stop_self(struct rtas_call *call)
{
    bool last = true;

    for (uint32_t i = 0; i < caller(call)->plan.vcpus; i++) {
        const struct vcpu *other = &caller(call)->vcpus[i];

        last = last && (other == call->vcpu || other->state == VCPU_STOPPED);
    }
    if (last) {
        hv_print("domain %s stops its last processor\n", caller(call)->plan.name);
        domain_stop(caller(call), DOMAIN_OFF);
    } else {
        call->vcpu->state = VCPU_STOPPED;
        sched_request();
    }
    return RTAS_SUCCESS;
}

#define PARAMETER_SPLPAR 20

/* (token, buffer, size): the buffer gets a 16-bit length and a string. */
static int32_t get_system_parameter(struct rtas_call *call)
{
    static const char splpar[] = "MaxEntCap=100,DesProcs=1,MaxPlatProcs=1";
    uint8_t answer[2 + sizeof(splpar)] = { 0, sizeof(splpar) };
    uint64_t size = call->arguments[2] < sizeof(answer) ? call->arguments[2] : sizeof(answer);

    if (call->arguments[0] != PARAMETER_SPLPAR) {
        return RTAS_NOT_SUPPORTED;
    }
    memcpy(answer + 2, splpar, sizeof(splpar));
    return domain_write(caller(call), call->arguments[1], answer, size) ? RTAS_SUCCESS : RTAS_PARAMETER_ERROR;
}

/* (irq, server, priority) */
static int32_t set_xive(struct rtas_call *call)
{
    bool done = call->arguments[2] <= UINT8_MAX &&
                xics_set_source(caller(call), call->arguments[0], call->arguments[1], (uint8_t)call->arguments[2]);

    return done ? RTAS_SUCCESS : RTAS_PARAMETER_ERROR;
}

/* (irq) -> server, priority */
static int32_t get_xive(struct rtas_call *call)
{
    uint8_t priority;

    if (!xics_get_source(caller(call), call->arguments[0], &call->results[1], &priority)) {
        return RTAS_PARAMETER_ERROR;
    }
    call->results[2] = priority;
    return RTAS_SUCCESS;
}

static int32_t int_off(struct rtas_call *call)
{
    return xics_mask_source(caller(call), call->arguments[0]) ? RTAS_SUCCESS : RTAS_PARAMETER_ERROR;
}

static int32_t int_on(struct rtas_call *call)
{
    return xics_unmask_source(caller(call), call->arguments[0]) ? RTAS_SUCCESS : RTAS_PARAMETER_ERROR;
}

static int32_t no_event(struct rtas_call *call)
{
    (void)call;
    return RTAS_NO_EVENT;
}

/* (offset, buffer, size) -> size moved */
static int32_t nvram_move(struct rtas_call *call, bool store)
{
    struct papr_domain *papr = &caller(call)->papr;
    uint64_t offset = call->arguments[0], size = call->arguments[2];
    bool done;

    if (!range_inside(offset, size, 0, NVRAM_SIZE)) {
        return RTAS_PARAMETER_ERROR;
    }
    if (store) {
        done = domain_contains(caller(call), call->arguments[1], size) &&
               domain_read(caller(call), papr->nvram + offset, call->arguments[1], size);
    } else {
        done = domain_write(caller(call), call->arguments[1], papr->nvram + offset, size);
    }
    call->results[1] = done ? (uint32_t)size : 0;
    return done ? RTAS_SUCCESS : RTAS_PARAMETER_ERROR;
}

static int32_t nvram_fetch(struct rtas_call *call)
{
    return nvram_move(call, false);
}

static int32_t nvram_store(struct rtas_call *call)
{
    return nvram_move(call, true);
}

/* There are no indicators: the call exists because processor hotplug asks for it. */
static int32_t set_indicator(struct rtas_call *call)
{
    (void)call;
    return RTAS_NOT_SUPPORTED;
}

struct rtas_service {
    uint32_t token;
    uint32_t arguments; /* how many it reads: a call with fewer is refused */
    uint32_t results;   /* how many it writes, status included */
    rtas_handler *handler;
};

static const struct rtas_service services[] = {
    { RTAS_DISPLAY_CHARACTER, 1, 1, display_character },
    { RTAS_GET_TIME_OF_DAY, 0, 8, get_time_of_day },
    { RTAS_SET_TIME_OF_DAY, 7, 1, set_time_of_day },
    { RTAS_POWER_OFF, 2, 1, power_off },
    { RTAS_SYSTEM_REBOOT, 0, 1, system_reboot },
    { RTAS_QUERY_CPU_STOPPED_STATE, 1, 2, query_cpu_stopped_state },
    { RTAS_START_CPU, 3, 1, start_cpu },
    { RTAS_STOP_SELF, 0, 1, stop_self },
    { RTAS_IBM_GET_SYSTEM_PARAMETER, 3, 1, get_system_parameter },
    { RTAS_IBM_SET_XIVE, 3, 1, set_xive },
    { RTAS_IBM_GET_XIVE, 1, 3, get_xive },
    { RTAS_IBM_INT_OFF, 1, 1, int_off },
    { RTAS_IBM_INT_ON, 1, 1, int_on },
    { RTAS_CHECK_EXCEPTION, 6, 1, no_event },
    { RTAS_EVENT_SCAN, 4, 1, no_event },
    { RTAS_NVRAM_FETCH, 3, 2, nvram_fetch },
    { RTAS_NVRAM_STORE, 3, 2, nvram_store },
    { RTAS_SET_INDICATOR, 3, 1, set_indicator },
    { RTAS_IBM_OS_TERM, 1, 1, os_term },
};

static const struct rtas_service *service_find(uint32_t token)
{
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        if (services[i].token == token) {
            return &services[i];
        }
    }
    return NULL;
}

static int32_t service_run(const struct rtas_service *service, struct rtas_call *call)
{
    if (service == NULL || call->argument_count < service->arguments || call->result_count < service->results) {
        return RTAS_PARAMETER_ERROR;
    }
    return service->handler(call);
}

/* (real address of the words) */
int64_t h_rtas(struct vcpu *vcpu, uint64_t *args)
{
    struct domain *domain = vcpu->domain;
    struct rtas_call call = { .vcpu = vcpu };
    be32_t head[3], words[RTAS_MAX_WORDS];
    gpa_t arguments = args[0] + sizeof(head), results;

    if (!IS_ALIGNED(args[0], sizeof(head[0])) || !domain_read(domain, head, args[0], sizeof(head))) {
        return H_PARAMETER;
    }
    call.argument_count = be32_get(head[1]);
    call.result_count = be32_get(head[2]);
    if (call.argument_count > RTAS_MAX_WORDS || call.result_count > RTAS_MAX_WORDS || call.result_count == 0) {
        return H_PARAMETER;
    }
    results = arguments + call.argument_count * sizeof(words[0]);
    if (!domain_read(domain, words, arguments, call.argument_count * sizeof(words[0])) ||
        !domain_contains(domain, results, call.result_count * sizeof(words[0]))) {
        return H_PARAMETER;
    }
    for (uint32_t i = 0; i < call.argument_count; i++) {
        call.arguments[i] = be32_get(words[i]);
    }
    call.results[0] = (uint32_t)service_run(service_find(be32_get(head[0])), &call);
    for (uint32_t i = 0; i < call.result_count; i++) {
        be32_set(&words[i], call.results[i]);
    }
    return domain_write(domain, results, words, call.result_count * sizeof(words[0])) ? H_SUCCESS : H_PARAMETER;
}

void rtas_install(const struct domain *domain)
{
    /* mr r4,r3; lis r3,0; ori r3,r3,H_RTAS; sc 1; blr: big-endian, as the caller enters. */
    const uint32_t code[] = { 0x7c641b78, 0x3c600000, 0x60630000 | H_RTAS, 0x44000022, 0x4e800020 };
    be32_t words[ARRAY_SIZE(code)];

    for (size_t i = 0; i < ARRAY_SIZE(code); i++) {
        be32_set(&words[i], code[i]);
    }
    BUG_ON(!domain_write(domain, domain->plan.rtas, words, sizeof(words)));
}
