/* SPDX-License-Identifier: BSD-2-Clause */
/* The only assertion native tests need: the first failure ends the program with status 1. */
#ifndef TESTS_NATIVE_CHECK_H
#define TESTS_NATIVE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* What a loop is about at the moment; printed with a failure. */
static const char *check_context = "";

#define CHECK(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            fprintf(stderr, "%s:%d: failed: %s [%s]\n", __FILE__, __LINE__, #condition, check_context);               \
            exit(1);                                                                                                  \
        }                                                                                                             \
    } while (0)

#endif
