/* SPDX-License-Identifier: BSD-2-Clause */
#include "hv/console.h"

#include <string.h>

#include "cpu.h"
#include "hv/domain.h"
#include "hv/format.h"
#include "hv/platform.h"
#include "hv/prompt.h"
#include "hv/ring.h"
#include "hv/sched.h"
#include "papr/xics.h"

#define ESCAPE '\x01'
#define ESCAPES 3

#define MESSAGE_SIZE 256 /* of ours, with its NUL; more is cut */

/* Fractions of a second, as divisors of the time base's frequency */
#define OUTPUT_PATIENCE 5 /* how long our own words wait for a console that takes nothing */
#define LINE_PATIENCE 1   /* how long an unfocused domain's unfinished line waits for its end */
#define READER_PATIENCE 1 /* how long a full input queue of a domain that reads nothing holds the keyboard up */

static struct console {
    struct lock lock;
    struct ring output;
    uint64_t lost; /* bytes of ours that a stuck console did not take */
    bool stuck;
    bool at_line_start;
    bool prompt;      /* the keyboard is the prompt's */
    unsigned escapes; /* Ctrl-A's typed in a row and held back */
    struct domain *focus;
} console = { .at_line_start = true };

static bool is_older(uint64_t since, uint64_t divisor)
{
    return cpu_timebase() - since > sched_timebase_frequency() / divisor;
}

/*
 * The machine takes what it can; the rest stays queued in order. Firmware moves its own queue along only when
 * polled.
 */
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
        console.stuck = false;
    }
}

/*
 * Makes room for the hypervisor's own words. A console that is stuck must not stop the machine: then they are
 * lost, and counted.
 */
static bool output_wait(void)
{
    uint64_t start = cpu_timebase();

    do {
        output_drain();
        if (ring_space(&console.output) != 0) {
            return true;
        }
    } while (!console.stuck && !is_older(start, OUTPUT_PATIENCE));
    console.stuck = true;
    return false;
}

