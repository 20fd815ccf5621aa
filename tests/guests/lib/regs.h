/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits and registers of Power ISA 2.07 as a guest sees them; for C and assembly. */
#ifndef GUEST_REGS_H
#define GUEST_REGS_H

#ifdef __ASSEMBLER__
#define REG_U64(value) value
#else
#include <stdint.h>
#define REG_U64(value) UINT64_C(value)
#endif

/* Machine state register (Book III-S 3.2.1). */
#define MSR_SF REG_U64(0x8000000000000000)
#define MSR_HV REG_U64(0x1000000000000000)
#define MSR_TM REG_U64(0x100000000)
#define MSR_VEC REG_U64(0x2000000)
#define MSR_VSX REG_U64(0x800000)
#define MSR_EE REG_U64(0x8000)
#define MSR_PR REG_U64(0x4000)
#define MSR_FP REG_U64(0x2000)
#define MSR_ME REG_U64(0x1000)
#define MSR_IR REG_U64(0x20)
#define MSR_DR REG_U64(0x10)
#define MSR_RI REG_U64(0x2)
#define MSR_LE REG_U64(0x1)

/* Why a program interrupt came (SRR1). */
#define SRR1_ILLEGAL REG_U64(0x80000)
#define SRR1_PRIVILEGED REG_U64(0x40000)
#define SRR1_TRAP REG_U64(0x20000)
#define SRR1_PROGRAM_MASK REG_U64(0xf0000)

/* Why a storage interrupt came (DSISR; the same bits in SRR1 of an instruction storage interrupt). */
#define DSISR_NO_TRANSLATION REG_U64(0x40000000)
#define DSISR_GUARDED REG_U64(0x10000000)
#define DSISR_PROTECTION REG_U64(0x8000000)
#define DSISR_STORE REG_U64(0x2000000)

#define VECTOR_RESET 0x100
#define VECTOR_DATA_STORAGE 0x300
#define VECTOR_DATA_SEGMENT 0x380
#define VECTOR_INSTRUCTION_STORAGE 0x400
#define VECTOR_INSTRUCTION_SEGMENT 0x480
#define VECTOR_EXTERNAL 0x500
#define VECTOR_ALIGNMENT 0x600
#define VECTOR_PROGRAM 0x700
#define VECTOR_FP_UNAVAILABLE 0x800
#define VECTOR_DECREMENTER 0x900
#define VECTOR_SYSTEM_CALL 0xc00
#define VECTOR_TRACE 0xd00
#define VECTOR_VECTOR_UNAVAILABLE 0xf20
#define VECTOR_VSX_UNAVAILABLE 0xf40

#ifndef __ASSEMBLER__

#define SPR_READ(number)                                             \
    __extension__({                                                  \
        uint64_t spr_value;                                          \
        __asm__ volatile("mfspr %0, %1" : "=r"(spr_value) : "i"(number)); \
        spr_value;                                                   \
    })
#define SPR_WRITE(number, value) __asm__ volatile("mtspr %0, %1" ::"i"(number), "r"((uint64_t)(value)) : "memory")

#define SPR_DSISR 18
#define SPR_DAR 19
#define SPR_DEC 22
#define SPR_SRR0 26
#define SPR_SRR1 27
#define SPR_TIMEBASE 268
#define SPR_SPRG0 272
#define SPR_TIMEBASE_UPPER 285

static inline uint64_t msr_read(void)
{
    uint64_t value;

    __asm__ volatile("mfmsr %0" : "=r"(value));
    return value;
}

/* Sets MSR except SF, HV and LE; code must be mapped where it runs when IR or DR changes. */
static inline void msr_write(uint64_t value)
{
    __asm__ volatile("mtmsrd %0\n\tisync" ::"r"(value) : "memory");
}

static inline uint64_t timebase_read(void)
{
    return SPR_READ(SPR_TIMEBASE);
}

#endif /* __ASSEMBLER__ */

#endif
