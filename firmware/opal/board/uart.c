/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550 serial port at LPC I/O 0x3f8. */
#include "board.h"

#define BASE 0x3f8
#define DATA (BASE + 0)
#define DIVISOR_LOW (BASE + 0)
#define DIVISOR_HIGH (BASE + 1)
#define INTERRUPTS (BASE + 1)
#define FIFO (BASE + 2)
#define LINE (BASE + 3)
#define MODEM (BASE + 4)
#define STATUS (BASE + 5)

#define INTERRUPT_RECEIVED 0x01
#define FIFO_ON_AND_CLEAR 0x07
#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define MODEM_READY 0x0b
#define STATUS_RECEIVED 0x01
#define STATUS_CAN_SEND 0x20

#define FIFO_SIZE 16
#define DIVISOR_115200 1

void board_uart_listen(bool on)
{
    lpc_io_write(INTERRUPTS, on ? INTERRUPT_RECEIVED : 0);
}

void board_console_init(void)
{
    lpc_io_write(LINE, LINE_8N1 | LINE_DIVISOR);
    lpc_io_write(DIVISOR_LOW, DIVISOR_115200);
    lpc_io_write(DIVISOR_HIGH, 0);
    lpc_io_write(LINE, LINE_8N1);
    board_uart_listen(true);
    lpc_io_write(FIFO, FIFO_ON_AND_CLEAR);
    lpc_io_write(MODEM, MODEM_READY);
}

/* An empty transmitter has room for its whole FIFO. */
size_t board_uart_write(const char *text, size_t size)
{
    size_t count = size < FIFO_SIZE ? size : FIFO_SIZE;

    if ((lpc_io_read(STATUS) & STATUS_CAN_SEND) == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        lpc_io_write(DATA, (uint8_t)text[i]);
    }
    return count;
}

size_t board_uart_read(char *text, size_t size)
{
    size_t count = 0;

    while (count < size && (lpc_io_read(STATUS) & STATUS_RECEIVED) != 0) {
        text[count++] = (char)lpc_io_read(DATA);
    }
    return count;
}
