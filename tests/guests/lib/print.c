/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stddef.h>

#include "console.h"

static void put(char c)
{
    if (c == '\n')
        console_put('\r');
    console_put(c);
    if (c == '\n')
        console_flush();
}

static void put_number(uint64_t value, unsigned base, unsigned width, char padding)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (unsigned i = count; i < width; i++)
        put(padding);
    while (count)
        put(digits[--count]);
}

static void put_signed(int64_t value, unsigned width, char padding)
{
    if (value < 0)
        put('-');
    put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10, width, padding);
}

/* Prints one conversion, after its '%'; returns what follows it. */
static const char *put_conversion(const char *format, va_list *arguments)
{
    char padding = ' ';
    unsigned width = 0;
    bool is_long = false;

    if (*format == '0')
        padding = *format++;
    while (*format >= '0' && *format <= '9')
        width = width * 10 + (unsigned)(*format++ - '0');
    if (*format == 'l') {
        is_long = true;
        format++;
    }
    switch (*format) {
    case 's':
        for (const char *text = va_arg(*arguments, const char *); *text; text++)
            put(*text);
        break;
    case 'c':
        put((char)va_arg(*arguments, int));
        break;
    case 'd':
        put_signed(is_long ? va_arg(*arguments, long) : va_arg(*arguments, int), width, padding);
        break;
    case 'u':
    case 'x':
        put_number(is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned), *format == 'x' ? 16 : 10,
                   width, padding);
        break;
    default:
        put(*format);
    }
    return format + 1;
}

void print_arguments(const char *format, va_list arguments)
{
    va_list rest;

    va_copy(rest, arguments);
    while (*format)
        if (*format == '%')
            format = put_conversion(format + 1, &rest);
        else
            put(*format++);
    va_end(rest);
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_arguments(format, arguments);
    va_end(arguments);
}
