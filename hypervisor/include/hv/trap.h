/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt vectors, and the entry points that vectors.S calls. */
#ifndef HV_TRAP_H
#define HV_TRAP_H

#include <stdint.h>

/* Where exits arrive */
#define TRAP_MACHINE_CHECK 0x200
#define TRAP_HV_DECREMENTER 0x980
#define TRAP_SYSTEM_CALL 0xc00
#define TRAP_HV_DATA_STORAGE 0xe00
#define TRAP_HV_INSTRUCTION_STORAGE 0xe20
#define TRAP_HV_EMULATION 0xe40
#define TRAP_HV_FACILITY 0xf80

/* Where a guest takes what is handed to it */
#define VECTOR_SYSTEM_RESET 0x100
#define VECTOR_DATA_STORAGE 0x300
#define VECTOR_INSTRUCTION_STORAGE 0x400
#define VECTOR_PROGRAM 0x700

struct percpu;
struct vcpu;

/* Handles the current guest's exit and enters the next guest. Does not return. */
void trap_handle(uint64_t vector);

/* Enters a guest that sched_choose() put on this processor. Does not return. */
void trap_enter(struct vcpu *vcpu);

/* Prints the registers of a fault of the hypervisor and stops. */
void fault_handle(const struct percpu *percpu);

#endif
