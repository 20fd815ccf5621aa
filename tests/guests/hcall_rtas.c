/* SPDX-License-Identifier: BSD-2-Clause */
/* Every RTAS call, with valid and bad arguments; power-off is how each guest ends. */
#include "lib/check.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/rtas.h"

#define OK 0
#define HARDWARE_ERROR (-1)
#define PARAMETER_ERROR (-3)

const char guest_name[] = "hcall_rtas";

static uint8_t buffer[2048] __attribute__((aligned(4096)));

static uint32_t buffer_address(void)
{
    return (uint32_t)(uintptr_t)buffer;
}

static void check_rtas(struct rtas call, int32_t want, const char *name)
{
    check_equal((uint64_t)(int64_t)call.status, (uint64_t)(int64_t)want, "%s", name);
}

/* Calls without arguments. */
static struct rtas rtas_simple(uint32_t token, unsigned return_count)
{
    return rtas_call(token, 0, return_count, NULL);
}

static bool date_is_sane(const uint32_t v[])
{
    return v[0] >= 2000 && v[0] < 2200 && v[1] >= 1 && v[1] <= 12 && v[2] >= 1 && v[2] <= 31 && v[3] < 24 && v[4] < 60 && v[5] < 61;
}

static void check_clock(void)
{
    struct rtas call = rtas_simple(RTAS_GET_TIME_OF_DAY, 8);

    check_rtas(call, OK, "get-time-of-day");
    check_true(date_is_sane(call.values + 1), "get-time-of-day: a date");
    check_rtas(rtas_simple(RTAS_GET_TIME_OF_DAY, 7), PARAMETER_ERROR, "get-time-of-day: too few results");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, 2031, 12, 31, 23, 58, 7, 0), OK, "set-time-of-day");
    call = rtas_simple(RTAS_GET_TIME_OF_DAY, 8);
    check_true(call.values[1] == 2031 && call.values[2] == 12 && call.values[3] == 31 && call.values[4] == 23 &&
                   call.values[5] >= 58,
               "get-time-of-day: as set");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, 2000, 2, 29, 0, 0, 0, 0), OK, "set-time-of-day: leap day");
    call = rtas_simple(RTAS_GET_TIME_OF_DAY, 8);
    check_true(call.values[1] == 2000 && call.values[2] == 2 && call.values[3] == 29, "get-time-of-day: leap day");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, 2031, 13, 1, 0, 0, 0, 0), PARAMETER_ERROR, "set-time-of-day: month 13");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, 2031, 2, 30, 0, 0, 0, 0), PARAMETER_ERROR, "set-time-of-day: 30 February");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, 2031, 1, 0, 0, 0, 0, 0), PARAMETER_ERROR, "set-time-of-day: day 0");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, 2031, 1, 1, 24, 0, 0, 0), PARAMETER_ERROR, "set-time-of-day: hour 24");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX),
               PARAMETER_ERROR, "set-time-of-day: all ones");
    check_rtas(RTAS(RTAS_SET_TIME_OF_DAY, 1, 2031, 1), PARAMETER_ERROR, "set-time-of-day: too few arguments");
}

static void check_processors(void)
{
    struct rtas call = RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, 0);

    check_rtas(call, OK, "query-cpu-stopped-state");
    check_equal(call.values[1], 2, "query-cpu-stopped-state: this one runs");
    check_rtas(RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, 1), PARAMETER_ERROR, "query-cpu-stopped-state: processor 1 of 1");
    check_rtas(RTAS(RTAS_QUERY_CPU_STOPPED_STATE, 2, UINT32_MAX), PARAMETER_ERROR, "query-cpu-stopped-state: processor -1");
    check_rtas(RTAS(RTAS_START_CPU, 1, 0, 0x100, 0), HARDWARE_ERROR, "start-cpu: it runs already");
    check_rtas(RTAS(RTAS_START_CPU, 1, 1, 0x100, 0), PARAMETER_ERROR, "start-cpu: processor 1 of 1");
    check_rtas(RTAS(RTAS_START_CPU, 1, UINT32_MAX, 0x100, 0), PARAMETER_ERROR, "start-cpu: processor -1");
}

