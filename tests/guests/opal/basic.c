/* SPDX-License-Identifier: BSD-2-Clause */
/* How the kernel is entered, OPAL_TEST, and which calls there are. */
#include "../lib/fdt.h"
#include "../lib/regs.h"
#include "cases.h"

#define EPAPR_MAGIC 0x65504150

/* A number that no call will have for a long time. */
#define FAR_TOKEN 4096

static uint64_t opal_property(const char *name)
{
    struct fdt_property property;

    if (!fdt_find("ibm,opal", name, &property))
        return 0;
    return (uint64_t)fdt_cell(&property, 0) << 32 | fdt_cell(&property, 1);
}

void cases_entry(void)
{
    uint64_t base = opal_property("opal-base-address");
    uint64_t size = opal_property("opal-runtime-size");
    uint64_t entry = opal_property("opal-entry-address");

    check_equal(entry_registers[ENTRY_MSR], MSR_SF | MSR_HV, "entry: 64-bit hypervisor real mode, big-endian");
    check_equal(entry_registers[ENTRY_R4], 0, "entry: r4 is 0");
    check_equal(entry_registers[ENTRY_R5], 0, "entry: r5 is 0");
    check_equal(entry_registers[ENTRY_R6], EPAPR_MAGIC, "entry: r6 is ePAPR's magic number");
    check_equal(entry_registers[ENTRY_R8], base, "entry: r8 is opal-base-address");
    check_equal(entry_registers[ENTRY_R9], entry, "entry: r9 is opal-entry-address");
    check_true(entry >= base && entry - base < size, "entry: OPAL's entry is in its runtime area");
    check_true(entry_registers[ENTRY_R3] % 8 == 0, "entry: the tree is aligned");
    check_true(fdt_find("ibm,opal", "compatible", &(struct fdt_property){0}), "entry: the tree has /ibm,opal");
    check_true(fdt_find("serial@0", "reg", &(struct fdt_property){0}), "entry: the tree has console 0");
}

static void check_tokens(void)
{
    static const struct {
        const char *name;
        uint64_t token;
    } calls[] = {
        {"OPAL_TEST", OPAL_TEST},
        {"OPAL_CONSOLE_WRITE", OPAL_CONSOLE_WRITE},
        {"OPAL_CONSOLE_READ", OPAL_CONSOLE_READ},
        {"OPAL_CEC_POWER_DOWN", OPAL_CEC_POWER_DOWN},
        {"OPAL_CEC_REBOOT", OPAL_CEC_REBOOT},
        {"OPAL_HANDLE_INTERRUPT", OPAL_HANDLE_INTERRUPT},
        {"OPAL_POLL_EVENTS", OPAL_POLL_EVENTS},
        {"OPAL_PCI_CONFIG_READ_BYTE", OPAL_PCI_CONFIG_READ_BYTE},
        {"OPAL_PCI_CONFIG_READ_HALF_WORD", OPAL_PCI_CONFIG_READ_HALF_WORD},
        {"OPAL_PCI_CONFIG_READ_WORD", OPAL_PCI_CONFIG_READ_WORD},
        {"OPAL_PCI_CONFIG_WRITE_BYTE", OPAL_PCI_CONFIG_WRITE_BYTE},
        {"OPAL_PCI_CONFIG_WRITE_HALF_WORD", OPAL_PCI_CONFIG_WRITE_HALF_WORD},
        {"OPAL_PCI_CONFIG_WRITE_WORD", OPAL_PCI_CONFIG_WRITE_WORD},
        {"OPAL_SET_XIVE", OPAL_SET_XIVE},
        {"OPAL_GET_XIVE", OPAL_GET_XIVE},
        {"OPAL_PCI_EEH_FREEZE_STATUS", OPAL_PCI_EEH_FREEZE_STATUS},
        {"OPAL_CONSOLE_WRITE_BUFFER_SPACE", OPAL_CONSOLE_WRITE_BUFFER_SPACE},
        {"OPAL_PCI_EEH_FREEZE_CLEAR", OPAL_PCI_EEH_FREEZE_CLEAR},
        {"OPAL_PCI_SET_PE", OPAL_PCI_SET_PE},
        {"OPAL_PCI_SET_XIVE_PE", OPAL_PCI_SET_XIVE_PE},
        {"OPAL_GET_MSI_32", OPAL_GET_MSI_32},
        {"OPAL_GET_MSI_64", OPAL_GET_MSI_64},
        {"OPAL_START_CPU", OPAL_START_CPU},
        {"OPAL_QUERY_CPU_STATUS", OPAL_QUERY_CPU_STATUS},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW", OPAL_PCI_MAP_PE_DMA_WINDOW},
        {"OPAL_PCI_MAP_PE_DMA_WINDOW_REAL", OPAL_PCI_MAP_PE_DMA_WINDOW_REAL},
        {"OPAL_PCI_RESET", OPAL_PCI_RESET},
        {"OPAL_PCI_SET_PHB_MEM_WINDOW", OPAL_PCI_SET_PHB_MEM_WINDOW},
        {"OPAL_PCI_MAP_PE_MMIO_WINDOW", OPAL_PCI_MAP_PE_MMIO_WINDOW},
        {"OPAL_PCI_PHB_MMIO_ENABLE", OPAL_PCI_PHB_MMIO_ENABLE},
        {"OPAL_PCI_TCE_KILL", OPAL_PCI_TCE_KILL},
        {"OPAL_PCI_MSI_EOI", OPAL_PCI_MSI_EOI},
        {"OPAL_XSCOM_READ", OPAL_XSCOM_READ},
        {"OPAL_XSCOM_WRITE", OPAL_XSCOM_WRITE},
        {"OPAL_LPC_READ", OPAL_LPC_READ},
        {"OPAL_LPC_WRITE", OPAL_LPC_WRITE},
        {"OPAL_RETURN_CPU", OPAL_RETURN_CPU},
        {"OPAL_REINIT_CPUS", OPAL_REINIT_CPUS},
        {"OPAL_CHECK_TOKEN", OPAL_CHECK_TOKEN},
        {"OPAL_GET_MSG", OPAL_GET_MSG},
        {"OPAL_SYNC_HOST_REBOOT", OPAL_SYNC_HOST_REBOOT},
        {"OPAL_CEC_REBOOT2", OPAL_CEC_REBOOT2},
        {"OPAL_CONSOLE_FLUSH", OPAL_CONSOLE_FLUSH},
    };

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++)
        check_answer(OPAL(OPAL_CHECK_TOKEN, calls[i].token), 1, "OPAL_CHECK_TOKEN: %s", calls[i].name);
}

