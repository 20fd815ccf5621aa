/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that is peculiar to this board, as the rest of the firmware sees it.  To port the firmware is to write
 * this folder anew (docs/firmware.md).
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The console's hardware, as early as anything: before memory, tree or locks are known. */
void board_console_init(void);

/* What the machine's tree tells about the rest of the board. */
void board_init(void *tree);

/* Takes what it can without waiting; returns how much, 0 when the transmitter is busy. */
size_t board_uart_write(const char *text, size_t size);

/* Up to `size` bytes that have arrived. */
size_t board_uart_read(char *text, size_t size);

/* Whether a byte that arrives raises the board's interrupt. */
void board_uart_listen(bool on);

/* SCOM registers of a chip (IBM's name for its side door), addressed by "PCB address".  OPAL_SUCCESS, OPAL_PARAMETER for an
 * unknown chip, OPAL_HARDWARE when no unit answers. */
int64_t xscom_read(uint32_t chip, uint64_t pcba, uint64_t *value);
int64_t xscom_write(uint32_t chip, uint64_t pcba, uint64_t value);

/* The Low Pin Count bus, where serial port, BMC and clock sit: 1, 2 or 4 bytes at `address` of one of OPAL's three
 * kinds of space.  Values are as the bus has them: the byte at the lowest address is the most significant.
 * OPAL_SUCCESS, OPAL_PARAMETER or OPAL_HARDWARE. */
enum lpc_space {
    LPC_MEMORY,
    LPC_IO,
    LPC_FIRMWARE,
};
int64_t lpc_read(enum lpc_space space, uint32_t address, uint32_t size, uint32_t *value);
int64_t lpc_write(enum lpc_space space, uint32_t address, uint32_t size, uint32_t value);

/* One byte of I/O space; a bus error reads as 0xff. */
uint8_t lpc_io_read(uint32_t port);
void lpc_io_write(uint32_t port, uint8_t value);

/* Asks the service processor to switch the machine off, or to reset it: OPAL_SUCCESS when it is going to,
 * OPAL_UNSUPPORTED when there is none, OPAL_BUSY while it is busy. */
int64_t board_power_off(void);
int64_t board_reset(void);

/* Wall clock time in UTC. */
struct board_time {
    unsigned int year, month, day, hour, minute, second;
};

/* OPAL_SUCCESS, OPAL_UNSUPPORTED without a clock, OPAL_HARDWARE when it stands still. */
int64_t board_clock_read(struct board_time *time);
int64_t board_clock_write(const struct board_time *time);

/* True when the service processor wants the machine off, or up again if it sets `reboot`; touches that only then. */
bool board_wants_power_off(bool *reboot);

/* For a processor that an exception took out of the LPC code, perhaps: it never goes on there, others may. */
void lpc_abandon(void);

#endif
