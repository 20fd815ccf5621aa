/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests expect of the stub's refusals. */
#ifndef TESTS_NATIVE_REFUSAL_CHECK_H
#define TESTS_NATIVE_REFUSAL_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "refusal.h"

/* The refusal has this reason, and these words in its sentence. */
static inline void check_refusal(const struct refusal *refusal, uint32_t reason, const char *part)
{
    check_context = part;
    if (refusal->reason != reason || strstr(refusal->text, part) == NULL)
        fprintf(stderr, "got reason %u: %s\n", refusal->reason, refusal->text);
    CHECK(refusal->reason == reason);
    CHECK(strstr(refusal->text, part) != NULL);
    check_context = "";
}

#endif