static void check_interrupts(void)
{
    const uint32_t irq = (uint32_t)XICS_FIRST_IRQ;
    const uint32_t past = (uint32_t)(XICS_FIRST_IRQ + XICS_IRQ_COUNT);
    struct rtas call;

    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, irq, 0, 5), OK, "ibm,set-xive");
    call = RTAS(RTAS_IBM_GET_XIVE, 3, irq);
    check_rtas(call, OK, "ibm,get-xive");
    check_true(call.values[1] == 0 && call.values[2] == 5, "ibm,get-xive: server and priority as set");
    check_rtas(RTAS(RTAS_IBM_INT_OFF, 1, irq), OK, "ibm,int-off");
    check_equal(RTAS(RTAS_IBM_GET_XIVE, 3, irq).values[2], XICS_PRIORITY_MASKED, "ibm,get-xive: masked");
    check_rtas(RTAS(RTAS_IBM_INT_ON, 1, irq), OK, "ibm,int-on");
    check_equal(RTAS(RTAS_IBM_GET_XIVE, 3, irq).values[2], 5, "ibm,get-xive: the priority is back");
    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, irq, 1, 5), PARAMETER_ERROR, "ibm,set-xive: server 1 of 1");
    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, irq, UINT32_MAX, 5), PARAMETER_ERROR, "ibm,set-xive: server -1");
    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, irq, 0), PARAMETER_ERROR, "ibm,set-xive: too few arguments");
    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, 0, 0, 5), PARAMETER_ERROR, "ibm,set-xive: source 0");
    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, 2, 0, 5), PARAMETER_ERROR, "ibm,set-xive: the inter-processor source");
    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, irq - 1, 0, 5), PARAMETER_ERROR, "ibm,set-xive: before the first source");
    check_rtas(RTAS(RTAS_IBM_SET_XIVE, 1, past, 0, 5), PARAMETER_ERROR, "xen-11 ibm,set-xive: past the last source");
    check_rtas(RTAS(RTAS_IBM_GET_XIVE, 3, past), PARAMETER_ERROR, "xen-11 ibm,get-xive: past the last source");
    check_rtas(RTAS(RTAS_IBM_INT_ON, 1, UINT32_MAX), PARAMETER_ERROR, "xen-11 ibm,int-on: source -1");
    check_rtas(RTAS(RTAS_IBM_INT_OFF, 1, UINT32_MAX), PARAMETER_ERROR, "xen-11 ibm,int-off: source -1");
}

static void check_nvram(void)
{
    const uint32_t last = (uint32_t)NVRAM_SIZE - 16;
    struct rtas call;

    memset(buffer, 0x5c, sizeof(buffer));
    call = RTAS(RTAS_NVRAM_STORE, 2, 32, buffer_address(), 16);
    check_rtas(call, OK, "nvram-store");
    check_equal(call.values[1], 16, "nvram-store: length");
    check_rtas(RTAS(RTAS_NVRAM_STORE, 2, last, buffer_address(), 16), OK, "nvram-store: the last bytes");
    memset(buffer, 0, sizeof(buffer));
    call = RTAS(RTAS_NVRAM_FETCH, 2, 32, buffer_address() + 1, 16);
    check_rtas(call, OK, "nvram-fetch");
    check_equal(call.values[1], 16, "nvram-fetch: length");
    check_true(buffer[0] == 0 && buffer[1] == 0x5c && buffer[16] == 0x5c && buffer[17] == 0, "nvram-fetch: as stored");
    check_rtas(RTAS(RTAS_NVRAM_FETCH, 2, last + 1, buffer_address(), 16), PARAMETER_ERROR, "xen-15 nvram-fetch: past the end");
    check_rtas(RTAS(RTAS_NVRAM_FETCH, 2, UINT32_MAX, buffer_address(), 16), PARAMETER_ERROR, "xen-15 nvram-fetch: offset -1");
    check_rtas(RTAS(RTAS_NVRAM_FETCH, 2, 16, buffer_address(), UINT32_MAX), PARAMETER_ERROR, "xen-15 nvram-fetch: length -1");
    check_rtas(RTAS(RTAS_NVRAM_STORE, 2, last + 1, buffer_address(), 16), PARAMETER_ERROR, "xen-15 nvram-store: past the end");
    check_rtas(RTAS(RTAS_NVRAM_STORE, 2, 16, buffer_address(), UINT32_MAX), PARAMETER_ERROR, "xen-15 nvram-store: length -1");
    check_rtas(RTAS(RTAS_NVRAM_FETCH, 2, 0, 0xfffff000, 16), PARAMETER_ERROR, "xen-15 nvram-fetch: to memory it does not have");
    check_rtas(RTAS(RTAS_NVRAM_STORE, 2, 0, 0xfffff000, 16), PARAMETER_ERROR, "xen-15 nvram-store: from memory it does not have");
}

