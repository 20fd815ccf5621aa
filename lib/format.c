/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/format.h"

#include <stdbool.h>
#include <stdint.h>

#include <string.h>

struct sink {
    char *to;
    size_t size;
    size_t used;
};

struct spec {
    bool zero;
    bool left;
    bool wide;
    size_t width;
    size_t precision;
};

static void sink_put(struct sink *sink, char byte)
{
    if (sink->used + 1 < sink->size) {
        sink->to[sink->used++] = byte;
    }
}

static void put_padded(struct sink *sink, const struct spec *spec, const char *text, size_t length)
{
    size_t padding = spec->width > length ? spec->width - length : 0;

    if (spec->zero && length != 0 && *text == '-') {
        sink_put(sink, *text++);
        length--;
    }
    if (!spec->left) {
        for (; padding != 0; padding--) {
            sink_put(sink, spec->zero ? '0' : ' ');
        }
    }
    for (size_t i = 0; i < length; i++) {
        sink_put(sink, text[i]);
    }
    for (; padding != 0; padding--) {
        sink_put(sink, ' ');
    }
}

static void put_number(struct sink *sink, const struct spec *spec, uint64_t value, unsigned base, bool negative)
{
    char digits[24];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) {
        digits[--at] = '-';
    }
    put_padded(sink, spec, digits + at, sizeof(digits) - at);
}

static const char *read_size(const char *text, size_t *value)
{
    *value = 0;
    while (*text >= '0' && *text <= '9') {
        *value = *value * 10 + (size_t)(*text++ - '0');
    }
    return text;
}

static const char *read_spec(const char *text, struct spec *spec)
{
    *spec = (struct spec){ .precision = SIZE_MAX };
    for (; *text == '0' || *text == '-'; text++) {
        spec->zero |= *text == '0';
        spec->left |= *text == '-';
    }
    text = read_size(text, &spec->width);
    if (*text == '.') {
        text = read_size(text + 1, &spec->precision);
    }
    for (; *text == 'l' || *text == 'z'; text++) {
        spec->wide = true;
    }
    return text;
}

size_t format_text(char *to, size_t size, const char *text, va_list arguments)
{
    struct sink sink = { to, size, 0 };

    for (; *text != '\0'; text++) {
        struct spec spec;

        if (*text != '%') {
            sink_put(&sink, *text);
            continue;
        }
        text = read_spec(text + 1, &spec);
        switch (*text) {
        case 'c': {
            char byte = (char)va_arg(arguments, int);
            put_padded(&sink, &spec, &byte, 1);
            break;
        }
        case 's': {
            const char *string = va_arg(arguments, const char *);
            put_padded(&sink, &spec, string, strnlen(string, spec.precision));
            break;
        }
        case 'd': {
            int64_t value = spec.wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
            uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
            put_number(&sink, &spec, magnitude, 10, value < 0);
            break;
        }
        case 'u':
        case 'x': {
            uint64_t value = spec.wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
            put_number(&sink, &spec, value, *text == 'x' ? 16 : 10, false);
            break;
        }
        case '%':
            sink_put(&sink, '%');
            break;
        default:
            goto done; /* the compiler's format check keeps this from happening */
        }
    }
done:
    if (size != 0) {
        to[sink.used] = '\0';
    }
    return sink.used;
}

size_t format(char *to, size_t size, const char *text, ...)
{
    va_list arguments;
    size_t used;

    va_start(arguments, text);
    used = format_text(to, size, text, arguments);
    va_end(arguments);
    return used;
}
