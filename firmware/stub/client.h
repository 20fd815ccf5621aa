/* SPDX-License-Identifier: BSD-2-Clause */
/* Open Firmware's client interface (IEEE 1275, section 6.3): every number is a 32-bit cell, and every address handed over
 * lies below 4 GiB, which holds for all of the stub's own data. */
#ifndef STUB_CLIENT_H
#define STUB_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What most services return when they fail. */
#define CLIENT_ERROR UINT32_MAX

/* Use the client interface at `entry`, in the processor mode `msr`; 0 closes it for good. */
void client_open(uint64_t entry, uint64_t msr);

/* True between client_open() with an entry and with 0. */
bool client_is_open(void);

/* True when the firmware runs with address translation, so that its addresses need not be real ones. */
bool client_is_translated(void);

/* Call `service` with that many arguments (each a uint32_t) and results.  Returns the first result, CLIENT_ERROR when the
 * service does not exist, and 0 when it has none. */
uint32_t client_call(const char *service, unsigned int argument_count, unsigned int result_count, ...);

/* Result `index` of the last call; CLIENT_ERROR when the firmware gave none. */
uint32_t client_result(unsigned int index);

/* An address as an argument. */
uint32_t client_cell(const void *address);

/* The node of that path, 0 when there is none. */
uint32_t client_find_node(const char *path);

/* Read a property's first `size` bytes; returns the length of all of it, CLIENT_ERROR when the node has no such or
 * is 0, no node. */
uint32_t client_get_property(uint32_t node, const char *name, void *buffer, uint32_t size);

/* Read a property of one cell; false, and `number` as it was, when the node has no such. */
bool client_get_number(uint32_t node, const char *name, uint32_t *number);

#endif
