/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/prompt.h"

#include <string.h>

#include "hv/console.h"
#include "hv/domain.h"
#include "hv/measurements.h"
#include "hv/memory.h"
#include "hv/power.h"

#define LINE_SIZE 64

struct command {
    const char *name;
    const char *help;
    void (*run)(void);
};

static char line[LINE_SIZE];
static size_t length;

static void show_help(void);

static void show_domains(void)
{
    static const char *const states[] = {
        [DOMAIN_BUILT] = "built", [DOMAIN_RUNNING] = "running", [DOMAIN_RESTARTING] = "restarting",
        [DOMAIN_OFF] = "off",     [DOMAIN_CRASHED] = "crashed",
    };

    for (uint32_t i = 0; i < domain_count; i++) {
        const struct domain *domain = &domains[i];

        hv_print("%u %-16s %-10s %5lu MiB %u vcpu %s%s\n", domain->id, domain->plan.name, states[domain->state],
                 domain_memory_size(domain) >> 20, domain->plan.vcpus, domain->vrma ? "VRMA" : "RMO",
                 domain_is_control(domain) ? " control" : "");
    }
}

static void show_exits(void)
{
    for (uint32_t i = 0; i < domain_count; i++) {
        stats_print(&domains[i]);
    }
}

static void show_memory(void)
{
    hv_print("memory: %lu MiB, %lu MiB free, %lu MiB the hypervisor's\n", memory_total() >> 20, memory_free() >> 20,
             memory_hypervisor() >> 20);
    memory_print();
}

static const struct command commands[] = {
    { "help", "this list", show_help },
    { "domains", "every domain, its state and size", show_domains },
    { "exits", "why each domain left its guest, how often and at what cost", show_exits },
    { "memory", "who owns which memory", show_memory },
    { "measured", "what the firmware measured of what it started", measurements_print },
    { "reboot", "start the machine again at once", machine_reboot },
    { "poweroff", "switch the machine off at once", machine_power_off },
};

static void show_help(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        hv_print("%-10s %s\n", commands[i].name, commands[i].help);
    }
    hv_print("three times Ctrl-A goes back to the domain\n");
}

static void prompt_show(void)
{
    length = 0;
    hv_print_plain("(hv) > ");
}

static void line_run(void)
{
    line[length] = '\0';
    if (length == 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(line, commands[i].name) == 0) {
            commands[i].run();
            return;
        }
    }
    hv_print("unknown command \"%s\"; \"help\" lists all\n", line);
}

void prompt_switched(bool to_prompt)
{
    if (to_prompt) {
        hv_print("hypervisor prompt; \"help\" lists commands\n");
        prompt_show();
    } else {
        hv_print("back to the domain\n");
    }
}

void prompt_byte(char byte)
{
    if (byte == '\r' || byte == '\n') {
        hv_print_plain("\n");
        line_run();
        prompt_show();
    } else if (byte == '\b' || byte == '\x7f') {
        if (length != 0) {
            length--;
            hv_print_plain("\b \b");
        }
    } else if (byte >= ' ' && byte <= '~' && length + 1 < LINE_SIZE) {
        line[length++] = byte;
        hv_print_plain("%c", byte);
    }
}
