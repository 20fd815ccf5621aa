/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls from all processors at once. tests/boot/test_opal_calls.py checks that lines "CPU" arrived whole, in order. */
#include "../../../abi/types.h"
#include "../lib/regs.h"
#include "cases.h"

#define LINES 40
#define LINE_ROOM 64
#define ROUNDS 100

#define LPC_IO 1
#define UART_SCRATCH 0x3ff
#define XSCOM_CHIP_ID 0xf000f

/* All but the last, which is the external interrupt. */
#define PSI_FIRST 16
#define PSI_COUNT 5
#define LINK_SHIFT 2
#define MASKED 0xff

#define PATIENCE (UINT64_C(60) * 512000000)

static struct {
    unsigned arrived;
    unsigned errors;
} tally;

/* Until all processors are here; none goes on when one of them is missing for too long. */
static bool meet(void)
{
    uint64_t end = timebase_read() + PATIENCE;

    __atomic_add_fetch(&tally.arrived, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&tally.arrived, __ATOMIC_SEQ_CST) < processor_count())
        if (timebase_read() > end)
            return false;
    return true;
}

static void error_count(bool is_good)
{
    if (!is_good)
        __atomic_add_fetch(&tally.errors, 1, __ATOMIC_RELAXED);
}

/* Until there is room for a line of every processor: then it does not matter how many see it at once. */
static bool wait_for_room(void)
{
    uint64_t end = timebase_read() + PATIENCE;
    be64_t room;

    do {
        OPAL(OPAL_POLL_EVENTS, 0);
        if (OPAL(OPAL_CONSOLE_WRITE_BUFFER_SPACE, 0, opal_address(&room)) != OPAL_SUCCESS)
            return false;
        if (be64_get(room) >= (uint64_t)LINE_ROOM * processor_count())
            return true;
    } while (timebase_read() < end);
    return false;
}

static bool write_line(const char *line, unsigned size)
{
    be64_t length;

    be64_set(&length, size);
    return wait_for_room() && OPAL(OPAL_CONSOLE_WRITE, 0, opal_address(&length), opal_address(line)) == OPAL_SUCCESS &&
           be64_get(length) == size;
}

static void write_lines(unsigned index)
{
    char line[] = "CPU 0 000 the quick brown fox jumps over the lazy dog end\r\n";

    line[4] = (char)('0' + index);
    if (!meet())
        error_count(false);
    for (unsigned i = 0; i < LINES; i++) {
        line[6] = (char)('0' + i / 100);
        line[7] = (char)('0' + i / 10 % 10);
        line[8] = (char)('0' + i % 10);
        error_count(write_line(line, sizeof(line) - 1));
    }
}

/* Every processor has an interrupt source of its own, whose route it changes; nothing is pending there. */
static void change_route(unsigned index, unsigned round)
{
    uint64_t source = PSI_FIRST + index;
    uint64_t server = processor_server(index) << LINK_SHIFT;
    uint8_t priority = round & 1 ? MASKED : (uint8_t)(1 + round % 254);
    uint8_t route[3] = {0};

    error_count(OPAL(OPAL_SET_XIVE, source, server, priority) == OPAL_SUCCESS);
    error_count(OPAL(OPAL_GET_XIVE, source, opal_address(route), opal_address(route + 2)) == OPAL_SUCCESS);
    error_count((uint64_t)(route[0] << 8 | route[1]) == server && route[2] == priority);
}

/* Each answer is known; a call that got another processor's would show. */
static void call_everything(unsigned index)
{
    be64_t chip_id, first_chip_id;
    be32_t scratch;
    uint8_t status;

    if (!meet())
        error_count(false);
    OPAL(OPAL_XSCOM_READ, 0, XSCOM_CHIP_ID, opal_address(&first_chip_id));
    for (unsigned i = 0; i < ROUNDS; i++) {
        error_count(OPAL(OPAL_CHECK_TOKEN, OPAL_TEST) == 1);
        error_count(OPAL(OPAL_CHECK_TOKEN, 255) == 0);
        error_count(OPAL(OPAL_POLL_EVENTS, 0) == OPAL_SUCCESS);
        error_count(OPAL(OPAL_QUERY_CPU_STATUS, processor_server(index), opal_address(&status)) == OPAL_SUCCESS);
        error_count(status == 1);
        error_count(OPAL(OPAL_XSCOM_READ, 0, XSCOM_CHIP_ID, opal_address(&chip_id)) == OPAL_SUCCESS);
        error_count(be64_get(chip_id) == be64_get(first_chip_id));
        error_count(OPAL(OPAL_LPC_READ, 0, LPC_IO, UART_SCRATCH, opal_address(&scratch), 1) == OPAL_SUCCESS);
        error_count(be32_get(scratch) == 0x5a);
        if (processor_count() <= PSI_COUNT)
            change_route(index, i);
    }
}

void cases_together(void)
{
    if (processor_count() < 2)
        return;
    tally.arrived = 0;
    check_true(processors_run(write_lines), "together: all processors write lines");
    check_equal(tally.errors, 0, "together: each line goes in one call");
    OPAL(OPAL_LPC_WRITE, 0, LPC_IO, UART_SCRATCH, 0x5a, 1);
    tally.arrived = 0;
    tally.errors = 0;
    check_true(processors_run(call_everything), "together: all processors make all kinds of calls");
    check_equal(tally.errors, 0, "together: every answer is right");
}
