/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's talk with the service processor, and with ones that are busy, silent, short of words or garrulous.
 *
 * Include: firmware/opal firmware/opal/board hypervisor/include lib/include .
 * Define: OPAL_IO_H
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static uint64_t ticks;

static uint64_t timebase(void)
{
    return ticks += 100000;
}

#include "../../firmware/opal/board/ipmi_bt.c"

#include "check.h"

#define BASE 0xe4

/* A service processor as its host sees it: one request, one answer. */
static struct {
    uint8_t control;
    uint8_t request[64], answer[300];
    size_t request_size, answer_size, read;
    bool silent;     /* takes requests and says nothing */
    bool late;       /* has answered only the request before */
    uint8_t netfn, command, data;
    unsigned int requests;
    uint8_t completion;
    uint8_t record[RECORD_SIZE];
    size_t length; /* of the answer, when not 0 */
} bmc;

static void bmc_answer(void)
{
    CHECK(bmc.request_size >= 4 && bmc.request[0] == bmc.request_size - 1);
    bmc.requests++;
    bmc.netfn = bmc.request[1] >> 2;
    bmc.command = bmc.request[3];
    bmc.data = bmc.request_size > 4 ? bmc.request[4] : 0;
    if (bmc.silent)
        return;
    memset(bmc.answer, 0, sizeof(bmc.answer));
    bmc.answer_size = bmc.length != 0 ? bmc.length : 5 + sizeof(bmc.record);
    bmc.answer[0] = (uint8_t)(bmc.answer_size - 1);
    bmc.answer[1] = bmc.request[1] | 4;
    bmc.answer[2] = bmc.request[2];
    bmc.answer[3] = bmc.request[3];
    bmc.answer[4] = bmc.completion;
    memcpy(bmc.answer + 5, bmc.record, sizeof(bmc.record));
    if (bmc.late)
        bmc.answer[2]--;
    bmc.control |= BMC_ATTENTION;
}

uint8_t lpc_io_read(uint32_t port)
{
    CHECK(port == BASE || port == BASE + 1);
    if (port == BASE)
        return bmc.control;
    return bmc.read < bmc.answer_size ? bmc.answer[bmc.read++] : 0xff;
}

void lpc_io_write(uint32_t port, uint8_t value)
{
    CHECK(port == BASE || port == BASE + 1);
    if (port == BASE + 1) {
        CHECK(bmc.request_size < sizeof(bmc.request));
        bmc.request[bmc.request_size++] = value;
        return;
    }
    if (value & CLEAR_WRITE)
        bmc.request_size = 0;
    if (value & CLEAR_READ)
        bmc.read = 0;
    bmc.control &= (uint8_t)~(value & (BMC_ATTENTION | EVENT_ATTENTION));
    if (value & HOST_BUSY)
        bmc.control ^= HOST_BUSY;
    if (value & HOST_BUSY && !(bmc.control & HOST_BUSY) && bmc.late) { /* now to this one, which it refuses */
        bmc.late = false;
        bmc.answer[2]++;
        bmc.answer[4] = 0xc1;
        bmc.control |= BMC_ATTENTION;
    }
    if (value & HOST_ATTENTION)
        bmc_answer();
}

static bool exists;

int tree_next_compatible(const void *tree, int node, const char *compatible)
{
    (void)tree;
    CHECK(node == -1 && strcmp(compatible, "ipmi-bt") == 0);
    return exists ? 1 : -1;
}

uint32_t tree_get_cell(const void *tree, int node, const char *name, int index, uint32_t otherwise)
{
    (void)tree;
    (void)otherwise;
    CHECK(node == 1 && strcmp(name, "reg") == 0 && index == 1);
    return BASE;
}

static void reset(void)
{
    memset(&bmc, 0, sizeof(bmc));
    memset(&bt, 0, sizeof(bt));
    exists = true;
    ipmi_init(NULL);
    CHECK(bmc.requests == 1 && bmc.netfn == NETFN_APP && bmc.command == SET_GLOBAL_ENABLES);
    CHECK(bmc.data == ENABLE_EVENT_BUFFER);
}

static void test_orders(void)
{
    reset();
    CHECK(board_power_off() == OPAL_SUCCESS);
    CHECK(bmc.netfn == NETFN_CHASSIS && bmc.command == CHASSIS_CONTROL && bmc.data == CONTROL_POWER_DOWN);
    CHECK(board_reset() == OPAL_SUCCESS);
    CHECK(bmc.data == CONTROL_HARD_RESET && bmc.requests == 3);
    CHECK((bmc.control & (BMC_ATTENTION | HOST_BUSY)) == 0);
    CHECK(bt.lock.held == 0);
}

static void test_trouble(void)
{
    bool reboot;

    exists = false;
    memset(&bt, 0, sizeof(bt));
    ipmi_init(NULL);
    CHECK(board_power_off() == OPAL_UNSUPPORTED && board_reset() == OPAL_UNSUPPORTED);
    CHECK(!board_wants_power_off(&reboot));
    reset();
    bmc.control = BMC_BUSY;
    CHECK(board_power_off() == OPAL_BUSY && bmc.requests == 1);
    bmc.control = 0;
    bmc.silent = true;
    CHECK(board_power_off() == OPAL_INTERNAL_ERROR);
    bmc.silent = false;
    bmc.completion = 0xc1;
    CHECK(board_power_off() == OPAL_INTERNAL_ERROR);
    bmc.completion = 0;
    CHECK(board_power_off() == OPAL_SUCCESS);
    for (size_t length = 1; length <= 256; length++) {
        bmc.length = length;
        CHECK(board_power_off() == (length >= 5 ? OPAL_SUCCESS : OPAL_INTERNAL_ERROR));
    }
    bmc.length = 0;
    bmc.late = true;
    CHECK(board_reset() == OPAL_INTERNAL_ERROR && !bmc.late);
    CHECK(bt.lock.held == 0);
}

static bool event(uint8_t type, uint8_t command, uint8_t wish, bool *reboot)
{
    bmc.record[RECORD_TYPE] = type;
    bmc.record[RECORD_COMMAND] = command;
    bmc.record[RECORD_REBOOT] = wish;
    bmc.control |= EVENT_ATTENTION;
    return board_wants_power_off(reboot);
}

static void test_events(void)
{
    bool reboot = true;

    reset();
    CHECK(!board_wants_power_off(&reboot) && bmc.requests == 1);
    CHECK(event(RECORD_TYPE_OEM, POWER_NOTIFICATION, 0, &reboot) && !reboot);
    CHECK(bmc.netfn == NETFN_APP && bmc.command == READ_EVENT_BUFFER);
    CHECK((bmc.control & EVENT_ATTENTION) == 0 && !board_wants_power_off(&reboot));
    CHECK(event(RECORD_TYPE_OEM, POWER_NOTIFICATION, 1, &reboot) && reboot);
    CHECK(!event(0x02, POWER_NOTIFICATION, 0, &reboot));
    CHECK(!event(RECORD_TYPE_OEM, 0x05, 0, &reboot) && reboot);
    bmc.completion = 0x80;
    CHECK(!event(RECORD_TYPE_OEM, POWER_NOTIFICATION, 0, &reboot));
    bmc.completion = 0;
    bmc.length = 5;
    CHECK(!event(RECORD_TYPE_OEM, POWER_NOTIFICATION, 0, &reboot));
}

int main(void)
{
    test_orders();
    test_trouble();
    test_events();
    return 0;
}
