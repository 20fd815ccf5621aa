/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for core/console.c's messages and core/bug.c: messages pile up in a buffer, a panic jumps out. */
#ifndef TESTS_NATIVE_HV_MESSAGES_H
#define TESTS_NATIVE_HV_MESSAGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "hv/bug.h"
#include "hv/console.h"

static char messages[1 << 16];
static size_t messages_length;
static jmp_buf panic_exit;
static bool panic_expected;

static inline void messages_clear(void)
{
    messages_length = 0;
    messages[0] = '\0';
}

static inline bool messages_have(const char *text)
{
    return strstr(messages, text) != NULL;
}

static inline void messages_add(const char *text, va_list arguments)
{
    size_t room = sizeof(messages) - messages_length;
    int length = vsnprintf(messages + messages_length, room, text, arguments);

    CHECK(length >= 0 && (size_t)length < room);
    messages_length += (size_t)length;
}

void hv_print(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    messages_add(text, arguments);
    va_end(arguments);
}

void hv_print_plain(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    messages_add(text, arguments);
    va_end(arguments);
}

void hv_warn(const char *file, int line)
{
    fprintf(stderr, "%s:%d: warning of the hypervisor [%s]\n", file, line, check_context);
    exit(1);
}

void hv_panic(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    messages_add(text, arguments);
    va_end(arguments);
    if (panic_expected) {
        longjmp(panic_exit, 1);
    }
    fprintf(stderr, "panic of the hypervisor [%s]: %s\n", check_context, messages);
    exit(1);
}

/* Runs a statement that has to end in a panic. */
#define CHECK_PANICS(statement) \
    do { \
        panic_expected = true; \
        if (setjmp(panic_exit) == 0) { \
            statement; \
            CHECK(!"a panic was due"); \
        } \
        panic_expected = false; \
    } while (0)

#endif