void cases_tokens(void)
{
    static uint8_t message[72];
    const struct opal_case cases[] = {
        {"OPAL_TEST: its answer", OPAL_TEST, {1}, 0xfeedf00d},
        {"OPAL_TEST: any argument", OPAL_TEST, {WORD_MAX}, 0xfeedf00d},
        {"OPAL_CHECK_TOKEN: 11, never used", OPAL_CHECK_TOKEN, {11}, 0},
        {"OPAL_CHECK_TOKEN: 46, never used", OPAL_CHECK_TOKEN, {46}, 0},
        {"OPAL_CHECK_TOKEN: 255", OPAL_CHECK_TOKEN, {255}, 0},
        {"OPAL_CHECK_TOKEN: 256", OPAL_CHECK_TOKEN, {256}, 0},
        {"OPAL_CHECK_TOKEN: far behind the last", OPAL_CHECK_TOKEN, {FAR_TOKEN}, 0},
        {"OPAL_CHECK_TOKEN: 2^32", OPAL_CHECK_TOKEN, {UINT64_C(1) << 32}, 0},
        {"OPAL_CHECK_TOKEN: 2^61", OPAL_CHECK_TOKEN, {UINT64_C(1) << 61}, 0},
        {"OPAL_CHECK_TOKEN: -1", OPAL_CHECK_TOKEN, {WORD_MAX}, 0},
        {"OPAL_INVALID_CALL: -1", WORD_MAX, {0}, OPAL_PARAMETER},
        {"unknown token: 11, never used", 11, {0}, OPAL_UNSUPPORTED},
        {"unknown token: 46, never used", 46, {0}, OPAL_UNSUPPORTED},
        {"unknown token: 255", 255, {0}, OPAL_UNSUPPORTED},
        {"unknown token: 256", 256, {0}, OPAL_UNSUPPORTED},
        {"unknown token: far behind the last", FAR_TOKEN, {0}, OPAL_UNSUPPORTED},
        {"unknown token: 2^32", UINT64_C(1) << 32, {0}, OPAL_UNSUPPORTED},
        {"unknown token: 2^61", UINT64_C(1) << 61, {0}, OPAL_UNSUPPORTED},
        {"unknown token: 2^63", UINT64_C(1) << 63, {0}, OPAL_UNSUPPORTED},
        {"OPAL_POLL_EVENTS: nowhere to put them", OPAL_POLL_EVENTS, {0}, OPAL_SUCCESS},
        {"OPAL_POLL_EVENTS: bad address", OPAL_POLL_EVENTS, {OPAL_NO_ADDRESS}, OPAL_PARAMETER},
        {"OPAL_POLL_EVENTS: no memory there", OPAL_POLL_EVENTS, {OPAL_NO_MEMORY}, OPAL_PARAMETER},
        {"OPAL_GET_MSG: there is none", OPAL_GET_MSG, {opal_address(message), sizeof(message)}, OPAL_RESOURCE},
        {"OPAL_GET_MSG: 71 bytes", OPAL_GET_MSG, {opal_address(message), sizeof(message) - 1}, OPAL_PARAMETER},
        {"OPAL_GET_MSG: nowhere to put it", OPAL_GET_MSG, {0, sizeof(message)}, OPAL_PARAMETER},
        {"OPAL_GET_MSG: bad address", OPAL_GET_MSG, {OPAL_NO_ADDRESS, sizeof(message)}, OPAL_PARAMETER},
        {"OPAL_CHECK_ASYNC_COMPLETION: unknown token", OPAL_CHECK_ASYNC_COMPLETION,
         {opal_address(message), sizeof(message), 1}, OPAL_BUSY},
        {"OPAL_CHECK_ASYNC_COMPLETION: bad address", OPAL_CHECK_ASYNC_COMPLETION,
         {OPAL_NO_ADDRESS, sizeof(message), 1}, OPAL_PARAMETER},
        {"OPAL_SYNC_HOST_REBOOT: nothing to wait for", OPAL_SYNC_HOST_REBOOT, {0}, OPAL_SUCCESS},
        {"OPAL_CONFIG_CPU_IDLE_STATE: fast sleep", OPAL_CONFIG_CPU_IDLE_STATE, {1, 1}, OPAL_SUCCESS},
        {"OPAL_CONFIG_CPU_IDLE_STATE: undone", OPAL_CONFIG_CPU_IDLE_STATE, {1, 0}, OPAL_SUCCESS},
        {"OPAL_CONFIG_CPU_IDLE_STATE: bad state", OPAL_CONFIG_CPU_IDLE_STATE, {2, 1}, OPAL_PARAMETER},
        {"OPAL_CONFIG_CPU_IDLE_STATE: bad action", OPAL_CONFIG_CPU_IDLE_STATE, {1, 2}, OPAL_PARAMETER},
    };

    check_cases(cases, ARRAY_COUNT(cases));
    check_tokens();
}
