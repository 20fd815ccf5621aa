/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the chip (XSCOM) and the LPC bus behind it, with the console's UART as a device to write to. */
#include "../../../abi/types.h"
#include "../lib/memory.h"
#include "cases.h"

#define TWO_TO_32 (UINT64_C(1) << 32)

#define CHIP 0
#define NO_CHIP 1

/* XSCOM of chip 0 and how a register's number becomes an address (POWER8). */
#define XSCOM_BASE UINT64_C(0x3fc0000000000)
#define XSCOM_CHIP_ID 0xf000f
#define XSCOM_LPC_DATA 0xb0023
#define XSCOM_NOTHING 0x7ffffff
#define XSCOM_MODEL UINT64_C(0x10000000)

enum { LPC_MEM = 0, LPC_IO = 1, LPC_FW = 2 };

#define UART 0x3f8
#define UART_LINE_CONTROL (UART + 3)
#define UART_MODEM_STATUS (UART + 6)
#define UART_SCRATCH (UART + 7)

/* Where the flash is in the firmware space. */
#define FLASH 0x0c000000

static uint64_t xscom_direct(uint64_t number)
{
    uint64_t address = XSCOM_BASE + ((number & ~UINT64_C(15)) << 4) + ((number & 15) << 3);
    be64_t value = {*(volatile uint64_t *)real_memory(address)};

    return be64_get(value);
}

void cases_xscom(void)
{
    static be64_t value;
    const uint64_t to = opal_address(&value);
    const struct opal_case cases[] = {
        {"OPAL_XSCOM_READ: chip number 1", OPAL_XSCOM_READ, {NO_CHIP, XSCOM_CHIP_ID, to}, OPAL_PARAMETER},
        {"OPAL_XSCOM_READ: chip number 2^32", OPAL_XSCOM_READ, {TWO_TO_32, XSCOM_CHIP_ID, to}, OPAL_PARAMETER},
        {"OPAL_XSCOM_READ: unknown kind of part", OPAL_XSCOM_READ, {XSCOM_MODEL, XSCOM_CHIP_ID, to}, OPAL_PARAMETER},
        {"OPAL_XSCOM_READ: bad address", OPAL_XSCOM_READ, {CHIP, XSCOM_CHIP_ID, OPAL_NO_ADDRESS}, OPAL_PARAMETER},
        {"OPAL_XSCOM_READ: no register there", OPAL_XSCOM_READ, {CHIP, XSCOM_NOTHING, to}, OPAL_HARDWARE},
        {"OPAL_XSCOM_READ: after an error", OPAL_XSCOM_READ, {CHIP, XSCOM_CHIP_ID, to}, OPAL_SUCCESS},
        {"OPAL_XSCOM_WRITE: chip number 1", OPAL_XSCOM_WRITE, {NO_CHIP, XSCOM_LPC_DATA, 0}, OPAL_PARAMETER},
        {"OPAL_XSCOM_WRITE: unknown kind of part", OPAL_XSCOM_WRITE, {XSCOM_MODEL, XSCOM_LPC_DATA, 0}, OPAL_PARAMETER},
        {"OPAL_XSCOM_WRITE: no register there", OPAL_XSCOM_WRITE, {CHIP, XSCOM_NOTHING, 0}, OPAL_HARDWARE},
        {"OPAL_XSCOM_WRITE: after an error", OPAL_XSCOM_WRITE, {CHIP, XSCOM_LPC_DATA, 0}, OPAL_SUCCESS},
    };
    int64_t written, read;

    check_answer(OPAL(OPAL_XSCOM_READ, CHIP, XSCOM_CHIP_ID, to), OPAL_SUCCESS, "OPAL_XSCOM_READ: chip's identity");
    check_equal(be64_get(value), xscom_direct(XSCOM_CHIP_ID), "OPAL_XSCOM_READ: the value");
    written = OPAL(OPAL_XSCOM_WRITE, CHIP, XSCOM_LPC_DATA, UINT64_C(0x1234567800000000));
    read = OPAL(OPAL_XSCOM_READ, CHIP, XSCOM_LPC_DATA, to);
    check_answer(written, OPAL_SUCCESS, "OPAL_XSCOM_WRITE: data register of the LPC bridge");
    check_answer(read, OPAL_SUCCESS, "OPAL_XSCOM_READ: data register of the LPC bridge");
    check_equal(be64_get(value), UINT64_C(0x1234567800000000), "OPAL_XSCOM_READ: what was written");
    check_cases(cases, ARRAY_COUNT(cases));
}

static be32_t lpc_value;

static int64_t lpc_read(uint64_t space, uint64_t address, uint64_t size)
{
    be32_set(&lpc_value, 0xeeeeeeee);
    return OPAL(OPAL_LPC_READ, CHIP, space, address, opal_address(&lpc_value), size);
}

static uint32_t lpc_get(uint64_t space, uint64_t address, uint64_t size)
{
    return lpc_read(space, address, size) == OPAL_SUCCESS ? be32_get(lpc_value) : 0xdeadbeef;
}

