/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/console.h"

#include "hv/domain.h"
#include "hv/format.h"
#include "hv/platform.h"
#include "hv/prompt.h"
#include "hv/ring.h"
#include <string.h>
#include "papr/xics.h"

#define ESCAPE '\x01'
#define ESCAPES 3

static struct console {
    struct lock lock;
    struct ring output;
    bool at_line_start;
    bool prompt; /* the keyboard is the prompt's */
    unsigned escapes; /* Ctrl-A's typed in a row and held back */
    struct domain *focus;
} console = { .at_line_start = true };

/* The machine takes what it can; the rest stays queued in order. Firmware moves its own queue along only when polled. */
static void output_drain(void)
{
    const char *run;
    size_t size;

    while ((size = ring_run(&console.output, &run)) != 0) {
        size_t taken = platform->console_write(run, size);

        if (taken == 0) {
            platform->poll();
            taken = platform->console_write(run, size);
        }
        if (taken == 0) {
            break;
        }
        console.output.head += (uint32_t)taken;
    }
}

/* Queues one byte, waiting for the machine when the queue is full: only for the hypervisor's own words. */
static void output_put(char byte)
{
    while (!ring_put(&console.output, byte)) {
        output_drain();
    }
    console.at_line_start = byte == '\n';
}

static void output_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            output_put('\r');
        }
        output_put(*text);
    }
}

static void print_locked(const char *mark, const char *text, va_list arguments)
{
    char line[256];

    format_text(line, sizeof(line), text, arguments);
    if (*mark != '\0' && !console.at_line_start) {
        output_text("\n");
    }
    output_text(mark);
    output_text(line);
    output_drain();
}

void hv_print(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    lock_take(&console.lock);
    print_locked("(hv) ", text, arguments);
    lock_release(&console.lock);
    va_end(arguments);
}

void hv_print_plain(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    lock_take(&console.lock);
    print_locked("", text, arguments);
    lock_release(&console.lock);
    va_end(arguments);
}

void console_flush(void)
{
    lock_take(&console.lock);
    while (ring_used(&console.output) != 0) {
        output_drain();
    }
    platform->console_flush();
    lock_release(&console.lock);
}

void console_seize(void)
{
    lock_release(&console.lock);
}

void console_focus(struct domain *domain)
{
    console.focus = domain;
}

/* Puts a finished line of an unfocused domain behind its name. */
static bool line_send(struct domain *domain)
{
    struct terminal *terminal = &domain->terminal;
    size_t name = strlen(domain->plan.name);

    if (ring_space(&console.output) < terminal->line_length + name + 8) {
        return false;
    }
    if (!console.at_line_start) {
        output_text("\n");
    }
    output_text("(");
    output_text(domain->plan.name);
    output_text(") ");
    for (size_t i = 0; i < terminal->line_length; i++) {
        output_put(terminal->line[i]);
    }
    output_text("\n");
    terminal->line_length = 0;
    return true;
}

static bool line_write(struct domain *domain, const char *text, size_t size)
{
    struct terminal *terminal = &domain->terminal;

    /* Two lines may end in one write at most before there is room again: make it at the start. */
    if (terminal->line_length + size > TERMINAL_LINE && !line_send(domain)) {
        return false;
    }
    if (ring_space(&console.output) < 2 * TERMINAL_LINE + size * (DOMAIN_NAME_SIZE + 8)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n') {
            line_send(domain);
        } else if (text[i] != '\r') {
            terminal->line[terminal->line_length++] = text[i];
        }
    }
    return true;
}

bool terminal_write(struct domain *domain, const char *text, size_t size)
{
    bool written;

    lock_take(&console.lock);
    if (domain != console.focus || console.prompt) {
        written = line_write(domain, text, size);
    } else if (ring_space(&console.output) < size + 2) {
        written = false;
    } else {
        for (size_t i = 0; i < size; i++) {
            output_put(text[i]);
        }
        written = true;
    }
    output_drain();
    lock_release(&console.lock);
    return written;
}

size_t terminal_read(struct domain *domain, char *text, size_t size)
{
    size_t count = 0;

    lock_take(&console.lock);
    while (count < size && ring_get(&domain->terminal.input, &text[count])) {
        count++;
    }
    xics_set_level(domain, VTY_IRQ, ring_used(&domain->terminal.input) != 0);
    lock_release(&console.lock);
    return count;
}

/* The focused domain writes for itself again: first what it had begun while the prompt was there. */
static void focus_resume(void)
{
    struct terminal *terminal;

    if (console.focus == NULL) {
        return;
    }
    lock_take(&console.lock);
    terminal = &console.focus->terminal;
    for (size_t i = 0; i < terminal->line_length; i++) {
        output_put(terminal->line[i]);
    }
    terminal->line_length = 0;
    lock_release(&console.lock);
}

static void domain_type(char byte)
{
    /* Room was checked before the byte was taken from the machine. */
    ring_put(&console.focus->terminal.input, byte);
}

/* One typed byte. Ctrl-A's are held back until it is clear whether they are an escape. */
static void input_byte(char byte)
{
    if (byte == ESCAPE) {
        if (++console.escapes == ESCAPES) {
            console.escapes = 0;
            console.prompt = !console.prompt;
            prompt_switched(console.prompt);
            if (!console.prompt) {
                focus_resume();
            }
        }
        return;
    }
    for (; console.escapes != 0; console.escapes--) {
        if (!console.prompt && console.focus != NULL) {
            domain_type(ESCAPE);
        }
    }
    if (console.prompt) {
        prompt_byte(byte);
    } else if (console.focus != NULL) {
        domain_type(byte);
    }
}

/* Bytes that the reader in charge can take now; what it cannot stays in the machine. */
static size_t input_room(size_t most)
{
    size_t space;

    if (console.prompt || console.focus == NULL) {
        return most;
    }
    space = ring_space(&console.focus->terminal.input);
    space = space > ESCAPES ? space - ESCAPES : 0;
    return space < most ? space : most;
}

bool console_poll(void)
{
    char bytes[64];
    size_t count;
    bool waiting;

    lock_take(&console.lock);
    platform->poll();
    output_drain();
    count = platform->console_read(bytes, input_room(sizeof(bytes)));
    waiting = ring_used(&console.output) != 0;
    lock_release(&console.lock);
    /* Without the lock: the prompt's commands print. Only the boot processor polls, so order is kept. */
    for (size_t i = 0; i < count; i++) {
        input_byte(bytes[i]);
    }
    if (console.focus != NULL && count != 0) {
        xics_set_level(console.focus, VTY_IRQ, ring_used(&console.focus->terminal.input) != 0);
    }
    return waiting || count != 0;
}