static void output_put(char byte)
{
    if (ring_space(&console.output) == 0 && !output_wait()) {
        console.lost++;
        return;
    }
    ring_put(&console.output, byte);
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
    static const char cut[] = "...\n"; /* what comes next begins its own line */
    char line[MESSAGE_SIZE + 1];

    if (console.lost != 0 && ring_space(&console.output) > sizeof(line)) {
        format(line, sizeof(line), "\n(hv) [%lu characters lost]\n", console.lost);
        console.lost = 0;
        output_text(line);
    }
    if (format_text(line, sizeof(line), text, arguments) == MESSAGE_SIZE) {
        memcpy(line + MESSAGE_SIZE - sizeof(cut), cut, sizeof(cut));
    }
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
    uint64_t progress = cpu_timebase();

    lock_take(&console.lock);
    while (ring_used(&console.output) != 0 && !is_older(progress, OUTPUT_PATIENCE)) {
        size_t before = ring_used(&console.output);

        output_drain();
        if (ring_used(&console.output) != before) {
            progress = cpu_timebase();
        }
    }
    if (ring_used(&console.output) == 0) {
        platform->console_flush();
    }
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

/* Room that a line of this domain may take, with name, marks and a line break before it. */
static size_t line_room(const struct domain *domain)
{
    return domain->terminal.line_length + strlen(domain->plan.name) + 8;
}

/* Puts a line of a domain, finished or not, behind its name. The caller has seen to the room. */
static void line_send(struct domain *domain)
{
    struct terminal *terminal = &domain->terminal;

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
}

/* Nothing in a line may move the cursor: or a domain could forge another's mark, or ours. */
static void line_put(struct domain *domain, char byte)
{
    struct terminal *terminal = &domain->terminal;
    bool control = (uint8_t)byte < ' ' || ((uint8_t)byte >= 0x7f && (uint8_t)byte <= 0x9f);

    if (byte == '\r') {
        return;
    }
    if (byte != '\n') {
        terminal->line[terminal->line_length++] = control && byte != '\t' ? '?' : byte;
    }
    if (byte == '\n' || terminal->line_length == TERMINAL_LINE) {
        line_send(domain);
    }
}

static bool line_write(struct domain *domain, const char *text, size_t size)
{
    /* At worst every byte ends a line. */
    if (ring_space(&console.output) < line_room(domain) + size * (DOMAIN_NAME_SIZE + 8)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        line_put(domain, text[i]);
    }
    domain->terminal.line_time = cpu_timebase();
    return true;
}

static bool is_whole_lines(const struct domain *domain)
{
    return domain != console.focus || console.prompt;
}

bool terminal_write(struct domain *domain, const char *text, size_t size)
{
    bool written;

    lock_take(&console.lock);
    output_drain();
    if (is_whole_lines(domain)) {
        written = line_write(domain, text, size);
    } else if (ring_space(&console.output) < size) {
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

void terminal_end(struct domain *domain)
{
    struct terminal *terminal = &domain->terminal;

    lock_take(&console.lock);
    if (terminal->line_length != 0) {
        line_send(domain);
    }
    terminal->input = (struct ring){ 0 };
    terminal->read_time = cpu_timebase();
    lock_release(&console.lock);
}

/* A question without a line break is shown after a while, or nobody could answer it. */
static void lines_flush(void)
{
    for (uint32_t i = 0; i < domain_count; i++) {
        struct domain *domain = &domains[i];

        if (is_whole_lines(domain) && domain->terminal.line_length != 0 &&
            is_older(domain->terminal.line_time, LINE_PATIENCE) && ring_space(&console.output) >= line_room(domain)) {
            line_send(domain);
        }
    }
}

size_t terminal_read(struct domain *domain, char *text, size_t size)
{
    size_t count = 0;

    lock_take(&console.lock);
    while (count < size && ring_get(&domain->terminal.input, &text[count])) {
        count++;
    }
    domain->terminal.read_time = cpu_timebase();
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

/* input_room() left room for it, unless nobody reads there any more. */
static void domain_type(char byte)
{
    if (console.focus != NULL && console.focus->state == DOMAIN_RUNNING) {
        ring_put(&console.focus->terminal.input, byte);
    }
}

static void escape_take(void)
{
    console.escapes = 0;
    console.prompt = !console.prompt;
    prompt_switched(console.prompt);
    if (!console.prompt) {
        focus_resume();
    }
}

/* One typed byte. Ctrl-A's are held back until it is clear whether they are an escape. */
static void input_byte(char byte)
{
    if (byte == ESCAPE && ++console.escapes == ESCAPES) {
        escape_take();
        return;
    }
    if (byte == ESCAPE) {
        return;
    }
    for (; console.escapes != 0; console.escapes--) {
        if (!console.prompt) {
            domain_type(ESCAPE);
        }
    }
    if (console.prompt) {
        prompt_byte(byte);
    } else {
        domain_type(byte);
    }
}

/*
 * Bytes to take from the machine now; what a domain has no room for stays there. But a domain that reads nothing
 * may not keep the keyboard from the prompt: after a while its input is taken, and lost, for the sake of an escape
 * in it. While the prompt has the keyboard one byte at least is taken: the escape that ends it may be in the
 * middle of a batch.
 */
static size_t input_room(size_t most)
{
    const struct terminal *terminal;
    size_t space;

    if (console.focus == NULL || console.focus->state != DOMAIN_RUNNING) {
        return most;
    }
    terminal = &console.focus->terminal;
    space = ring_space(&terminal->input);
    space = space > ESCAPES ? space - ESCAPES : 0;
    if (space == 0 && (console.prompt || is_older(terminal->read_time, READER_PATIENCE))) {
        space = 1;
    }
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
    lines_flush();
    count = platform->console_read(bytes, input_room(sizeof(bytes)));
    waiting = ring_used(&console.output) != 0;
    lock_release(&console.lock);
    /* Without the lock: the prompt's commands print. One processor runs the hypervisor, so order is kept. */
    for (size_t i = 0; i < count; i++) {
        input_byte(bytes[i]);
    }
    if (console.focus != NULL && count != 0) {
        xics_set_level(console.focus, VTY_IRQ, ring_used(&console.focus->terminal.input) != 0);
    }
    return waiting || count != 0;
}
