/* SPDX-License-Identifier: BSD-2-Clause */
#include "trap.h"

#include <stddef.h>

#include "check.h"
#include "console.h"
#include "memory.h"

#define VECTOR_COUNT (0x1000 / 0x20)
#define BLR UINT32_C(0x4e800020)
#define CACHE_LINE 128

_Static_assert(offsetof(struct trap_frame, srr0) == TRAP_SRR0, "start.S");
_Static_assert(offsetof(struct trap_frame, srr1) == TRAP_SRR1, "start.S");
_Static_assert(offsetof(struct trap_frame, lr) == TRAP_LR, "start.S");
_Static_assert(offsetof(struct trap_frame, ctr) == TRAP_CTR, "start.S");
_Static_assert(offsetof(struct trap_frame, cr) == TRAP_CR, "start.S");
_Static_assert(offsetof(struct trap_frame, xer) == TRAP_XER, "start.S");
_Static_assert(offsetof(struct trap_frame, dar) == TRAP_DAR, "start.S");
_Static_assert(offsetof(struct trap_frame, dsisr) == TRAP_DSISR, "start.S");
_Static_assert(offsetof(struct trap_frame, vector) == TRAP_VECTOR, "start.S");
_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_SIZE, "start.S");

/* start.S */
bool trap_try(trap_body *body, uint64_t argument);
void user_enter(trap_body *body, uint64_t argument, uint64_t msr);
extern const uint32_t vector_reset[7];
extern uint64_t trap_try_stack;
extern const char trap_resume[];
void trap_handle(struct trap_frame *frame);

static trap_handler *handlers[VECTOR_COUNT];

static struct {
    bool armed;
    uint64_t msr;
    struct trap trap;
} catch;

static struct {
    uint32_t words[2];
} instruction_buffer __attribute__((aligned(CACHE_LINE)));

static _Noreturn void trap_unexpected(const struct trap_frame *frame)
{
    print("trap 0x%lx: srr0=0x%lx srr1=0x%lx dar=0x%lx dsisr=0x%lx lr=0x%lx\n", frame->vector, frame->srr0, frame->srr1,
          frame->dar, frame->dsisr, frame->lr);
    check_equal(frame->vector, 0, "unexpected exception");
    check_done();
}

/* Called by start.S for every exception. */
void trap_handle(struct trap_frame *frame)
{
    bool is_relocated = frame->vector & TRAP_RELOCATED;
    trap_handler *handler = handlers[frame->vector / 0x20];

    frame->vector &= ~(uint64_t)TRAP_RELOCATED;
    if (handler) {
        handler(frame);
        return;
    }
    if (!catch.armed)
        trap_unexpected(frame);
    catch.armed = false;
    catch.trap = (struct trap){frame->vector, frame->srr0, frame->srr1, frame->dar, frame->dsisr, is_relocated};
    frame->srr0 = (uintptr_t)trap_resume;
    frame->srr1 = catch.msr;
    frame->gpr[1] = trap_try_stack;
    __asm__("mr %0, 2" : "=r"(frame->gpr[2]));
}

void trap_set_handler(uint64_t vector, trap_handler *handler)
{
    handlers[vector / 0x20] = handler;
}

struct trap trap_catch(trap_body *body, uint64_t argument)
{
    catch.trap = (struct trap){0};
    catch.msr = msr_read();
    catch.armed = true;
    trap_try(body, argument);
    catch.armed = false;
    return catch.trap;
}

struct user_call {
    trap_body *body;
    uint64_t argument;
};

static void body_user(uint64_t argument)
{
    const struct user_call *call = (const struct user_call *)argument;

    user_enter(call->body, call->argument, msr_read() | MSR_EE | MSR_PR | MSR_IR | MSR_DR);
}

struct trap trap_catch_user(trap_body *body, uint64_t argument)
{
    struct user_call call = {body, argument};

    return trap_catch(body_user, (uintptr_t)&call);
}

static void body_load(uint64_t address)
{
    *(volatile const uint8_t *)real_memory(address);
}

struct store {
    uint64_t address;
    uint64_t value;
};

static void body_store(uint64_t argument)
{
    const struct store *store = (const struct store *)argument;

    *(volatile uint64_t *)real_memory(store->address) = store->value;
}

static void body_execute(uint64_t address)
{
    __asm__ volatile("mtctr %0\n\tbctrl" ::"r"(address) : "ctr", "lr", "memory");
}

struct trap trap_load(uint64_t address)
{
    return trap_catch(body_load, address);
}

struct trap trap_store(uint64_t address, uint64_t value)
{
    struct store store = {address, value};

    return trap_catch(body_store, (uintptr_t)&store);
}

struct trap trap_execute(uint64_t address)
{
    return trap_catch(body_execute, address);
}

static uint64_t instruction_prepare(uint32_t word)
{
    instruction_buffer.words[0] = word;
    instruction_buffer.words[1] = BLR;
    instructions_changed(instruction_buffer.words, sizeof(instruction_buffer.words));
    return (uintptr_t)instruction_buffer.words;
}

struct trap trap_instruction(uint32_t word, uint64_t *address)
{
    *address = instruction_prepare(word);
    return trap_catch(body_execute, *address);
}

struct trap trap_instruction_user(uint32_t word, uint64_t *address)
{
    *address = instruction_prepare(word);
    return trap_catch_user(body_execute, *address);
}

void instructions_changed(const void *start, uint64_t size)
{
    uint64_t first = (uintptr_t)start & ~(uint64_t)(CACHE_LINE - 1);
    uint64_t end = (uintptr_t)start + size;

    for (uint64_t line = first; line < end; line += CACHE_LINE)
        __asm__ volatile("dcbst 0, %0\n\tsync\n\ticbi 0, %0" ::"r"(line) : "memory");
    __asm__ volatile("sync\n\tisync" ::: "memory");
}

void trap_init(void)
{
    void *vector = real_memory(VECTOR_RESET);

    memcpy(vector, vector_reset, sizeof(vector_reset));
    instructions_changed(vector, sizeof(vector_reset));
}
