/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <stdarg.h>

#include "stub.h"
#include "registers.h"
#include "types.h"

/* OpenBIOS takes no more arguments and results together. */
#define MAX_CELLS 10

static struct {
    uint64_t entry;
    uint64_t msr;
} firmware;

/* As the interface wants them in memory. */
static struct {
    be32_t service;
    be32_t argument_count;
    be32_t result_count;
    be32_t cells[MAX_CELLS];
} request;

void client_open(uint64_t entry, uint64_t msr)
{
    firmware.entry = entry;
    firmware.msr = msr;
}

bool client_is_open(void)
{
    return firmware.entry != 0;
}

bool client_is_translated(void)
{
    return (firmware.msr & MSR_DR) != 0;
}

uint32_t client_cell(const void *address)
{
    return (uint32_t)(uintptr_t)address;
}

uint32_t client_result(unsigned int index)
{
    return be32_get(request.cells[be32_get(request.argument_count) + index]);
}

uint32_t client_call(const char *service, unsigned int argument_count, unsigned int result_count, ...)
{
    va_list arguments;

    be32_set(&request.service, client_cell(service));
    be32_set(&request.argument_count, argument_count);
    be32_set(&request.result_count, result_count);
    va_start(arguments, result_count);
    for (unsigned int i = 0; i < argument_count; i++)
        be32_set(&request.cells[i], va_arg(arguments, uint32_t));
    va_end(arguments);
    /* A service that is unknown or fails stores no result. */
    for (unsigned int i = argument_count; i < MAX_CELLS; i++)
        be32_set(&request.cells[i], CLIENT_ERROR);
    client_enter(&request, firmware.entry, firmware.msr);
    return result_count > 0 ? client_result(0) : 0;
}

uint32_t client_find_node(const char *path)
{
    uint32_t node = client_call("finddevice", 1, 1, client_cell(path));

    return node == CLIENT_ERROR ? 0 : node;
}

uint32_t client_get_property(uint32_t node, const char *name, void *buffer, uint32_t size)
{
    if (node == 0)
        return CLIENT_ERROR;
    return client_call("getprop", 4, 1, node, client_cell(name), client_cell(buffer), size);
}

bool client_get_number(uint32_t node, const char *name, uint32_t *number)
{
    static be32_t value;

    if (client_get_property(node, name, &value, sizeof(value)) != sizeof(value))
        return false;
    *number = be32_get(value);
    return true;
}
