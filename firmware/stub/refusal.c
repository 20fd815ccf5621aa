/* SPDX-License-Identifier: BSD-2-Clause */
#include "refusal.h"

#include <string.h>

struct text {
    char *buffer;
    size_t size;
    size_t length;
};

static void text_add_character(struct text *text, char character)
{
    if (text->length + 1 < text->size)
        text->buffer[text->length++] = character;
}

static void text_add_string(struct text *text, const char *string)
{
    while (*string != '\0')
        text_add_character(text, *string++);
}

static void text_add_number(struct text *text, unsigned long value, unsigned long radix)
{
    char digits[24];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value > 0);
    while (count > 0)
        text_add_character(text, digits[--count]);
}

void text_format_list(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct text text = {.buffer = buffer, .size = size};

    while (*format != '\0') {
        if (strncmp(format, "%s", 2) == 0) {
            text_add_string(&text, va_arg(arguments, const char *));
            format += 2;
        } else if (strncmp(format, "%lu", 3) == 0) {
            text_add_number(&text, va_arg(arguments, unsigned long), 10);
            format += 3;
        } else if (strncmp(format, "%lx", 3) == 0) {
            text_add_number(&text, va_arg(arguments, unsigned long), 16);
            format += 3;
        } else {
            text_add_character(&text, *format++);
        }
    }
    text.buffer[text.length] = '\0';
}

void text_format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_format_list(buffer, size, format, arguments);
    va_end(arguments);
}

bool refuse(struct refusal *refusal, uint32_t reason, const char *format, ...)
{
    va_list arguments;

    refusal->reason = reason;
    va_start(arguments, format);
    text_format_list(refusal->text, sizeof(refusal->text), format, arguments);
    va_end(arguments);
    return false;
}