static void check_events(void)
{
    check_rtas(RTAS(RTAS_EVENT_SCAN, 1, UINT32_MAX, 0, buffer_address(), 1024), 1, "event-scan: nothing happened");
    check_rtas(RTAS(RTAS_CHECK_EXCEPTION, 1, 0x500, 0, UINT32_MAX, 0, buffer_address(), 1024), 1, "check-exception: nothing happened");
    check_rtas(RTAS(RTAS_SET_INDICATOR, 1, 9, 0, 1), PARAMETER_ERROR, "set-indicator: there are none");
    check_rtas(RTAS(RTAS_DISPLAY_CHARACTER, 1, '\n'), OK, "display-character");
    check_rtas(RTAS(RTAS_IBM_GET_SYSTEM_PARAMETER, 1, 0xfff0, buffer_address(), 64), PARAMETER_ERROR,
               "ibm,get-system-parameter: nobody knows it");
    check_rtas(RTAS(RTAS_IBM_GET_SYSTEM_PARAMETER, 1, 44, 0xfffff000, 64), PARAMETER_ERROR,
               "xen-15 ibm,get-system-parameter: to memory it does not have");
}

static void check_buffers(void)
{
    uint64_t end = fdt_memory_size();
    const uint64_t addresses[] = {end, end - 8, end - 12, UINT64_C(1) << 32, UINT64_C(1) << 63, WORD_MAX, WORD_MAX - 11};
    static const uint32_t tokens[] = {0, 1, 0x1fff, 0x2fff, 0x7fffffff, 0x80000000, 0xf0002003, UINT32_MAX};

    for (unsigned i = 0; i < ARRAY_COUNT(tokens); i++)
        check_equal((uint64_t)(int64_t)rtas_simple(tokens[i], 1).status, (uint64_t)PARAMETER_ERROR, "xen-15 token 0x%x", tokens[i]);
    for (unsigned i = 0; i < ARRAY_COUNT(addresses); i++)
        check_status(HCALL(H_RTAS, addresses[i]), H_PARAMETER, "xen-15 argument buffer %u outside memory", i);
}

/* The counts say where the results go: those that no call has must be refused as a whole, the buffer untouched. */
static void check_counts(void)
{
    static const uint32_t counts[] = {17, 0x100, 0x40000000, 0x7fffffff, 0x80000000, UINT32_MAX};
    struct rtas_buffer *call = (struct rtas_buffer *)buffer;
    unsigned refused = 0, changed = 0;

    for (unsigned i = 0; i < 2 * ARRAY_COUNT(counts); i++) {
        memset(buffer, 0, sizeof(buffer));
        be32_set(&call->token, RTAS_GET_TIME_OF_DAY);
        be32_set(&call->argument_count, i % 2 ? 0 : counts[i / 2]);
        be32_set(&call->return_count, i % 2 ? counts[i / 2] : 8);
        refused += HCALL(H_RTAS, buffer_address()).status == H_PARAMETER;
        for (unsigned at = sizeof(be32_t) * 3; at < sizeof(buffer); at++)
            changed += buffer[at] != 0;
    }
    check_equal(refused, 2 * ARRAY_COUNT(counts), "xen-15 absurd counts of arguments and results are refused");
    check_equal(changed, 0, "xen-15 ... and nothing is written");
}

/* The code at linux,rtas-entry does the same as the hypercall. */
static void check_entry(void)
{
    static const uint32_t query[] = {0};
    struct rtas call;

    if (!check_true(fdt_number("rtas", "linux,rtas-entry", 0) != 0, "linux,rtas-entry"))
        return;
    call = rtas_call_entry(RTAS_QUERY_CPU_STOPPED_STATE, 1, 2, query);
    check_rtas(call, OK, "through linux,rtas-entry");
    check_equal(call.values[1], 2, "through linux,rtas-entry: result");
    check_equal(call.values[2], 0, "through linux,rtas-entry: nothing behind the results");
    check_rtas(rtas_call_entry(0x1234, 1, 1, query), PARAMETER_ERROR, "through linux,rtas-entry: a token nobody has");
}

/* What the tree says and what the calls here use must agree. */
static void check_tokens(void)
{
    check_equal(fdt_number("rtas", "power-off", 0), RTAS_POWER_OFF, "token of power-off");
    check_equal(fdt_number("rtas", "get-time-of-day", 0), RTAS_GET_TIME_OF_DAY, "token of get-time-of-day");
    check_equal(fdt_number("rtas", "nvram-fetch", 0), RTAS_NVRAM_FETCH, "token of nvram-fetch");
    check_equal(fdt_number("rtas", "ibm,os-term", 0), RTAS_IBM_OS_TERM, "token of ibm,os-term");
}

void guest_main(void)
{
    check_tokens();
    check_clock();
    check_processors();
    check_interrupts();
    check_nvram();
    check_events();
    check_buffers();
    check_counts();
    check_entry();
}
