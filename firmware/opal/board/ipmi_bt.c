/* SPDX-License-Identifier: BSD-2-Clause */
/* The service processor behind its Block Transfer interface: IPMI 2.0, chapters 11, 22 and 28. */
#include <string.h>

#include "board.h"
#include "calls.h"
#include "config.h"
#include "hv/lock.h"
#include "io.h"
#include "tree.h"
#include "units.h"

/* Ports, from the base */
#define CONTROL 0
#define BUFFER 1

#define CLEAR_WRITE 0x01
#define CLEAR_READ 0x02
#define HOST_ATTENTION 0x04 /* H2B_ATN */
#define BMC_ATTENTION 0x08  /* B2H_ATN */
#define EVENT_ATTENTION 0x10 /* SMS_ATN */
#define HOST_BUSY 0x40
#define BMC_BUSY 0x80

#define NETFN_CHASSIS 0x00
#define NETFN_APP 0x06
#define CHASSIS_CONTROL 0x02
#define CONTROL_POWER_DOWN 0x00
#define CONTROL_HARD_RESET 0x03
#define SET_GLOBAL_ENABLES 0x2e
#define ENABLE_EVENT_BUFFER 0x04
#define READ_EVENT_BUFFER 0x35

/* An event record of IBM's own: the service processor asks for the machine to go down in an orderly way. */
#define RECORD_SIZE 16
#define RECORD_TYPE 2
#define RECORD_TYPE_OEM 0xc0
#define RECORD_COMMAND 11
#define POWER_NOTIFICATION 0x04
#define RECORD_REBOOT 12

/* The longest answer that is of interest: its head, a completion code, and an event record. */
#define ANSWER_HEAD 4
#define ANSWER_SEQUENCE 2
#define ANSWER_SIZE (ANSWER_HEAD + 1 + RECORD_SIZE)

#define ANSWERS 4 /* that are looked at for one request */
#define PATIENCE (1000 * (uint64_t)TICKS_PER_MS)

static struct {
    struct lock lock;
    uint32_t base; /* LPC port; 0: there is no service processor */
    uint8_t sequence;
} bt;

static bool wait_until(uint8_t bits, uint8_t value)
{
    uint64_t start = timebase();

    do {
        if ((lpc_io_read(bt.base + CONTROL) & bits) == value) {
            return true;
        }
    } while (timebase() - start < PATIENCE);
    return false;
}

static void send(uint8_t netfn, uint8_t command, const uint8_t *data, uint8_t size)
{
    const uint8_t head[] = { (uint8_t)(3 + size), (uint8_t)(netfn << 2), ++bt.sequence, command };

    lpc_io_write(bt.base + CONTROL, CLEAR_WRITE);
    for (size_t i = 0; i < sizeof(head); i++) {
        lpc_io_write(bt.base + BUFFER, head[i]);
    }
    for (size_t i = 0; i < size; i++) {
        lpc_io_write(bt.base + BUFFER, data[i]);
    }
    lpc_io_write(bt.base + CONTROL, HOST_ATTENTION);
}

/* The answer's first byte counts the rest; what does not come stays 0xff. */
static void receive(uint8_t answer[ANSWER_SIZE])
{
    size_t left;

    memset(answer, 0xff, ANSWER_SIZE);
    lpc_io_write(bt.base + CONTROL, HOST_BUSY);
    lpc_io_write(bt.base + CONTROL, BMC_ATTENTION);
    lpc_io_write(bt.base + CONTROL, CLEAR_READ);
    left = lpc_io_read(bt.base + BUFFER);
    answer[0] = (uint8_t)left;
    for (size_t i = 1; i <= left; i++) {
        uint8_t byte = lpc_io_read(bt.base + BUFFER);

        if (i < ANSWER_SIZE) {
            answer[i] = byte;
        }
    }
    lpc_io_write(bt.base + CONTROL, HOST_BUSY);
}

/* A request and its answer; the lock is held.  An answer that comes before it may be a late one, to a request that was given
 * up.  OPAL_SUCCESS, OPAL_BUSY or OPAL_HARDWARE. */
static int64_t transact(uint8_t netfn, uint8_t command, const uint8_t *data, uint8_t size, uint8_t answer[ANSWER_SIZE])
{
    if (!wait_until(BMC_BUSY | HOST_ATTENTION, 0)) {
        return OPAL_BUSY;
    }
    send(netfn, command, data, size);
    for (int i = 0; i < ANSWERS && wait_until(BMC_ATTENTION, BMC_ATTENTION); i++) {
        receive(answer);
        if (answer[ANSWER_SEQUENCE] == bt.sequence) {
            return answer[ANSWER_HEAD] == 0 ? OPAL_SUCCESS : OPAL_HARDWARE;
        }
    }
    return OPAL_HARDWARE;
}

static int64_t command_byte(uint8_t netfn, uint8_t command, uint8_t byte)
{
    uint8_t answer[ANSWER_SIZE];
    int64_t result;

    if (bt.base == 0) {
        return OPAL_UNSUPPORTED;
    }
    lock_take(&bt.lock);
    result = transact(netfn, command, &byte, 1, answer);
    lock_release(&bt.lock);
    return result == OPAL_HARDWARE ? OPAL_INTERNAL_ERROR : result;
}

void ipmi_init(const void *tree)
{
    int node = tree_next_compatible(tree, -1, "ipmi-bt");

    if (node < 0) {
        return;
    }
    bt.base = tree_get_cell(tree, node, "reg", 1, 0);
    command_byte(NETFN_APP, SET_GLOBAL_ENABLES, ENABLE_EVENT_BUFFER);
}

int64_t board_power_off(void)
{
    return command_byte(NETFN_CHASSIS, CHASSIS_CONTROL, CONTROL_POWER_DOWN);
}

int64_t board_reset(void)
{
    return command_byte(NETFN_CHASSIS, CHASSIS_CONTROL, CONTROL_HARD_RESET);
}

bool board_wants_power_off(bool *reboot)
{
    uint8_t answer[ANSWER_SIZE];
    const uint8_t *record = answer + ANSWER_HEAD + 1;
    int64_t result;

    if (bt.base == 0 || (lpc_io_read(bt.base + CONTROL) & EVENT_ATTENTION) == 0) {
        return false;
    }
    lock_take(&bt.lock);
    lpc_io_write(bt.base + CONTROL, EVENT_ATTENTION);
    result = transact(NETFN_APP, READ_EVENT_BUFFER, NULL, 0, answer);
    lock_release(&bt.lock);
    if (result != OPAL_SUCCESS || record[RECORD_TYPE] != RECORD_TYPE_OEM || record[RECORD_COMMAND] != POWER_NOTIFICATION) {
        return false;
    }
    *reboot = record[RECORD_REBOOT] != 0;
    return true;
}
