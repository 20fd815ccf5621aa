/* SPDX-License-Identifier: BSD-2-Clause */
/* A byte queue of fixed size; one lock above it guards both ends. */
#ifndef HV_RING_H
#define HV_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_SIZE 8192u

struct ring {
    uint32_t head; /* next byte to read; both count on and are taken modulo the size */
    uint32_t tail; /* next byte to write */
    char bytes[RING_SIZE];
};

static inline size_t ring_used(const struct ring *ring)
{
    return ring->tail - ring->head;
}

static inline size_t ring_space(const struct ring *ring)
{
    return RING_SIZE - ring_used(ring);
}

static inline bool ring_put(struct ring *ring, char byte)
{
    if (ring_space(ring) == 0) {
        return false;
    }
    ring->bytes[ring->tail++ % RING_SIZE] = byte;
    return true;
}

static inline bool ring_get(struct ring *ring, char *byte)
{
    if (ring_used(ring) == 0) {
        return false;
    }
    *byte = ring->bytes[ring->head++ % RING_SIZE];
    return true;
}

/* The longest run of readable bytes that lies in one piece. */
static inline size_t ring_run(const struct ring *ring, const char **run)
{
    size_t at = ring->head % RING_SIZE, used = ring_used(ring);

    *run = ring->bytes + at;
    return used < RING_SIZE - at ? used : RING_SIZE - at;
}

#endif
