/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for core/domain.c's address functions, byte by byte and with memory behind them (hv_machine.h). Everything
 * that is not some domain's is out of bounds.
 */
#ifndef TESTS_NATIVE_HV_DOMAIN_H
#define TESTS_NATIVE_HV_DOMAIN_H

#include <string.h>

#include "check.h"
#include "hv/domain.h"
#include "hv_machine.h"

struct domain domains[MAX_DOMAINS];
uint32_t domain_count;

/* A domain with one processor on these machine extents, its memory zero. */
static inline struct domain *domain_make(const uint32_t *extents, uint64_t count)
{
    struct domain *domain = &domains[domain_count];

    memset(domain, 0, sizeof(*domain));
    domain->id = domain_count++;
    domain->extents = malloc(count * sizeof(*extents));
    memcpy(domain->extents, extents, count * sizeof(*extents));
    domain->extent_count = count;
    domain->plan.vcpus = 1;
    domain->plan.memory_size = count << EXTENT_SHIFT;
    domain->vcpus[0].domain = domain;
    strcpy(domain->plan.name, "guest");
    for (uint64_t i = 0; i < count; i++) {
        machine_allow((uint64_t)extents[i] << EXTENT_SHIFT, EXTENT_SIZE);
    }
    return domain;
}

/* Call once before domain_make(). */
static inline void domains_init(void)
{
    machine_init();
    machine_forbid(MACHINE_BASE, MACHINE_END - MACHINE_BASE);
}

static inline uint8_t *domain_byte(const struct domain *domain, gpa_t at)
{
    CHECK(at >> EXTENT_SHIFT < domain->extent_count);
    return machine_pointer(((uint64_t)domain->extents[at >> EXTENT_SHIFT] << EXTENT_SHIFT) + at % EXTENT_SIZE);
}

bool domain_contains(const struct domain *domain, gpa_t at, uint64_t size)
{
    uint64_t memory = domain->extent_count << EXTENT_SHIFT;

    return at <= memory && size <= memory - at;
}

bool domain_translate(const struct domain *domain, gpa_t at, uint64_t size, paddr_t *result)
{
    if (!domain_contains(domain, at, size == 0 ? 1 : size)) {
        return false;
    }
    if (size != 0 && at / EXTENT_SIZE != (at + size - 1) / EXTENT_SIZE) {
        return false;
    }
    *result = (uintptr_t)domain_byte(domain, at);
    return true;
}

void *domain_pointer(const struct domain *domain, gpa_t at, uint64_t size)
{
    paddr_t address;

    return domain_translate(domain, at, size, &address) ? machine_pointer(address) : NULL;
}

/* These two do what they can before they fail: callers may not count on less. */
bool domain_read(const struct domain *domain, void *to, gpa_t at, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        if (!domain_contains(domain, at, i + 1)) {
            return false;
        }
        ((uint8_t *)to)[i] = *domain_byte(domain, at + i);
    }
    return true;
}

bool domain_write(const struct domain *domain, gpa_t at, const void *from, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        if (!domain_contains(domain, at, i + 1)) {
            return false;
        }
        *domain_byte(domain, at + i) = ((const uint8_t *)from)[i];
    }
    return true;
}

#endif
