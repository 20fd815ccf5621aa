/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each vector is three words: one that does nothing when it is read big-endian and skips the next word when it is read
 * little-endian, and a branch for each case. The code they branch to is written from here as well, once per byte order.
 */
#include "vectors.h"

#include <stdbool.h>

#include "../lib/console.h"
#include "../lib/memory.h"
#include "../lib/regs.h"

#define TRAMPOLINES 0x2000
#define TRAMPOLINE_SIZE 0x40
#define LOW_END 0x4000

#define SPR_HSRR0 314
#define SPR_HSRR1 315

/* tdi 0, r0, 72; with its bytes reversed it is b . + 8. */
#define INSTRUCTION_SKIP_IF_LITTLE 0x08000048U
#define INSTRUCTION_RFID 0x4c000024U
#define INSTRUCTION_MFMSR_R7 0x7ce000a6U
#define INSTRUCTION_SET_LE_R7 0x60e70001U   /* ori r7, r7, 1 */
#define INSTRUCTION_CLEAR_LE_R7 0x78e707a4U /* rldicr r7, r7, 0, 62 */

/* start.S, which calls interrupt_report(). */
void vector_unexpected(void);
_Noreturn void interrupt_report(uint64_t vector, uint64_t srr0, uint64_t srr1);

struct writer {
    uint64_t at;
    bool is_little;
};

static void write_word(struct writer *writer, uint32_t instruction)
{
    bool is_native = writer->is_little == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

    *(volatile uint32_t *)real_memory(writer->at) = is_native ? instruction : __builtin_bswap32(instruction);
    writer->at += 4;
}

static void write_branch(struct writer *writer, uint64_t target)
{
    write_word(writer, 0x48000000U | ((uint32_t)(target - writer->at) & 0x3fffffcU));
}

static void write_immediate(struct writer *writer, unsigned reg, uint32_t value)
{
    write_word(writer, 0x3c000000U | reg << 21 | value >> 16);                           /* lis */
    write_word(writer, 0x60000000U | reg << 21 | reg << 16 | (value & 0xffff));          /* ori */
}

static uint32_t spr_fields(unsigned reg, unsigned spr)
{
    return reg << 21 | (spr & 31) << 16 | (spr >> 5) << 11;
}

static void write_mfspr(struct writer *writer, unsigned reg, unsigned spr)
{
    write_word(writer, 0x7c0002a6U | spr_fields(reg, spr));
}

static void write_mtspr(struct writer *writer, unsigned spr, unsigned reg)
{
    write_word(writer, 0x7c0003a6U | spr_fields(reg, spr));
}

/* r3 says the byte order; returns behind the trap instruction. */
static void write_trap_handler(struct writer *writer)
{
    write_immediate(writer, 3, writer->is_little);
    write_mfspr(writer, 4, SPR_SRR0);
    write_word(writer, 0x38840004U); /* addi r4, r4, 4 */
    write_mtspr(writer, SPR_SRR0, 4);
    write_word(writer, INSTRUCTION_RFID);
}

/* To vector_unexpected in the byte order of this build. */
static void write_report(struct writer *writer, uint32_t vector)
{
    bool is_hypervisor = vector == 0x980 || (vector >= 0xe00 && vector < 0xf00) || vector == 0xf80;

    write_immediate(writer, 3, vector);
    write_mfspr(writer, 4, is_hypervisor ? SPR_HSRR0 : SPR_SRR0);
    write_mfspr(writer, 5, is_hypervisor ? SPR_HSRR1 : SPR_SRR1);
    write_immediate(writer, 6, (uint32_t)(uintptr_t)vector_unexpected);
    write_mtspr(writer, SPR_SRR0, 6);
    write_word(writer, INSTRUCTION_MFMSR_R7);
    write_word(writer, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? INSTRUCTION_SET_LE_R7 : INSTRUCTION_CLEAR_LE_R7);
    write_mtspr(writer, SPR_SRR1, 7);
    write_word(writer, INSTRUCTION_RFID);
}

static void write_vector(uint32_t vector, uint64_t trampoline)
{
    for (unsigned order = 0; order < 2; order++) {
        struct writer code = {trampoline + order * TRAMPOLINE_SIZE, order == 1};
        struct writer entry = {vector + 4 + 4 * order, order == 1};

        write_branch(&entry, code.at);
        if (vector == VECTOR_PROGRAM)
            write_trap_handler(&code);
        else
            write_report(&code, vector);
    }
    write_word(&(struct writer){vector, false}, INSTRUCTION_SKIP_IF_LITTLE);
}

void vectors_init(void)
{
    static const uint16_t vectors[] = {
        0x100, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800, 0x900, 0x980, 0xa00,
        0xb00, 0xc00, 0xd00, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xf00, 0xf20, 0xf40, 0xf60, 0xf80,
    };
    const unsigned count = sizeof(vectors) / sizeof(vectors[0]);

    for (unsigned i = 0; i < count; i++)
        write_vector(vectors[i], TRAMPOLINES + 2ULL * TRAMPOLINE_SIZE * i);
    for (uint64_t at = 0; at < LOW_END; at += 32)
        __asm__ volatile("dcbst 0, %0\n\tsync\n\ticbi 0, %0" ::"r"(at) : "memory");
    __asm__ volatile("sync\n\tisync" ::: "memory");
}

_Noreturn void interrupt_report(uint64_t vector, uint64_t srr0, uint64_t srr1)
{
    print("\nFAIL unexpected interrupt 0x%lx from 0x%lx with 0x%lx\n", vector, srr0, srr1);
    for (;;)
        continue;
}