static void check_uart(void)
{
    uint32_t control = lpc_get(LPC_IO, UART_LINE_CONTROL, 1);

    check_true(control < 0x100, "OPAL_LPC_READ: the UART's line control");
    for (unsigned value = 0x5a; value < 0x100; value += 0x4b) {
        check_answer(OPAL(OPAL_LPC_WRITE, CHIP, LPC_IO, UART_SCRATCH, value, 1), OPAL_SUCCESS,
                     "OPAL_LPC_WRITE: 0x%x to the UART's scratch register", value);
        check_answer(lpc_read(LPC_IO, UART_SCRATCH, 1), OPAL_SUCCESS, "OPAL_LPC_READ: status of 0x%x read back", value);
        check_equal(be32_get(lpc_value), value, "OPAL_LPC_READ: 0x%x read back", value);
    }
    check_answer(lpc_read(LPC_IO, UART_MODEM_STATUS, 2), OPAL_SUCCESS, "OPAL_LPC_READ: 16 bits of I/O");
    check_equal(be32_get(lpc_value) & 0xff, 0xf0, "OPAL_LPC_READ: 16 bits of I/O, the second byte is the low one");
    check_answer(lpc_read(LPC_IO, UART + 4, 4), OPAL_SUCCESS, "OPAL_LPC_READ: 32 bits of I/O");
    check_equal(be32_get(lpc_value) & 0xff, 0xf0, "OPAL_LPC_READ: 32 bits of I/O, the last byte is the low one");
    check_answer(OPAL(OPAL_LPC_WRITE, CHIP, LPC_IO, UART_MODEM_STATUS, 0x003c, 2), OPAL_SUCCESS,
                 "OPAL_LPC_WRITE: 16 bits of I/O");
    check_equal(lpc_get(LPC_IO, UART_SCRATCH, 1), 0x3c, "OPAL_LPC_WRITE: 16 bits of I/O, the high byte goes first");
}

/* Flash that may be empty: narrow reads see parts of what wide ones see. */
static void check_firmware_space(void)
{
    uint32_t word, bytes = 0, halves = 0;

    check_answer(lpc_read(LPC_FW, FLASH, 4), OPAL_SUCCESS, "OPAL_LPC_READ: 32 bits of firmware space");
    word = be32_get(lpc_value);
    for (unsigned i = 0; i < 4; i++)
        bytes = bytes << 8 | lpc_get(LPC_FW, FLASH + i, 1);
    for (unsigned i = 0; i < 4; i += 2)
        halves = halves << 16 | lpc_get(LPC_FW, FLASH + i, 2);
    check_equal(bytes, word, "OPAL_LPC_READ: 8 bits of firmware space are parts of 32");
    check_equal(halves, word, "OPAL_LPC_READ: 16 bits of firmware space are parts of 32");
}

void cases_lpc(void)
{
    const uint64_t to = opal_address(&lpc_value);
    const struct opal_case cases[] = {
        {"OPAL_LPC_READ: chip number 1", OPAL_LPC_READ, {NO_CHIP, LPC_IO, UART_SCRATCH, to, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: unknown space", OPAL_LPC_READ, {CHIP, 3, UART_SCRATCH, to, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: space 2^32", OPAL_LPC_READ, {CHIP, LPC_IO + TWO_TO_32, UART_SCRATCH, to, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: 2^32 + 1 bytes", OPAL_LPC_READ, {CHIP, LPC_IO, UART_SCRATCH, to, 1 + TWO_TO_32}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: address 2^32", OPAL_LPC_READ, {CHIP, LPC_IO, UART_SCRATCH + TWO_TO_32, to, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: 3 bytes", OPAL_LPC_READ, {CHIP, LPC_FW, FLASH, to, 3}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: 0 bytes", OPAL_LPC_READ, {CHIP, LPC_FW, FLASH, to, 0}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: 8 bytes", OPAL_LPC_READ, {CHIP, LPC_FW, FLASH, to, 8}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: 3 bytes of I/O", OPAL_LPC_READ, {CHIP, LPC_IO, UART_SCRATCH, to, 3}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: 0 bytes of I/O", OPAL_LPC_READ, {CHIP, LPC_IO, UART_SCRATCH, to, 0}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: I/O above 64K", OPAL_LPC_READ, {CHIP, LPC_IO, 0x10000, to, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: I/O across 64K", OPAL_LPC_READ, {CHIP, LPC_IO, 0xfffe, to, 4}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: memory", OPAL_LPC_READ, {CHIP, LPC_MEM, 0, to, 1}, OPAL_SUCCESS},
        {"OPAL_LPC_READ: memory above 256M", OPAL_LPC_READ, {CHIP, LPC_MEM, 0x10000000, to, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: across segments of firmware space", OPAL_LPC_READ,
         {CHIP, LPC_FW, 0x0ffffffe, to, 4}, OPAL_PARAMETER},
        {"OPAL_LPC_READ: across the end", OPAL_LPC_READ, {CHIP, LPC_FW, 0xfffffffe, to, 4}, OPAL_PARAMETER},
        {"OPAL_LPC_WRITE: chip number 1", OPAL_LPC_WRITE, {NO_CHIP, LPC_IO, UART_SCRATCH, 0, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_WRITE: unknown space", OPAL_LPC_WRITE, {CHIP, 3, UART_SCRATCH, 0, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_WRITE: 3 bytes", OPAL_LPC_WRITE, {CHIP, LPC_FW, FLASH, 0, 3}, OPAL_PARAMETER},
        {"OPAL_LPC_WRITE: 8 bytes", OPAL_LPC_WRITE, {CHIP, LPC_FW, FLASH, 0, 8}, OPAL_PARAMETER},
        {"OPAL_LPC_WRITE: I/O above 64K", OPAL_LPC_WRITE, {CHIP, LPC_IO, 0x10000, 0, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_WRITE: memory above 256M", OPAL_LPC_WRITE, {CHIP, LPC_MEM, 0x10000000, 0, 1}, OPAL_PARAMETER},
        {"OPAL_LPC_WRITE: across segments of firmware space", OPAL_LPC_WRITE,
         {CHIP, LPC_FW, 0x0ffffffe, 0, 4}, OPAL_PARAMETER},
    };

    check_uart();
    check_firmware_space();
    check_cases(cases, ARRAY_COUNT(cases));
}
