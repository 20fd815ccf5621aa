/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains and their virtual processors. A domain is built from its plan (plan.h) once, owns its extents until the
 * machine goes down, and may be started again on them.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include "boot_protocol.h"
#include "context.h"
#include "hv/lock.h"
#include "hv/plan.h"
#include "hv/stats.h"
#include "hv/terminal.h"
#include "hv/types.h"
#include "papr/guest.h"

enum vcpu_state {
    VCPU_STOPPED, /* not started, or done for good */
    VCPU_RUNNABLE,
    VCPU_BLOCKED, /* ceded: waits for an interrupt, its decrementer or a prod */
};

enum domain_state {
    DOMAIN_BUILT,
    DOMAIN_RUNNING,
    DOMAIN_RESTARTING, /* asked for a reboot: the scheduler starts it again */
    DOMAIN_OFF,        /* powered itself off */
    DOMAIN_CRASHED,    /* stopped by the hypervisor */
};

struct domain;

struct vcpu {
    struct guest_context context; /* percpu's context points here while the processor runs it */
    struct domain *domain;
    uint32_t id; /* its interrupt server number as the guest knows it */
    enum vcpu_state state;
    bool reset_pending; /* H_SIGNAL_SYS_RESET arrived */
    struct papr_vcpu papr;
};

struct domain {
    uint32_t id;
    enum domain_state state;
    uint64_t start_time;   /* time base value at its last start */
    uint64_t restart_time; /* time base value before which a restarting domain does not start */
    struct plan plan;
    bool vrma; /* real mode through bolted hash table entries, else offset and limit */

    uint32_t *extents; /* machine extent number of each guest extent */
    uint64_t extent_count;
    uint64_t clear_count; /* of a domain that does not run: how many extents are clear for its next start */

    struct lock hpt_lock; /* guards every write to the hash table */
    uint64_t *hpt;        /* machine pointer, two doublewords an entry */
    uint64_t hpte_count;

    struct vcpu vcpus[MAX_VCPUS];
    struct papr_domain papr;
    struct terminal terminal;
    struct stats stats;
};

extern struct domain domains[MAX_DOMAINS];
extern uint32_t domain_count;

/* Allocates and loads every planned domain; one that cannot be built is reported and left out. */
void domains_build(const struct plan *plans, uint32_t count);

/*
 * Clears one more extent of a domain that does not run; true when all are clear. Whoever had this memory before, in
 * this boot or an earlier one, leaves nothing behind; others may run between the pieces.
 */
bool domain_clear(struct domain *domain);

/* Clears what is still to be cleared, loads a domain's images again and starts it from its entry point. */
void domain_start(struct domain *domain);

/* Stops all of a domain's processors; the state says why. The last one takes the machine down. */
void domain_stop(struct domain *domain, enum domain_state state);

/* Has the scheduler load and start the domain anew, at most once a second; its processors stop now. */
void domain_restart(struct domain *domain);

/* A guest did what cannot go on: reports the registers and stops its domain. */
void domain_crash(struct vcpu *vcpu, const char *why);

/* True for a domain that powers the machine off and on. */
bool domain_is_control(const struct domain *domain);

uint64_t domain_memory_size(const struct domain *domain);

/*
 * The machine address of [at, at + size) when it is the domain's memory and lies inside one extent; false
 * otherwise. No other function turns one kind of address into the other.
 */
bool domain_translate(const struct domain *domain, gpa_t at, uint64_t size, paddr_t *result);

/* As above, as a pointer; NULL when it is not the domain's. */
void *domain_pointer(const struct domain *domain, gpa_t at, uint64_t size);

/* True when every byte of [at, at + size) is the domain's memory. */
bool domain_contains(const struct domain *domain, gpa_t at, uint64_t size);

/*
 * Copies across extents, instruction caches included; false, with nothing or a part done, when a byte is not the
 * domain's.
 */
bool domain_read(const struct domain *domain, void *to, gpa_t at, uint64_t size);
bool domain_write(const struct domain *domain, gpa_t at, const void *from, uint64_t size);

#endif
