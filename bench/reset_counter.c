/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin for QEMU (docs/devel/tcg-plugins) that tells how long an emulated processor takes from its first instruction
 * to given addresses, in instructions and in time.
 *
 *   -plugin FILE.so,out=RESULT,count=1,mark=0x20001000,mark=0x1330
 *
 * The marks come in the order in which they are reached for the first time; a line of RESULT holds one mark's
 * instructions and nanoseconds.  After the last one QEMU ends.  Counting costs time: without count=1 the instructions are 0
 * and the time is that of the machine alone.  Only for machines with one processor.
 *
 * QEMU's header is in no package of Debian's, so that what is used of the interface is declared here.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_MARKS 16

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGISTERS };
enum { INLINE_ADD_U64 };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*callback)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*callback)(unsigned int, void *),
                                            int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *target,
                                                uint64_t value);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *information, int argc, char **argv);

static uint64_t marks[MAX_MARKS];
static unsigned int mark_count, next_mark;
static uint64_t executed;
static struct timespec first;
static int counting;
static FILE *out;

/* The inline addition of the instruction itself comes after this, so that it is not counted yet. */
static void mark_reached(unsigned int cpu, void *data)
{
    struct timespec now;

    (void)cpu;
    if (*(uint64_t *)data != marks[next_mark]) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(out, "%llu %lld\n", (unsigned long long)executed,
            (now.tv_sec - first.tv_sec) * 1000000000LL + now.tv_nsec - first.tv_nsec);
    fflush(out);
    if (++next_mark == mark_count) {
        fclose(out);
        _Exit(0);
    }
}

static void block_translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    if (first.tv_sec == 0) {
        clock_gettime(CLOCK_MONOTONIC, &first);
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        for (unsigned int m = 0; m < mark_count; m++) {
            if (qemu_plugin_insn_vaddr(insn) == marks[m]) {
                qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_reached, CB_NO_REGISTERS, &marks[m]);
            }
        }
        if (counting) {
            qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &executed, 1);
        }
    }
}

int qemu_plugin_install(uint64_t id, const void *information, int argc, char **argv)
{
    (void)information;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "mark=", 5) == 0 && mark_count < MAX_MARKS) {
            marks[mark_count++] = strtoull(argv[i] + 5, NULL, 0);
        } else if (strcmp(argv[i], "count=1") == 0) {
            counting = 1;
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            out = fopen(argv[i] + 4, "w");
        }
    }
    if (out == NULL || mark_count == 0) {
        fprintf(stderr, "reset_counter: out=FILE,mark=ADDRESS[,count=1]\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    return 0;
}
