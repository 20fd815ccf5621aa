/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain that comes to a bad end of its own (option how=); others must not notice. */
#include "lib/check.h"
#include "lib/console.h"
#include "lib/fdt.h"
#include "lib/memory.h"
#include "lib/regs.h"
#include "lib/rtas.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char guest_name[] = "crash";

enum how {
    OS_TERM,     /* asks to be ended, with a message */
    ILLEGAL,     /* zeros instead of vectors: an endless chain of illegal instructions */
    NOWHERE,     /* jumps out of memory, with the same vectors */
    NO_SEGMENTS, /* translation on with nothing mapped */
    BAD_STATE,   /* reserved and impossible mode bits */
    STOP,        /* stops its only processor */
    TIMEBASE,    /* sets the time base, far ahead and back again */
};

static void vectors_clear(void)
{
    void *vectors = real_memory(VECTOR_RESET);

    memset(vectors, 0, 0x1000 - VECTOR_RESET);
    instructions_changed(vectors, 0x1000 - VECTOR_RESET);
}

static void jump(uint64_t address, uint64_t msr)
{
    SPR_WRITE(SPR_SRR0, address);
    SPR_WRITE(SPR_SRR1, msr);
    __asm__ volatile("rfid" ::: "memory");
}

void guest_main(void)
{
    static const char message[] = "the guest had enough";
    uint64_t how = fdt_option("how", OS_TERM);

    print("crashing, how=%lu\n", how);
    switch (how) {
    case OS_TERM:
        RTAS(RTAS_IBM_OS_TERM, 1, (uint32_t)(uintptr_t)message);
        break;
    case ILLEGAL:
        vectors_clear();
        jump(VECTOR_PROGRAM, msr_read());
        break;
    case NOWHERE:
        vectors_clear();
        jump(UINT64_C(1) << 39, msr_read());
        break;
    case NO_SEGMENTS:
        vectors_clear();
        jump(0, msr_read() | MSR_IR | MSR_DR);
        break;
    case BAD_STATE:
        vectors_clear();
        jump(0x100, UINT64_MAX);
        break;
    case TIMEBASE:
        SPR_WRITE(SPR_TIMEBASE_UPPER, UINT64_C(1) << 30);
        timer_spin(timer_ticks(30000));
        SPR_WRITE(SPR_TIMEBASE_UPPER, 0);
        while (true)
            continue;
    case STOP:
        rtas_call(RTAS_STOP_SELF, 0, 1, NULL);
        break;
    default:
        break;
    }
    check_true(false, "crashing, how=%lu", how);
}
